"""Which windows are fit to be learnt from or judged, and why the others are not."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.errors import UsageError

OK, NOT_FINITE, ALL_ZERO, CONSTANT, CLIPPED, DROPPED, OFFSET, EMPTY = range(8)
REASONS = (
    "ok",
    "not finite",
    "all zero",
    "constant",
    "clipped",
    "dropped samples",
    "offset",
    "empty",
)


@dataclass(frozen=True, kw_only=True)
class Quality:
    """What a window may be like and still be used.

    NaN, Inf, all zero, constant, and samples that the file itself marks as missing are never fit.

    Attributes:
        clipped_share: Largest share of samples at either end of the converter's range, where that
            is known (integer files).
        dropped_run: Longest run of equal neighbouring samples, in samples, as a receiver leaves
            that fills gaps with zeros or the last value; 0 for any.
        offset_share: Largest share of the mean, squared, in the power; 1 for any. A target that
            stands still has such an offset in slow time.
        least_power_db: Least mean power [dB re 1 unit of the file squared]; below it a window is
            empty. None for any.
        cfar_false_alarm: Probability that noise alone passes the cell-averaging CFAR gate, by
            which a window counts as empty unless its power stands out from its neighbours in
            time; 0 for no gate.
        cfar_cells: Neighbours on each side that the gate compares with.
        cfar_guards: Neighbours on each side that it leaves out in between, besides those that
            overlap the window.

    Raises:
        UsageError: If a value has the wrong type or does not fit.
    """

    clipped_share: float = 0.02
    dropped_run: int = 0
    offset_share: float = 1.0
    least_power_db: float | None = None
    cfar_false_alarm: float = 0.0
    cfar_cells: int = 8
    cfar_guards: int = 1

    def __post_init__(self) -> None:
        """Check each value."""
        ranges = {
            "clipped_share": (0, 1),
            "offset_share": (0, 1),
            "dropped_run": (0, math.inf),
            "cfar_false_alarm": (0, 0.5),
            "cfar_cells": (1, 1000),
            "cfar_guards": (0, 1000),
        }
        for key, (least, most) in ranges.items():
            value, whole = getattr(self, key), key in ("dropped_run", "cfar_cells", "cfar_guards")
            if type(value) is not int and (whole or type(value) is not float):
                kind = "a whole number" if whole else "a number"
                raise UsageError(f"quality {key} is {value!r}; expected {kind}")
            if not least <= value <= most:
                raise UsageError(f"quality {key} is {value}; expected {least} to {most}")
        power = self.least_power_db
        if power is not None and not (type(power) in (int, float) and math.isfinite(power)):
            raise UsageError(f"quality least_power_db is {power!r}; expected a number of dB")

    @classmethod
    def from_json(cls, content: Any) -> "Quality":
        """Return the settings in a JSON object; keys that are absent keep their default.

        Raises:
            UsageError: If it is not an object, or a key is unknown or does not fit.
        """
        known = [field.name for field in fields(cls)]
        if not isinstance(content, dict):
            raise UsageError(f"quality is {content!r}; expected some of the keys {known}")
        if unknown := sorted(set(content) - set(known)):
            raise UsageError(f"quality has unknown keys {unknown}; expected some of {known}")
        return cls(**content)

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain JSON types."""
        return asdict(self)


def window_codes(
    samples: NDArray[Any],
    settings: Quality,
    *,
    full_scale: tuple[float, float] | None = None,
    fill: complex | None = None,
) -> NDArray[np.uint8]:
    """Return for each window an index into ``REASONS``: 0 if it is fit by itself.

    A window is constant if none of its samples differs from the first, in any channel: it says
    nothing, and a class for it would be invented. Where several reasons hold, the gravest counts.

    Args:
        samples: (window, step[, channel]), real or complex.
        settings: The thresholds.
        full_scale: Ends of the converter's range, if they are known.
        fill: The value that stands for a missing sample, if there is one.
    """
    axes = tuple(range(1, samples.ndim))
    codes = np.zeros(len(samples), np.uint8)
    with np.errstate(all="ignore"):  # what is not finite is found below
        if settings.offset_share < 1:
            codes[_offset_share(samples) > settings.offset_share] = OFFSET
        if settings.dropped_run:
            codes[_longest_run(samples) > settings.dropped_run] = DROPPED
        if full_scale is not None:
            low, high = full_scale
            parts = [np.real(samples), *([np.imag(samples)] if np.iscomplexobj(samples) else [])]
            at_end = np.any([(part <= low) | (part >= high) for part in parts], axis=0)
            codes[at_end.mean(axis=axes) > settings.clipped_share] = CLIPPED
        codes[(samples == samples[:, :1]).all(axis=axes)] = CONSTANT
        codes[~samples.any(axis=axes)] = ALL_ZERO
        if fill is not None:
            codes[is_fill(samples, fill).any(axis=axes)] = DROPPED
        codes[~np.isfinite(samples).all(axis=axes)] = NOT_FINITE
    return codes


def is_fill(samples: NDArray[Any], fill: complex) -> NDArray[np.bool_]:
    """Return whether samples are the value that stands for a missing one."""
    value = fill if np.iscomplexobj(samples) else complex(fill).real
    return samples == np.asarray(value, samples.dtype)


def _offset_share(samples: NDArray[Any]) -> NDArray[Any]:
    """Return the share of |mean|^2 in the mean power over the steps, of the worst channel."""
    mean = np.abs(samples.mean(axis=1, dtype=np.complex128)) ** 2
    power = (np.abs(samples.astype(np.complex128)) ** 2).mean(axis=1)
    share = np.divide(mean, power, out=np.zeros_like(power), where=power > 0)
    return share.reshape(len(samples), -1).max(axis=1)


def _longest_run(samples: NDArray[Any]) -> NDArray[Any]:
    """Return the longest run of equal neighbouring samples, in samples, over the channels."""
    flat = samples.reshape(*samples.shape[:2], -1)
    same = (flat[:, 1:] == flat[:, :-1]).all(axis=2)
    longest, run = np.ones(len(flat), np.int64), np.ones(len(flat), np.int64)
    for step in range(same.shape[1]):
        run = np.where(same[:, step], run + 1, 1)
        np.maximum(longest, run, out=longest)
    return longest


def window_power(samples: NDArray[Any]) -> NDArray[np.float64]:
    """Return each window's mean power over steps and channels, in the file's unit squared."""
    with np.errstate(all="ignore"):
        square = np.abs(samples.astype(np.complex128)) ** 2
        return square.reshape(len(samples), -1).mean(axis=1)
