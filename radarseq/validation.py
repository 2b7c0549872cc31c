"""Checking what is on disk: every byte of a dataset, a run, a recipe or an evaluation."""

from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from radarseq.config import read_recipe
from radarseq.dataset.read import open_dataset, read_shard
from radarseq.errors import CaptureError, CheckpointError, DataError, RadarseqError
from radarseq.files import read_json, sha256_file, standing_folder
from radarseq.kinds import Kind, kind_of


@dataclass(frozen=True)
class Validation:
    """What a check found.

    Attributes:
        path: What was checked.
        kind: What it is.
        checked: How many files were read.
        faults: What is wrong, a sentence each; empty if nothing is.
    """

    path: Path
    kind: Kind
    checked: int
    faults: tuple[str, ...]

    @property
    def is_valid(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def validate(path: Path | str) -> Validation:
    """Read every byte of a dataset, a run, a checkpoint, an evaluation, a recipe or a recording.

    Args:
        path: A file or folder.

    Returns:
        All faults; it does not stop at the first.

    Raises:
        DataError: If there is nothing at ``path``, or nothing that is known.
    """
    path = Path(path)
    kind = kind_of(path)
    checks = {
        Kind.DATASET: _dataset,
        Kind.RUN: _run,
        Kind.CHECKPOINT: _checkpoint,
        Kind.EVALUATION: _evaluation,
        Kind.RECIPE: _recipe,
        Kind.CAPTURE: _capture,
    }
    faults: list[str] = []
    try:
        checked = checks[kind](path, faults)
    except RadarseqError as fault:
        faults.append(str(fault))
        checked = 1
    return Validation(path, kind, checked, tuple(faults))


def _dataset(path: Path, faults: list[str]) -> int:
    dataset = open_dataset(path)
    for shard in dataset.shards:
        read_shard(shard, dataset.header, faults)
    return len(dataset.shards) + 1


def _run(path: Path, faults: list[str]) -> int:
    checkpoints = path / "checkpoints"
    folders = [standing_folder(checkpoints / name) for name in ("best", "last")]
    found = [folder for folder in folders if folder.exists()]
    if not found:
        raise CheckpointError(f"{path}: a run without a checkpoint; train it, or resume it")
    for folder in found:
        try:
            _checkpoint(folder, faults)
        except DataError as fault:
            faults.append(str(fault))
    if (path / "metrics.json").exists():  # written when training has ended
        check_digests(path, faults)
    return len(found)


def _checkpoint(path: Path, faults: list[str]) -> int:
    from radarseq.training.checkpoint import STATE, load_checkpoint, load_state

    checkpoint = load_checkpoint(path)
    if STATE in checkpoint.manifest["files"] or (path / STATE).exists():
        load_state(path)
    return len(checkpoint.manifest["files"]) + 1


def _evaluation(path: Path, faults: list[str]) -> int:
    return check_digests(path, faults)


def check_digests(folder: Path, faults: list[str], passed_over: Container[str] = ()) -> int:
    """Append a fault for each file that ``metrics.json`` vouches for and that is not as it was.

    Args:
        folder: An evaluation, or a run.
        faults: What is wrong is appended, a sentence each.
        passed_over: Names of files that need not be as they were.

    Returns:
        How many files were read.

    Raises:
        DataError: If ``metrics.json`` is damaged or names no files.
    """
    files = read_json(folder / "metrics.json", DataError).get("files")
    if not isinstance(files, dict) or not files:
        raise DataError(f"{folder / 'metrics.json'}: names no files; make the folder again")
    for name, digest in files.items():
        if name in passed_over:
            continue
        path = folder / Path(name).name
        if not path.exists():
            faults.append(f"{path}: missing")
        elif sha256_file(path) != digest:
            faults.append(f"{path}: altered or truncated; make the folder again")
    return len(files) + 1


def _recipe(path: Path, faults: list[str]) -> int:
    read_recipe(path)
    return 1


def _capture(path: Path, faults: list[str]) -> int:
    from radarseq.captures.registry import find_captures, read_capture

    files = find_captures([path])
    if not files:
        raise DataError(f"{path}: holds nothing that is known: no dataset, run or recording")
    for file in files:
        try:
            read_capture(file)
        except CaptureError as fault:
            faults.append(str(fault))
    return len(files)
