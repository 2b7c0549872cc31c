"""Reads and writes report.h5: content of the page besides the metrics, for drawing it again."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from radarseq.dataset.write import hdf5_image
from radarseq.errors import EvaluationError, UsageError
from radarseq.evaluation.output.folder import REPORT_DATA
from radarseq.report.capture_views import CaptureView
from radarseq.report.figures.pictures import Pictures
from radarseq.report.page import ReportContent
from radarseq.storage.atomic import write_atomically

_SAMPLES = ("tx", "rx", "target", "predicted")
_NAMES = ("label", "decision")
_TEXT = h5py.string_dtype()


def write_report_data(folder: Path, content: ReportContent) -> None:
    """Write ``report.h5``: examples, training history, and the views without posteriors.

    Raises:
        OSError: If the folder cannot be written.
    """

    def fill(file: h5py.File) -> None:
        if content.pictures is not None:
            _write_pictures(file.create_group("pictures"), content.pictures)
        _write_epochs(file.create_group("epochs"), content.epochs)
        _write_views(file.create_group("captures"), content.views)

    write_atomically(folder / REPORT_DATA, hdf5_image(fill))


def read_report_data(folder: Path) -> ReportContent:
    """Return the content of ``report.h5``.

    Raises:
        EvaluationError: If the file is not of that form.
    """
    path = folder / REPORT_DATA
    try:
        with h5py.File(io.BytesIO(path.read_bytes())) as file:
            return ReportContent(
                _read_pictures(file["pictures"]) if "pictures" in file else None,
                _read_epochs(file["epochs"]),
                _read_views(file["captures"]),
            )
    except (OSError, KeyError, ValueError, IndexError, TypeError, UsageError) as error:
        raise EvaluationError(
            f"{path}: not what radarseq evaluate wrote ({error}); evaluate again"
        ) from error


def _write_pictures(group: h5py.Group, pictures: Pictures) -> None:
    for name in _SAMPLES:
        if (samples := getattr(pictures, name)) is not None:
            group.create_dataset(name, data=samples)
    for name in _NAMES:
        texts = np.array(getattr(pictures, name), dtype=object)
        group.create_dataset(name, data=texts, dtype=_TEXT)
    snr_db = [np.nan if value is None else value for value in pictures.snr_db]
    group.create_dataset("snr_db", data=np.array(snr_db, dtype=np.float64))


def _read_pictures(group: Any) -> Pictures:
    samples = {name: group[name][()] if name in group else None for name in _SAMPLES}
    names = {name: group[name].asstr()[()].tolist() for name in _NAMES}
    snr_db = [None if np.isnan(value) else float(value) for value in group["snr_db"][()]]
    return Pictures(**samples, **names, snr_db=snr_db)


def _write_epochs(group: h5py.Group, epochs: Sequence[Mapping[str, Any]]) -> None:
    for key in dict.fromkeys(key for row in epochs for key in row):
        values = [np.nan if row.get(key) in (None, "") else float(row[key]) for row in epochs]
        group.create_dataset(key, data=np.array(values, dtype=np.float64))


def _read_epochs(group: Any) -> list[dict[str, float]]:
    columns = {key: group[key][()].tolist() for key in group}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _write_views(group: h5py.Group, views: Sequence[CaptureView | None]) -> None:
    present = [view for view in views if view is not None]
    columns = [0 if view is None else len(view.rows) for view in views]
    ranges = [(0.0, 0.0) if view is None else (view.low, view.high) for view in views]
    group.create_dataset("columns", data=np.array(columns, dtype=np.int64))
    group.create_dataset("range", data=np.array(ranges, dtype=np.float64).reshape(-1, 2))
    if present:
        group.create_dataset("row", data=np.concatenate([view.rows for view in present]))
        group.create_dataset("level", data=np.concatenate([view.level for view in present]))
        phases = [view.phase for view in present if view.phase is not None]
        if phases:
            group.create_dataset("phase", data=np.concatenate(phases))


def _read_views(group: Any) -> list[CaptureView | None]:
    columns, ranges = group["columns"][()], group["range"][()]
    views: list[CaptureView | None] = [None] * len(columns)
    if not columns.any():
        return views
    row, level = group["row"][()], group["level"][()]
    phase = group["phase"][()] if "phase" in group else None
    if not columns.sum() == len(row) == len(level):
        raise ValueError(f"expected {columns.sum()} columns, found {len(row)} and {len(level)}")
    first = 0
    for place, (count, limits) in enumerate(zip(columns, ranges.tolist(), strict=True)):
        part = slice(first, first + count)
        phases = None if phase is None else phase[part]
        if count:
            views[place] = CaptureView(row[part], level[part], phases, None, *limits)
        first += count
    return views
