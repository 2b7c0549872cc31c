"""Checks whether windows are fit for use, and names the reason if not."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.captures.options.quality_limits import QualityLimits

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


def window_codes(
    samples: NDArray[Any],
    settings: QualityLimits,
    *,
    full_scale: tuple[float, float] | None = None,
    fill: complex | None = None,
) -> NDArray[np.uint8]:
    """Return for each window an index into ``REASONS``: 0 if it is fit.

    A window is constant if all its samples equal the first, in every channel: it carries no
    information on a class. If several reasons hold, the gravest is returned.

    Args:
        samples: (window, step[, channel]), real or complex.
        settings: The thresholds.
        full_scale: Ends of the converter's range, if known.
        fill: The value of a missing sample, if the format has one.
    """
    axes = tuple(range(1, samples.ndim))
    codes = np.zeros(len(samples), np.uint8)
    with np.errstate(all="ignore"):  # non-finite samples are found below
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
    """Return whether samples have the value of a missing one."""
    value = fill if np.iscomplexobj(samples) else complex(fill).real
    return samples == np.asarray(value, samples.dtype)


def _offset_share(samples: NDArray[Any]) -> NDArray[Any]:
    """Return the share of |mean|^2 in the mean power over the steps, in the worst channel."""
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
