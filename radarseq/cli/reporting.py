"""`radarseq report`."""

from pathlib import Path
from typing import Annotated

import typer

from radarseq.cli.arguments import Json
from radarseq.cli.terminal import print_result


def report(
    evaluation: Annotated[Path, typer.Argument(help="Evaluation folder.")],
    as_json: Json = False,
) -> None:
    """Draw the page of an evaluation again, without its model and data.

    Example: radarseq report eval/w
    """
    from radarseq.evaluation.redraw import redraw

    page = redraw(evaluation)
    print_result({"report": str(page)}, as_json, lambda: str(page))
