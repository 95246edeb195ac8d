"""What the contract charges for EL2's paths (docs/contract.md), from the rows of this bench: tool/contract/paths.inc."""

from table import LONGEST_OF_ALL, lock_row, takes_row

HEAD = "// Written by `bench/run.py --only tiffin --skip-linux --paths tool/contract/paths.inc`: instructions, on QEMU's cortex-a72.\n"
LONGEST = 3_008  # of the last run of `pytest tests/qemu --longest-paths` (docs/trace.md): the shell's `focus`

LONGEST_SERVE = 2_832  # of the same run: ServeRead of a request of 32 buffers


def paths(rows):
    """`rows`: name -> Tiffin's figure. Each path as (name, instructions, how it was measured)."""
    switches = [rows[f"switch between two VMs, {kind}"] for kind in ("fixed priority", "by weight", "both using FP")]
    beside_spinner, beside_hostile = rows["1 ms tick beside a spinner: worst"], rows["1 ms tick beside the hostile guest: worst"]
    longest = max(beside_hostile - beside_spinner, rows[LONGEST_OF_ALL] or LONGEST)
    return [
        ("switching", max(switches), "the dearest of a switch by priority, by weight, and with FP registers on both sides"),
        ("interrupt", beside_spinner - rows["switch between two VMs, fixed priority"], "worst tick beside a spinner, less a switch"),
        ("masked", longest, "longest path at EL2 of all QEMU tests, or what the hostile guest adds to a tick beside it, whichever is more"),
        *((name, rows[lock_row(lock)], "longest hold, and how often a path of a guest and one of an interrupt take it",
           rows[takes_row(lock, "guest")], rows[takes_row(lock, "interrupt")]) for name, lock in (("VM lock", "vm"), ("console lock", "console"))),
        ("VMID lock", rows[lock_row("vmid")], "longest hold; a switch takes it once", 1, 1),
        ("virtio lock", max(rows[lock_row("virtio")], LONGEST_SERVE), "longest call of a server in all QEMU tests, which holds it; a path takes it once", 1, 0),
    ]


def write(path, table):
    figures = {r.name: r.tiffin for r in table.rows}
    with open(path, "w", encoding="utf-8") as f:
        f.write(HEAD)
        for name, instructions, source, *takes in paths(figures):
            f.write(f'{{"{name}", {instructions}, "{source}"{"".join(f", {n}" for n in takes)}}},\n')
