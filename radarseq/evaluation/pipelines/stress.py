"""Stress test: accuracy of a model and of its baseline under corruptions of the samples."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.baselines.classifiers import ClassBaseline, labelled
from radarseq.baselines.names import BOOSTING
from radarseq.dataset.schema import Examples
from radarseq.evaluation.decisions.ood_threshold import OodThreshold
from radarseq.evaluation.metrics.classification import wilson_interval
from radarseq.inference.predictor import Predictor
from simulators.impairments.corruptions import CORRUPTIONS, corrupt

MAX_ROWS = 4_000  # an accuracy to 1.6 points; more only takes longer
SEED = 0


def stress_metrics(
    predictor: Predictor,
    examples: Examples,
    baseline: ClassBaseline | None,
    ood: OodThreshold | None,
) -> dict[str, Any] | None:
    """Return the ``stress`` part of the metrics; None where no row is labelled.

    The same corruptions hit the same steps for the model and for the baseline. Occlusion leaves
    the noise where the echo is known.

    Args:
        predictor: The model.
        examples: The evaluated rows, of which at most ``MAX_ROWS``, evenly spaced, are taken.
        baseline: The fitted boosted trees; None without them.
        ood: The threshold above which a window is unknown; None without one.
    """
    if "label" not in examples or not predictor.network.settings.classifies:
        return None
    rows = labelled(examples)
    if not len(rows):
        return None
    rows = rows.take(slice(None, None, -(-len(rows) // MAX_ROWS)))
    tx, length, label = rows.code, rows.columns.get("length"), rows["label"]

    def condition(effect: str, level: float, unit: str) -> dict[str, Any]:
        samples = rows.input if effect == "none" else corrupted(rows, effect, level)
        displayed = 100.0 * level if unit == "%" else level
        extra_output = None if ood is None else ood.extra_output
        found = predictor.predict(samples, tx, length, extra_output=extra_output)
        is_correct = found.label == label
        low, high = wilson_interval(is_correct)
        accuracy = rejected = None
        if baseline is not None:
            decision = baseline.probabilities(samples, tx).argmax(axis=1)
            accuracy = float((decision == label).mean())
        if ood is not None and found.extra is not None:
            rejected = float((found.extra > ood.threshold).mean())
        return {
            "effect": effect,
            "level": round(displayed, 6),
            "unit": unit,
            "text": effect if effect == "none" else f"{effect} {displayed:g} {unit}",
            "model": float(is_correct.mean()),
            "model_low": low,
            "model_high": high,
            "baseline": accuracy,
            "rejected": rejected,
        }

    conditions = [condition("none", 0.0, "")]
    for effect, corruption in CORRUPTIONS.items():
        conditions += [condition(effect, level, corruption.unit) for level in corruption.levels]
    return {
        "rows": len(rows),
        "seed": SEED,
        "baseline": None if baseline is None else BOOSTING,
        "conditions": conditions,
    }


def corrupted(rows: Examples, effect: str, level: float) -> NDArray[Any]:
    """Return the rows' samples with one corruption in each row, in their shape and dtype.

    All channels of a row are hit alike. Real samples are corrupted as complex ones, of which the
    real part is returned.
    """
    samples, target = rows.input, rows.columns.get("target")
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    has_echo = target is not None and target.shape == samples.shape and np.iscomplexobj(target)
    flat = _channels_as_rows(samples)
    echo = _channels_as_rows(target) if has_echo and target is not None else None
    found = corrupt(flat, echo, effect, level, SEED, channels)
    if samples.ndim == 3:
        found = np.moveaxis(found.reshape(len(samples), channels, -1), 1, 2)
    if not np.iscomplexobj(samples):
        found = found.real
    return np.ascontiguousarray(found).astype(samples.dtype)


def _channels_as_rows(samples: NDArray) -> NDArray:
    """Return ``(row, step, channel)`` as ``(row channel, step)``."""
    if samples.ndim == 2:
        return samples
    return np.moveaxis(samples, 2, 1).reshape(-1, samples.shape[1])
