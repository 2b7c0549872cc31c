"""Which score tells unknown objects from known ones, above which threshold, and how well."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.dataset.schema import Examples
from radarseq.evaluation.decisions.ood_scores import DEFAULT_SCORE, SCORES, OodDetector
from radarseq.evaluation.metrics.classification import auroc
from radarseq.inference.predictor import Describe, Predictor

_BINS = 40


@dataclass(frozen=True)
class HeldOut:
    """Objects of kinds that the model was not trained on.

    Attributes:
        source: Where they come from.
        classes: Their names, where they have any.
        examples: Their rows.
    """

    source: str
    classes: list[str]
    examples: Examples


@dataclass(frozen=True)
class OodThreshold:
    """The score that an evaluation rejects by.

    Attributes:
        name: One of ``SCORES``.
        chosen_by: ``held-out classes``, ``default`` or ``given``.
        threshold: A window whose score lies above is unknown.
        false_reject: The share of known windows that may lie above.
        detector: As fitted.
        held_out: What the scores were compared on; None where there was nothing.
        held_out_scores: Of the rows that were not used to choose, ``(n, score)``; or None.
    """

    name: str
    chosen_by: str
    threshold: float
    false_reject: float
    detector: OodDetector
    held_out: HeldOut | None
    held_out_scores: NDArray[np.float32] | None

    @property
    def describe(self) -> Describe:
        """What gives a window's score while it is predicted."""
        return self.detector.scorer(self.name)


def choose_score(
    predictor: Predictor,
    detector: OodDetector,
    held_out: HeldOut | None,
    score: str,
    false_reject: float,
) -> OodThreshold:
    """Return the score to reject by.

    Where objects are held out, every other object of them chooses, and the rest say how well the
    chosen score does, so that the choice does not flatter itself.
    """
    name, chosen_by, reported = score, "given", None
    if score == "auto":
        name, chosen_by = DEFAULT_SCORE, "default"
    if held_out is not None:
        scores = predictor.predict_examples(held_out.examples, describe=detector.scores).described
        assert scores is not None
        choosing = _every_other(held_out.examples)
        reported = scores[~choosing]
        if score == "auto" and choosing.any():
            found = [
                auroc(detector.quantiles[each], scores[choosing, i]) or 0.0
                for i, each in enumerate(SCORES)
            ]
            name, chosen_by = SCORES[int(np.argmax(found))], "held-out classes"
    threshold = detector.threshold(name, false_reject)
    return OodThreshold(name, chosen_by, threshold, false_reject, detector, held_out, reported)


def _every_other(examples: Examples) -> NDArray[np.bool_]:
    """Return every other object's rows; every other row where there is one object; none of one."""
    rows = np.arange(len(examples))
    if "group" in examples:
        groups, index = np.unique(examples["group"], return_inverse=True)
        if len(groups) > 1:
            return index % 2 == 1
    return rows % 2 == 1


def unknown_part(
    chosen: OodThreshold, score: NDArray, label: NDArray | None, right: NDArray[np.bool_] | None
) -> dict[str, Any]:
    """Return the ``unknown`` part of the metrics.

    Args:
        chosen: The score and its threshold.
        score: Of each judged window ``(n,)``.
        label: Their true classes ``(n,)``, -1 where not known; None where nothing is labelled.
        right: Whether each window's most probable class is the true one ``(n,)``.
    """
    rejected = score > chosen.threshold
    is_known = np.zeros(len(score), bool) if label is None else label >= 0
    accepted = is_known & ~rejected
    held_out = chosen.held_out
    return {
        "score": chosen.name,
        "chosen_by": chosen.chosen_by,
        "false_reject": chosen.false_reject,
        "threshold": chosen.threshold,
        "fitted_on": "validation",
        "fitted_rows": chosen.detector.rows,
        "windows": len(score),
        "rejected": int(rejected.sum()),
        "rejected_share": float(rejected.mean()) if len(score) else 0.0,
        "accuracy_accepted": None
        if right is None or not accepted.any()
        else float(right[accepted].mean()),
        "scores": _scores(chosen, rejected[is_known]),
        "held_out": None
        if held_out is None
        else {
            "source": held_out.source,
            "classes": held_out.classes,
            "windows": len(held_out.examples),
        },
        "histogram": _histogram(chosen, score),
    }


def _scores(chosen: OodThreshold, known_rejected: NDArray[np.bool_]) -> list[dict[str, Any]]:
    rows, held_out = [], chosen.held_out_scores
    for index, name in enumerate(SCORES):
        area = found = None
        if held_out is not None and len(held_out):
            area = auroc(chosen.detector.quantiles[name], held_out[:, index])
            threshold = chosen.detector.threshold(name, chosen.false_reject)
            found = float((held_out[:, index] > threshold).mean())
        is_measured = name == chosen.name and known_rejected.size > 0
        rows.append(
            {
                "score": name,
                "auroc": area,
                "found": found,
                "false_reject": float(known_rejected.mean()) if is_measured else None,
            }
        )
    return rows


def _histogram(chosen: OodThreshold, score: NDArray) -> dict[str, Any]:
    """Return how many windows have which score: of validation, as judged, and held out."""
    column = SCORES.index(chosen.name)
    held_out = None if chosen.held_out_scores is None else chosen.held_out_scores[:, column]
    known = chosen.detector.quantiles[chosen.name]
    # The far tail would squeeze everything else into one bar: the last bin holds it.
    every = [known, score, *([] if held_out is None else [held_out])]
    low = min(float(values.min()) for values in every if len(values))
    high = max(float(np.quantile(values, 0.99)) for values in every if len(values))
    edges = np.linspace(low, high if high > low else low + 1.0, _BINS + 1)

    def counts(values: NDArray) -> list[int]:
        return np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0].tolist()

    return {
        "edges": edges.tolist(),
        "known": counts(known),
        "judged": counts(score),
        "held_out": None if held_out is None else counts(held_out),
    }
