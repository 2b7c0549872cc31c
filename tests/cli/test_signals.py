"""A stop before, during and after a command."""

import subprocess
import sys

import pytest

IN_A_DESTRUCTOR = """
import signal, time
from radarseq import cli
class Half:
    def __del__(self):
        if signalled:
            raise AttributeError("half made")
        signalled.append(True)
        signal.raise_signal(signal.SIGTERM)
signalled = []
def app():
    kept = Half()
    del kept_away[:]
    time.sleep(20)
kept_away = [Half()]
cli.app = app
cli.main()
"""


def test_a_stop_that_a_destructor_swallows_is_asked_for_again():
    ran = subprocess.run(
        [sys.executable, "-c", IN_A_DESTRUCTOR], capture_output=True, text=True, timeout=15
    )
    assert ran.returncode == 143, ran.stderr
    assert "Traceback" not in ran.stderr
    assert "terminated" in ran.stderr


STOPPED_AT = """
import signal
from radarseq import cli
ended = cli._fail
def app():
    raise cli.RadarseqError("nothing is right")
def stopped(*_):
    if not signalled:
        signalled.append(True)
        signal.raise_signal(signal.SIGTERM)
    if _:
        ended(*_)
signalled = []
cli.app = app
cli.{moment} = stopped
cli.main()
"""


@pytest.mark.parametrize("moment", ["wait_briefly", "_fail"])
def test_a_stop_before_and_after_a_command_is_one_too(moment):
    ran = subprocess.run(
        [sys.executable, "-c", STOPPED_AT.format(moment=moment)], capture_output=True, text=True
    )
    assert ran.returncode == 143
    assert ran.stderr.startswith("radarseq: terminated")
    assert "Traceback" not in ran.stderr
