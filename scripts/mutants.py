#!/usr/bin/python3
"""Breaks the code on purpose, in a few places at a time, and lists which unit tests have been seen to fail and which have not.

    scripts/mutants.py [--minutes N] [--seed N] [--together N] [FOLDER or FILE ...]     (default: all host-built folders, 10 minutes, 6 together)

It works on the copy of scripts/broken_copy.py. A later run goes on from what was seen there: it breaks first what stands in the folders of
the tests that are left. With `--together 1` each mutant is judged by itself, and those that no test noticed are listed. The verdict is a
list, not a status: a test that no mutant broke may still be able to fail."""

import argparse
import random
import re
import sys
import time
from pathlib import Path

from broken_copy import COPY, SEEN_UNITS, copy_tree, failures, remember, run, seen, unit_programs

BUILD = "build/quick"  # not optimised: it is compiled more often than it runs
FOLDERS = ["abi", "armv8", "base", "core", "drivers", "plan", "tool", "vdev", "arch/host", "guest/sdk"]
# What is changed into what. Each is one place of one line.
CHANGES = [(r" == ", " != "), (r" != ", " == "), (r" < ", " >= "), (r" <= ", " > "), (r" > ", " <= "), (r" \+ 1\b", " + 2"), (r" - 1\b", " - 2"),
           (r"\|= ", "&= "), (r"&= ~", "|= "), (r"return true;", "return false;"), (r"return false;", "return true;"), (r"if \(!", "if ("),
           (r"\? ", "? 1 + "), (r"<< ", ">> "), (r" && ", " || "), (r"^(\s+)(\w[\w.\->]*\(.*\);)$", r"\1if (false) \2"),
           (r"^(\s+)(\w[\w.\->\[\]]* [|&+-]?= .*;)$", r"\1if (false) \2")]


def places(folders):
    """(file, line number, changed line) of everything that could be broken."""
    for folder in folders:
        place = COPY / folder
        for path in [place] if place.is_file() else sorted(place.rglob("*.[ch]pp")):
            if re.search(r"_test\.cpp|testing\.hpp|panic", path.name):
                continue
            for n, line in enumerate(path.read_text().splitlines()):
                code = line.split("//")[0]
                if re.match(r"\s*(static_assert|#|\*|//|template|using|case)", code):
                    continue
                for old, new in CHANGES:
                    if re.search(old, code):
                        yield path, n, re.sub(old, new, line, count=1)


class Mutants:
    """A few changes that stand in the tree together; the one that does not compile is taken back."""

    def __init__(self, chosen):
        self.originals, self.where = {}, {}
        for path, n, changed in chosen:
            text = path.read_text()
            lines = text.splitlines(keepends=True)
            lines[n] = changed + "\n"
            self.originals[path] = text
            self.where[path] = f"{path.relative_to(COPY)}:{n + 1}: {changed.strip()}"
            path.write_text("".join(lines))

    def take_back(self, path):
        path.write_text(self.originals.pop(path))
        del self.where[path]

    def build(self):
        """False if nothing is left to judge."""
        while self.originals:
            done = run(["ninja", "-C", BUILD, "-k", "0", "-j2"])
            if done.returncode == 0:
                return True
            guilty = [path for path in self.originals if re.search(rf"{re.escape(str(path.relative_to(COPY)))}:\d+:\d+: error", done.stdout)]
            for path in guilty or list(self.originals):
                self.take_back(path)
        return False

    def end(self):
        for path in list(self.originals):
            self.take_back(path)


def choose(candidates, left, tests, count):
    """Up to `count` candidates, no two in one file, first those beside a test that is left."""
    wanted = {tests[test] for test in left}
    chosen = {}
    for near in (True, False):
        for candidate in list(candidates):
            folder = str(candidate[0].parent.relative_to(COPY))
            is_near = any(folder.startswith(w) or w.startswith(folder) for w in wanted)
            if len(chosen) < count and is_near == near and candidate[0] not in chosen:
                chosen[candidate[0]] = candidate
                candidates.remove(candidate)
    return list(chosen.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", default=FOLDERS)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--together", type=int, default=6)
    options = parser.parse_args()
    copy_tree()
    run(["cmake", "-S", ".", "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS=-O0 -g0"])
    if run(["ninja", "-C", BUILD, "-j2"], 1800).returncode or failures(BUILD):
        sys.exit("mutants: the tests do not pass as they are")
    tests = {test: str(Path(program).parent) for test, program in unit_programs(BUILD).items()}  # of each the folder
    fallen, alive, tried = seen(SEEN_UNITS), [], 0
    candidates = list(places(options.folders))
    random.Random(options.seed).shuffle(candidates)
    end = time.monotonic() + 60 * options.minutes
    while candidates and (left := tests.keys() - fallen.keys()) and time.monotonic() < end:
        mutants = Mutants(choose(candidates, left, tests, options.together))
        if mutants.build():
            tried += len(mutants.where)
            failed = failures(BUILD)
            names = " | ".join(mutants.where.values())
            fallen = remember(SEEN_UNITS, failed, names)
            if not failed:
                alive += mutants.where.values()
            print(f"{len(failed)} tests fail ({len(tests.keys() & fallen.keys())} of {len(tests)} seen so far): {names}", flush=True)
        mutants.end()
    left = sorted(tests.keys() - fallen.keys())
    print(f"{tried} mutants; {len(tests) - len(left)} of {len(tests)} tests seen to fail")
    print("not noticed by any test:", *alive, sep="\n  ")
    print("not seen to fail:", *left, sep="\n  ")


if __name__ == "__main__":
    main()
