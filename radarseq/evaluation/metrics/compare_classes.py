"""The model's metrics beside those of its baselines, on the same rows, and the verdict in words."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.baselines.classifiers import boosting_probabilities, majority_probabilities
from radarseq.baselines.names import BOOSTING, MAJORITY
from radarseq.dataset.schema import Examples
from radarseq.evaluation.metrics.classification import (
    class_metrics,
    confusion,
    reliability,
    snr_bins,
)

_NO_BASELINE = "no baseline could be fitted: the training data are gone or have changed."


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
