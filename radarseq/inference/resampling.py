"""Resamples sequences to the sampling interval that a model was trained on."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from radarseq.dataset.schema import Examples
from radarseq.errors import MismatchError
from radarseq.inference.predictor import Predictor

_ORDER = 8  # of the low-pass filter before the interval is widened
_EDGE = 0.9  # passband, as a share of the new band


def resample_rows(examples: Examples, predictor: Predictor) -> Examples:
    """Return rows at the model's sampling interval, cut to the model's length.

    Samples are interpolated with a cubic spline from the first one on; before the interval is
    widened, a zero-phase low-pass filter prevents aliasing. Rows that have the model's interval
    already are returned as they are.

    Args:
        examples: Rows of one sampling interval.
        predictor: The model.

    Raises:
        MismatchError: If an interval is not known, there is a transmitted code, there are
            symbols, lengths differ, or the rows are too short.
    """
    expected, found = predictor.header.sample_interval_s, examples.header.sample_interval_s
    if np.isclose(expected, found, rtol=1e-6, atol=0):
        return examples
    if not expected or not found:
        raise MismatchError(
            f"cannot resample from sample_interval_s {found:g} to the model's {expected:g}: 0 "
            "means unknown. Import the recordings with --sample-interval, or evaluate them without "
            "--resample"
        )
    network = predictor.network
    for name, is_present in (
        ("a transmitted code", examples.code is not None),
        ("lengths that differ", "length" in examples),
        ("symbols", bool(network.spec.symbols or network.spec.target_symbols)),
    ):
        if is_present:
            raise MismatchError(f"rows with {name} cannot be resampled; record or simulate anew")
    ahead = network.spec.horizon if network.settings.task == "forecast" else 0
    steps = network.spec.steps + (0 if "target" in examples else ahead)
    if (steps - 1) * expected > (examples.steps - 1) * found * (1 + 1e-9):
        raise MismatchError(
            f"{examples.steps} samples every {found:g} s are shorter than the {steps} every "
            f"{expected:g} s that the model takes. Cut longer windows"
        )
    columns = dict(examples.columns)
    for name in ("x", "rx", "tx", "target"):
        if name in columns:
            columns[name] = resample_sequences(columns[name], found, expected, steps)
    return Examples(replace(examples.header, sample_interval_s=expected), columns)


def resample_sequences(values: NDArray, old_s: float, new_s: float, steps: int) -> NDArray:
    """Return sequences (n, step, ...) sampled every ``new_s`` instead of ``old_s``.

    Args:
        values: The sequences.
        old_s: Their interval [s].
        new_s: The new interval [s].
        steps: Number of samples to return.
    """
    from scipy.interpolate import make_interp_spline  # half a second to load

    wide = values.astype(np.complex128 if np.iscomplexobj(values) else np.float64)
    if new_s > old_s:
        wide = _low_pass(wide, _EDGE * old_s / new_s)
    time_s = np.arange(wide.shape[1]) * old_s
    degree = min(3, wide.shape[1] - 1)
    resampled = make_interp_spline(time_s, wide, k=degree, axis=1)(np.arange(steps) * new_s)
    return np.ascontiguousarray(resampled).astype(values.dtype)


def _low_pass(values: NDArray, edge: float) -> NDArray:
    """Return sequences without frequencies above ``edge``, a share of their Nyquist frequency."""
    from scipy.signal import butter, sosfiltfilt

    sections = butter(_ORDER, edge, output="sos")
    padding = min(values.shape[1] - 1, 3 * _ORDER)

    def filtered(part: NDArray) -> NDArray:
        return sosfiltfilt(sections, part, axis=1, padlen=padding)

    if np.iscomplexobj(values):
        return filtered(np.real(values)) + 1j * filtered(np.imag(values))
    return filtered(values)
