"""Kind of a file or folder, recognised by its content."""

from enum import StrEnum
from pathlib import Path

from radarseq.dataset.shard_format import SHARD_MAGIC
from radarseq.errors import DataError
from radarseq.storage.sealed import read_json


class Kind(StrEnum):
    """The kinds of things that a command can be pointed at."""

    DATASET = "dataset"
    RUN = "run"
    ENSEMBLE = "ensemble"
    CHECKPOINT = "checkpoint"
    EVALUATION = "evaluation"
    RECIPE = "recipe"
    CAPTURE = "capture"
    UNKNOWN = "thing that radarseq knows"  # the file that names the kind is damaged


_MANIFEST_KINDS = {
    "radarseq dataset": Kind.DATASET,
    "radarseq checkpoint": Kind.CHECKPOINT,
    "radarseq evaluation": Kind.EVALUATION,
}


def kind_of(path: Path) -> Kind:
    """Return the kind of a file or folder.

    Raises:
        DataError: If there is nothing, or nothing that could be read.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    if path.is_dir():
        return _kind_of_folder(path)
    if not path.is_file():
        raise DataError(f"{path}: neither a file nor a folder; expected one of them")
    if path.suffix == ".toml":
        return Kind.RECIPE
    return Kind.DATASET if _is_shard(path) else Kind.CAPTURE


def _kind_of_folder(path: Path) -> Kind:
    if (path / "manifest.unfinished.json").exists():
        return Kind.DATASET
    if (path / "config.toml").exists():
        return Kind.RUN
    if (path / "ensemble.json").exists():
        return Kind.ENSEMBLE
    for name in ("manifest.json", "metrics.json"):
        if (path / name).exists():
            kind = read_json(path / name, DataError).get("kind")
            if isinstance(kind, str) and kind in _MANIFEST_KINDS:
                return _MANIFEST_KINDS[kind]
            raise DataError(
                f"{path / name}: kind is {kind!r}; expected one of {', '.join(_MANIFEST_KINDS)}"
            )
    return Kind.CAPTURE


def _is_shard(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(SHARD_MAGIC)) == SHARD_MAGIC
