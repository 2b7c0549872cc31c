"""Notice that numba compiles its functions: the first run on a machine waits for it."""

import sys

from numba.core import event

from radarseq.cli.console import note


def show_compile_notice() -> None:
    """Print a notice on stderr, on a terminal only, when numba begins to compile.

    Functions in its cache are not compiled again, and no notice is printed.
    """
    if sys.stderr.isatty():
        event.register("numba:compile", _Notice())


class _Notice(event.Listener):
    summary = False

    def on_start(self, event: event.Event) -> None:
        if not self.summary:
            self.summary = True
            note("compiling for this machine, once: up to half a minute")

    def on_end(self, event: event.Event) -> None:
        pass
