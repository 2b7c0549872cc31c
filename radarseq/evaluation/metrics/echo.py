"""Echo error of the models beside the linear filters."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.baselines.lmmse import wiener_echo
from radarseq.baselines.names import COPY, WIENER
from radarseq.dataset.schema import SNR, Examples
from radarseq.evaluation.metrics.classification import mean_db, relative_error, snr_bins
from radarseq.evaluation.metrics.compare_classes import _NO_BASELINE

_MIN_GAIN_DB = 0.1  # below this, two echo errors are called level


def compare_echoes(
    name: str,
    estimate: NDArray,
    judged: Examples,
    training: Examples | None,
    beside: dict[str, NDArray],
    *,
    causal: bool,
) -> dict[str, Any]:
    """Return the echo part of the metrics: squared error over the echo's energy, mean, in dB.

    The copy baseline takes the received sequence for the echo. LMMSE is the best linear filter,
    and is told the true signal-to-noise ratio of each example, which the model is not. A causal
    model is held against the causal filter; the one that sees the whole sequence stands beside.
    """
    target = without_padding(judged["target"], judged)

    def error_of(values: NDArray) -> NDArray[np.float64]:
        return relative_error(without_padding(values, judged), target)

    errors = {"model": error_of(estimate)} | {who: error_of(e) for who, e in beside.items()}
    baselines: dict[str, NDArray[np.float64]] = {}
    alike = judged.input.dtype.kind == target.dtype.kind and judged.input_name != "tx"
    if alike and judged.input.shape == target.shape:
        baselines[COPY] = error_of(judged.input)
        if training is not None and SNR in judged and np.iscomplexobj(target):
            for kind in (True, False) if causal else (False,):
                filtered = wiener_echo(training, judged, causal=kind)
                baselines[WIENER[kind]] = error_of(filtered)
    errors |= baselines
    means = {who: {"error_db": mean_db(e)} for who, e in errors.items()}
    model = means.pop("model")
    part: dict[str, Any] = {
        "model": model,
        "baselines": means,
        "verdict": " ".join(
            _echo_verdict(who, error_db, {b: means[b] for b in baselines}, causal=causal)
            for who, error_db in [
                (name, model["error_db"]),
                *((other, means[other]["error_db"]) for other in beside),
            ]
        ),
    }
    if SNR in judged:
        part["by_snr"] = [
            {
                "low_db": low,
                "high_db": high,
                "examples": int(rows.sum()),
                "error_db": {who: mean_db(e[rows]) for who, e in errors.items()},
            }
            for low, high, rows in snr_bins(judged[SNR])
        ]
    return part


def without_padding(values: NDArray, examples: Examples) -> NDArray:
    """Return sequences (n, step, ...) with zero in the steps that are padding."""
    if "length" not in examples:
        return values
    valid = np.arange(values.shape[1]) < examples["length"][:, None]
    return np.where(valid.reshape(*valid.shape, *[1] * (values.ndim - 2)), values, 0)


def _echo_verdict(
    name: str, error_db: float, others: dict[str, dict[str, float]], *, causal: bool
) -> str:
    fair = {who: e["error_db"] for who, e in others.items() if not causal or who != WIENER[False]}
    if not fair:
        return f"{name}'s echo error is {error_db:.1f} dB; {_NO_BASELINE}"
    best = min(fair, key=lambda who: fair[who])
    gain, scores = fair[best] - error_db, f"{error_db:.1f} dB against {fair[best]:.1f} dB"
    if gain > _MIN_GAIN_DB:
        return f"{name}'s echo beats {best} by {gain:.1f} dB ({scores})."
    if gain < -_MIN_GAIN_DB:
        return (
            f"{name}'s echo does NOT beat its baseline: {best} is {-gain:.1f} dB better ({scores})."
        )
    return f"{name}'s echo is level with {best} ({scores})."
