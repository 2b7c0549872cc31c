"""Checks in a sandboxed process, and what the process uses."""

import os
import subprocess
from pathlib import Path

import pytest

from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import AS_WRITTEN, ReadOptions
from radarseq.captures.sources.sandbox import Sandbox


def error_of(sandbox: Sandbox, path: Path, options: ReadOptions = AS_WRITTEN) -> RecordingError:
    with pytest.raises(RecordingError) as caught:
        sandbox.check(path, options)
    assert str(path) in str(caught.value)
    return caught.value


def cpu_s(child: subprocess.Popen | None) -> float:
    assert child is not None
    words = Path(f"/proc/{child.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
