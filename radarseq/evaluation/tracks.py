"""The posterior of each capture as its windows come in, thinned to be drawn."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from radarseq.evaluation.windows import Windows

MOST_POINTS = 64  # of a track
_MOST_CAPTURES = 2_000


def tracks_of(
    windows: Windows, columns: Mapping[str, NDArray] | Path, captures: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return for each capture's name some of its windows, and the posterior after each.

    Args:
        windows: The judged windows.
        columns: The columns of ``predictions.h5``, or the path of it.
        captures: The rows of the captures, in order of their groups.
    """
    if windows.posterior is None or windows.group is None or not len(windows.group):
        return {}
    if isinstance(columns, Path):
        with h5py.File(columns, "r") as file:
            return _tracks(windows, file, captures)
    return _tracks(windows, columns, captures)


def _tracks(
    windows: Windows, columns: Mapping[str, Any], captures: list[dict[str, Any]]
) -> dict[str, Any]:
    assert windows.group is not None
    order = np.argsort(windows.group, kind="stable")
    _, starts = np.unique(windows.group[order], return_index=True)
    ends = np.append(starts[1:], len(order))
    names = [row["capture"] for row in captures if row["windows"]]
    found = {}
    for name, start, end in zip(names[:_MOST_CAPTURES], starts, ends, strict=False):
        picked = np.linspace(start, end - 1, min(MOST_POINTS, end - start)).round().astype(int)
        rows = np.sort(order[np.unique(picked)])
        found[name] = {
            "row": (columns["row"][rows] if "row" in columns else rows).astype(int).tolist(),
            "posterior": columns["posterior"][rows].round(4).tolist(),
        }
    return found
