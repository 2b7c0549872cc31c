"""Validates every byte of a dataset, a run, a recipe, an evaluation or a recording."""

from collections.abc import Callable, Container
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radarseq.artifacts.kind import Kind, kind_of
from radarseq.dataset.read import open_dataset, read_shard
from radarseq.dataset.schema import UNFINISHED_NAME
from radarseq.errors import (
    CaptureError,
    CheckpointError,
    DataError,
    DatasetError,
    RadarseqError,
)
from radarseq.recipes.recipe import read_recipe
from radarseq.storage.atomic import current_folder, sha256_file
from radarseq.storage.output_folder import UNFINISHED_MARK
from radarseq.storage.sealed import read_json, read_sealed_text


@dataclass(frozen=True)
class Validation:
    """Result of a validation.

    Attributes:
        path: The file or folder.
        kind: Its kind.
        checked: How many files were read.
        issues: A sentence for each defect; empty if there is none.
    """

    path: Path
    kind: Kind
    checked: int
    issues: tuple[str, ...]

    @property
    def is_valid(self) -> bool:
        """Whether nothing is wrong."""
        return not self.issues


def validate(path: Path | str) -> Validation:
    """Read every byte of a dataset, a run, a checkpoint, an evaluation, a recipe or a recording.

    Args:
        path: A file or folder.

    Returns:
        All issues, not only the first.

    Raises:
        DataError: If there is nothing at ``path``.
    """
    path = Path(path)
    try:
        kind = kind_of(path)
    except DataError as error:
        if not path.exists():
            raise
        return Validation(path, Kind.UNKNOWN, 1, (str(error),))
    checks = {
        Kind.DATASET: _dataset,
        Kind.RUN: _run,
        Kind.ENSEMBLE: _ensemble,
        Kind.CHECKPOINT: _checkpoint,
        Kind.EVALUATION: _evaluation,
        Kind.RECIPE: _recipe,
        Kind.CAPTURE: _capture,
    }
    issues: list[str] = []
    if (path / UNFINISHED_MARK).exists():
        issues.append(f"{path}: was not finished; run the command that makes it again")
    try:
        checked = checks[kind](path, issues)
    except RadarseqError as error:
        issues.append(str(error))
        checked = 1
    return Validation(path, kind, checked, tuple(issues))


def _dataset(path: Path, issues: list[str]) -> int:
    if (path / UNFINISHED_NAME).exists():  # a resumed simulation would start from it
        read_json(path / UNFINISHED_NAME, DatasetError)
    dataset = open_dataset(path)
    names = {
        tuple(sorted(columns))
        for shard in dataset.shards
        if (columns := read_shard(shard, dataset.header, issues))
    }
    if len(names) > 1:
        issues.append(f"{path}: the shards do not have the same columns")
    return len(dataset.shards) + 1


def _run(path: Path, issues: list[str]) -> int:
    from radarseq.training.history import METRICS, read_history
    from radarseq.training.run_folder import CONFIG

    checkpoints = path / "checkpoints"
    folders = [current_folder(checkpoints / name) for name in ("best", "last")]
    found = [folder for folder in folders if folder.exists()]
    if not found:
        raise CheckpointError(f"{path}: a run without a checkpoint; train it, or resume it")
    checked = sum(_collected(issues, _checkpoint, folder, issues) for folder in found)
    for file in sorted(path.glob("*.json")):
        if file.name != METRICS:
            _collected(issues, read_json, file, CheckpointError)
            checked += 1
    if (path / METRICS).exists():  # written when training has ended
        return checked + _collected(issues, check_digests, path, issues)
    _collected(issues, read_sealed_text, path / CONFIG, CheckpointError)
    if len(found) == len(folders):  # the last checkpoint holds the digest of the history
        _collected(issues, read_history, path)
    return checked + 2


def _ensemble(path: Path, issues: list[str]) -> int:
    from radarseq.inference.ensemble_file import load_ensemble, read_members

    members = read_members(path)
    checked = sum(_collected(issues, _run, path / name, issues) for name in members)
    if not issues:
        load_ensemble(path)
    return checked + 1


def _collected(issues: list[str], check: Callable[..., Any], *arguments: Any) -> int:
    """Return how many files a check has read; append the error that it raises to ``issues``."""
    try:
        count = check(*arguments)
    except DataError as error:
        issues.append(str(error))
        return 1
    return count if isinstance(count, int) else 1


def _checkpoint(path: Path, issues: list[str]) -> int:
    from radarseq.inference.checkpoint import STATE, load_checkpoint, load_state

    checkpoint = load_checkpoint(path)
    if STATE in checkpoint.manifest["files"] or (path / STATE).exists():
        load_state(path)
    return len(checkpoint.manifest["files"]) + 1


def _evaluation(path: Path, issues: list[str]) -> int:
    return check_digests(path, issues)


def check_digests(folder: Path, issues: list[str], passed_over: Container[str] = ()) -> int:
    """Append an issue for each file whose digest in ``metrics.json`` does not hold.

    Args:
        folder: An evaluation, or a run.
        issues: A sentence is appended for each defect.
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
        path = folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            issues.append(f"{folder / 'metrics.json'}: names {name!r}, outside its folder; refused")
            continue
        try:
            if sha256_file(path) != digest:
                issues.append(f"{path}: altered or truncated; make the folder again")
        except FileNotFoundError:
            issues.append(f"{path}: missing")
        except OSError as error:
            issues.append(f"{path}: cannot be read ({error.strerror})")
    return len(files) + 1


def _recipe(path: Path, issues: list[str]) -> int:
    read_recipe(path)
    return 1


def _capture(path: Path, issues: list[str]) -> int:
    from radarseq.captures.sources.find_files import find_recordings
    from radarseq.captures.sources.open_recordings import read_every_byte

    files, _ = find_recordings([path])
    if not files:
        raise DataError(f"{path}: holds nothing that is known: no dataset, run or recording")
    for file in files:
        try:
            read_every_byte(file)
        except CaptureError as error:
            issues.append(str(error))
    return len(files)
