"""Command line: reads arguments, calls the library function of each command, prints.

Nothing heavy is imported before a command runs, so that --help is instant.
"""

import io
import sys

import typer

from radarseq.cli.commands.evaluate import evaluate
from radarseq.cli.commands.export import export
from radarseq.cli.commands.import_ import import_command
from radarseq.cli.commands.inspect import inspect
from radarseq.cli.commands.report import report
from radarseq.cli.commands.simulate import simulate
from radarseq.cli.commands.train import train
from radarseq.cli.commands.validate import validate
from radarseq.cli.openmp import wait_briefly
from radarseq.cli.signals import Stopped, die_of_signals, raise_on_signals
from radarseq.errors import EXIT_FAILURE, RadarseqError

app = typer.Typer(
    name="radarseq",
    help="Simulate, learn and evaluate short radar sequences.",
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
    except RadarseqError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        _fail(f"{error.filename or 'output'}: {error.strerror or error}", EXIT_FAILURE)


def _fail(message: str, status: int) -> None:
    print(f"radarseq: {message}", file=sys.stderr)
    sys.exit(status)
