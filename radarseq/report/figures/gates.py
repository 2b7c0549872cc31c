"""Picture of the gates and long-term states of a gated network over its input sequence."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

_GATES, _MEMORY = "cividis", "RdBu_r"  # safe for the colour-blind
_OPEN = "0 closed, 1 open"
_MAX_LAYERS = 8


def draw_gates(
    path: Path,
    signal: NDArray,
    layers: Sequence[tuple[str, dict[str, NDArray], NDArray]],
    *,
    title: str,
    step_name: str = "step",
) -> None:
    """Write a PNG of the gates for one sequence, 0 closed to 1 open, under its input.

    Args:
        path: The file.
        signal: The input ``(step,)`` or ``(step, channel)``.
        layers: Of each layer: its name, its gates by name ``(step, unit)``, and its long-term
            state ``(step, unit)``.
        title: Of the picture.
        step_name: Label of the time axis.
    """
    rows: list[tuple[str, str, NDArray]] = []
    for name, gates, memory in layers[:_MAX_LAYERS]:
        rows += [
            (f"{name}: {gate if gate == 'gate' else gate + ' gate'}", _OPEN, values)
            for gate, values in gates.items()
        ]
        rows.append((f"{name}: state", "value", memory))
    figure = Figure(figsize=(9, 1.6 + 1.1 * len(rows)), layout="constrained")
    axes = figure.subplots(1 + len(rows), 1, sharex=True, squeeze=False)[:, 0]
    figure.suptitle(title)
    _draw_input(axes[0], signal)
    for place, (text, meaning, values) in zip(axes[1:], rows, strict=True):
        largest = float(np.abs(values).max()) or 1.0
        limits = (0.0, 1.0) if meaning == _OPEN else (-largest, largest)
        image = _draw_units(place, values, _GATES if meaning == _OPEN else _MEMORY, *limits)
        place.set_title(text, loc="left", fontsize=9)
        place.set_ylabel("unit")
        figure.colorbar(image, ax=place, pad=0.01).set_label(meaning, fontsize=7)
    axes[-1].set_xlabel(step_name)
    figure.savefig(path, format="png", dpi=110)


def _draw_input(axes: Axes, signal: NDArray) -> None:
    by_channel: NDArray = signal.reshape(len(signal), -1)
    step = np.arange(len(by_channel))
    if np.iscomplexobj(by_channel):
        axes.plot(step, np.real(by_channel[:, 0]), color="#0072B2", label="I")
        axes.plot(step, np.imag(by_channel[:, 0]), color="#D55E00", label="Q", linestyle="--")
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), fontsize=8, ncols=2, frameon=False)
    else:
        axes.plot(step, by_channel)
    axes.set_ylabel("sample")
    axes.set_title("input", loc="left", fontsize=9)
    axes.margins(x=0)


def _draw_units(axes: Axes, values: NDArray, colours: str, low: float, high: float) -> AxesImage:
    """Draw (step, unit) as an image, units ordered by the step of their maximum."""
    order = np.argsort(values.argmax(axis=0), kind="stable")
    return axes.imshow(
        values[:, order].T,
        aspect="auto",
        origin="lower",
        cmap=colours,
        vmin=low,
        vmax=high,
        interpolation="nearest",
        extent=(-0.5, len(values) - 0.5, -0.5, values.shape[1] - 0.5),
    )
