"""Charts of unknown objects, impairments of the signal and skipped windows."""

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from radarseq.report.figures.svg import (
    BLUE,
    INK,
    ORANGE,
    SERIES,
    VERMILLION,
    legend,
    numbers,
    printable,
    svg_figure,
)

Condition = Mapping[str, Any]

_MAX_REASON_LENGTH = 28
_ROW_IN = 0.29
_HISTOGRAMS = (
    ("known", "known, from validation", SERIES[0]),
    ("held_out", "held-out classes", SERIES[4]),
    ("evaluated", "evaluated", SERIES[1]),
)


@svg_figure("Histogram of the unknown score with its threshold", height_in=4.2)
def unknown_histogram(figure: Figure, unknown: Mapping[str, Any]) -> None:
    """Draw the histogram of the unknown score, with the threshold of rejection.

    Args:
        figure: An empty figure.
        unknown: ``score``, ``threshold``, and ``histogram`` with ``edges`` and the counts
            ``known``, ``evaluated`` and ``held_out``.
    """
    axes = figure.subplots()
    histogram = unknown["histogram"]
    edges = numbers(histogram["edges"])
    for key, name, (color, _, dash) in _HISTOGRAMS:
        counts = histogram.get(key)
        if counts is None or not sum(counts):
            continue
        shares = 100.0 * numbers(counts) / sum(counts)
        axes.stairs(shares, edges, color=color, ls=dash, linewidth=1.8, label=name)
        if key != "evaluated":
            axes.stairs(shares, edges, color=color, fill=True, alpha=0.22)
    if (threshold := unknown.get("threshold")) is not None:
        axes.axvline(threshold, color=INK, linewidth=1.4, ls=(0, (3, 2)), label="threshold")
    axes.set_ylim(bottom=0)
    axes.set_xlabel(f"Unknown score: {str(unknown['score']).replace('_', ' ')} (no unit)")
    axes.set_ylabel("Windows (%)")
    legend(figure, axes)


@svg_figure("Accuracy under impairments, model and baseline")
def stress_sweep(figure: Figure, stress: Mapping[str, Any], *, model_name: str = "model") -> None:
    """Draw the accuracy under each impairment, of model and baseline.

    Args:
        figure: An empty figure.
        stress: ``baseline``, its name or None, and ``conditions``: ``effect``, ``text``, ``model``
            with ``model_low`` and ``model_high``, and ``baseline``, shares from 0 to 1.
        model_name: Name of the model in the legend.
    """
    conditions, baseline = stress["conditions"], stress.get("baseline")
    figure.set_figheight(1.3 + _ROW_IN * len(conditions))
    axes = figure.subplots()
    places = _grouped(conditions)
    low, share, high = (
        100.0 * numbers([one.get(key) for one in conditions])
        for key in ("model_low", "model", "model_high")
    )
    spread = np.nan_to_num(np.clip([share - low, high - share], 0.0, None))
    axes.errorbar(
        share, places, xerr=spread, fmt="o", color=BLUE, capsize=3, label=printable(model_name)
    )
    other = 100.0 * numbers([one.get("baseline") for one in conditions])
    if np.isfinite(other).any():
        name = printable(baseline or "baseline")
        axes.plot(other, places, "s", color=ORANGE, markerfacecolor="none", label=name)
    clean = [value for one, value in zip(conditions, share, strict=True) if one["effect"] == "none"]
    if clean:
        axes.axvline(clean[0], color=INK, linewidth=1.1, ls=(0, (3, 2)), alpha=0.7)
    axes.set_yticks(
        places, [_signed(printable(str(one["text"]), _MAX_REASON_LENGTH)) for one in conditions]
    )
    axes.set_ylim(places[-1] + 0.7, places[0] - 0.7)
    axes.set_xlim(-2, 102)
    axes.set_xlabel("Accuracy (%)")
    axes.grid(axis="y", visible=False)
    legend(figure, axes)


def _signed(text: str) -> str:
    return re.sub(r"(?<!\S)-(?=\d)", "\N{MINUS SIGN}", printable(text, _MAX_REASON_LENGTH))


def _grouped(conditions: Sequence[Condition]) -> NDArray[np.float64]:
    """Return the y-coordinate of each condition, with a gap between effects."""
    effects = [one["effect"] for one in conditions]
    new = [0.5 * (now != before) for before, now in itertools.pairwise(effects)]
    return np.arange(len(effects), dtype=np.float64) + np.concatenate(([0.0], np.cumsum(new)))


@svg_figure("Skipped windows, by issue")
def skipped_windows(
    figure: Figure, reasons: Mapping[str, int], evaluated: int | None = None
) -> None:
    """Draw how many windows were skipped for each issue.

    Args:
        figure: An empty figure.
        reasons: Skipped windows, by issue.
        evaluated: Evaluated windows, as a bar of their own; None omits it.
    """
    rows = sorted(reasons.items(), key=lambda pair: -pair[1])
    bars = [(reason, count, VERMILLION) for reason, count in rows]
    if evaluated is not None:
        bars.insert(0, ("evaluated", evaluated, BLUE))
    figure.set_figheight(1.2 + 1.3 * _ROW_IN * len(bars))
    axes = figure.subplots()
    counts = [count for _, count, _ in bars]
    axes.barh(range(len(bars)), counts, color=[color for *_, color in bars], height=0.62)
    for place, count in enumerate(counts):
        axes.annotate(f" {count:,}", (count, place), va="center", fontsize=10)
    axes.set_yticks(range(len(bars)), [printable(name, _MAX_REASON_LENGTH) for name, *_ in bars])
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.set_xlim(0, 1.18 * max(*counts, 1))
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlabel("Windows (count)")
    axes.grid(axis="y", visible=False)
