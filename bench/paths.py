"""What the contract charges for EL2's paths (docs/contract.md), from the rows of this bench: tool/contract/paths.inc."""

from table import LONGEST_OF_ALL

HEAD = "// Written by `bench/run.py --only tiffin --skip-linux --paths tool/contract/paths.inc`: instructions, on QEMU's cortex-a72.\n"
LOCK = 1000
LONGEST = 15_600  # of the last run of `pytest tests/qemu --longest-paths` (docs/trace.md): a guest without vectors crashes, three lines


def paths(rows):
    """`rows`: name -> Tiffin's figure. Each path as (name, instructions, how it was measured)."""
    switches = [rows[f"switch between two VMs, {kind}"] for kind in ("fixed priority", "by weight", "both using FP")]
    beside_spinner, beside_hostile = rows["1 ms tick beside a spinner: worst"], rows["1 ms tick beside the hostile guest: worst"]
    longest = max(beside_hostile, rows[LONGEST_OF_ALL] or LONGEST)
    return [
        ("switching", max(switches), "the dearest of a switch by priority, by weight, and with FP registers on both sides"),
        ("interrupt", beside_spinner - rows["switch between two VMs, fixed priority"], "worst tick beside a spinner, less a switch"),
        ("masked", longest, "longest path at EL2 of all QEMU tests: a guest without vectors crashes, and is told of"),
        ("lock", LOCK, "for each other core: a round figure, not measured"),
    ]


def write(path, table):
    figures = {r.name: r.tiffin for r in table.rows}
    with open(path, "w", encoding="utf-8") as f:
        f.write(HEAD)
        for name, instructions, source in paths(figures):
            f.write(f'{{"{name}", {instructions}, "{source}"}},\n')
