#!/usr/bin/env python3
"""Runs clang-tidy 14 over all compiled files, with the checks of .clang-tidy.

A file that passed is not read again until the file, a project header it includes, its compile
command or .clang-tidy changes. Kernels compiled for several instruction sets are read once.

usage: lint.py [--times] [build directory, default build] [words that the file name contains...]
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SKIPPED = 77
VERSION = "version 14."
INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.M)
# What CMakeLists.txt adds for clang 14, since the compile commands may be g++'s.
OPTIONS = [f"--extra-arg-before=-isystem{ROOT}/cmake/clang14", "--extra-arg=-fsized-deallocation"]
OPTIONS += ["--quiet", "--extra-arg=-Wno-unknown-warning-option"]
OPTIONS += ["--extra-arg=-Wno-unused-command-line-argument"]  # gcc's
# Files are read without the precompiled header, so that each includes what it uses.
PRECOMPILED = re.compile(
    r" (-Winvalid-pch|(-Xclang )?-include(-pch)? (-Xclang )?\S*/cmake_pch\.hxx\S*)"
)
OTHER_INSTRUCTION_SETS = re.compile(r"/simd/.*\.(avx2|avx512)\.cpp$")


def find_tool():
    """clang-tidy 14 and its version text, or None; other versions find other things."""
    for name in ["clang-tidy-14", "clang-tidy"]:
        if shutil.which(name):
            text = subprocess.run([name, "--version"], capture_output=True, text=True).stdout
            if VERSION in text:
                return name, text
    return None


def compile_commands(build):
    """How each file is compiled on its own, as the text of a compilation database."""
    commands = (build / "compile_commands.json").read_text()
    if "/Unity/unity_" in commands:
        alone = build / "ungrouped"
        configure = ["cmake", "-S", ROOT, "-B", alone, "-G", "Ninja", "-DCMAKE_UNITY_BUILD=OFF"]
        subprocess.run(configure, check=True, stdout=subprocess.DEVNULL)
        commands = (alone / "compile_commands.json").read_text()
    return PRECOMPILED.sub("", commands)


def with_includes(file):
    """The file and all project files it includes, directly or not."""
    seen, pending = set(), [file]
    while pending:
        path = pending.pop()
        if path not in seen and path.is_file():
            seen.add(path)
            pending += [ROOT / name.decode() for name in INCLUDE.findall(path.read_bytes())]
    return sorted(seen)


def key(entry, version):
    """Names the result of one file: all that clang-tidy reads, but the system's headers."""
    parts = [version.encode(), entry["command"].encode(), (ROOT / ".clang-tidy").read_bytes()]
    parts += [path.read_bytes() for path in with_includes(Path(entry["file"]))]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def lint(tool, commands, file):
    """Returns (errors as text, seconds); `commands` is the folder of compile_commands.json."""
    start = time.monotonic()
    run = subprocess.run([tool, "-p", str(commands), *OPTIONS, file], capture_output=True, text=True)
    # Its stderr counts suppressed warnings; only a file it cannot read leaves stdout empty.
    return (run.stdout or run.stderr if run.returncode else ""), time.monotonic() - start


def main():
    arguments = [a for a in sys.argv[1:] if a != "--times"]
    build = Path(arguments[0] if arguments else ROOT / "build").resolve()
    found = find_tool()
    if not found:
        print("skipped: clang-tidy 14 is not installed (Debian and Ubuntu: clang-tidy-14)")
        return SKIPPED
    tool, version = found

    cache = build / ".tidy_cache"
    cache.mkdir(exist_ok=True)
    commands = compile_commands(build)
    (cache / "compile_commands.json").write_text(commands)
    entries = {e["file"]: e for e in json.loads(commands)}
    chosen = [
        (file, cache / key(entry, version))
        for file, entry in sorted(entries.items())
        if not OTHER_INSTRUCTION_SETS.search(file)
        and all(w in os.path.relpath(file, ROOT) for w in arguments[1:])
    ]
    stale = [(file, mark) for file, mark in chosen if not mark.exists()]

    def lint_and_mark(job):
        file, mark = job
        errors, seconds = lint(tool, cache, file)
        if not errors:
            mark.touch()
        return file, errors, seconds

    failures = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for file, errors, seconds in pool.map(lint_and_mark, stale):
            if "--times" in sys.argv:
                print(f"{seconds:6.1f} s  {os.path.relpath(file, ROOT)}")
            if errors:
                failures += 1
                print(errors.strip(), flush=True)
    print(f"lint: {len(chosen)} files, {len(stale)} read, {failures} with errors")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
