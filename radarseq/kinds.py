"""What a path is: decided by what it holds, never by guessing."""

import json
from enum import StrEnum
from pathlib import Path

from radarseq.dataset.schema import SHARD_MAGIC
from radarseq.errors import DataError


class Kind(StrEnum):
    """The kinds of things that a command can be pointed at."""

    DATASET = "dataset"
    RUN = "run"
    CHECKPOINT = "checkpoint"
    EVALUATION = "evaluation"
    RECIPE = "recipe"
    CAPTURE = "capture"


_MANIFEST_KINDS = {
    "radarseq dataset": Kind.DATASET,
    "radarseq checkpoint": Kind.CHECKPOINT,
    "radarseq evaluation": Kind.EVALUATION,
}


def kind_of(path: Path) -> Kind:
    """Return what is at ``path``.

    Raises:
        DataError: If there is nothing.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    if path.is_dir():
        return _kind_of_folder(path)
    if path.suffix == ".toml":
        return Kind.RECIPE
    return Kind.DATASET if _is_shard(path) else Kind.CAPTURE


def _kind_of_folder(path: Path) -> Kind:
    if (path / "manifest.unfinished.json").exists():
        return Kind.DATASET
    if (path / "config.toml").exists():
        return Kind.RUN
    for name in ("manifest.json", "metrics.json"):
        if (path / name).exists():
            try:
                content = json.loads((path / name).read_bytes())
            except (OSError, ValueError, RecursionError) as fault:
                raise DataError(f"{path / name}: not readable as JSON ({fault})") from fault
            kind = content.get("kind") if isinstance(content, dict) else None
            if isinstance(kind, str) and kind in _MANIFEST_KINDS:
                return _MANIFEST_KINDS[kind]
            raise DataError(
                f"{path / name}: kind is {kind!r}; expected one of {', '.join(_MANIFEST_KINDS)}"
            )
    return Kind.CAPTURE


def _is_shard(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(SHARD_MAGIC)) == SHARD_MAGIC
