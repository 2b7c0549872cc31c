"""Output of the commands: results on stdout, everything else on stderr."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import typer

from radarseq.errors import EXIT_PARTIAL


def print_result(summary: dict[str, Any], as_json: bool, text: Callable[[], str]) -> None:
    """Print a result on stdout, as JSON or as text."""
    print(json.dumps(summary, ensure_ascii=False) if as_json else text())


def note(text: str) -> None:
    """Print a line on stderr."""
    print(text, file=sys.stderr)


def warn(warnings: Iterable[str]) -> None:
    """Print warnings on stderr, a line each."""
    for warning in warnings:
        note(f"warning: {warning}")


def finish(failures: list[str]) -> None:
    """List the inputs that failed, and exit with the status of partial success."""
    for failure in failures:
        note(f"failed: {failure}")
    if failures:
        raise typer.Exit(EXIT_PARTIAL)


def size(count: float) -> str:
    """Return a number of bytes in the unit that suits it."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def show_epoch(row: dict[str, float]) -> None:
    """Print an epoch's metrics on stderr, on a terminal only."""
    if sys.stderr.isatty():
        rest = "  ".join(f"{key} {value:.4f}" for key, value in row.items() if key != "epoch")
        note(f"epoch {row['epoch']:.0f}  {rest}")


def train_text(summary: dict[str, Any]) -> str:
    """Return the result of a training run as text."""
    field = summary["receptive_field"]
    seen = "unlimited" if field is None else f"{field} samples"
    if not summary["sequences_per_s"]:
        return f"{summary['run']}: nothing to do, {summary['epochs']} epochs are done"
    metrics = {k: v for k, v in summary["metrics"].items() if k != "epoch"}
    return "\n".join(
        [
            f"{summary['run']}: {summary['parameters']:,} parameters, receptive field {seen}, "
            f"on {summary['device']}",
            f"  {summary['epochs']} epochs, best {summary['best_epoch']}, "
            f"{summary['sequences_per_s']:,} sequences/s, {summary['seconds']:.0f} s",
            "  " + ", ".join(f"{key} {value:.4f}" for key, value in metrics.items()),
        ]
    )


@contextmanager
def progress_bar(title: str, total: int, unit: str) -> Iterator[Callable[[int, int], None] | None]:
    """Show a progress bar with rate and time left, on a terminal only."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    started = time.perf_counter()
    columns = (
        TextColumn(title),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
        TextColumn("{task.fields[rate]} " + unit + "/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(title, total=total, rate="-")

        def advance(done: int, _: int) -> None:
            rate = f"{done / (time.perf_counter() - started):,.0f}"
            progress.update(task, completed=done, rate=rate)

        yield advance


@contextmanager
def evaluation_bar() -> Iterator[Callable[[int, int], None] | None]:
    """Show the recordings done and the windows per second, on a terminal only."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    started = time.perf_counter()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.completed:,.0f} recordings"),
        TextColumn("{task.fields[windows]:,} windows, {task.fields[rate]:,.0f} a second"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("evaluating", total=None, windows=0, rate=0.0)

        def advance(done: int, windows: int) -> None:
            rate = windows / max(time.perf_counter() - started, 1e-9)
            progress.update(task, completed=done, windows=windows, rate=rate)

        yield advance
