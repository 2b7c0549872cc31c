"""Threads of torch wait briefly."""

import os
import subprocess
import sys

import pytest

from radarseq.cli.openmp import wait_briefly


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, "20000"),
        ({"GOMP_SPINCOUNT": "7"}, "7"),
        ({"OMP_WAIT_POLICY": "active"}, None),
    ],
)
def test_torchs_threads_wait_briefly_unless_told_otherwise(monkeypatch, given, found):
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    wait_briefly()
    assert os.environ.get("GOMP_SPINCOUNT") == found
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)


def test_a_command_has_them_wait_briefly_before_torch_is_loaded():
    code = (
        "import os, sys\nfrom radarseq import cli\n"
        "cli.app = lambda: print('torch' in sys.modules, os.environ['GOMP_SPINCOUNT'])\ncli.main()"
    )
    clean = {k: v for k, v in os.environ.items() if k not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=clean)
    assert ran.stdout.split() == ["False", "20000"]
