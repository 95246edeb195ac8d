#!/usr/bin/python3
"""Breaks the code on purpose, in a few places at a time, and lists which unit tests have been seen to fail and which have not.

    scripts/mutants.py [--minutes N] [--seed N] [--together N] [FOLDER or FILE ...]     (default: all host-built folders, 10 minutes, 6 together)

It works on a copy of the tree in build/mutants, so the tree itself is never touched. What was seen is kept in build/mutants/seen.txt (test, the
mutants it fell to), and a later run goes on from there: it breaks first what stands in the folders of the tests that are left. With
`--together 1` each mutant is judged by itself, and those that no test noticed are listed. The verdict is a list, not a status: a test that no
mutant broke may still be able to fail."""

import argparse
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / "build/mutants"
SEEN = COPY / "seen.txt"
FOLDERS = ["abi", "armv8", "base", "core", "drivers", "plan", "tool", "vdev", "arch/host", "guest/sdk"]
# What is changed into what. Each is one place of one line.
CHANGES = [(r" == ", " != "), (r" != ", " == "), (r" < ", " >= "), (r" <= ", " > "), (r" > ", " <= "), (r" \+ 1\b", " + 2"), (r" - 1\b", " - 2"),
           (r"\|= ", "&= "), (r"&= ~", "|= "), (r"return true;", "return false;"), (r"return false;", "return true;"), (r"if \(!", "if ("),
           (r"\? ", "? 1 + "), (r"<< ", ">> "), (r" && ", " || "), (r"^(\s+)(\w[\w.\->]*\(.*\);)$", r"\1if (false) \2"),
           (r"^(\s+)(\w[\w.\->\[\]]* [|&+-]?= .*;)$", r"\1if (false) \2")]


def run(command, timeout=600):
    return subprocess.run(command, cwd=COPY, capture_output=True, text=True, errors="replace", timeout=timeout, check=False)


def copy_tree():
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    for name in filter(None, files):
        target = COPY / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_bytes() != (ROOT / name).read_bytes():
            shutil.copyfile(ROOT / name, target)  # with the time of now, so that it is built anew


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


def ctest(*options):
    return run(["ctest", "--test-dir", "build", "-j2", "--timeout", "20", *options]).stdout


def failures():
    return set(re.findall(r"^\s*\d+ - (\S+)", ctest(), re.M))


def all_tests():
    """Of each test the folder that its program was built in."""
    tests, folder = {}, ""
    for line in ctest("-N", "-V").splitlines():
        if found := re.search(r"Test command: \S*build/mutants/build/(\S+)/\S+ ", line.replace('"', " ")):
            folder = found[1]
        if found := re.search(r"Test\s+#\d+: (\S+)", line):
            tests[found[1]] = folder
    return tests


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
            done = run(["ninja", "-C", "build", "-k", "0", "-j2"])
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
    run(["cmake", "-S", ".", "-B", "build", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS=-O0 -g0"])
    if run(["ninja", "-C", "build", "-j2"], 1800).returncode or failures():
        sys.exit("mutants: the tests do not pass as they are")
    tests, alive, tried = all_tests(), [], 0
    seen = dict(line.split("\t", 1) for line in SEEN.read_text().splitlines()) if SEEN.exists() else {}
    candidates = list(places(options.folders))
    random.Random(options.seed).shuffle(candidates)
    end = time.monotonic() + 60 * options.minutes
    while candidates and (left := tests.keys() - seen.keys()) and time.monotonic() < end:
        mutants = Mutants(choose(candidates, left, tests, options.together))
        if mutants.build():
            tried += len(mutants.where)
            failed = failures()
            names = " | ".join(mutants.where.values())
            seen |= {test: names for test in failed if test not in seen}
            if not failed:
                alive += mutants.where.values()
            print(f"{len(failed)} tests fail ({len(tests.keys() & seen.keys())} of {len(tests)} seen so far): {names}", flush=True)
            SEEN.write_text("".join(f"{test}\t{why}\n" for test, why in sorted(seen.items())))
        mutants.end()
    left = sorted(tests.keys() - seen.keys())
    print(f"{tried} mutants; {len(tests) - len(left)} of {len(tests)} tests seen to fail")
    print("not noticed by any test:", *alive, sep="\n  ")
    print("not seen to fail:", *left, sep="\n  ")


if __name__ == "__main__":
    main()
