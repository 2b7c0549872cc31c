"""Gates that tell windows with an echo from empty ones, by their power."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtri

from radarseq.captures.errors import RecordingError
from radarseq.captures.options.quality_limits import Quality


class Gate:
    """Which windows are empty: weaker than a given power, or no stronger than their neighbours.

    The second is a cell-averaging CFAR: a window's mean power is compared with the mean over its
    neighbours in time. In Gaussian noise of unknown power, the ratio of the two means follows an
    F distribution with the numbers of real values as degrees of freedom, so that the threshold
    for a false-alarm probability is exact where the samples are independent.

    Attributes:
        reach: Neighbours on each side that the gate looks at, guards and cells.

    Reference:
        Richards, Fundamentals of Radar Signal Processing, 2nd ed., section 6.5.2: the
        cell-averaging CFAR, here with a mean of many samples under test in place of one.
    """

    def __init__(self, settings: Quality, freedom: int, span: int, hop: int) -> None:
        """Take the settings.

        Args:
            settings: The gate's thresholds among them.
            freedom: Real numbers in a window, over steps and channels.
            span: From the first to the last sample of a window, in samples.
            hop: From one window to the next: windows that overlap are no neighbours.
        """
        self._settings, self._freedom = settings, float(freedom)
        self._guards = settings.cfar_guards + -(-span // hop) - 1
        self.reach = self._guards + settings.cfar_cells if settings.cfar_false_alarm else 0

    def __bool__(self) -> bool:
        """Return whether there is a gate at all."""
        return bool(self.reach) or self._settings.least_power_db is not None

    def check(self, path: Path, windows: int) -> None:
        """Refuse a recording whose rows are too short for the gate.

        Raises:
            CaptureFault: If a window would have no neighbour.
        """
        if self.reach and windows < 2 * self._guards + 2:
            raise RecordingError(
                path,
                f"gives {windows} windows in a row; the CFAR gate compares each with others, "
                f"beyond {self._guards} on either side",
                "Leave the gate out (quality cfar_false_alarm=0), or choose shorter windows",
            )

    def empty(self, power: NDArray[np.float64], kept: slice) -> NDArray[np.bool_]:
        """Return whether windows are empty.

        Args:
            power: Mean power of windows in the order of time, (row, window).
            kept: Which of these windows are asked about; the rest are their neighbours.
        """
        asked = power[:, kept]
        empty = np.zeros(asked.shape, bool)
        if self._settings.least_power_db is not None:
            empty |= asked < 10 ** (self._settings.least_power_db / 10)
        if self.reach:
            noise, cells = self._neighbours(power)
            likely = 1 - self._settings.cfar_false_alarm
            threshold = fdtri(self._freedom, self._freedom * np.maximum(cells, 1), likely)
            with np.errstate(invalid="ignore"):
                empty |= ~(asked > threshold[:, kept] * noise[:, kept])
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
