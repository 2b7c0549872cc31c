"""Command line of ``radarseq report``."""

from pathlib import Path
from typing import Annotated

import typer

from radarseq.cli.console import print_result
from radarseq.cli.options import Json


def report(
    evaluation: Annotated[Path, typer.Argument(help="Evaluation folder.")],
    as_json: Json = False,
) -> None:
    """Draw the page of an evaluation again, without its model and data.

    Example: radarseq report eval/w
    """
    from radarseq.evaluation.page.redraw import redraw

    page = redraw(evaluation)
    print_result({"report": str(page)}, as_json, lambda: str(page))
