"""The commands. Each is thin: it reads its arguments, calls the function of its name, and prints.

Nothing heavy is imported before a command runs, so that --help is instant.
"""

import io
import sys

import typer

from radarseq.cli.evaluating import evaluate
from radarseq.cli.exporting import export
from radarseq.cli.importing import import_command
from radarseq.cli.inspecting import inspect
from radarseq.cli.reporting import report
from radarseq.cli.simulating import simulate
from radarseq.cli.stopping import Stopped, die_of_signals, raise_on_signals
from radarseq.cli.threads import wait_briefly
from radarseq.cli.training import train
from radarseq.cli.validating import validate
from radarseq.errors import EXIT_FAILURE, RadarseqError

app = typer.Typer(
    name="radarseq",
    help="Short radar sequences, simulated, learnt and judged.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(simulate)
app.command("import")(import_command)
app.command()(train)
app.command()(evaluate)
app.command()(report)
app.command()(inspect)
app.command()(validate)
app.command()(export)


def main() -> None:
    """Run the command line; end with the status that the error classes name."""
    for stream in (sys.stdout, sys.stderr):  # names of files need not be UTF-8
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        raise_on_signals()
        wait_briefly()
        _run()
    except Stopped as stop:
        die_of_signals()
        _fail(str(stop), stop.status)


def _run() -> None:
    try:
        app()
    except RadarseqError as fault:
        _fail(str(fault), fault.exit_code)
    except OSError as fault:
        _fail(f"{fault.filename or 'output'}: {fault.strerror or fault}", EXIT_FAILURE)


def _fail(message: str, status: int) -> None:
    print(f"radarseq: {message}", file=sys.stderr)
    sys.exit(status)
