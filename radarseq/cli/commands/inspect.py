"""Command line of ``radarseq inspect``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from radarseq.cli.console import print_result
from radarseq.cli.options import Json, reads_recordings
from radarseq.errors import UsageError


@reads_recordings
def inspect(
    path: Annotated[Path, typer.Argument(help="Dataset, recording, recipe, run or evaluation.")],
    plots: Annotated[
        Path | None, typer.Option(help="Of a recipe: folder for its figures; new or empty.")
    ] = None,
    gates: Annotated[
        int | None, typer.Option(help="Of a run: draw its gates for this example of --data.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Dataset that --gates takes from.")] = None,
    out: Annotated[Path | None, typer.Option(help="The .png that --gates writes.")] = None,
    as_json: Json = False,
    *,
    given: dict[str, Any],
) -> None:
    """Describe a dataset, recording, recipe, run or evaluation; or draw a run's gates.

    Example: radarseq inspect data/space

    Example: radarseq inspect datasets/space_objects.toml --plots plots

    Example: radarseq inspect runs/l --gates 0 --data data/space --out gates.png
    """
    if gates is not None or data is not None or out is not None:
        _inspect_gates(path, gates, data, out, as_json)
        return
    from radarseq.artifacts.inspection import as_text, plot
    from radarseq.artifacts.inspection import inspect as inspect_path

    summary = inspect_path(path, given) if plots is None else plot(path, plots)
    print_result(summary, as_json, lambda: as_text(summary))


def _inspect_gates(
    run: Path, example: int | None, data: Path | None, out: Path | None, as_json: bool
) -> None:
    from radarseq.artifacts.inspection import as_text

    if example is None or data is None or out is None:
        raise UsageError("--gates EXAMPLE, --data DATASET and --out FILE.png go together")
    from radarseq.artifacts.gate_figure import draw_example_gates

    summary = draw_example_gates(run, data, example, out)
    print_result(summary, as_json, lambda: as_text(summary))
