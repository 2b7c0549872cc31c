"""Charts of ROC and of precision over recall, each class against the rest."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from radarseq.report.figures.svg import INK, SERIES, legend, printable, svg_figure

Curve = Mapping[str, Any]

_MAX_CURVES = len(SERIES)
_MAX_NAME_LENGTH = 22
_TICKS = [0, 0.25, 0.5, 0.75, 1]


@svg_figure("Receiver operating characteristic of each class against the rest", height_in=4.6)
def roc(figure: Figure, curves: Sequence[Curve]) -> None:
    """Draw the receiver operating characteristic of each class against the rest.

    Args:
        figure: An empty figure.
        curves: ``class``, ``auroc`` and ``roc``, points (false-positive, true-positive rate).
    """
    axes = _draw(figure, curves, ("roc", "AUROC", "auroc"))
    axes.set(xlabel="False-positive rate (%)", ylabel="True-positive rate (%)")
    axes.plot([0, 1], [0, 1], color=INK, linewidth=1.1, ls=(0, (3, 2)), alpha=0.7)


@svg_figure("Precision over recall of each class against the rest", height_in=4.6)
def precision_recall(figure: Figure, curves: Sequence[Curve]) -> None:
    """Draw precision over recall of each class against the rest.

    Args:
        figure: An empty figure.
        curves: ``class``, ``average_precision`` and ``pr``, points (recall, precision).
    """
    axes = _draw(figure, curves, ("pr", "AP", "average_precision"))
    axes.set(xlabel="Recall (%)", ylabel="Precision (%)")


def _draw(figure: Figure, curves: Sequence[Curve], keys: tuple[str, str, str]) -> Axes:
    points_key, area_name, area_key = keys
    axes = figure.subplots()
    for curve, (color, _, dash) in zip(_hardest(curves, area_key), SERIES, strict=False):
        points = np.asarray(curve[points_key], dtype=float).reshape(-1, 2)
        name = printable(str(curve["class"]), _MAX_NAME_LENGTH)
        if curve.get(area_key) is not None:
            name += f", {area_name} {curve[area_key]:.3f}"
        axes.plot(points[:, 0], points[:, 1], color=color, ls=dash, label=name)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(_TICKS, [f"{100 * tick:.0f}" for tick in _TICKS])
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    legend(figure, axes)
    return axes


def _hardest(curves: Sequence[Curve], area: str) -> list[Curve]:
    """Return all curves; of more than there are colours, those with the smallest area."""
    if len(curves) <= _MAX_CURVES:
        return list(curves)
    order = sorted(curves, key=lambda curve: -1.0 if curve.get(area) is None else curve[area])
    return order[:_MAX_CURVES]
