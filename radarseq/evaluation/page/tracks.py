"""The track of a capture: the posterior after each of its windows that the page draws."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from radarseq.errors import EvaluationError
from radarseq.report.capture_views import CaptureView

_ROWS_AT_ONCE = 1 << 20
_MAX_WINDOWS = 1 << 40  # of one capture; a window's key is its capture's number times this
_NO_GROUP = -1
_OBJECT = "object "  # a dataset's objects have numbers, and no names


def with_tracks(
    path: Path, names: Sequence[str], views: Sequence[CaptureView | None]
) -> list[CaptureView | None]:
    """Return the views, each with the posterior after its windows; NaN where none was judged.

    An evaluation without posteriors gives the probabilities of the single windows. The file is
    read in stretches, so that its length does not matter.

    Args:
        path: Of ``predictions.h5``.
        names: Of the captures, as in ``summary.csv``.
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
            groups = np.asarray(file.attrs["group_names"])
            numbers = {str(name): number for number, name in enumerate(groups)}
            keys = [_number(name, numbers) * _MAX_WINDOWS + view.rows for name, view in present]
            found = _look_up(columns, np.concatenate(keys))
    except (OSError, KeyError, ValueError) as fault:
        raise EvaluationError(f"{path}: not readable ({fault}); evaluate again") from fault
    tracks = iter(np.split(found, np.cumsum([len(its) for its in keys])[:-1]))
    return [None if view is None else view.with_track(next(tracks)) for view in views]


def rows_by_capture(group: NDArray[Any], names: Sequence[str]) -> dict[str, NDArray[np.intp]]:
    """Return the rows of each capture, in order, by the name that ``summary.csv`` has for it.

    Args:
        group: Which capture a row is of, integers ``(n,)``.
        names: Of the captures; empty for the objects of a dataset, which have numbers.
    """
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order])) + 1
    found = {}
    for rows in np.split(order, starts) if len(order) else []:
        index = int(group[rows[0]])
        found[names[index] if names else f"{_OBJECT}{index}"] = rows
    return found


def _number(name: str, numbers: Mapping[str, int]) -> int:
    """Return the group of a capture, -1 for one that is not in the file."""
    if numbers:
        return numbers.get(name, _NO_GROUP)
    number = name.removeprefix(_OBJECT)
    return int(number) if number.isdecimal() else _NO_GROUP


def _look_up(columns: Mapping[str, Any], wanted: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the posterior of each wanted window ``(window, class)``; NaN for one not judged."""
    track, group = columns.get("posterior", columns.get("probability")), columns["group"]
    row = columns["row"] if "row" in columns else _ranks(group[()])
    found = np.full((len(wanted), track.shape[1]), np.nan, np.float32)
    order = np.argsort(wanted)
    known = wanted[order]
    for first in range(0, len(track), _ROWS_AT_ONCE):
        its = slice(first, first + _ROWS_AT_ONCE)
        key = group[its].astype(np.int64) * _MAX_WINDOWS + np.asarray(row[its], np.int64)
        place = np.minimum(np.searchsorted(known, key), len(known) - 1)
        hit = known[place] == key
        found[order[place[hit]]] = track[its][hit]
    return found


def _ranks(group: NDArray[Any]) -> NDArray[np.int64]:
    """Return for each row how many rows of its group come before it."""
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    ranks = np.empty(len(group), np.int64)
    ranks[order] = np.arange(len(group)) - np.repeat(starts, np.diff(starts, append=len(group)))
    return ranks
