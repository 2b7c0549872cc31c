"""How much worse a model and its best baseline become under faults of the recording."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.baselines.classifiers import labelled
from radarseq.dataset.schema import Examples
from radarseq.evaluation.decisions.ood_threshold import OodThreshold
from radarseq.evaluation.metrics.classification import wilson_interval
from radarseq.inference.predictor import Predictor
from simulators.impairments.corruptions import CORRUPTIONS, corrupt

MAX_ROWS = 4_000  # an accuracy to 1.6 points; more only takes longer
SEED = 0

Probabilities = Callable[[NDArray, NDArray | None], NDArray]


def stress_part(
    predictor: Predictor,
    examples: Examples,
    baseline: tuple[str, Probabilities] | None,
    chosen: OodThreshold | None,
) -> dict[str, Any] | None:
    """Return the ``stress`` part of the metrics; None where no row is labelled.

    The same faults hit the same steps for the model and for the baseline. What hides the object
    leaves the noise where the echo is known.

    Args:
        predictor: The model.
        examples: The judged rows, of which at most ``MAX_ROWS``, evenly spaced, are taken.
        baseline: Name of a baseline, and what gives its probabilities of samples and code.
        chosen: What tells unknown windows; None without it.
    """
    if "label" not in examples or not predictor.network.settings.classifies:
        return None
    rows = labelled(examples)
    if not len(rows):
        return None
    rows = rows.take(slice(None, None, -(-len(rows) // MAX_ROWS)))
    conditions = [_condition(predictor, rows, rows.input, baseline, chosen, "none", 0.0, "")]
    for effect, corruption in CORRUPTIONS.items():
        unit = corruption.unit
        for level in corruption.levels:
            samples = corrupted(rows, effect, level)
            told = 100.0 * level if unit == "%" else level
            conditions.append(
                _condition(predictor, rows, samples, baseline, chosen, effect, told, unit)
            )
    return {
        "rows": len(rows),
        "seed": SEED,
        "baseline": None if baseline is None else baseline[0],
        "conditions": conditions,
    }


def _condition(
    predictor: Predictor,
    rows: Examples,
    samples: NDArray,
    baseline: tuple[str, Probabilities] | None,
    chosen: OodThreshold | None,
    effect: str,
    level: float,
    unit: str,
) -> dict[str, Any]:
    tx, length, label = rows.code, rows.columns.get("length"), rows["label"]
    describe = None if chosen is None else chosen.describe
    found = predictor.predict(samples, tx, length, describe=describe)
    right = found.label == label
    low, high = wilson_interval(right)
    rejected = None
    if chosen is not None and found.described is not None:
        rejected = float((found.described > chosen.threshold).mean())
    return {
        "effect": effect,
        "level": round(level, 6),
        "unit": unit,
        "text": effect if effect == "none" else f"{effect} {level:g} {unit}",
        "model": float(right.mean()),
        "model_low": low,
        "model_high": high,
        "baseline": None
        if baseline is None
        else float((baseline[1](samples, tx).argmax(axis=1) == label).mean()),
        "rejected": rejected,
    }


def corrupted(rows: Examples, effect: str, level: float) -> NDArray[Any]:
    """Return the rows' samples with a fault in each, in the shape and kind that they have.

    All channels of a row are hit alike. Of real samples, the real part of what a complex receiver
    would have seen is returned.
    """
    samples, target = rows.input, rows.columns.get("target")
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    has_echo = target is not None and target.shape == samples.shape and np.iscomplexobj(target)
    flat = _one_channel_each(samples)
    echo = _one_channel_each(target) if has_echo and target is not None else None
    found = corrupt(flat, echo, effect, level, SEED, channels)
    if samples.ndim == 3:
        found = np.moveaxis(found.reshape(len(samples), channels, -1), 1, 2)
    if not np.iscomplexobj(samples):
        found = found.real
    return np.ascontiguousarray(found).astype(samples.dtype)


def _one_channel_each(samples: NDArray) -> NDArray:
    """Return ``(row, step, channel)`` as ``(row channel, step)``."""
    if samples.ndim == 2:
        return samples
    return np.moveaxis(samples, 2, 1).reshape(-1, samples.shape[1])
