"""Exports the rows of a dataset as recordings: one ``.npz`` per object or recording."""

import io
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radarseq.captures.checks.npz_seal import CAPTURE_FORMAT, MEMBER, seal_archive
from radarseq.dataset.read import open_dataset
from radarseq.dataset.row_operations import rank_in_group
from radarseq.dataset.schema import UNKNOWN_LABEL, Examples
from radarseq.errors import DatasetError, UsageError
from radarseq.storage.atomic import write_atomically
from radarseq.storage.output_folder import output_folder

UNKNOWN_CLASS = "unknown"
_MAX_NAME_LENGTH = 100


def export(
    dataset_path: Path | str, out: Path | str, *, split: str = "test", limit: int | None = None
) -> list[Path]:
    """Write each group of a dataset as one capture and return the files.

    A file is named ``{class}_{group}.npz``, so that the name pattern ``{label}_{group}.npz`` gives
    both back. Characters other than letters, digits, ``.``, ``-`` and (in classes only) ``_``
    become ``-``. A group with several classes gives one file per class.

    Args:
        dataset_path: A dataset's folder.
        out: The folder for the captures; made if absent.
        split: train, validation, test or all.
        limit: Maximum number of files; they are taken from all classes in turn.

    Raises:
        UsageError: If ``split`` or ``limit`` does not fit; OutputError if ``out`` is not empty.
        DatasetError: If the dataset is not valid, or has no rows in ``split``.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"limit is {limit}; expected at least 1")
    examples = open_dataset(Path(dataset_path)).load().part(split)
    if not len(examples):
        raise DatasetError(f"{dataset_path}: has no rows in {split!r}. Choose another split")
    pairs, rows = _rows_by_pair(examples)
    written: dict[str, Path] = {}
    with output_folder(Path(out), unfinished=("*.npz",)) as folder:
        # One of each class, then the next; labels are sorted.
        order = np.lexsort((pairs[0], rank_in_group(pairs[0])))
        for index in order[:limit]:
            name = _file_name(examples, int(pairs[0, index]), int(pairs[1, index]), written)
            written[name] = folder / name
            write_atomically(written[name], _encode(examples.take(rows[index])))
    return list(written.values())


def _rows_by_pair(examples: Examples) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
    """Return the pairs of label and group, (2, pair), and the rows of each in their order."""
    absent = np.full(len(examples), UNKNOWN_LABEL, np.int64)
    label = examples["label"] if "label" in examples else absent
    group = examples["group"] if "group" in examples else absent + 1
    both = np.stack([label, group]).astype(np.int64)
    pairs, inverse, counts = np.unique(both, axis=1, return_inverse=True, return_counts=True)
    order = np.argsort(inverse.reshape(-1), kind="stable")
    return pairs, np.split(order, np.cumsum(counts)[:-1])


def _file_name(examples: Examples, label: int, group: int, taken: dict[str, Path]) -> str:
    header = examples.header
    name = UNKNOWN_CLASS if label == UNKNOWN_LABEL else header.class_names[label]
    full = header.group_names[group] if header.group_names else str(group)
    # Groups of imported data begin with their class. No "_" in a group: the last one separates.
    own = _safe(full.removeprefix(f"{name}/")).replace("_", "-")
    stem = f"{_safe(name)}_{own}"
    number = 2
    while (candidate := f"{stem}.npz") in taken:
        stem, number = f"{_safe(name)}_{own}-{number}", number + 1
    return candidate


def _safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", text).lstrip(".")[:_MAX_NAME_LENGTH] or "-"


def _encode(examples: Examples) -> bytes:
    columns = {name: examples[name] for name in ("rx", "x", "tx") if name in examples}
    header, buffer = examples.header, io.BytesIO()
    np.savez(
        buffer,
        allow_pickle=False,
        **{MEMBER: np.int32(CAPTURE_FORMAT)},
        sample_interval_s=np.float64(header.sample_interval_s),
        carrier_hz=np.float64(header.carrier_hz),
        sample_axis=np.array(header.sample_axis),
        **columns,
    )
    return seal_archive(buffer.getvalue())
