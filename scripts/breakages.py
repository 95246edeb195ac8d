#!/usr/bin/python3
"""Breaks the code on purpose where a list says so, and sees the tests that the list names fail: each test was seen to fail once.

    scripts/breakages.py [--only WORDS] [LIST ...]     (default: tests/breakages.txt and tests/qemu/breakages.txt)
    scripts/breakages.py --stale                       says only which places of the lists are no longer in the code, in a second

It works on the copy of scripts/broken_copy.py, with builds of its own there; ccache makes the first ones short. A list is made of
paragraphs: a sentence that says what is wrong now, places, and tests.

    # The stage-2 leaf of an image's page is writable.
    armv8/translation.hpp
    - S2AP::make(read_only)
    + S2AP::make(read_write)
    ! Stage2.TheImagesPagesAreReadOnlyAndInPlace
    ! tests/qemu/test_isolation.py::test_vms_of_one_image_share_its_pages_and_nothing_else

`-` is what stands in the file now, once; several lines of it are lines in a row. `+` stands there instead. A paragraph may break several
places. Each test behind `!` must fail, by itself, with all of them; a test under tests/qemu runs on a hypervisor, guests and a tool that
were built from the broken copy. Exit status 0: every one was seen to fail."""

import argparse
import os
import re
import sys
from dataclasses import dataclass, field

from broken_copy import COPY, ROOT, SEEN_SYSTEMS, SEEN_UNITS, copy_tree, failures, remember, run, seen, unit_programs

LISTS = ["tests/breakages.txt", "tests/qemu/breakages.txt"]
os.environ.setdefault("TIFFIN_CACHE", str(ROOT / ".cache"))
os.environ["COLUMNS"] = "300"  # for pytest, which cuts its reasons off


@dataclass
class Place:
    path: str
    old: list = field(default_factory=list)
    new: list = field(default_factory=list)


@dataclass
class Breakage:
    title: str = ""
    places: list = field(default_factory=list)
    tests: list = field(default_factory=list)

    def units(self):
        return [t for t in self.tests if "::" not in t]

    def systems(self):
        return [t for t in self.tests if "::" in t]


def read_list(path):
    for paragraph in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")):
        one, file = Breakage(), None
        for line in paragraph.splitlines():
            mark, text = line[:1], line[2:]
            if mark == "#":
                one.title = f"{one.title} {text}".strip()
            elif mark == "!":
                one.tests.append(text)
            elif mark == "-":
                if not one.places or one.places[-1].path != file or one.places[-1].new:
                    one.places.append(Place(file))
                one.places[-1].old.append(text)
            elif mark == "+":
                one.places[-1].new.append(text)
            else:
                file = line
        if one.places:
            yield one


class Stale(Exception):
    """The list is older than the code."""


def find(place, text):
    """What stands at a place of the file's text."""
    old = "\n".join(place.old)
    if text.count(old) != 1:
        raise Stale(f"{place.path} has {text.count(old)} times, not once: {old}")
    return old


def say_stale(breakages):
    """How many are."""
    stale = 0
    for breakage in breakages:
        try:
            for place in breakage.places:
                find(place, (ROOT / place.path).read_text(encoding="utf-8"))
        except (Stale, FileNotFoundError) as why:
            stale += 1
            print(f"breakages: {breakage.title}\n    {why}")
    return stale


class Broken:
    """The places of one breakage, broken for as long as a `with` lasts."""

    def __init__(self, breakage):
        self.breakage, self.originals = breakage, {}

    def __enter__(self):
        for place in self.breakage.places:
            path = COPY / place.path
            text = path.read_text(encoding="utf-8")
            try:
                old = find(place, text)
            except Stale:
                self.__exit__()
                raise
            self.originals.setdefault(path, text)
            path.write_text(text.replace(old, "\n".join(place.new)), encoding="utf-8")

    def __exit__(self, *_):
        for path, text in self.originals.items():
            path.write_text(text, encoding="utf-8")


