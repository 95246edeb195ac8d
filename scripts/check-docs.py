#!/usr/bin/env python3
"""Fails if the documentation and the source differ where a machine can tell: docs/hypercalls.md has the rows of abi/hypercalls.hpp, links
between pages lead somewhere, and the tests and source files that pages name exist."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROW = re.compile(r'X\((0x[0-9a-f]+),\s*(\w+),\s*(\d+),\s*"([^"]*)"\)')
DOC_ROW = re.compile(r"^\| (0x[0-9a-f]+) \| (\w+) \| (\d+) \| (.*) \|$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
NAMED = re.compile(r"`((?:base|armv8|abi|plan|core|vdev|drivers|arch|hypervisor|tool|guest|tests|bench|scripts|docs|cmake)/[\w./-]*[\w/])`")
TEST = re.compile(r"`(test_\w+)`")


def hypercall_problems():
    source = ROW.findall((ROOT / "abi/hypercalls.hpp").read_text(encoding="utf-8"))
    page = DOC_ROW.findall((ROOT / "docs/hypercalls.md").read_text(encoding="utf-8"))
    if not source:
        yield "abi/hypercalls.hpp: no rows found"
    for row in source:
        if row not in page:
            yield f"docs/hypercalls.md: row {row[0]} {row[1]} is missing or differs from abi/hypercalls.hpp"
    for row in page:
        if row not in source:
            yield f"docs/hypercalls.md: row {row[0]} {row[1]} is not in abi/hypercalls.hpp"


def page_problems(page, tests):
    text = page.read_text(encoding="utf-8")
    where = page.relative_to(ROOT)
    for link in LINK.findall(text):
        if not (page.parent / link).exists():
            yield f"{where}: link to {link}, which does not exist"
    for name in NAMED.findall(text):
        if not (ROOT / name).exists():
            yield f"{where}: names {name}, which does not exist"
    for test in TEST.findall(text):
        if test not in tests:
            yield f"{where}: names the test {test}, which does not exist"


def main():
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests/qemu").glob("test_*.py"))
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")]
    problems = list(hypercall_problems())
    for page in sorted(pages):
        problems += page_problems(page, tests)
    print("\n".join(problems), end="\n" if problems else "", file=sys.stderr)
    print(f"docs: {len(pages)} pages, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
