"""Command line of ``radarseq validate``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from radarseq.cli.console import print_result
from radarseq.cli.options import Json
from radarseq.errors import EXIT_DATA


def validate(
    path: Annotated[Path, typer.Argument(help="Dataset, run, evaluation, recipe or recording.")],
    as_json: Json = False,
) -> None:
    """Read every byte and list every issue; exit with status 4 if there is one.

    Example: radarseq validate data/space
    """
    from radarseq.artifacts.validation import validate as validate_path

    found = validate_path(path)
    summary = {
        "path": str(path),
        "kind": str(found.kind),
        "checked": found.checked,
        "valid": found.is_valid,
        "issues": list(found.issues),
    }
    print_result(summary, as_json, lambda: _validate_text(summary))
    if not found.is_valid:
        raise typer.Exit(EXIT_DATA)


def _validate_text(summary: dict[str, Any]) -> str:
    if summary["valid"]:
        return f"{summary['path']}: a valid {summary['kind']}, {summary['checked']} files read"
    return "\n".join([f"{summary['path']}: NOT a valid {summary['kind']}", *summary["issues"]])
