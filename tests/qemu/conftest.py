"""Fixtures of the whole-system tests. `tiffin test qemu` builds what they need; they only run it."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness.describe import Board, description  # noqa: E402
from harness.machine import Machine  # noqa: E402
from harness import paths  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
TOOL = ROOT / "build/host/tool/tiffin"


def pytest_addoption(parser):
    parser.addoption("--longest-paths", metavar="FILE", help="keep traces, and write to FILE how long EL2 masked interrupts")


@pytest.fixture
def path_book(request):
    """The file of --longest-paths, or None."""
    return request.config.getoption("--longest-paths")


class Tool:
    """The `tiffin` command."""

    def __init__(self):
        self.environment = {**os.environ, "TIFFIN_ROOT": str(ROOT), "TIFFIN_CACHE": os.environ.get("TIFFIN_CACHE", str(ROOT / ".cache"))}

    def __call__(self, *arguments, timeout=120):
        """Runs it; the result has returncode, stdout and stderr."""
        return subprocess.run([str(TOOL), *map(str, arguments)], cwd=ROOT, env=self.environment, timeout=timeout, text=True,
                              errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    def started(self, *arguments):
        """Starts it, for who reads what it says while it runs."""
        return subprocess.Popen([str(TOOL), *map(str, arguments)], cwd=ROOT, env=self.environment, text=True, errors="replace",
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.fixture
def tool():
    return Tool()


@pytest.fixture
def build(tool, tmp_path, path_book):
    """build(domains, board, options) or build(text=...): packs a boot image, and returns its path. `preset` names the build folder
    whose hypervisor is packed."""

    def make(domains=None, board=Board(), options=None, text=None, preset="aarch64", **top):
        source, image = tmp_path / "device.yaml", tmp_path / "boot.img"
        said = text or description(domains, board, options, **top)
        source.write_text(paths.traced(said) if path_book else said, encoding="utf-8")
        built = tool("build", source, "-o", image, "--hypervisor", ROOT / "build" / preset / "hypervisor/tiffin.bin")
        assert built.returncode == 0, f"tiffin build failed:\n{built.stdout}{built.stderr}"
        return image

    return make


@pytest.fixture
def boot(request, tmp_path, path_book):
    """boot(image, board): starts QEMU with it. Whatever happens to the test, that QEMU is ended."""
    started = []

    def start(image, board=Board()):
        folder = tmp_path / f"machine-{len(started)}"
        folder.mkdir()
        started.append(Machine(image, board, folder))
        return started[-1]

    yield start
    for one in started:
        if path_book:
            paths.note(path_book, request.node.name, one, tmp_path)
        one.end()


@pytest.fixture
def machine(build, boot):
    """machine(domains, board=..., options=...): builds and starts it in one go."""

    def make(domains, board=Board(), options=None, **top):
        return boot(build(domains, board, options, **top), board)

    return make
