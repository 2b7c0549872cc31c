"""Example pairs: transmitted and received samples, true echo and predicted echo."""

import textwrap
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from radarseq.errors import UsageError
from radarseq.report.figures.svg import BLUE, GREY, INK, ORANGE, legend, printable, svg

MAX_PICTURES = 6
_MAX_DB = 60.0  # a null far below the peak must not flatten all the rest
_MAX_VECTOR_STEPS = 1000  # longer sequences are drawn as pixels, or the page grows too large
_WIDTH_IN = 4.5  # three of them fit side by side
_TITLE_WIDTH = 44
_TITLE_LINES = 2

Samples = NDArray[np.complex64] | NDArray[np.complex128]


@dataclass(frozen=True)
class Pictures:
    """A few examples to draw.

    Attributes:
        tx: Transmitted samples, complex ``(n, steps)``; None if unknown.
        rx: Received samples, complex ``(n, steps)``.
        target: Echo without noise, complex ``(n, steps)``; None if unknown.
        predicted: Echo that the model predicts, complex ``(n, steps)``; None without that task.
        label: Name of the true class, ``n`` of them; empty if unknown.
        decision: Name of the decided class, ``n`` of them; empty without that task.
        snr_db: SNR per sample [dB], ``n`` of them; None if unknown.

    Raises:
        UsageError: If there are more than six examples, or the fields do not fit together.
    """

    tx: Samples | None
    rx: Samples
    target: Samples | None
    predicted: Samples | None
    label: list[str]
    decision: list[str]
    snr_db: list[float | None]

    def __post_init__(self) -> None:
        """Refuse fields that do not fit together."""
        shape = self.rx.shape
        if len(shape) != 2 or shape[0] > MAX_PICTURES:
            raise UsageError(f"rx has shape {shape}; expected (at most {MAX_PICTURES}, steps)")
        for name in ("tx", "target", "predicted"):
            samples = getattr(self, name)
            if samples is not None and samples.shape != shape:
                raise UsageError(f"{name} has shape {samples.shape}; expected {shape}, as rx")
        for name in ("label", "decision", "snr_db"):
            if len(getattr(self, name)) != shape[0]:
                raise UsageError(
                    f"{name} has {len(getattr(self, name))} values; expected {shape[0]}, as rx"
                )

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.rx)

    def title(self, index: int) -> list[str]:
        """Return class and decision of one example, and its SNR, as one phrase each, if known."""
        label, decision, snr_db = self.label[index], self.decision[index], self.snr_db[index]
        outcome = "" if not label else " (right)" if decision == label else " (wrong)"
        decided = f"decided {decision}{outcome}" if decision else ""
        title = ", ".join(part for part in (label, decided) if part) or f"example {index + 1}"
        has_snr = snr_db is not None and np.isfinite(snr_db)
        return [printable(title)] + ([f"SNR {snr_db:.1f} dB"] if has_snr else [])


def example_pairs(pictures: Pictures, *, step_name: str = "Step") -> list[str]:
    """Return one SVG per example: transmitted phase, received level, received phase.

    If the transmitted samples are known, their phase is subtracted from the received phase: the
    rest is that of the object and of its motion.

    Args:
        pictures: The examples.
        step_name: Label of the axis of steps, such as Pulse.
    """
    height_in = 5.0 if pictures.tx is not None else 4.1
    return [
        svg(
            partial(_draw, pictures, index, step_name),
            label=f"Example pair: {', '.join(pictures.title(index))}",
            height_in=height_in,
            width_in=_WIDTH_IN,
        )
        for index in range(len(pictures))
    ]


def _draw(pictures: Pictures, index: int, step_name: str, figure: Figure) -> None:
    tx = None if pictures.tx is None else pictures.tx[index]
    ratios = [3, 2] if tx is None else [1.2, 3, 2]
    panels = figure.subplots(len(ratios), 1, sharex=True, height_ratios=ratios)
    if tx is not None:
        _phase(panels[0], tx, color=INK, drawstyle="steps-mid", linewidth=1.2)
        panels[0].set_ylabel("Tx (°)")
    level, phase = panels[-2:]
    for samples, style in _series(pictures, index):
        _level(level, samples, **style)
        _phase(phase, samples if tx is None else samples * np.conj(tx), **style)
    level.set_ylabel("Level (dB)")
    _limit_depth(level)
    phase.set_ylabel("Phase (°)" if tx is None else "Phase less\nTx phase (°)")
    phase.set_xlabel(step_name)
    figure.align_ylabels()
    title = [
        line
        for phrase in pictures.title(index)
        for line in textwrap.wrap(phrase, _TITLE_WIDTH, max_lines=_TITLE_LINES)
    ]
    figure.suptitle("\n".join(title), x=0.01, ha="left", weight="bold", fontsize=11)
    legend(figure, level, where="outside lower center", columns=3)


def _series(pictures: Pictures, index: int) -> list[tuple[Samples, dict[str, Any]]]:
    """Return the sequences to draw over the steps, each with its style, from back to front."""
    rx = {"color": INK, "alpha": 0.6, "linewidth": 0.8, "marker": "o", "markersize": 2.5}
    target = {"color": ORANGE, "linewidth": 3.4, "alpha": 0.85}
    predicted = {"color": BLUE, "linewidth": 1.6, "linestyle": (0, (4, 1.5))}
    series = [
        (pictures.rx, rx | {"label": "Rx"}),
        (pictures.target, target | {"label": "Echo"}),
        (pictures.predicted, predicted | {"label": "Predicted echo"}),
    ]
    return [(samples[index], style) for samples, style in series if samples is not None]


def _level(axes: Axes, samples: Samples, **style: Any) -> None:
    """Draw 20 log10 of the magnitude, with a gap where it is zero or not finite."""
    magnitude = np.abs(samples.astype(np.complex128))
    magnitude[~(np.isfinite(magnitude) & (magnitude > 0))] = np.nan
    _line(axes, np.arange(len(samples)), 20.0 * np.log10(magnitude), **style)


def _phase(axes: Axes, samples: Samples, **style: Any) -> None:
    """Draw the phase from -180 to 180 degrees, with a gap at each wrap."""
    degrees = np.degrees(np.angle(samples.astype(np.complex128)))
    wraps = np.flatnonzero(np.abs(np.diff(degrees)) > 180.0) + 1
    if "drawstyle" in style:
        wraps = wraps[:0]  # a code may step by more than half a turn
    steps = np.insert(np.arange(len(samples), dtype=float), wraps, wraps - 0.5)
    _line(axes, steps, np.insert(degrees, wraps, np.nan), **style)
    axes.set_ylim(-195, 195)
    axes.set_yticks([-180, 0, 180])


def _line(axes: Axes, steps: NDArray[Any], values: NDArray[np.float64], **style: Any) -> None:
    pixels = len(values) > _MAX_VECTOR_STEPS
    if pixels and style["color"] == INK:
        style["color"] = GREY
    axes.plot(steps, values, rasterized=pixels, **style)


def _limit_depth(axes: Axes) -> None:
    values = np.concatenate([np.asarray(line.get_ydata(), float) for line in axes.get_lines()])
    values = values[np.isfinite(values)]
    if values.size and np.ptp(values) > _MAX_DB:
        axes.set_ylim(values.max() - _MAX_DB, values.max() + 3.0)
