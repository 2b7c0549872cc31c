"""Charts of class decisions, errors over SNR and training, each as one inline SVG."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from radarseq.report.figures.svg import (
    BLUE,
    INK,
    SERIES,
    WIDTH_IN,
    legend,
    numbers,
    percent_axis,
    printable,
    svg,
    svg_figure,
)

Bin = Mapping[str, Any]

_MAX_NAME_LENGTH = 16
_MAX_WRITTEN_CLASSES = 16  # more classes are drawn as pixels, without numbers
_DARKEST = 0.75  # text in the page's own colour stays readable on the fullest cell
_MAX_NAMED_TICKS = 32
_MAX_EDGE_TICKS = 9
_MAX_MARKED_EPOCHS = 30
_BIN_DB = 5.0  # drawn width of an open bin where every bin is open
_LINE_COLOR = {"color": INK, "linewidth": 1.1, "linestyle": (0, (3, 2)), "alpha": 0.7}


def confusion(
    matrix: Sequence[Sequence[int]],
    class_names: Sequence[str],
    decisions: Sequence[str] | None = None,
) -> str:
    """Return the confusion matrix: true class by row, decided class by column.

    A cell is shaded by its share of the row, so that a rare class is as visible as a frequent one.

    Args:
        matrix: Counts ``(class, decision)``.
        class_names: Names of the rows.
        decisions: Names of the columns, if there are others than classes, such as unknown.
    """
    counts = np.asarray(matrix, dtype=float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    side_in = 0.58 * min(max(counts.shape), _MAX_WRITTEN_CLASSES)
    width_in = max(WIDTH_IN, 1.8 + side_in)
    rows, columns = (
        [printable(name, _MAX_NAME_LENGTH) for name in names]
        for names in (class_names, class_names if decisions is None else decisions)
    )
    written = max(counts.shape) <= _MAX_WRITTEN_CLASSES
    return svg(
        partial(_draw_confusion, counts, shares, rows, columns),
        label=f"Confusion matrix of {len(counts)} classes, true class by row",
        width_in=width_in,
        height_in=max(4.2, 1.3 + side_in * (0.85 if written else 1)),
    )


def _draw_confusion(
    counts: NDArray[np.float64],
    shares: NDArray[np.float64],
    rows: list[str],
    columns: list[str],
    figure: Figure,
) -> None:
    axes = figure.subplots()
    height, width = counts.shape
    if max(height, width) <= _MAX_WRITTEN_CLASSES:
        _write_cells(axes, counts, shares)
    else:
        pixels = np.empty((height, width, 4))
        pixels[..., :3], pixels[..., 3] = to_rgb(BLUE), _DARKEST * shares
        axes.imshow(pixels, interpolation="nearest", aspect="auto")
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    axes.grid(False)
    axes.tick_params(length=0)
    turn = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if width > 3 else {}
    for set_ticks, names, style in (
        (axes.set_xticks, columns, turn),
        (axes.set_yticks, rows, {}),
    ):
        stride = -(-len(names) // _MAX_NAMED_TICKS)
        set_ticks(range(0, len(names), stride), names[::stride], **style)
    axes.set_xlabel("Decided class")
    axes.set_ylabel("True class")


def _write_cells(axes: Axes, counts: NDArray[np.float64], shares: NDArray[np.float64]) -> None:
    for (row, column), share in np.ndenumerate(shares):
        fill = (*to_rgb(BLUE), _DARKEST * share)
        axes.add_patch(Rectangle((column - 0.48, row - 0.48), 0.96, 0.96, facecolor=fill))
        text = f"{counts[row, column]:.0f}\n{100 * share:.0f} %"
        axes.text(column, row, text, ha="center", va="center", fontsize=10, linespacing=1.15)


@svg_figure("Accuracy over SNR, model and baselines")
def accuracy_by_snr(
    figure: Figure, bins: Sequence[Bin], *, chance: float | None = None, model_name: str = "model"
) -> None:
    """Draw the accuracy over SNR, with the number of windows below it.

    Args:
        figure: An empty figure.
        bins: ``low_db``, ``high_db`` (None for an open end), ``examples`` and ``accuracy``, a
            mapping from ``model`` and the names of the baselines to a share from 0 to 1.
        chance: Accuracy of guessing, drawn as a line.
        model_name: Name of ``model`` in the legend.
    """

    def finish(axes: Axes) -> None:
        percent_axis(axes)
        axes.set_ylabel("Accuracy (%)")
        if chance is not None:
            axes.axhline(chance, **_LINE_COLOR, label=f"chance, {100 * chance:.0f} %")

    _draw_by_snr(figure, bins, "accuracy", model_name, finish)


@svg_figure("Echo error in dB over SNR, model and baselines")
def echo_by_snr(figure: Figure, bins: Sequence[Bin], *, model_name: str = "model") -> None:
    """Draw the error of the predicted echo over SNR, with the number of windows below it.

    Args:
        figure: An empty figure.
        bins: As of ``accuracy_by_snr``, with ``error_db`` instead of ``accuracy``.
        model_name: Name of ``model`` in the legend.
    """
    _draw_by_snr(
        figure, bins, "error_db", model_name, lambda axes: axes.set_ylabel("Echo error (dB)")
    )


def _draw_by_snr(
    figure: Figure,
    bins: Sequence[Bin],
    key: str,
    model_name: str,
    finish: Callable[[Axes], object],
) -> None:
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    low, high = _edges_db(bins)
    names = list(dict.fromkeys(name for one in bins for name in one[key]))
    names.sort(key=lambda name: name != "model")  # the model first, in its own colour
    for place, name in enumerate(names):
        color, marker, dash = SERIES[place % len(SERIES)]
        values = numbers([one[key].get(name) for one in bins])
        label = printable(model_name if name == "model" else name, 2 * _MAX_NAME_LENGTH)
        top.plot((low + high) / 2, values, color=color, marker=marker, ls=dash, label=label)
    finish(top)
    bottom.bar(low, numbers([one.get("examples") for one in bins]), high - low, align="edge",
               color=INK, alpha=0.35, edgecolor=INK, linewidth=0.5)  # fmt: skip
    _count_axis(bottom)
    edges = np.union1d(low, high)
    if edges.size <= _MAX_EDGE_TICKS:
        texts = [f"{edge:g}".replace("-", "\N{MINUS SIGN}") for edge in edges]
        bottom.set_xticks(edges, texts)
    bottom.set_xlabel("SNR per sample (dB)")
    figure.align_ylabels()
    legend(figure, top)


def _edges_db(bins: Sequence[Bin]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return low and high edges; an open bin is drawn as wide as the others."""
    low, high = numbers([one["low_db"] for one in bins]), numbers([one["high_db"] for one in bins])
    widths = (high - low)[np.isfinite(high - low)]
    width = float(np.median(widths)) if widths.size else _BIN_DB
    low = np.where(np.isfinite(low), low, high - width)
    return low, np.where(np.isfinite(high), high, low + width)


