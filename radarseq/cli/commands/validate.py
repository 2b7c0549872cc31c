"""`radarseq validate`."""

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
    """Read every byte and name every fault; exit 4 if there is one.

    Example: radarseq validate data/space
    """
    from radarseq.artifacts.validation import validate as check

    found = check(path)
    told = {
        "path": str(path),
        "kind": str(found.kind),
        "checked": found.checked,
        "valid": found.is_valid,
        "faults": list(found.faults),
    }
    print_result(told, as_json, lambda: _validate_text(told))
    if not found.is_valid:
        raise typer.Exit(EXIT_DATA)


def _validate_text(told: dict[str, Any]) -> str:
    if told["valid"]:
        return f"{told['path']}: a valid {told['kind']}, {told['checked']} files read"
    return "\n".join([f"{told['path']}: NOT a valid {told['kind']}", *told["faults"]])
