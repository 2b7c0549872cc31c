"""Sequences brought to the sampling interval that a model was trained on."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from radarseq.dataset.schema import Examples
from radarseq.errors import MismatchError
from radarseq.inference.predictor import Predictor

_ORDER = 8  # of the low-pass before samples are taken further apart
_EDGE = 0.9  # of the new band that it leaves alone


def resampled(examples: Examples, predictor: Predictor) -> Examples:
    """Return rows on the model's sampling interval, cut to the model's length.

    The first sample stays where it is; between samples runs a cubic spline, and what the wider
    interval could not carry is taken out before by a filter without delay. Rows that are on the
    interval already are returned as they are.

    Args:
        examples: Rows of one sampling interval.
        predictor: The model.

    Raises:
        MismatchError: If an interval is not known, a transmitted code or symbols stand in the way,
            lengths differ, or the rows are too short.
    """
    wanted, found = predictor.header.sample_interval_s, examples.header.sample_interval_s
    if np.isclose(wanted, found, rtol=1e-6, atol=0):
        return examples
    if not wanted or not found:
        raise MismatchError(
            f"cannot resample from sample_interval_s {found:g} to the model's {wanted:g}: 0 is not "
            "known. Import the recordings with --sample-interval, or judge them without --resample"
        )
    network = predictor.network
    for name, stands_in_the_way in (
        ("a transmitted code", examples.code is not None),
        ("lengths that differ", "length" in examples),
        ("symbols", bool(network.spec.symbols or network.spec.target_symbols)),
    ):
        if stands_in_the_way:
            raise MismatchError(f"rows with {name} cannot be resampled; record or simulate anew")
    ahead = network.spec.horizon if network.settings.task == "forecast" else 0
    steps = network.spec.steps + (0 if "target" in examples else ahead)
    if (steps - 1) * wanted > (examples.steps - 1) * found * (1 + 1e-9):
        raise MismatchError(
            f"{examples.steps} samples every {found:g} s are shorter than the {steps} every "
            f"{wanted:g} s that the model takes. Cut longer windows"
        )
    columns = dict(examples.columns)
    for name in ("x", "rx", "tx", "target"):
        if name in columns:
            columns[name] = on_interval(columns[name], found, wanted, steps)
    return Examples(replace(examples.header, sample_interval_s=wanted), columns)


def on_interval(values: NDArray, found_s: float, wanted_s: float, steps: int) -> NDArray:
    """Return sequences (n, step, ...) sampled every ``wanted_s`` instead of ``found_s``.

    Args:
        values: The sequences.
        found_s: Their interval [s].
        wanted_s: The new interval [s].
        steps: How many samples to take.
    """
    from scipy.interpolate import make_interp_spline  # half a second to load

    wide = values.astype(np.complex128 if np.iscomplexobj(values) else np.float64)
    if wanted_s > found_s:
        wide = _low_passed(wide, _EDGE * found_s / wanted_s)
    time_s = np.arange(wide.shape[1]) * found_s
    degree = min(3, wide.shape[1] - 1)
    moved = make_interp_spline(time_s, wide, k=degree, axis=1)(np.arange(steps) * wanted_s)
    return np.ascontiguousarray(moved).astype(values.dtype)


def _low_passed(values: NDArray, edge: float) -> NDArray:
    """Return sequences without what lies above ``edge``, a share of their Nyquist frequency."""
    from scipy.signal import butter, sosfiltfilt

    filtering = butter(_ORDER, edge, output="sos")
    padding = min(values.shape[1] - 1, 3 * _ORDER)

    def passed(part: NDArray) -> NDArray:
        return sosfiltfilt(filtering, part, axis=1, padlen=padding)

    if np.iscomplexobj(values):
        return passed(np.real(values)) + 1j * passed(np.imag(values))
    return passed(values)
