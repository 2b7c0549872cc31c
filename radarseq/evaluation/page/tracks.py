"""Reads the posterior of the drawn windows of each object or recording from predictions.h5."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from radarseq.dataset.row_operations import rank_in_group
from radarseq.errors import EvaluationError
from radarseq.report.capture_views import CaptureView

_ROWS_AT_ONCE = 1 << 20
_MAX_WINDOWS = 1 << 40  # of one group; the key of a window is its group's number times this
_NO_GROUP = -1


def with_tracks(
    path: Path, names: Sequence[str], views: Sequence[CaptureView | None]
) -> list[CaptureView | None]:
    """Return the views, each with the posterior after its windows; NaN for a skipped window.

    An evaluation without posteriors gives the probabilities of the single windows. The file is
    read in blocks, so that its length does not matter.

    Args:
        path: Of ``predictions.h5``.
        names: Of the objects or recordings, as in ``summary.csv``.
        views: In the order of the names.

    Raises:
        EvaluationError: If the file is not what ``evaluate`` wrote.
    """
    present = [(name, view) for name, view in zip(names, views, strict=False) if view is not None]
    if not present:
        return list(views)
    try:
        with h5py.File(path) as file:
            columns: dict[str, Any] = {str(name): column for name, column in file.items()}
            if "group" not in columns or not {"posterior", "probability"} & columns.keys():
                return list(views)
            groups = [str(name) for name in np.asarray(file.attrs["group_names"])]
            numbers = group_numbers([name for name, _ in present], groups)
            keys = [
                number * _MAX_WINDOWS + view.rows
                for number, (_, view) in zip(numbers, present, strict=True)
            ]
            found = _look_up(columns, np.concatenate(keys))
    except (OSError, KeyError, ValueError) as error:
        raise EvaluationError(f"{path}: not readable ({error}); evaluate again") from error
    tracks = iter(np.split(found, np.cumsum([len(windows) for windows in keys])[:-1]))
    return [None if view is None else view.with_track(next(tracks)) for view in views]


def group_numbers(names: Sequence[str], group_names: Sequence[str]) -> list[int]:
    """Return the group of each name of ``summary.csv``; -1 where there is none.

    Args:
        names: Such as ``object 7`` for the groups of a simulated dataset, which have no names.
        group_names: Of the recordings; empty for a simulated dataset.
    """
    if len(group_names):
        numbers = {name: number for number, name in enumerate(group_names)}
        return [numbers.get(name, _NO_GROUP) for name in names]
    ends = [name.removeprefix("object ") for name in names]
    return [int(end) if end.isdecimal() else _NO_GROUP for end in ends]


def _look_up(columns: Mapping[str, Any], wanted: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the posterior of each wanted window ``(window, class)``; NaN if it has none."""
    track, group = columns.get("posterior", columns.get("probability")), columns["group"]
    row = columns["row"] if "row" in columns else rank_in_group(group[()])
    found = np.full((len(wanted), track.shape[1]), np.nan, np.float32)
    order = np.argsort(wanted)
    in_order = wanted[order]
    for first in range(0, len(track), _ROWS_AT_ONCE):
        block = slice(first, first + _ROWS_AT_ONCE)
        key = group[block].astype(np.int64) * _MAX_WINDOWS + np.asarray(row[block], np.int64)
        place = np.minimum(np.searchsorted(in_order, key), len(in_order) - 1)
        hit = in_order[place] == key
        found[order[place[hit]]] = track[block][hit]
    return found
