"""Command line of ``radarseq export``."""

from pathlib import Path
from typing import Annotated

import typer

from radarseq.cli.console import print_result
from radarseq.cli.options import Json, Out


def export(
    dataset: Annotated[Path, typer.Argument(help="Dataset.")],
    out: Out,
    split: Annotated[str, typer.Option(help="test, validation, train or all.")] = "test",
    limit: Annotated[int | None, typer.Option(help="At most this many files.")] = None,
    as_json: Json = False,
) -> None:
    """Write a dataset's objects as recordings, one .npz each.

    Example: radarseq export data/space --out captures --limit 40
    """
    from radarseq.captures.conversion.export import export as export_recordings

    files = export_recordings(dataset, out, split=split, limit=limit)
    summary = {"out": str(out), "files": [str(file) for file in files]}
    print_result(summary, as_json, lambda: f"{out}: {len(files):,} recordings")
