"""A gate that finds empty windows by their power."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtri

from radarseq.captures.errors import RecordingError
from radarseq.captures.options.quality_limits import QualityLimits


class PowerGate:
    """Finds windows that are weaker than a given power, or no stronger than their neighbours.

    The second is a cell-averaging CFAR: it compares the mean power of a window with the mean over
    its neighbours in time. In Gaussian noise of unknown power, the ratio of the two means has an F
    distribution with the numbers of real values as degrees of freedom, so that the threshold
    for a false-alarm probability is exact where the samples are independent.

    Attributes:
        reach: Neighbours on each side that the gate needs, guards and cells.

    Reference:
        Richards, Fundamentals of Radar Signal Processing, 2nd ed., section 6.5.2: the
        cell-averaging CFAR, here with a mean of many samples under test in place of one.
    """

    def __init__(self, settings: QualityLimits, freedom: int, span: int, hop: int) -> None:
        """Set up the gate.

        Args:
            settings: The limits, the gate's thresholds among them.
            freedom: Real numbers in a window, over steps and channels.
            span: From the first to the last sample of a window, in samples.
            hop: From one window to the next: windows that overlap are not compared.
        """
        self._settings, self._freedom = settings, float(freedom)
        self._guards = settings.cfar_guards + -(-span // hop) - 1
        self.reach = self._guards + settings.cfar_cells if settings.cfar_false_alarm else 0

    def __bool__(self) -> bool:
        """Return whether the settings ask for a gate."""
        return bool(self.reach) or self._settings.min_power_db is not None

    def check(self, path: Path, windows: int) -> None:
        """Refuse a recording with too few windows in a row for the gate.

        Raises:
            RecordingError: If a window would have no neighbour.
        """
        if self.reach and windows < 2 * self._guards + 2:
            raise RecordingError(
                path,
                f"gives {windows} windows in a row; the CFAR gate compares each with others, "
                f"beyond {self._guards} on either side",
                "Leave the gate out (quality cfar_false_alarm=0), or choose shorter windows",
            )

    def is_empty(self, power: NDArray[np.float64], inner: slice) -> NDArray[np.bool_]:
        """Return whether windows are empty.

        Args:
            power: Mean power of windows in the order of time, (row, window).
            inner: The windows to classify; the others are their neighbours.
        """
        tested = power[:, inner]
        empty = np.zeros(tested.shape, bool)
        if self._settings.min_power_db is not None:
            empty |= tested < 10 ** (self._settings.min_power_db / 10)
        if self.reach:
            noise, cells = self._neighbours(power)
            probability = 1 - self._settings.cfar_false_alarm
            threshold = fdtri(self._freedom, self._freedom * np.maximum(cells, 1), probability)
            with np.errstate(invalid="ignore"):
                empty |= ~(tested > threshold[:, inner] * noise[:, inner])
        return empty

    def _neighbours(self, power: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the mean power of each window's neighbours, and how many there are."""
        usable = np.isfinite(power)
        values = np.where(usable, power, 0.0)
        sums, cells = np.zeros(power.shape), np.zeros(power.shape)
        # One shift after the other, so that a sum does not depend on where a block begins.
        for shift in range(self._guards + 1, self.reach + 1):
            sums[:, shift:] += values[:, :-shift]
            cells[:, shift:] += usable[:, :-shift]
            sums[:, :-shift] += values[:, shift:]
            cells[:, :-shift] += usable[:, shift:]
        return sums / np.maximum(cells, 1), cells
