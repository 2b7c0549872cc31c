"""The notice of a compilation on a terminal."""

import sys

import pytest
from numba import njit
from numba.core import event

from radarseq.cli.compile_notice import show_compile_notice


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_is_told_once_that_something_is_compiled(terminal, monkeypatch, capsys):
    before = set(event._registered["numba:compile"])
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    show_compile_notice()
    try:
        for value in (1, 1.0):
            njit(lambda x: x + x)(value)
    finally:
        for listener in set(event._registered["numba:compile"]) - before:
            event.unregister("numba:compile", listener)
    assert capsys.readouterr().err.count("compiling for this machine, once") == terminal
