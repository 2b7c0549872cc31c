"""Threshold above which a window is unknown: selection of its score, and metrics of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.dataset.schema import Examples
from radarseq.evaluation.decisions.ood_scores import DEFAULT_SCORE, SCORES, OodDetector, all_scores
from radarseq.evaluation.metrics.classification import auroc
from radarseq.inference.predictor import ExtraOutput, Predictor

_BINS = 40


@dataclass(frozen=True)
class UnknownObjects:
    """Rows of objects that the model was not trained on.

    Attributes:
        source: Path of the data.
        classes: Names of their classes; empty where they have none.
        examples: The rows.
    """

    source: str
    classes: list[str]
    examples: Examples


@dataclass(frozen=True)
class OodThreshold:
    """Score and threshold of an evaluation.

    Attributes:
        name: One of ``SCORES``.
        selected_by: ``held-out classes``, ``default`` or ``given``.
        threshold: A window with a higher score is unknown.
        false_reject: Share of known windows that may have a higher score.
        detector: The detector that gives the scores.
        held_out: Unknown objects that the scores were compared on; None without any.
        held_out_scores: Of those that the selection did not use, ``(n, score)``; or None.
    """

    name: str
    selected_by: str
    threshold: float
    false_reject: float
    detector: OodDetector
    held_out: UnknownObjects | None
    held_out_scores: NDArray[np.float32] | None

    @property
    def extra_output(self) -> ExtraOutput:
        """Function of a window's logits and hidden values that gives its score."""
        return self.detector.scorer(self.name)


def select_score(
    predictor: Predictor,
    detector: OodDetector,
    held_out: UnknownObjects | None,
    score: str,
    false_reject: float,
) -> OodThreshold:
    """Return the score to use, and its threshold.

    Where objects are held out, every other one of them selects the score, and the metrics come
    from the rest: the best score on the same rows would look better than it is.
    """
    name, selected_by, reported = score, "given", None
    if score == "auto":
        name, selected_by = DEFAULT_SCORE, "default"
    if held_out is not None:
        scores = predictor.predict_examples(
            held_out.examples,
            extra_output=lambda logits, hidden: all_scores(detector.gaussians, logits, hidden),
        ).extra
        assert scores is not None
        selecting = _every_other(held_out.examples)
        reported = scores[~selecting]
        if score == "auto" and selecting.any():
            areas = [
                auroc(detector.quantiles[each], scores[selecting, i]) or 0.0
                for i, each in enumerate(SCORES)
            ]
            name, selected_by = SCORES[int(np.argmax(areas))], "held-out classes"
    threshold = detector.threshold(name, false_reject)
    return OodThreshold(name, selected_by, threshold, false_reject, detector, held_out, reported)


def _every_other(examples: Examples) -> NDArray[np.bool_]:
    """Return the mask of every other object's rows; of every other row of a single object."""
    rows = np.arange(len(examples))
    if "group" in examples:
        groups, index = np.unique(examples["group"], return_inverse=True)
        if len(groups) > 1:
            return index % 2 == 1
    return rows % 2 == 1


def unknown_metrics(
    ood: OodThreshold,
    score: NDArray,
    label: NDArray | None,
    is_correct: NDArray[np.bool_] | None,
) -> dict[str, Any]:
    """Return the ``unknown`` part of the metrics.

    Args:
        ood: The score and its threshold.
        score: Of each evaluated window ``(n,)``.
        label: Their true classes ``(n,)``, -1 where not known; None where nothing is labelled.
        is_correct: Whether each window's most probable class is the true one ``(n,)``.
    """
    rejected = score > ood.threshold
    is_known = np.zeros(len(score), bool) if label is None else label >= 0
    accepted = is_known & ~rejected
    known_rejected, held_out = rejected[is_known], ood.held_out
    scores = []
    for index, name in enumerate(SCORES):
        area = detected = None
        if ood.held_out_scores is not None and len(ood.held_out_scores):
            values = ood.held_out_scores[:, index]
            area = auroc(ood.detector.quantiles[name], values)
            detected = float((values > ood.detector.threshold(name, ood.false_reject)).mean())
        is_measured = name == ood.name and known_rejected.size > 0
        scores.append(
            {
                "score": name,
                "auroc": area,
                "found": detected,
                "false_reject": float(known_rejected.mean()) if is_measured else None,
            }
        )
    return {
        "score": ood.name,
        "selected_by": ood.selected_by,
        "false_reject": ood.false_reject,
        "threshold": ood.threshold,
        "fitted_on": "validation",
        "fitted_rows": ood.detector.rows,
        "windows": len(score),
        "rejected": int(rejected.sum()),
        "rejected_share": float(rejected.mean()) if len(score) else 0.0,
        "accuracy_accepted": None
        if is_correct is None or not accepted.any()
        else float(is_correct[accepted].mean()),
        "scores": scores,
        "held_out": None
        if held_out is None
        else {
            "source": held_out.source,
            "classes": held_out.classes,
            "windows": len(held_out.examples),
        },
        "histogram": _histogram(ood, score),
    }


def _histogram(ood: OodThreshold, score: NDArray) -> dict[str, Any]:
    """Return the counts of the scores of validation windows, evaluated ones and held-out ones."""
    sets = {"known": ood.detector.quantiles[ood.name], "evaluated": score}
    if ood.held_out_scores is not None:
        sets["held_out"] = ood.held_out_scores[:, SCORES.index(ood.name)]
    # The last bin holds the far tail, which would squeeze everything else into one bar.
    filled = [values for values in sets.values() if len(values)]
    low = min(float(values.min()) for values in filled)
    high = max(float(np.quantile(values, 0.99)) for values in filled)
    edges = np.linspace(low, high if high > low else low + 1.0, _BINS + 1)
    counts = {
        name: np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0].tolist()
        for name, values in sets.items()
    }
    return {"edges": edges.tolist(), "held_out": None} | counts
