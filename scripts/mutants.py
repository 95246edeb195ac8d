#!/usr/bin/python3
"""Breaks the code on purpose, one small change at a time, and lists which unit tests have been seen to fail and which have not.

    scripts/mutants.py [--minutes N] [--seed N] [FOLDER ...]     (default: abi armv8 base core drivers plan tool vdev, 10 minutes)

It works on a copy of the tree in build/mutants, so the tree itself is never touched. A mutant that does not compile or changes nothing that
a test sees is counted and told. The verdict is a list, not a status: a test that no mutant broke may still be able to fail."""

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
FOLDERS = ["abi", "armv8", "base", "core", "drivers", "plan", "tool", "vdev", "arch/host"]
# What is changed into what. Each is one place of one line.
CHANGES = [(r" == ", " != "), (r" != ", " == "), (r" < ", " >= "), (r" <= ", " > "), (r" \+ 1\b", " + 2"), (r"\|= ", "&= "), (r"&= ~", "|= "),
           (r"return true;", "return false;"), (r"return false;", "return true;"), (r"if \(!", "if ("), (r"\? ", "? 1 + "), (r"<< ", ">> ")]


def run(command, timeout=600):
    return subprocess.run(command, cwd=COPY, capture_output=True, text=True, errors="replace", timeout=timeout, check=False)


def copy_tree():
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    for name in filter(None, files):
        target = COPY / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_bytes() != (ROOT / name).read_bytes():
            shutil.copy2(ROOT / name, target)


def places(folders):
    """(file, line number, changed line) of everything that could be broken."""
    for folder in folders:
        for path in sorted((COPY / folder).rglob("*.[ch]pp")):
            if re.search(r"_test\.cpp|testing\.hpp|panic", path.name):
                continue
            for n, line in enumerate(path.read_text().splitlines()):
                code = line.split("//")[0]
                if re.match(r"\s*(static_assert|#|\*|//|template|using|case)", code) or "constexpr" in code:
                    continue
                for old, new in CHANGES:
                    if re.search(old, code):
                        yield path, n, re.sub(old, new, line, count=1)


def failures():
    listed = run(["ctest", "--test-dir", "build", "-j2", "--timeout", "20"]).stdout
    return set(re.findall(r"^\s*\d+ - (\S+)", listed, re.M))


def all_tests():
    return set(re.findall(r"Test\s+#\d+: (\S+)", run(["ctest", "--test-dir", "build", "-N"]).stdout))


def build():
    return run(["cmake", "--build", "build", "-j2"]).returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", default=FOLDERS)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    copy_tree()
    run(["cmake", "-S", ".", "-B", "build", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS=-O0"])
    if not build() or failures():
        sys.exit("mutants: the tests do not pass as they are")
    tests, seen, alive = all_tests(), set(), []
    chosen = list(places(options.folders))
    random.Random(options.seed).shuffle(chosen)
    tried = broken = 0
    end = time.monotonic() + 60 * options.minutes
    for path, n, changed in chosen:
        if time.monotonic() > end:
            break
        text = path.read_text()
        lines = text.splitlines(keepends=True)
        lines[n] = changed + "\n"
        path.write_text("".join(lines))
        where = f"{path.relative_to(COPY)}:{n + 1}"
        if build():
            tried += 1
            failed = failures()
            seen |= failed
            print(f"{where}: {len(failed)} tests fail ({len(seen)} of {len(tests)} seen so far): {changed.strip()}", flush=True)
            if not failed:
                alive.append(where)
        else:
            broken += 1
        path.write_text(text)
    print(f"{tried} mutants, {len(alive)} that no test noticed; {broken} did not compile; "
          f"{len(seen)} of {len(tests)} tests seen to fail")
    print("not seen to fail:", *sorted(tests - seen), sep="\n  ")


if __name__ == "__main__":
    main()
