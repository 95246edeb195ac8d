"""A client of QEMU's monitor protocol (QEMU, docs/interop/qmp-spec.txt): one JSON object a line, over a Unix socket."""
import json
import socket
import time


class QmpError(Exception):
    """QEMU refused a command; the text is QEMU's own."""


class Qmp:
    def __init__(self, path, timeout=10.0):
        """Connects to the socket at `path`, which QEMU may not have made yet; `timeout` in seconds holds for each answer too."""
        self.events = []
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout)
        deadline = time.monotonic() + timeout
        while True:
            try:
                self._socket.connect(str(path))
                break
            except (FileNotFoundError, ConnectionRefusedError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        self._lines = self._socket.makefile("r", encoding="utf-8")
        self._read()  # the greeting
        self.command("qmp_capabilities")

    def _read(self):
        line = self._lines.readline()
        if not line:
            raise QmpError("QEMU closed its monitor")
        return json.loads(line)

    def command(self, name, **arguments):
        """The command's return value. Events that come before it are kept in `events`."""
        self._socket.sendall(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        while True:
            message = self._read()
            if "return" in message:
                return message["return"]
            if "error" in message:
                raise QmpError(message["error"]["desc"])
            self.events.append(message)

    def close(self):
        self._lines.close()
        self._socket.close()
