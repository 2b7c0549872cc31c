"""Curves over a threshold, one class against the rest: ROC, precision over recall."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from radarseq.report.svg import INK, SERIES, legend, printable, svg

Curve = Mapping[str, Any]

_MAX_CURVES = len(SERIES)
_MAX_NAME_LENGTH = 22
_TICKS = [0, 0.25, 0.5, 0.75, 1]


def roc(curves: Sequence[Curve]) -> str:
    """Return the receiver operating characteristic of each class against the rest.

    Args:
        curves: ``class``, ``auroc`` and ``roc``, points (false-positive, true-positive rate).
    """

    def finish(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=INK, linewidth=1.1, ls=(0, (3, 2)), alpha=0.7)
        axes.set_xlabel("False-positive rate (%)")
        axes.set_ylabel("True-positive rate (%)")

    return svg(
        partial(_draw, curves, "roc", ("AUROC", "auroc"), finish),
        label="Receiver operating characteristic of each class against the rest",
        height_in=4.6,
    )


def precision_recall(curves: Sequence[Curve]) -> str:
    """Return precision over recall of each class against the rest.

    Args:
        curves: ``class``, ``average_precision`` and ``pr``, points (recall, precision).
    """

    def finish(axes: Axes) -> None:
        axes.set_xlabel("Recall (%)")
        axes.set_ylabel("Precision (%)")

    return svg(
        partial(_draw, curves, "pr", ("AP", "average_precision"), finish),
        label="Precision over recall of each class against the rest",
        height_in=4.6,
    )


def _draw(
    curves: Sequence[Curve],
    key: str,
    area: tuple[str, str],
    finish: Any,
    figure: Figure,
) -> None:
    axes = figure.subplots()
    for curve, (color, _, dash) in zip(_hardest(curves, area[1]), SERIES, strict=False):
        points = np.asarray(curve[key], dtype=float).reshape(-1, 2)
        name = printable(str(curve["class"]), _MAX_NAME_LENGTH)
        if curve.get(area[1]) is not None:
            name += f", {area[0]} {curve[area[1]]:.3f}"
        axes.plot(points[:, 0], points[:, 1], color=color, ls=dash, label=name)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(_TICKS, [f"{100 * tick:.0f}" for tick in _TICKS])
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    finish(axes)
    legend(figure, axes)


def _hardest(curves: Sequence[Curve], area: str) -> list[Curve]:
    """Return as many curves as colours tell apart: all, or those with the smallest area."""
    if len(curves) <= _MAX_CURVES:
        return list(curves)
    order = sorted(curves, key=lambda curve: -1.0 if curve.get(area) is None else curve[area])
    return order[:_MAX_CURVES]
