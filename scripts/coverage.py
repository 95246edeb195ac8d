#!/usr/bin/env python3
"""Prints how many lines of each folder the unit tests ran, from a build with GCC's --coverage. Usage: coverage.py BUILD_FOLDER"""
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def reports(build):
    """gcov's JSON reports: one a line, one for each object file."""
    data = sorted(str(path) for path in Path(build).rglob("*.gcda"))
    if data:
        run = subprocess.run(["gcov", "--json-format", "--stdout", *data], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        yield from map(json.loads, run.stdout.splitlines())


def hits_by_file(build):
    """{path from the root: {line: times run}}; a header's lines are summed over the objects that include it."""
    hits = defaultdict(lambda: defaultdict(int))
    for report in reports(build):
        for file in report["files"]:
            path = Path(file["file"])
            if not path.is_absolute():
                path = ROOT / path
            if not path.is_relative_to(ROOT) or path.name.endswith(("_test.cpp", "testing.hpp")):
                continue
            for line in file["lines"]:
                hits[path.relative_to(ROOT)][line["line_number"]] += line["count"]
    return hits


def main():
    totals = defaultdict(lambda: [0, 0])
    for path, lines in hits_by_file(sys.argv[1]).items():
        total = totals[path.parts[0]]
        total[0] += sum(1 for count in lines.values() if count)
        total[1] += len(lines)
    for folder, (run, known) in sorted(totals.items()):
        print(f"coverage: {folder:8} {run:6} of {known:6} lines, {100 * run / max(known, 1):5.1f} %")


if __name__ == "__main__":
    main()
