"""Time series of two waves and noise, a first test of a forecaster.

Each series is 0.5 sin((t - o1)(10 f1 + 10)) + 0.2 sin((t - o2)(20 f2 + 20)) and uniform noise, on a
grid from 0 to 1, all draws uniform. The features of one series share its frequencies and have
offsets and noise of their own, as of one cause observed in several places.

Reference:
    Géron, Hands-On Machine Learning with Scikit-Learn, Keras and TensorFlow, 2nd ed., chapter 15.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numba import njit
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from simulators import random as rng
from simulators.kernels.draws import STORED
from simulators.objects import STRICT
from simulators.scene import Split

MAX_POINTS = 65_536
MAX_FEATURES = 256
MAX_SEED = 2**64 - 1


@dataclass(frozen=True, kw_only=True)
class Series:
    """Settings of simulated time series.

    Attributes:
        steps: Length of the input.
        horizon: Values after each step that are the target.
        features: 1 for univariate series; more for multivariate ones.
        noise: Width of the uniform noise.
        split: Shares of training, validation and test.
    """

    __pydantic_config__: ClassVar = STRICT

    steps: int = 50
    horizon: int = 1
    features: int = 1
    noise: float = 0.1
    split: Split = field(default_factory=lambda: Split(train=0.7, validation=0.2))

    def __post_init__(self) -> None:
        """Refuse lengths out of range."""
        if self.steps < 2 or self.horizon < 1 or self.points > MAX_POINTS:
            raise ValueError(
                f"steps is {self.steps} and horizon {self.horizon}; expected 2 or more, 1 or "
                f"more, and at most {MAX_POINTS} together"
            )
        if not 1 <= self.features <= MAX_FEATURES:
            raise ValueError(f"features is {self.features}; expected 1 to {MAX_FEATURES}")
        if not 0 <= self.noise <= 1e3:
            raise ValueError(f"noise is {self.noise}; expected 0 to 1000")

    @property
    def points(self) -> int:
        """Points of the grid: the input and the horizon."""
        return self.steps + self.horizon

    @property
    def sample_interval_s(self) -> float:
        """Time from point to point, with 1 for the whole grid.

        A grid of 51 points and one of 60 differ: a model of the one is wrong on the other.
        """
        return 1.0 / (self.points - 1)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the features."""
        return tuple(f"x{i}" for i in range(self.features))

    @property
    def tabulated_objects(self) -> int:
        """Number of objects with amplitude tables: none."""
        return 0

    def warnings(self) -> tuple[str, ...]:
        """Return no warnings, for nothing can alias or be lost."""
        return ()


@dataclass(frozen=True)
class SeriesBatch:
    """A batch of time series.

    Attributes:
        x: Input, float32 ``(count, steps, features)``.
        target: The ``horizon`` values after each step, the next one first, and within each the
            features in order, float32 ``(count, steps, horizon * features)``.
        split: 0 train, 1 validation, 2 test, uint8 ``(count,)``.
    """

    x: NDArray[np.float32]
    target: NDArray[np.float32]
    split: NDArray[np.uint8]


class SeriesGenerator:
    """Makes the series of one seed; series ``i`` is a function of (settings, seed, i) alone.

    Raises:
        ValueError: If the seed is out of range.
    """

    def __init__(self, series: Series, *, seed: int) -> None:
        if not 0 <= seed <= MAX_SEED:
            raise ValueError(f"seed is {seed}; expected 0 to 2^64 - 1")
        self.series, self.seed = series, np.uint64(seed)

    def __call__(self, first: int, count: int) -> SeriesBatch:
        """Return series ``first`` to ``first + count - 1``.

        Raises:
            ValueError: If ``first`` or ``count`` is negative.
        """
        if first < 0 or count < 0:
            raise ValueError(f"first {first} and count {count} must be 0 or more")
        series = self.series
        shared = np.empty((count, 3))
        offsets = np.empty((2, count, 1, series.features))
        noise = np.empty((count, series.points, series.features))
        _draw(self.seed, np.uint64(first), shared, offsets, noise)
        time = np.linspace(0.0, 1.0, series.points)[:, np.newaxis]
        frequencies = shared[:, 1:].T[..., np.newaxis, np.newaxis]
        values = two_waves(time, *frequencies, *offsets) + series.noise * (noise - 0.5)
        values = values.astype(np.float32)
        ahead = sliding_window_view(values[:, 1:], series.horizon, axis=1)
        target = ahead.transpose(0, 1, 3, 2).reshape(count, series.steps, -1)
        ends = np.cumsum([series.split.train, series.split.validation])
        split = (shared[:, :1] > ends).sum(axis=1).astype(np.uint8)
        return SeriesBatch(np.ascontiguousarray(values[:, : series.steps]), target, split)


def two_waves(
    time: ArrayLike, f1: ArrayLike, f2: ArrayLike, o1: ArrayLike, o2: ArrayLike
) -> NDArray[np.float64]:
    """Return the two waves of a series without noise, from draws in 0 to 1; all broadcast."""
    t = np.asarray(time)
    slow = 0.5 * np.sin((t - np.asarray(o1)) * (10.0 * np.asarray(f1) + 10.0))
    return slow + 0.2 * np.sin((t - np.asarray(o2)) * (20.0 * np.asarray(f2) + 20.0))


@njit(cache=True, nogil=True)
def _draw(seed, first, shared, offsets, noise):
    """Fill split and frequencies ``(count, 3)``, offsets and noise with numbers in (0, 1)."""
    count, points, features = noise.shape
    for row in range(count):
        index = first + np.uint64(row)
        u = rng.uniforms(seed, STORED, rng.STREAM_SERIES, index, 0)
        shared[row, 0], shared[row, 1], shared[row, 2] = u[0], u[1], u[2]
        for i in range(features):
            v = rng.uniforms(seed, STORED, rng.STREAM_SERIES_OFFSETS, index, i)
            offsets[0, row, 0, i], offsets[1, row, 0, i] = v[0], v[1]
            for block in range((points + 3) // 4):
                number = i * ((points + 3) // 4) + block
                w = rng.uniforms(seed, STORED, rng.STREAM_SERIES_NOISE, index, number)
                for j in range(min(4, points - 4 * block)):
                    noise[row, 4 * block + j, i] = w[j]