def build(preset, *targets):
    """What the compiler said, if it failed."""
    if not (COPY / "build" / preset / "build.ninja").exists():
        run(["cmake", "--preset", preset])
    done = run(["ninja", "-C", f"build/{preset}", "-j2", *targets], 3600)
    return "" if done.returncode == 0 else "\n".join(re.findall(r".*: error: .*", done.stdout)[:3]) or done.stdout[-400:]


def see_units_fail(tests, programs):
    """Which of them failed, and what the build said."""
    if absent := [t for t in tests if t not in programs]:
        return {}, f"there is no test {absent}"
    if why := build("host", *sorted({programs[t] for t in tests})):
        return {}, why
    names = "|".join(map(re.escape, tests))
    return dict.fromkeys(failures("build/host", "-R", f"^({names})( |$)"), ""), ""


def see_systems_fail(tests):
    presets = ["aarch64-clang" if "clang" in t else "aarch64" for t in tests]
    for preset, targets in [("host", ["tool/tiffin"]), *((p, ["all"]) for p in sorted(set(presets)))]:
        if why := build(preset, *targets):
            return {}, why
    said = run(["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=line", "-rf", *tests], 1800).stdout
    failed = {}
    for name, why in re.findall(r"^FAILED (\S+)(?: - (.*))?$", said, re.M):
        failed |= {t: why for t in tests if name.startswith(t)}
    return failed, "" if failed else said[-400:]


def judge(breakage, programs):
    """The tests that failed; says on stdout what came of each."""
    failed, whys = {}, []
    try:
        with Broken(breakage):
            for tests, see in ((breakage.units(), lambda t: see_units_fail(t, programs)), (breakage.systems(), see_systems_fail)):
                if tests:
                    some, why = see(tests)
                    failed |= some
                    whys += [why] if why else []
    except Stale as stale:
        whys.append(str(stale))
    left = [t for t in breakage.tests if t not in failed]
    print(f"{'NOT NOTICED' if left else 'noticed'}: {breakage.title}", flush=True)
    for test in breakage.tests:
        print(f"    {'passes' if test in left else 'fails'}: {test}" + (f": {failed[test][:140]}" if failed.get(test) else ""), flush=True)
    if left and whys:
        print("    " + "\n    ".join("\n".join(whys).splitlines()), flush=True)
    return failed


def system_tests():
    files = (ROOT / "tests/qemu").glob("test_*.py")
    return {f"tests/qemu/{p.name}::{name}" for p in files for name in re.findall(r"^def (test_\w+)", p.read_text(), re.M)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lists", nargs="*", default=LISTS)
    parser.add_argument("--only", default="", metavar="WORDS", help="only paragraphs whose sentence or tests have these words")
    parser.add_argument("--stale", action="store_true")
    options = parser.parse_args()
    breakages = [b for name in options.lists for b in read_list(ROOT / name)]
    if options.stale:
        sys.exit(1 if say_stale(breakages) else 0)
    copy_tree()
    if why := build("host"):
        sys.exit(f"breakages: the copy does not build as it is:\n{why}")
    programs, missed = unit_programs("build/host"), 0
    for breakage in breakages:
        if options.only in breakage.title or any(options.only in t for t in breakage.tests):
            failed = judge(breakage, programs)
            missed += len(breakage.tests) - len(failed)
            remember(SEEN_UNITS, [t for t in failed if "::" not in t], breakage.title)
            remember(SEEN_SYSTEMS, [re.sub(r"\[.*", "", t) for t in failed if "::" in t], breakage.title)
    for kind, all_tests, path in (("unit", set(programs), SEEN_UNITS), ("whole-system", system_tests(), SEEN_SYSTEMS)):
        left = sorted(all_tests - seen(path).keys())
        print(f"{len(all_tests) - len(left)} of {len(all_tests)} {kind} tests were seen to fail; not seen:", *left or ["none"], sep="\n  ")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
