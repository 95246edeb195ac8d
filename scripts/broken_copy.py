"""The copy of the tree that scripts/mutants.py and scripts/breakages.py break, so that the tree itself is never touched; and what was seen
there, one line a test: its name, and what it fell to. Each script has a build of its own in the copy."""

import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / "build/mutants"
SEEN_UNITS = COPY / "seen.txt"
SEEN_SYSTEMS = COPY / "seen-qemu.txt"


def run(command, timeout=600):
    return subprocess.run(command, cwd=COPY, capture_output=True, text=True, errors="replace", timeout=timeout, check=False)


def copy_tree():
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    for name in filter(None, files):
        target = COPY / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_bytes() != (ROOT / name).read_bytes():
            shutil.copyfile(ROOT / name, target)  # with the time of now, so that it is built anew


def ctest(build, *options):
    return run(["ctest", "--test-dir", build, "-j2", "--timeout", "60", *options]).stdout


def failures(build, *options):
    """The unit tests that fail; those that hang do."""
    return set(re.findall(r"^\s*\d+ - (\S+)", ctest(build, *options), re.M))


def unit_programs(build):
    """Of each unit test the program that holds it, below the build."""
    programs, program = {}, ""
    for line in ctest(build, "-N", "-V").splitlines():
        if found := re.search(rf"Test command: \S*?/{re.escape(build)}/(\S+) ", line.replace('"', " ")):
            program = found[1]
        if found := re.search(r"Test\s+#\d+: (\S+)", line):
            programs[found[1]] = program
    return programs


def seen(path):
    return dict(line.split("\t", 1) for line in path.read_text().splitlines()) if path.exists() else {}


def remember(path, tests, why):
    """All that was seen, with these; the first thing that a test fell to stays."""
    now = dict.fromkeys(tests, why) | seen(path)
    path.write_text("".join(f"{test}\t{what}\n" for test, what in sorted(now.items())))
    return now
