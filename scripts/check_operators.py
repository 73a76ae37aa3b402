#!/usr/bin/env python3
"""Checks that every operator has samples, and so a value test and a gradient test.

An operator is a function in ops/*.h, in a namespace a user calls, that returns Tensor, Tensors,
or a pair, tuple, vector or struct of them; or a row `X(name, ...)` of a list macro
TESSERA_*_OPS(X) there. Its samples are registered in tests/ops/ by a line `SAMPLES(name)`, or
for a whole list by TESSERA_*_OPS(MACRO) where MACRO expands to SAMPLES.

usage: check_operators.py [root]
"""

import re
import sys
from pathlib import Path

# Namespaces that hold kernels and internals; their functions are not operators.
INTERNAL = {"cpu", "cuda", "detail"}

COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)(?:\(([^)]*)\))?((?:[^\n]*\\\n)*[^\n]*)", re.M)
ATTRIBUTE = re.compile(r"\[\[.*?\]\]", re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
EXPANSION = re.compile(r"^[ \t]*[A-Z][A-Z0-9_]+\([^;{]*?\)[ \t]*$", re.M)
NAMESPACE = re.compile(r"\s*(?:inline\s+)?namespace\s*([\w:]*)\s*$")
STRUCT = re.compile(r"(?:struct|class)\s+(\w+)[^;{]*\{([^}]*)\}")
FUNCTION = re.compile(r"(?P<type>[\w:<>,.&*\s]+?[\s&*>])(?P<name>\w+)\s*\(", re.S)


def read(path):
    text = COMMENT.sub("", path.read_text(encoding="utf-8"))
    return ATTRIBUTE.sub("", text)


def defines(text):
    """Function-like and plain macros of a file: name -> (parameters, body)."""
    return {name: (parameters, body) for name, parameters, body in DEFINE.findall(text)}


def list_rows(text):
    """Rows of the list macros in a file: macro -> operator names."""
    lists = {}
    for macro, (parameters, body) in defines(text).items():
        if re.fullmatch(r"TESSERA_\w+_OPS", macro):
            lists[macro] = re.findall(rf"\b{parameters.strip()}\(\s*(\w+)", body)
    return lists


def declarations(text):
    """Yields (namespaces, declaration) for what stands at namespace scope, bodies left out."""
    scopes, start, depth = [], 0, 0
    for match in re.finditer(r"[{};]", text):
        head, token = text[start : match.start()], match.group()
        namespace = NAMESPACE.search(head)
        if depth == 0 and token == "{" and namespace:
            scopes.append(namespace.group(1).split("::"))
        elif token == "{":
            if depth == 0:
                yield [name for scope in scopes for name in scope], head
            depth += 1
            continue
        elif depth > 0:
            depth -= token == "}"
        elif token == "}":
            scopes and scopes.pop()
        else:
            yield [name for scope in scopes for name in scope], head
        start = match.end()


def declared(texts):
    """All operator names that the headers declare."""
    tensor_structs = {
        name
        for text in texts
        for name, body in STRUCT.findall(text)
        if re.search(r"^\s*Tensors?\s+\w+(\s*,\s*\w+)*\s*;", body, re.M)
    }
    result = re.compile(r"\b(" + "|".join(["Tensors?", *sorted(tensor_structs)]) + r")\b")
    names = set()
    for text in texts:
        for rows in list_rows(text).values():
            names.update(rows)
        for namespaces, declaration in declarations(EXPANSION.sub("", DIRECTIVE.sub("", text))):
            function = FUNCTION.match(declaration.strip())
            if not function or INTERNAL & set(namespaces):
                continue
            if result.search(function["type"]) and "operator" not in function["type"]:
                names.add(function["name"])
    return names


def sampled(texts, lists):
    """All names that the tests register."""
    names = set()
    for text in texts:
        names.update(re.findall(r"^\s*SAMPLES\(\s*(\w+)", text, re.M))
        macros = defines(text)
        for used, macro in re.findall(r"^\s*(TESSERA_\w+_OPS)\(\s*(\w+)", text, re.M):
            if "SAMPLES(" in macros.get(macro, ("", ""))[1]:
                names.update(lists.get(used, []))
    return names


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent)
    headers = [read(path) for path in sorted((root / "ops").rglob("*.h"))]
    tests = [read(path) for path in sorted((root / "tests" / "ops").rglob("*.cpp"))]
    lists = {macro: rows for text in headers for macro, rows in list_rows(text).items()}
    operators = declared(headers)
    missing = sorted(operators - sampled(tests, lists))
    for name in missing:
        print(f"{name}: no samples; add SAMPLES({name}) to its test under tests/ops/")
    print(f"operators: {len(operators)} declared, {len(missing)} without samples")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
