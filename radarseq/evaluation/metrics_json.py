"""Content of ``metrics.json`` that evaluations of datasets and of recordings share."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.evaluation.decisions.capture_table import Windows, capture_rows
from radarseq.evaluation.decisions.fusion import FusionWeight
from radarseq.evaluation.decisions.ood_threshold import OodThreshold, unknown_metrics
from radarseq.evaluation.metrics.bootstrap import intervals_by_capture, share_interval
from radarseq.evaluation.metrics.classification import (
    balanced_accuracy,
    class_curves,
    reliability,
)
from radarseq.evaluation.metrics.compare_classes import compare_classes
from radarseq.evaluation.output.folder import EMPTY_DECISION, EVALUATION_KIND, UNKNOWN
from radarseq.evaluation.output.partial_results import Part
from radarseq.evaluation.request import EvaluationRequest
from radarseq.inference.checkpoint import versions
from radarseq.inference.model_card import model_card
from radarseq.storage.atomic import printable


def common_metrics(request: EvaluationRequest, data: dict[str, Any]) -> dict[str, Any]:
    """Return model card, data and provenance, the first parts of every ``metrics.json``."""
    manifest = request.predictor.manifest
    trained_on = manifest.get("data", {})
    return {
        "kind": EVALUATION_KIND,
        "model": model_card(request.predictor, str(request.run)),
        "data": data,
        "provenance": {
            "request_sha256": request.digest,
            "model": {
                "run": printable(request.run),
                "weights_sha256": request.predictor.weights_sha256,
                "engine": request.predictor.engine,
                "versions": manifest.get("versions"),
                "seed": manifest.get("training", {}).get("seed"),
                "epoch": manifest.get("epoch"),
                "data_path": trained_on.get("path"),
                "data_digest": trained_on.get("digest"),
                "data_kind": trained_on.get("kind"),
            },
            "data": {key: data[key] for key in ("path", "digest", "split")},
            "settings": request.settings.to_json(),
            "versions": versions(),
        },
    }


def decision_metrics(
    request: EvaluationRequest,
    data: dict[str, Any],
    windows: Windows,
    fusion_weight: FusionWeight,
    ood: OodThreshold | None,
    parts: dict[int, list[Part]],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the parts that are made of decisions, and one row per recording or object.

    Args:
        request: The evaluation.
        data: The part ``data``.
        windows: The evaluated windows.
        fusion_weight: Of each window of a recording but the first.
        ood: The threshold above which a window is unknown; None without one.
        parts: The recordings of each group; empty for a dataset.
    """
    metrics, captures = _window_metrics(request, windows, ood), []
    if windows.posterior is not None:
        captures = capture_rows(windows, parts)
        metrics["captures"] = _capture_metrics(captures, windows.class_names, fusion_weight)
    metrics["quality"] = {
        "windows": data["examples"] + sum(data["skipped"].values()),
        "evaluated": data["examples"],
        "skipped": data["skipped"],
        "captures": sum(row["skipped"] > 0 for row in captures),
    }
    return metrics, captures


def _window_metrics(
    request: EvaluationRequest, windows: Windows, ood: OodThreshold | None
) -> dict[str, Any]:
    """Return the parts ``classification`` and ``unknown``, made of single windows."""
    metrics: dict[str, Any] = {}
    if windows.probability is not None and windows.label is not None and len(windows.labelled):
        label = windows.label[windows.labelled].astype(np.int64)
        part = compare_classes(
            request.predictor.name,
            windows.probability,
            label,
            windows.baselines,
            windows.compared,
            windows.snr_db,
            None if windows.group is None else windows.group[windows.labelled],
        )
        part["curves"] = class_curves(windows.probability, label, windows.class_names)
        if windows.group is not None:
            group = windows.group[windows.labelled]
            part["intervals"] = intervals_by_capture(windows.probability, label, group)
        metrics["classification"] = part
    if ood is not None and windows.unknown_score is not None:
        metrics["unknown"] = unknown_metrics(
            ood, windows.unknown_score, windows.label, windows.is_correct
        )
    return metrics


def _capture_metrics(
    captures: list[dict[str, Any]], class_names: tuple[str, ...], fusion_weight: FusionWeight
) -> dict[str, Any]:
    """Return the part ``captures``: the decisions on whole recordings or objects.

    One of a class that the model does not know is correct when the decision is ``unknown``. It
    counts apart, and not in the accuracy.
    """
    known = [row for row in captures if row["label"] in class_names and row["decision"]]
    others = [row for row in captures if row["label"] and row["label"] not in class_names]
    is_correct = np.array([row["label"] == row["decision"] for row in known])
    classes = len(class_names)
    index = {name: i for i, name in enumerate(class_names)}  # and one more: no class
    label = np.array([index[row["label"]] for row in known], np.int64)
    decision = np.array([index.get(row["decision"], classes) for row in known], np.int64)
    return {
        "captures": len(captures),
        "labelled": len(known),
        "accuracy": float(is_correct.mean()) if len(known) else None,
        "balanced_accuracy": balanced_accuracy(decision, label) if len(known) else None,
        "accuracy_interval": share_interval(is_correct),
        "confusion": _confusion(label, decision, classes),
        "reliability": _reliability(known),
        "unknown_decided": sum(row["decision"] == UNKNOWN for row in captures),
        "unknown_labelled": len(others),
        "unknown_found": sum(row["decision"] in (UNKNOWN, EMPTY_DECISION) for row in others),
        "fusion_weight": fusion_weight.to_json(),
    }


def _confusion(label: NDArray, decision: NDArray, classes: int) -> list[list[int]]:
    """Return counts: one row per true class, one column per class and one for no class."""
    # Not scikit-learn's, as for windows: it refuses empty input, and there may be no labels.
    flat = np.bincount(label * (classes + 1) + decision, minlength=classes * (classes + 1))
    return flat.reshape(classes, classes + 1).tolist()


def _reliability(known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the bins of the decisions' probabilities; correct means that the nearest class is."""
    decided = [row for row in known if row["probability"] is not None]
    if not decided:
        return []
    probability = np.array([row["probability"] for row in decided])
    is_correct = np.array([row["label"] == row["nearest"] for row in decided])
    # As two classes: the nearest, and the rest; the probability may lie below one half.
    rest = np.zeros_like(probability)
    return reliability(np.column_stack((probability, rest)), np.where(is_correct, 0, 1))
