"""A board in QEMU that runs one boot image, and its serial console, line by line."""
import re
import subprocess
import threading
import time
from pathlib import Path

from .qmp import Qmp, QmpError


def exact(shift):
    """One instruction takes 2^shift virtual nanoseconds, and idle time is skipped: what a test sees does not depend on the host's speed."""
    return ["-icount", f"shift={shift},sleep=off", "-rtc", "base=2024-01-01,clock=vm", "-seed", "1"]


ESCAPE_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
VM_LINE = re.compile(r"\[([a-z0-9-]+)\] ?(.*)")
PROMPT = re.compile(r"^(tiffin> )+(?=\[|tiffin: )")  # painted before a line, and over by it
STOPPED = re.compile(r"tiffin: machine stopped: status (\d+)")


class Machine:
    """Started by the `machine` fixture, which also ends it. All timeouts are in seconds of the host."""

    def __init__(self, image, board, folder: Path):
        self.board = board
        self._text = ""
        self._grown = threading.Condition()
        self._errors = folder / "qemu.log"
        qmp_path = folder / "qmp"
        arguments = ["qemu-system-aarch64", *board.qemu_arguments(), *exact(board.shift), *board.image_arguments(image), "-nodefaults",
                     "-display", "none", "-no-reboot", "-serial", "stdio", "-qmp", f"unix:{qmp_path},server=on,wait=off"]
        with open(self._errors, "wb") as errors:
            self._process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        self._qmp_path = qmp_path
        self._qmp = None
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()

    def _collect(self):
        while chunk := self._process.stdout.read1(65536):
            with self._grown:
                self._text += chunk.decode("utf-8", errors="replace")
                self._grown.notify_all()
        with self._grown:
            self._grown.notify_all()

    @property
    def qmp(self):
        if self._qmp is None:
            self._qmp = Qmp(self._qmp_path)
        return self._qmp

    def log(self):
        """All that the console has said, without carriage returns and terminal codes."""
        with self._grown:
            return ESCAPE_CODES.sub("", self._text)

    def lines(self, vm=None):
        """The console's whole lines (what stands behind the last line end may still grow); with `vm`, that VM's only, without the
        prefix. `vm="tiffin"` is the hypervisor."""
        lines = [PROMPT.sub("", line) for line in self.log().split("\n")[:-1]]
        if vm is None:
            return lines
        if vm == "tiffin":
            return [line.removeprefix("tiffin: ") for line in lines if line.startswith("tiffin: ")]
        return [match[2] for match in map(VM_LINE.fullmatch, lines) if match and match[1] == vm]

    def count(self, vm, pattern):
        return sum(1 for line in self.lines(vm) if re.search(pattern, line))

    def wait_for(self, vm, pattern, timeout=120, times=1):
        """Waits until `vm` has said a line that `pattern` is found in, `times` times; returns the last of these matches."""
        deadline = time.monotonic() + timeout
        while True:
            matches = [match for match in (re.search(pattern, line) for line in self.lines(vm)) if match]
            if len(matches) >= times:
                return matches[times - 1]
            ended = not self._reader.is_alive()
            if ended or time.monotonic() > deadline:
                why = "the machine ended" if ended else f"{timeout} s passed"
                raise AssertionError(f"{why}, and {vm} never said '{pattern}' {times} times\n{self.tail()}")
            with self._grown:
                self._grown.wait(0.2)

    def send(self, text):
        """Types `text` on the board's serial line."""
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def wait_until_stopped(self, timeout=180):
        """Waits for the board to power off; returns the status that the hypervisor gave."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the machine did not stop in {timeout} s\n{self.tail()}") from None
        self._reader.join(10)
        match = STOPPED.search(self.log())
        assert match, f"the machine ended without saying a status\n{self.tail()}"
        return int(match[1])

    def running(self):
        return self._process.poll() is None

    def tail(self, count=40):
        errors = self._errors.read_text(errors="replace").strip()
        said = "\n".join(self.log().split("\n")[-count:])
        return f"--- last {count} lines of the console ---\n{said}\n--- QEMU's own messages ---\n{errors}"

    def end(self):
        """Ends QEMU: asked first, killed if it does not answer."""
        try:
            if self.running():
                self.qmp.command("quit")
        except (OSError, QmpError, ValueError):
            pass
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._qmp is not None:
            self._qmp.close()
        self._reader.join(5)
        self._process.stdin.close()
