"""Charts of forecasts and symbols: examples, error by horizon, loss and accuracy by method."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from radarseq.report.figures.svg import (
    BLUE,
    INK,
    ORANGE,
    SERIES,
    legend,
    numbers,
    printable,
    svg_figure,
)

Part = Mapping[str, Any]

_MAX_NAME_LENGTH = 26
_MAX_LINES = len(SERIES)


@svg_figure("Forecasts of examples, true values and the last known value")
def forecast_examples(
    figure: Figure, examples: Sequence[Part], *, model_name: str = "model"
) -> None:
    """Draw one panel per example: known values, true values and forecasts.

    Args:
        figure: An empty figure.
        examples: ``past`` and ``future``, the truth up to the last known step and after it, and
            ``model`` and ``naive``, the forecasts of ``future``; naive may be None.
        model_name: Name of ``model`` in the legend.
    """
    figure.set_figheight(1.0 + 1.35 * len(examples))
    panels = figure.subplots(len(examples), 1, squeeze=False)[:, 0]
    for axes, one in zip(panels, examples, strict=True):
        past, future = numbers(one["past"]), numbers(one["future"])
        ahead = np.arange(1, len(future) + 1)
        axes.plot(np.arange(1 - len(past), 1), past, color=INK, lw=1.1, label="known")
        axes.plot(ahead, future, color=INK, marker="o", ms=4, ls="", mfc="none", label="truth")
        if one.get("naive") is not None:
            axes.plot(ahead, numbers(one["naive"]), color=ORANGE, ls="--", marker="s", ms=3.5,
                      label="naive")  # fmt: skip
        axes.plot(ahead, numbers(one["model"]), color=BLUE, marker="^", ms=4,
                  label=printable(model_name, _MAX_NAME_LENGTH))  # fmt: skip
        axes.axvline(0.5, color=INK, lw=0.8, alpha=0.4)
        axes.set_ylabel("Value")
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    panels[-1].set_xlabel("Steps after the last known one")
    figure.align_ylabels()
    legend(figure, panels[0], columns=4)


@svg_figure("Mean squared error over steps ahead, model and baselines", height_in=3.6)
def error_by_horizon(figure: Figure, part: Part, *, model_name: str = "model") -> None:
    """Draw the mean squared error over the steps ahead, one line per method.

    Args:
        figure: An empty figure.
        part: The ``forecast`` part of the metrics.
        model_name: Name of the model in the legend.
    """
    axes = figure.subplots()
    methods = {model_name: part["model"]} | dict(part["baselines"])
    for (name, metrics), (color, marker, dash) in zip(methods.items(), SERIES, strict=False):
        values = numbers(metrics["mse_by_horizon"])
        ahead = np.arange(1, len(values) + 1)
        label = printable(name, _MAX_NAME_LENGTH)
        axes.plot(ahead, values, color=color, marker=marker, ls=dash, label=label)
    if all(min(metrics["mse_by_horizon"]) > 0 for metrics in methods.values()):
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("Steps ahead")
    axes.set_ylabel("Mean squared error (unit\N{SUPERSCRIPT TWO})")
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True, min_n_ticks=1))
    legend(figure, axes)


@svg_figure("Nats per symbol and accuracy, model and baselines")
def symbols_by_method(figure: Figure, part: Part, *, model_name: str = "model") -> None:
    """Draw bars of the loss per symbol and of the share of correct symbols, one per method.

    Args:
        figure: An empty figure.
        part: The ``symbols`` part of the metrics.
        model_name: Name of the model in the legend.
    """
    figure.set_figheight(1.3 + 0.45 * min(_MAX_LINES, 1 + len(part["baselines"])))
    left, right = figure.subplots(1, 2, sharey=True)
    methods = list(({model_name: part["model"]} | dict(part["baselines"])).items())[:_MAX_LINES]
    names = [printable(name, _MAX_NAME_LENGTH) for name, _ in methods]
    for axes, key, scale, form, title in (
        (left, "nats", 1.0, "{:.3f}", "Nats per symbol"),
        (right, "accuracy", 100.0, "{:.1f}", "Correct symbols (%)"),
    ):
        values = [scale * metrics[key] for _, metrics in methods]
        colors = [BLUE, *[INK] * (len(values) - 1)]
        bars = axes.barh(range(len(values)), values, height=0.6, color=colors, alpha=0.55)
        axes.bar_label(bars, [form.format(value) for value in values], padding=3, fontsize=10)
        axes.set_xlim(0, 1.3 * max(*values, 1e-9))
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(title)
    left.set_yticks(range(len(names)), names)
    left.invert_yaxis()
