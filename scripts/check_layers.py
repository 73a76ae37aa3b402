#!/usr/bin/env python3
"""Checks what the file tree promises; each message names file, line and remedy.

- A folder includes only itself and the folders it may see (SEES).
- fmt stays in .cpp files and core/error.h, since nvcc cannot compile it in C++20.
- Headers have `#pragma once`, a comment that says what they are for, no `using namespace`.
- Every library X.cpp has tests/X_test.cpp.
- A file states one idea: at most MAX_LINES lines, and no name that hides the idea.
- No file depends on where one person's machine keeps things.

usage: check_layers.py [root]
"""

import re
import sys
from pathlib import Path

SEES = {
    "core": [],
    "ops": ["core"],
    "autograd": ["core", "ops"],
    "nn": ["core", "ops", "autograd"],
    "zoo": ["core", "ops", "autograd", "nn"],
    "optim": ["core", "ops", "autograd"],
    "io": ["core"],
}
SEES["infer"] = list(SEES)
SEES["train"] = list(SEES)
ALL = list(SEES)
SEES |= {top: ALL for top in ["cli", "examples", "tests", "bench", "docs"]}
UMBRELLA = "tessera.h"  # all public headers, for programs
FOLDERS = [*SEES, "scripts", ".ci"]

FMT_HEADERS = ["core/error.h"]
MAX_LINES = 500
VAGUE = re.compile(r"(^|_)(utils?|common|misc|helpers?)(_|$)")
CODE = {".h", ".cuh", ".cpp", ".cu", ".inc", ".py", ".sh"}
TEXT = CODE | {".md", ".txt", ".cmake", ".json"}

INCLUDE = re.compile(r'\s*#\s*include\s*(["<])([^">]+)[">]')
MACHINE_PATH = re.compile(r"(?<![\w.$}/-])/(home|root|work|opt|mnt|srv|tmp|Users)/\w")


def project_files(root):
    """All text files of the project, relative to its root."""
    paths = [path for folder in FOLDERS for path in (root / folder).rglob("*")]
    for path in sorted([*root.glob("*"), *paths]):
        if path.is_file() and (path.suffix in TEXT or path.parent.name == ".ci"):
            yield path.relative_to(root)


def check_include(path, bracket, target):
    """Returns what is wrong with one #include, or None."""
    folder, there = path.parts[0], target.split("/")[0]
    if bracket == "<":
        fmt_allowed = path.suffix == ".cpp" or str(path) in FMT_HEADERS
        if there == "fmt" and not fmt_allowed:
            return f"<{target}> outside a .cpp file; move the code that formats into a .cpp"
        if there in SEES:
            return f"<{target}> is a project file; include it with quotes"
        return None
    if target == UMBRELLA:
        if folder in SEES and folder not in ALL:
            return None
        return f'"{target}" is for programs; include the headers that {path} needs'
    if there not in SEES or "/" not in target:
        return f'"{target}" does not start at the repository root; write "folder/file.h"'
    if there != folder and there not in SEES[folder]:
        sees = ", ".join(SEES[folder]) or "no other folder"
        return f'"{target}": {folder}/ sees {sees}; move the code or turn the dependency around'
    return None


def check_code(path, lines):
    """Yields (line number, message) for a C++ or CUDA file."""
    header = path.suffix in {".h", ".cuh"}
    for number, line in enumerate(lines, 1):
        include = INCLUDE.match(line)
        if include:
            message = check_include(path, *include.groups())
            if message:
                yield number, message
        if header and re.match(r"\s*using\s+namespace\b", line):
            yield number, "`using namespace` in a header reaches every includer; qualify the names"
    if header and "#pragma once" not in lines:
        yield 1, "no include guard; add `#pragma once`"
    if header and not any(line.lstrip().startswith("//") for line in lines):
        yield 1, "no comment; say in a sentence what each public name is for"


def check_file(root, path):
    """Yields (line number, message) for one file."""
    lines = (root / path).read_text(encoding="utf-8", errors="replace").split("\n")
    for number, line in enumerate(lines, 1):
        if MACHINE_PATH.search(line):
            yield number, "path of one machine; use a relative path, or temp_directory_path()"
    if path.suffix not in CODE:
        return
    if len(lines) - 1 > MAX_LINES:
        yield len(lines) - 1, f"more than {MAX_LINES} lines; split the file by idea"
    for part in [*path.parts[:-1], path.name.split(".")[0]]:
        if VAGUE.search(part):
            yield 1, f"'{part}' says nothing about the content; name the idea"
    if path.parts[0] in SEES:
        yield from check_code(path, lines)
    if path.parts[0] in ALL and path.suffix == ".cpp":
        test = "tests" / path.with_name(path.stem + "_test.cpp")
        if not (root / test).exists():
            yield 1, f"no test; write {test}"


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    files = list(project_files(root))
    errors = 0
    for path in files:
        for number, message in check_file(root, path):
            print(f"{path}:{number}: {message}")
            errors += 1
    print(f"layers: {len(files)} files, {errors} errors")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
