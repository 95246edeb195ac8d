"""More VMs on one core than anybody else has: with more VMs than VMIDs, and the most that a plan may have."""
import pytest

from harness.describe import Board, app, share


@pytest.mark.parametrize("cpu", ["cortex-a72", "max"])
def test_300_vms_keep_their_own_memory_with_8_bits_of_vmid_and_with_16(machine, cpu):
    """That all work and keep what is theirs. (A forgotten flush would not show here: QEMU 7.2 drops all translations whenever TCR_EL1
    is written, at each switch. core/mem/vmid_test.cpp shows it, on a TLB that forgets nothing.)"""
    keepers = {f"keeper{n}": app("keeper", 64, f"keeper.pattern={n} keeper.rounds=40", [share(1 + n % 3 * 100)]) for n in range(1, 301)}
    running = machine(keepers, Board(cpu=cpu, memory_mib=512))
    assert running.wait_until_stopped(timeout=120) == 0
    for keeper in keepers:
        running.wait_for(keeper, "keeper: 40 rounds, nothing lost")


def test_1024_vms_in_512_mib_all_live(machine):
    running = machine({"w": {**app("worker", 64, "worker.for_ms=2"), "count": 1024}}, Board(memory_mib=512))
    assert running.wait_until_stopped(timeout=120) == 0
    said = running.log()
    missing = [w for w in (f"w-{n}" for n in range(1, 1025)) if f"[{w}] worker: alive" not in said or f"[{w}] worker: ran_us=" not in said]
    assert missing == []
