"""PCI functions given to VMs: they work, and their DMA stays inside."""
from harness.describe import PciBoard, app, metronome, server, share


def edu(cmdline="", function="00:01.0"):
    return server("edu", 2, cmdline) | {"access": [{"pci": function}]}


def test_a_driver_vm_has_a_pci_device_its_interrupt_and_its_dma(machine):
    running = machine({"driver": edu()}, PciBoard())
    running.wait_for("driver", r"edu: function 8 at 10000000, interrupt \d+: DMA with its own memory is right")
    assert running.wait_until_stopped() == 0


def test_dma_at_another_vms_memory_is_blocked_named_and_changes_nothing(machine):
    # A VM of 512 MiB has the middle of the board's RAM, wherever it begins.
    victim = app("witness", 512 * 1024, cmdline="witness.ms=3000")
    attack = 0x6000_0000
    running = machine({"driver": edu(f"edu.attack={attack} edu.times=10"), "victim": victim}, PciBoard())
    running.wait_for("victim", "witness: 1310[0-9]{2} pages marked")
    running.wait_for("tiffin", r"driver: PCI function 00:01\.0: DMA write at 0x60000000, nearest is RAM at 0x40000000")
    running.wait_for("tiffin", r"driver:   blocked by the SMMU; it was given at device\.yaml:\d+")
    running.wait_for("tiffin", "blocked by the SMMU, as is all its DMA until the VM starts anew")
    running.wait_for("driver", "edu: its DMA reaches nothing any more")
    running.wait_for("victim", "witness: nothing has changed")
    assert running.wait_until_stopped() == 0
    assert running.count("tiffin", "DMA write") == 8, "then the function was closed"


def test_a_function_that_was_closed_is_open_again_when_its_vm_starts_anew(machine):
    running = machine({"driver": edu("edu.attack=2684354560 edu.times=9 edu.reset=1")}, PciBoard())
    running.wait_for("driver", "edu: its DMA reaches nothing any more", times=3)
    assert running.count("driver", "DMA with its own memory is right") >= 3, "from the pristine image, with DMA that works"
    running.wait_for("tiffin", "driver: starts anew", times=2)


def test_a_driver_vm_on_another_core_of_a_board_with_a_gicv2_has_its_device_too(machine):
    driver = edu() | {"cpus": [share() | {"core": 1}]}
    running = machine({"driver": driver}, PciBoard(cores=2, gic=2))
    running.wait_for("driver", "DMA with its own memory is right")
    assert running.wait_until_stopped() == 0


def test_a_function_interrupts_by_messages_and_what_it_sends_elsewhere_comes_to_nothing(machine):
    # 200 is another SPI of the VM's; 0x8080040 is the board's own place for messages, which is no address of the VM's.
    running = machine({"driver": edu(f"edu.message=1 edu.stray=200 edu.astray={0x808_0040}")}, PciBoard(gic=3))
    running.wait_for("driver", "edu: message 200 to 8020040: nothing came of it")
    running.wait_for("driver", "edu: message 80 to 8080040: nothing came of it")
    running.wait_for("tiffin", r"driver: PCI function 00:01\.0: DMA write at 0x8080040")
    running.wait_for("driver", "edu: function 8 at 10000000, message 80: DMA with its own memory is right")
    assert running.wait_until_stopped() == 0


def test_messages_through_a_gicv2m_frame(machine):
    running = machine({"driver": edu("edu.message=1")}, PciBoard(gic=2))
    running.wait_for("driver", "edu: function 8 at 10000000, message 80: DMA with its own memory is right")
    assert running.wait_until_stopped() == 0


def test_a_gicv2m_frame_is_not_shared_between_vms_which_have_intx_then(machine):
    board = PciBoard(gic=2, devices=("edu,dma_mask=0xffffffffff",) * 2)
    running = machine({"driver": edu("edu.message=1"), "other": edu("", "00:02.0")}, board)
    running.wait_for("driver", "edu: no interrupt")
    running.wait_for("other", "edu: function 16 at [0-9a-f]+, interrupt [0-9]+: DMA with its own memory is right")


def test_two_vms_with_messages_of_the_same_number_have_each_their_own(machine):
    board = PciBoard(gic=3, cores=2, devices=("edu,dma_mask=0xffffffffff",) * 2)
    other = edu("edu.message=1", "00:02.0") | {"cpus": [share() | {"core": 1}]}
    running = machine({"driver": edu("edu.message=1 edu.reset=1"), "other": other}, board)
    running.wait_for("other", "message 80: DMA with its own memory is right")
    running.wait_for("driver", "message 80: DMA with its own memory is right")


def test_messages_for_a_vm_that_is_away_from_its_core_wait_there_and_none_is_lost(machine):
    board = PciBoard(gic=3, devices=("edu,dma_mask=0xffffffffff",) * 2)
    vms = {"driver": edu("edu.message=1 edu.reset=1"), "other": edu("edu.message=1", "00:02.0"), "metronome": metronome(jobs=1000)}
    running = machine(vms, board)
    running.wait_for("other", "message 80: DMA with its own memory is right")
    running.wait_for("driver", "message 80: DMA with its own memory is right", times=3)
    running.wait_for("metronome", "missed=0")
