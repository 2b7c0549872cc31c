"""Writes the figures of a recipe: PNG files of its bodies, signals and classes."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from radarseq.report.figures.svg import SERIES, png
from radarseq.report.recipe.bodies import draw_body, draw_rcs
from radarseq.report.recipe.signals import draw_ambiguity, draw_distributions, draw_pairs
from simulators.pairs import PairGenerator, Pairs
from simulators.scene import Scene
from simulators.series import Series, SeriesGenerator

_EXAMPLES = 3000
_MAX_CLASSES = 8  # on the figure of example pairs
_SERIES_EXAMPLES = 6


@dataclass(frozen=True)
class Picture:
    """A file that was written, and its description."""

    path: Path
    shows: str


def draw_recipe(content: Scene | Series, folder: Path, *, seed: int = 0) -> list[Picture]:
    """Write the figures of what a recipe simulates into ``folder``, which exists.

    Args:
        content: What the recipe describes.
        folder: For the PNG files.
        seed: Of the drawn examples.

    Returns:
        The files, bodies first.

    Raises:
        ValueError: If the seed is out of range.
    """
    if isinstance(content, Series):
        made = SeriesGenerator(content, seed=seed)(0, _SERIES_EXAMPLES)
        draw = partial(_draw_series, content, made.x)
        return [_written(folder, "series", draw, (7.0, 4.5), "example series, feature by feature")]
    pictures = []
    for item in content.objects:
        name = re.sub(r"[^\w-]+", "_", item.name)
        body = partial(draw_body, item)
        pictures.append(_written(folder, f"body-{name}", body, (5, 4.6), f"{item.name}, in 3-D"))
        rcs = partial(draw_rcs, content, item)
        shows = f"{item.name}, RCS over aspect"
        pictures.append(_written(folder, f"rcs-{name}", rcs, (6.4, 6.6), shows))
    return pictures + _signals(content, folder, seed)


def _signals(scene: Scene, folder: Path, seed: int) -> list[Picture]:
    # A new object for each example, and the echo as target, whatever the recipe's target is.
    scene = replace(scene, objects_per_class=0, target="echo", horizon=0)
    pairs = PairGenerator(scene, seed=seed)(0, _EXAMPLES)
    echo = pairs.target
    rows = _one_of_each(scene, pairs)
    page = partial(draw_pairs, scene, pairs, echo, rows)
    classes = partial(draw_distributions, scene, pairs, echo)
    size = (9.0, 1.0 + 1.55 * len(rows))
    spread = "Doppler" if scene.mode == "dwell" else "range"
    return [
        _written(folder, "pairs", page, size, "an example of each class: level, phase, spectrum"),
        _written(
            folder, "ambiguity", partial(draw_ambiguity, scene, pairs), (6.5, 6.5),
            "ambiguity function and sidelobes of the transmitted waveform",
        ),
        _written(folder, "classes", classes, (6.5, 6.5), f"RCS and {spread} spread by class"),
    ]  # fmt: skip


def _one_of_each(scene: Scene, pairs: Pairs) -> list[int]:
    """Return one example of each class, at an SNR above the median."""
    rows = []
    for index in range(min(len(scene.class_names), _MAX_CLASSES)):
        of_class = np.flatnonzero(pairs.label == index)
        if of_class.size:
            snr_db = pairs.parameters["snr_db"][of_class[:12]]
            rows.append(int(of_class[int(np.argsort(snr_db)[len(snr_db) * 2 // 3])]))
    return rows


def _written(
    folder: Path,
    name: str,
    draw: Callable[[Figure], None],
    size_in: tuple[float, float],
    shows: str,
) -> Picture:
    path = folder / f"{name}.png"
    png(draw, path, width_in=size_in[0], height_in=size_in[1])
    return Picture(path, shows)


def _draw_series(series: Series, x: NDArray[np.float32], figure: Figure) -> None:
    panels = figure.subplots(2, _SERIES_EXAMPLES // 2, sharex=True, sharey=True)
    time = np.arange(series.steps) * series.sample_interval_s
    for axes, values in zip(panels.flat, x, strict=True):
        for feature in range(min(series.features, len(SERIES))):
            colour, _, dash = SERIES[feature]
            axes.plot(time, values[:, feature], color=colour, linestyle=dash)
    figure.supxlabel("Time (s)")
    figure.supylabel("Value")
