"""`tiffin debug` and gdb beside each other, as two terminals would have them."""
import re
import signal
import subprocess
import time


class Talker:
    """A process whose words are kept, and may be waited for."""

    def __init__(self, arguments, log, **more):
        self.path = log
        self.out = log.open("w", encoding="utf-8")
        self.process = subprocess.Popen(arguments, stdout=self.out, stderr=subprocess.STDOUT, text=True, **more)

    def said(self):
        return self.path.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, pattern, times=1, timeout=60):
        """The last of the first `times` matches."""
        end = time.monotonic() + timeout
        while len(found := list(re.finditer(pattern, self.said(), re.MULTILINE))) < times:
            assert time.monotonic() < end and self.process.poll() is None, f"no {pattern!r} in:\n{self.said()}"
            time.sleep(0.05)
        return found[times - 1]

    def end(self, timeout=100):
        """Its exit status."""
        return self.process.wait(timeout)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.out.close()


class Debugged(Talker):
    """A machine of which one VM waits for gdb before its first instruction. `command` starts it (`tiffin debug ...`)."""

    def __init__(self, command, folder, **more):
        super().__init__(command, folder / "machine.log", stdin=subprocess.DEVNULL, **more)
        self.folder = folder
        self.port = self.wait_for(r"target remote :(\d+)")[1]
        self.gdbs = []

    def gdb(self, symbols=""):
        one = Gdb(self.port, symbols, self.folder / f"gdb-{len(self.gdbs)}.log")
        self.gdbs.append(one)
        return one

    def batch(self, *commands, symbols=""):
        """What gdb and the machine said to their ends."""
        gdb = self.gdb(symbols)
        gdb.type(*commands, "quit")
        gdb.end(90)
        self.end()
        return gdb.said(), self.said()

    def kill(self):
        for one in self.gdbs:
            one.kill()
        super().kill()


class Gdb(Talker):
    """gdb as Debian ships it, connected, with somebody at its keyboard."""

    def __init__(self, port, symbols, log):
        super().__init__(["gdb-multiarch", "-nx", "-q", "-ex", "set confirm off", "-ex", "set pagination off", "-ex", "set width 0",
                          "-ex", f"target remote :{port}", *([str(symbols)] if symbols else [])], log, stdin=subprocess.PIPE)

    def type(self, *commands):
        self.process.stdin.write("".join(command + "\n" for command in commands))
        self.process.stdin.flush()

    def press_ctrl_c(self):
        self.process.send_signal(signal.SIGINT)
