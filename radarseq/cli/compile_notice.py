"""What a first run on a machine waits for: functions that numba compiles, and then keeps."""

import sys

from numba.core import event

from radarseq.cli.console import note


def show_compile_notice() -> None:
    """Say on stderr, on a terminal only, when numba begins to compile: it can take a while.

    Functions that it finds in its cache are not compiled again, and nothing is said.
    """
    if sys.stderr.isatty():
        event.register("numba:compile", _Notice())


class _Notice(event.Listener):
    told = False

    def on_start(self, event: event.Event) -> None:
        if not self.told:
            self.told = True
            note("compiling for this machine, once: up to half a minute")

    def on_end(self, event: event.Event) -> None:
        pass
