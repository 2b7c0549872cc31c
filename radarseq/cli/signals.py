"""Signals that end the process raise an exception, so that files close as after any error."""

import os
import signal
import sys
import threading
from functools import partial

from radarseq.errors import EXIT_INTERRUPTED, EXIT_TERMINATED


class Stopped(BaseException):
    """Request to end the process; not KeyboardInterrupt, which the command library catches."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status

    def __str__(self) -> str:
        word = "interrupted" if self.status == EXIT_INTERRUPTED else "terminated"
        return f"{word}; simulate, train and evaluate go on with --resume, others start anew"


def raise_on_signals() -> None:
    """Raise ``Stopped`` on SIGTERM, and on SIGINT unless the process was started to ignore it."""
    signal.signal(signal.SIGTERM, partial(_stop, EXIT_TERMINATED))
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, partial(_stop, EXIT_INTERRUPTED))


def die_of_signals() -> None:
    """Let further signals end the process at once: the cleaning up is done."""
    for number in (signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def _stop(status: int, number: int, _: object) -> None:
    sys.unraisablehook = partial(_in_a_destructor, number)
    raise Stopped(status)


def _in_a_destructor(number: int, raised: "sys.UnraisableHookArgs") -> None:
    """Ask once more for a stop that a destructor has swallowed.

    A stop in the midst of a library also leaves objects half made, whose destructors complain: that
    is nothing to show.
    """
    if isinstance(raised.exc_value, Stopped):
        # Later: an exception raised here would be swallowed too.
        threading.Timer(0.01, os.kill, (os.getpid(), number)).start()
