"""Channels: messages between VMs, on one core and across cores, and what is nobody's business."""
import pytest

from harness.describe import Board, app


def channel(peer, name="post", size="8 KiB"):
    return {"name": name, "peer": peer, "size": size}


def courier(peer, core=0, **knobs):
    """An app that exchanges messages with checksums with `peer`."""
    cmdline = " ".join(f"courier.{name}={value}" for name, value in knobs.items())
    domain = app("courier", cmdline=cmdline, cpus=[{"core": core, "policy": "share"}])
    return domain | {"channels": [channel(peer)]}


@pytest.mark.parametrize("gic", [2, 3])
@pytest.mark.parametrize("cores", [1, 2])
def test_messages_go_both_ways_whole_and_in_order(machine, cores, gic):
    knobs = {"messages": 2000, "longest": 800}
    domains = {"left": courier("right", **knobs), "right": courier("left", core=cores - 1, **knobs)}
    running = machine(domains, board=Board(cores=cores, gic=gic))
    assert running.wait_until_stopped() == 0
    for vm in domains:
        running.wait_for(vm, "2000 messages each way, 0 wrong")


def test_messages_go_through_cached_memory_too(machine):
    knobs = {"messages": 500, "cached": 1}
    running = machine({"left": courier("right", **knobs), "right": courier("left", **knobs)})
    assert running.wait_until_stopped() == 0
    running.wait_for("left", "500 messages each way, 0 wrong")


def test_a_peer_that_starts_anew_is_heard_again(machine):
    """The right one starts itself anew after each 100 messages; what the left one gets is whole and in order in each of its lives."""
    domains = {"left": courier("right", messages=300), "right": courier("left", messages=300, reset_after=100)}
    running = machine(domains)
    running.wait_for("left", "the peer has started anew: [1-9][0-9]* sent and [1-9][0-9]* received", times=5)
    assert running.count("left", "WRONG") == 0
