"""The model's metrics beside those of its baselines, on the same rows, and the verdict in words."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.dataset.schema import PARAMETER_PREFIX, Examples
from radarseq.evaluation.metrics import (
    class_metrics,
    confusion,
    mean_db,
    relative_error,
    reliability,
    snr_bins,
)
from radarseq.models.baselines import (
    boosting_probabilities,
    majority_probabilities,
    wiener_echo,
)

SNR = PARAMETER_PREFIX + "snr_db"
MAJORITY, BOOSTING, COPY = "majority class", "gradient boosting", "copy"
WIENER = {False: "LMMSE", True: "causal LMMSE"}
_NO_BASELINE = "no baseline could be fitted: the training data are gone or have changed."
_LEAST_GAIN_DB = 0.1  # below this, two echo errors are called level


def class_baselines(training: Examples | None, judged: Examples) -> dict[str, NDArray]:
    """Return the baselines' probabilities of ``judged`` rows, by name; none without training."""
    if training is None:
        return {}
    return {
        MAJORITY: majority_probabilities(training, judged),
        BOOSTING: boosting_probabilities(training, judged),
    }


def compare_classes(
    name: str,
    probabilities: NDArray,
    label: NDArray,
    baselines: dict[str, NDArray],
    beside: dict[str, NDArray],
    snr_db: NDArray | None = None,
) -> dict[str, Any]:
    """Return the classification part of the metrics.

    Args:
        name: Of the model, for the verdict.
        probabilities: Of the model ``(n, class)``.
        label: The true classes ``(n,)``.
        baselines: Probabilities of the baselines on the same rows, by name; may be empty.
        beside: Probabilities of other models, by name.
        snr_db: Signal-to-noise ratio of each row [dB], where it is known.
    """
    label = label.astype(np.int64)
    contenders = {"model": probabilities} | beside | baselines
    metrics = {who: class_metrics(p, label) for who, p in contenders.items()}
    right = {who: p.argmax(axis=1) == label for who, p in contenders.items()}
    model = metrics.pop("model")
    part: dict[str, Any] = {
        "model": model,
        "baselines": metrics,
        "confusion": confusion(probabilities.argmax(axis=1), label, probabilities.shape[1]),
        "reliability": reliability(probabilities, label),
        "verdict": " ".join(
            _class_verdict(who, right[key], {b: right[b] for b in baselines})
            for who, key in [(name, "model"), *((other, other) for other in beside)]
        ),
    }
    if snr_db is not None:
        part["by_snr"] = [
            {
                "low_db": low,
                "high_db": high,
                "examples": int(rows.sum()),
                "accuracy": {who: float(r[rows].mean()) for who, r in right.items()},
            }
            for low, high, rows in snr_bins(snr_db)
        ]
    return part


def _class_verdict(
    name: str, model: NDArray[np.bool_], others: dict[str, NDArray[np.bool_]]
) -> str:
    """Say in words whether the model beats its best baseline; the rows are the same for both."""
    if not others:
        return f"{name} is right in {model.mean():.1%}; {_NO_BASELINE}"
    best = max(others, key=lambda who: others[who].mean())
    gain = model.astype(float) - others[best]
    points, spread = 100 * gain.mean(), 196 * gain.std() / np.sqrt(len(gain))
    scores = f"{100 * model.mean():.1f} % against {100 * others[best].mean():.1f} %"
    if points > spread:
        return f"{name} beats {best} by {points:.1f} points ({scores})."
    if points < -spread:
        return (
            f"{name} does NOT beat its baseline: {best} is {-points:.1f} points better ({scores})."
        )
    return (
        f"{name} is level with {best} ({scores}): the difference, {points:+.1f} points, lies "
        f"within its 95 % interval of {spread:.1f}."
    )


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
    if gain > _LEAST_GAIN_DB:
        return f"{name}'s echo beats {best} by {gain:.1f} dB ({scores})."
    if gain < -_LEAST_GAIN_DB:
        return (
            f"{name}'s echo does NOT beat its baseline: {best} is {-gain:.1f} dB better ({scores})."
        )
    return f"{name}'s echo is level with {best} ({scores})."
