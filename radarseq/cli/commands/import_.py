"""Command line of ``radarseq import``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from radarseq.cli.console import finish, print_result
from radarseq.cli.options import Json, Out, Seed, reads_recordings


@reads_recordings
def import_command(
    paths: Annotated[list[Path], typer.Argument(help="Recordings: files and folders.")],
    out: Out,
    train_rows: Annotated[
        int | None, typer.Option(help="The first n rows train, the rest test.")
    ] = None,
    train_fraction: Annotated[
        float | None, typer.Option(help="The first part of each recording trains, the rest tests.")
    ] = None,
    test_group: Annotated[
        list[str] | None, typer.Option(help="This {group} tests; may be repeated.")
    ] = None,
    validation: Annotated[float, typer.Option(help="Share of the training rows.")] = 0.15,
    seed: Seed = 0,
    as_json: Json = False,
    *,
    given: dict[str, Any],
) -> None:
    """Import recordings as a dataset.

    Example: radarseq import ionosphere.csv --interleaved --label-column -1 --out data/ionosphere
    """
    from radarseq.captures.conversion.import_dataset import import_
    from radarseq.captures.options.read_options import AS_WRITTEN
    from radarseq.storage.atomic import printable

    result = import_(
        paths,
        out,
        options=AS_WRITTEN.updated(given),
        train_rows=train_rows,
        train_fraction=train_fraction,
        test_group=test_group or None,
        validation=validation,
        seed=seed,
    )
    summary = {
        "dataset": str(out),
        "rows": result.rows,
        "classes": result.counts,
        "rejected": result.rejected,
        "failures": [[printable(f.path), f.reason, f.hint] for f in result.failures],
    }
    print_result(summary, as_json, lambda: _import_text(summary))
    finish([f"{path}: {reason}. {hint}" for path, reason, hint in summary["failures"]])


def _import_text(summary: dict[str, Any]) -> str:
    lines = [f"{summary['dataset']}: {summary['rows']:,} rows"]
    for name, parts in summary["classes"].items():
        lines.append(f"  {name}: " + ", ".join(f"{n:,} {part}" for part, n in parts.items()))
    lines += [f"  left out, {reason}: {n:,}" for reason, n in summary["rejected"].items()]
    return "\n".join(lines)
