#!/usr/bin/env python3
"""Fails on what the architecture forbids: includes against the arrows, assembly in portable folders, headers without #pragma once.

    hypervisor -> drivers, vdev, arch -> core -> armv8, plan -> abi -> base
    tool -> plan -> abi -> base            guest -> abi -> base

With --picture it prints the arrows as they are in the source, for docs/architecture.md.
"""
import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

BELOW_CORE = {"armv8", "plan", "abi", "base"}
ALLOWED = {
    "base": set(),
    "abi": {"base"},
    "armv8": {"abi", "base"},
    "plan": {"abi", "base"},
    "core": BELOW_CORE,
    "vdev": BELOW_CORE | {"core"},
    "arch": BELOW_CORE | {"core"},
    "drivers": BELOW_CORE | {"core"},
    "hypervisor": BELOW_CORE | {"core", "vdev", "arch", "drivers"},
    "tool": {"plan", "abi", "base"},
    "guest": {"abi", "base"},
    "bench": {"guest", "abi", "base"},
}
# What runs on the host only may also lean on the recording fakes of the machine.
TEST_SUFFIXES = ("_test.cpp", "_fuzz.cpp", "testing.hpp")
PORTABLE = {"base", "abi", "armv8", "plan", "core", "vdev", "tool"}
SOURCES = {".hpp", ".cpp", ".S", ".inc"}
MAX_LINES = 400

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
# An empty template is a barrier for the compiler, and no instruction.
ASSEMBLY = re.compile(r'\b(?:asm|__asm__|__asm)\b\s*(?:volatile|goto)?\s*\((?!\s*"")')


def sources():
    for folder in ALLOWED:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in SOURCES and path.is_file():
                yield folder, path


def include_problem(folder, path, included):
    top = included.split("/")[0]
    if "/" not in included or not (ROOT / included).is_file():
        return f'"{included}" is not a path from the root of the repository'
    if top == folder or top in ALLOWED[folder]:
        return None
    if path.name.endswith(TEST_SUFFIXES) and (included.startswith("arch/host/") or top in BELOW_CORE):
        return None
    return f"{folder} may not include {top}"


def check_file(folder, path, arrows):
    where = path.relative_to(ROOT)
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if match:
            arrows.setdefault(folder, set()).add(match[1].split("/")[0])
            problem = include_problem(folder, path, match[1])
            if problem:
                yield f"{where}:{number}: {problem}"
        code = line.split("//")[0]
        if folder in PORTABLE and ASSEMBLY.search(code):
            yield f"{where}:{number}: assembly in {folder}; it belongs in arch/aarch64"
    if path.suffix == ".hpp" and not any(line.strip() == "#pragma once" for line in lines):
        yield f"{where}:1: no #pragma once"
    if len(lines) > MAX_LINES:
        yield f"{where}:{len(lines)}: more than {MAX_LINES} lines; split it"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--picture", action="store_true", help="print the include arrows found")
    arguments = parser.parse_args()
    arrows, problems, count = {}, [], 0
    for folder, path in sources():
        count += 1
        problems += check_file(folder, path, arrows)
    if arguments.picture:
        for folder, targets in arrows.items():
            print(f"{folder:12} -> {' '.join(sorted(targets - {folder}))}")
    print("\n".join(problems), end="\n" if problems else "", file=sys.stderr)
    print(f"includes: {count} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