def _count_axis(axes: Axes, counted: str = "Windows") -> None:
    axes.set_ylabel(counted)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(2, integer=True))


@svg_figure("Reliability diagram: accuracy over confidence")
def reliability(figure: Figure, bins: Sequence[Bin], *, counted: str = "Windows") -> None:
    """Draw the reliability diagram: share of correct decisions over confidence.

    Args:
        figure: An empty figure.
        bins: ``confidence`` and ``accuracy`` from 0 to 1, and ``examples``.
        counted: Label of the axis of numbers.
    """
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    confidence, accuracy, examples = (
        numbers([one.get(key) for one in bins]) for key in ("confidence", "accuracy", "examples")
    )
    top.plot([0, 1], [0, 1], **_LINE_COLOR, label="perfectly calibrated")
    top.plot(confidence, accuracy, color=BLUE, marker="o", label="model")
    percent_axis(top)
    top.set_ylabel("Accuracy (%)")
    bottom.vlines(confidence, 0, examples, color=INK, alpha=0.5, linewidth=5)
    _count_axis(bottom, counted)
    bottom.set_xlim(-0.02, 1.02)
    bottom.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100"])
    bottom.set_xlabel("Confidence (%)")
    figure.align_ylabels()
    legend(figure, top)


def training_curves(epochs: Sequence[Mapping[str, Any]]) -> str:
    """Return the chart of the loss over the epochs, and of the accuracy where it was measured.

    Args:
        epochs: Rows of ``metrics.csv``: ``epoch``, ``loss``, ``accuracy``, and the same two of the
            validation, ``validation_loss`` and ``validation_accuracy``. Values may be text, as a
            CSV reader gives them, empty or None.
    """
    measured = np.isfinite(numbers([row.get("validation_accuracy") for row in epochs])).any()
    panels = {"loss": "Loss"} | ({"accuracy": "Accuracy (%)"} if measured else {})
    return svg(
        partial(_draw_training, epochs, panels),
        label=f"Training curves: {' and '.join(panels)} over epochs, training and validation",
        height_in=1.6 + 1.4 * len(panels),
    )


def _draw_training(
    epochs: Sequence[Mapping[str, Any]], panels: Mapping[str, str], figure: Figure
) -> None:
    every = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    epoch = numbers([row.get("epoch", place) for place, row in enumerate(epochs)])
    marker = "o" if len(epochs) <= _MAX_MARKED_EPOCHS else ""
    for axes, (key, label) in zip(every, panels.items(), strict=True):
        for name, prefix, (color, _, dash) in (
            ("training", "", SERIES[1]),
            ("validation", "validation_", SERIES[0]),
        ):
            values = numbers([row.get(prefix + key) for row in epochs])
            if np.isfinite(values).any():
                axes.plot(epoch, values, color=color, ls=dash, marker=marker, label=name)
        axes.set_ylabel(label)
        if key == "accuracy":
            percent_axis(axes)
    every[-1].set_xlabel("Epoch")
    every[-1].xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    figure.align_ylabels()
    legend(figure, every[0])
