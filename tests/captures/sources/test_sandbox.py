"""Recordings checked by a child process, whatever becomes of the child."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from recordings import noise
from sandboxing import cpu_s, error_of

from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import AS_WRITTEN
from radarseq.captures.sources import sandbox as sandbox_module
from radarseq.captures.sources.sandbox import Sandbox

PER_FILE_S = 0.05
MISBEHAVING = """
import os, signal, time
from radarseq.captures.sources import sandbox_process

def read_capture(path, options):
    kind = path.stem
    if kind == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif kind == "hang":
        while True: pass
    elif kind == "grow":
        held = [bytearray(20 << 20) for _ in range(50)]
    elif kind == "leave":
        os._exit(3)
    elif kind == "noise":
        print("not an answer")
        os.write(1, b"nor this")
    return real(path, options)

sandbox_process.MEMORY_BYTES = 100 << 20
real, sandbox_process.read_capture = sandbox_process.read_capture, read_capture
sandbox_process.serve()
"""


@pytest.fixture
def sandbox():
    own = Sandbox()
    yield own
    own.close()


@pytest.mark.slow
def test_a_child_that_misbehaves_is_a_failure_of_its_file(tmp_path, monkeypatch, sandbox):
    (tmp_path / "misbehaving.py").write_text(MISBEHAVING)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sandbox_module, "_CHILD", "misbehaving")
    monkeypatch.setattr(sandbox_module, "TIMEOUT_S", 20.0)
    for kind in ("good", "crash", "hang", "grow", "leave", "noise"):
        np.save(tmp_path / f"{kind}.npy", noise(2, 8))
    sandbox.check(tmp_path / "good.npy", AS_WRITTEN)
    first = sandbox._child
    assert "SIGSEGV" in str(error_of(sandbox, tmp_path / "crash.npy"))
    sandbox.check(tmp_path / "noise.npy", AS_WRITTEN)  # another child, and prints are no answers
    assert sandbox._child is not first
    assert "status 3" in str(error_of(sandbox, tmp_path / "leave.npy"))
    assert "MB of memory" in str(error_of(sandbox, tmp_path / "grow.npy"))
    same = sandbox._child
    sandbox.check(tmp_path / "good.npy", AS_WRITTEN)
    assert sandbox._child is same  # too much memory is no reason to start another
    monkeypatch.setattr(sandbox_module, "TIMEOUT_S", 0.5)
    assert "takes longer than 0.5 s" in str(error_of(sandbox, tmp_path / "hang.npy"))
    monkeypatch.setattr(sandbox_module, "TIMEOUT_S", 20.0)
    sandbox.check(tmp_path / "good.npy", AS_WRITTEN)


def test_one_child_serves_many_files_in_little_time(tmp_path, sandbox):
    names = [f"rod_\udcff\n<b>{i}.npy" for i in range(60)]
    for name in names:
        np.save(os.fsencode(tmp_path / name).decode("utf-8", "surrogateescape"), noise(10, 32))
    sandbox.check(tmp_path / names[0], AS_WRITTEN)
    child = sandbox._child
    started = time.process_time() + cpu_s(child)
    for name in names:
        sandbox.check(tmp_path / name, AS_WRITTEN)
    assert sandbox._child is child
    assert (time.process_time() + cpu_s(child) - started) / len(names) < PER_FILE_S


def test_a_child_goes_when_its_parent_is_killed(tmp_path):
    np.save(tmp_path / "a.npy", noise(2, 8))
    code = (
        "import sys, time; from pathlib import Path\n"
        "from radarseq.captures.sources.sandbox import SANDBOX\n"
        "from radarseq.captures.options.read_options import AS_WRITTEN\n"
        "SANDBOX.check(Path(sys.argv[1]), AS_WRITTEN)\n"
        "print(SANDBOX._child.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, tmp_path / "a.npy"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    until = time.monotonic() + 20
    while is_running(child) and time.monotonic() < until:
        time.sleep(0.02)
    assert not is_running(child)


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_relative_path_is_seen_from_where_the_caller_is_now(sandbox, tmp_path, monkeypatch):
    np.save(tmp_path / "a.npy", noise(2, 8))
    sandbox.check(tmp_path / "a.npy", AS_WRITTEN)  # the child starts in another folder
    monkeypatch.chdir(tmp_path)
    sandbox.check(Path("a.npy"), AS_WRITTEN)
    with pytest.raises(RecordingError, match="is not there"):
        sandbox.check(Path("b.npy"), AS_WRITTEN)
