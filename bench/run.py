#!/usr/bin/env python3
"""Measures the same guests natively, on Tiffin and on Xen, and prints one table. See bench/README.md for what each row means.

Exit status: 0 if all asked for was measured (goals met or not), 1 if a run failed, 2 for a wrong command line."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import crowd
import native_side
import paths
import tiffin_side
import xen_side
from machines import BenchError, require_programs
from table import LONGEST_OF_ALL, SIDES, Table

MEASURES = {"native": native_side.measures, "tiffin": tiffin_side.measures, "xen": xen_side.measures}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=SIDES, action="append", help="measure this side only; may be repeated")
    parser.add_argument("--skip-linux", action="store_true", help="leave out the rows of Linux VMs")
    parser.add_argument("--longest-paths", metavar="FILE", help="a row from what `pytest tests/qemu --longest-paths FILE` found")
    parser.add_argument("--crowd", action="store_true", help="only what grows with the number of VMs: 2 to 1,024 on one core")
    parser.add_argument("--json", metavar="FILE", help="also write the rows as JSON")
    parser.add_argument("--paths", metavar="FILE", help="also write what the contract charges for the hypervisor's paths")
    return parser.parse_args()


def measure(table, side, skip_linux, work):
    for title, run, is_linux in MEASURES[side]:
        if is_linux and skip_linux:
            continue
        print(f"bench: {side}: {title} ...", file=sys.stderr, flush=True)
        try:
            table.put(side, run(work))
        except BenchError as problem:
            table.problems.append(f"{side}: {title}: {problem}")


def run_crowd(options, work):
    problems = []
    say = lambda title: print(f"bench: {title} ...", file=sys.stderr, flush=True)  # noqa: E731
    rows, xen_rows = crowd.measure(work, not options.only or "xen" in options.only, say, problems)
    print("\n".join(crowd.lines(rows, xen_rows)))
    for problem in problems:
        print(f"bench: not measured: {problem}", file=sys.stderr)
    if options.json:
        Path(options.json).write_text(json.dumps({"tiffin": rows, "xen": xen_rows}, indent=1) + "\n", encoding="utf-8")
    return 1 if problems else 0


def main():
    options = arguments()
    table = Table()
    try:
        require_programs()
    except BenchError as problem:
        sys.exit(f"bench: {problem}")
    with tempfile.TemporaryDirectory(prefix="tiffin-bench-") as folder:
        if options.crowd:
            return run_crowd(options, Path(folder))
        for side in options.only or SIDES:
            measure(table, side, options.skip_linux, Path(folder))
    if options.longest_paths:
        path = tiffin_side.longest_of(Path(options.longest_paths).read_text(encoding="utf-8"))
        table.put("tiffin", {LONGEST_OF_ALL: path["instructions"]})
    print("\n".join(table.lines()))
    if options.longest_paths:
        print(f"longest path of all tests: {path['kind']} {path['argument']} of VM {path['vm']}, in {path['test']}")
    for problem in table.problems:
        print(f"bench: not measured: {problem}", file=sys.stderr)
    if options.json:
        table.write_json(options.json)
    if options.paths and not table.problems:
        paths.write(options.paths, table)
    return 1 if table.problems else 0


if __name__ == "__main__":
    sys.exit(main())
