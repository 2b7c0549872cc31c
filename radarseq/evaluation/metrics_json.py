"""Contents of ``metrics.json`` that datasets and recordings share."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.evaluation.decisions.calibration_file import weights_sha256
from radarseq.evaluation.decisions.capture_table import EMPTY_DECISION, UNKNOWN, Windows
from radarseq.evaluation.decisions.fusion import FusionWeight
from radarseq.evaluation.decisions.ood_threshold import OodThreshold, unknown_part
from radarseq.evaluation.metrics.bootstrap import intervals_by_capture, share_interval
from radarseq.evaluation.metrics.classification import balanced_accuracy, class_curves, reliability
from radarseq.evaluation.metrics.compare_classes import compare_classes
from radarseq.evaluation.output.folder import EVALUATION_KIND
from radarseq.evaluation.request import Task
from radarseq.inference.checkpoint import versions
from radarseq.inference.model_card import model_card
from radarseq.storage.atomic import printable


def common_metrics(task: Task, data: dict[str, Any]) -> dict[str, Any]:
    """Return what every ``metrics.json`` begins with."""
    card = model_card(task.predictor, str(task.run))
    manifest = task.predictor.manifest
    return {
        "kind": EVALUATION_KIND,
        "model": card,
        "data": data,
        "provenance": {
            "task_sha256": task.digest,
            "model": {
                "run": printable(task.run),
                "weights_sha256": weights_sha256(task.predictor),
                "engine": task.predictor.engine,
                "versions": manifest.get("versions"),
                "seed": manifest.get("training", {}).get("seed"),
                "epoch": manifest.get("epoch"),
                "data_path": manifest.get("data", {}).get("path"),
                "data_digest": manifest.get("data", {}).get("digest"),
                "data_kind": manifest.get("data", {}).get("kind"),
            },
            "data": {key: data[key] for key in ("path", "digest", "split")},
            "settings": task.settings.to_json(),
            "versions": versions(),
        },
    }


def window_metrics(task: Task, windows: Windows, chosen: OodThreshold | None) -> dict[str, Any]:
    """Return the parts of the metrics that are about windows and their classes."""
    metrics: dict[str, Any] = {}
    if windows.probability is not None and len(windows.labelled):
        label = windows.labels
        part = compare_classes(
            task.name,
            windows.probability,
            label,
            windows.baselines,
            windows.beside,
            windows.snr_db,
            None if windows.group is None else windows.group[windows.labelled],
        )
        part["curves"] = class_curves(windows.probability, label, windows.class_names)
        if windows.group is not None:
            group = windows.group[windows.labelled]
            part["intervals"] = intervals_by_capture(windows.probability, label, group)
        metrics["classification"] = part
    if chosen is not None and windows.unknown_score is not None:
        metrics["unknown"] = unknown_part(
            chosen, windows.unknown_score, windows.label, windows.right
        )
    return metrics


def capture_metrics(
    captures: list[dict[str, Any]], class_names: tuple[str, ...], fusion_weight: FusionWeight
) -> dict[str, Any]:
    """Return how many captures there are, and how good the decisions are where it is known.

    A capture of a class that the model does not know is right when it is decided to be unknown;
    it counts apart, and not in the accuracy.
    """
    known = [row for row in captures if row["label"] in class_names and row["decision"]]
    foreign = [row for row in captures if row["label"] and row["label"] not in class_names]
    right = np.array([row["label"] == row["decision"] for row in known])
    places = (*class_names, UNKNOWN)
    label = np.array([class_names.index(row["label"]) for row in known], np.int64)
    decision = np.array([_place(row["decision"], places) for row in known], np.int64)
    return {
        "captures": len(captures),
        "labelled": len(known),
        "accuracy": float(right.mean()) if len(right) else None,
        "balanced_accuracy": balanced_accuracy(decision, label) if len(right) else None,
        "accuracy_interval": share_interval(right),
        "confusion": _confusion(label, decision, len(class_names)),
        "reliability": _reliability(known),
        "unknown_decided": sum(row["decision"] == UNKNOWN for row in captures),
        "unknown_labelled": len(foreign),
        "unknown_found": sum(row["decision"] in (UNKNOWN, EMPTY_DECISION) for row in foreign),
        "fusion_weight": fusion_weight.to_json(),
    }


def _place(decision: str, places: tuple[str, ...]) -> int:
    return places.index(decision) if decision in places else len(places) - 1


def _confusion(label: NDArray, decision: NDArray, classes: int) -> list[list[int]]:
    flat = np.bincount(label * (classes + 1) + decision, minlength=classes * (classes + 1))
    return flat.reshape(classes, classes + 1).tolist()


def _reliability(known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the bins of the captures' probabilities; right means that the nearest class is."""
    told = [row for row in known if row["probability"] is not None]
    if not told:
        return []
    sure = np.array([row["probability"] for row in told])
    right = np.array([row["label"] == row["nearest"] for row in told])
    # As two classes: the nearest, and the rest; ``sure`` may lie below one half.
    rest = np.zeros_like(sure)
    return reliability(np.column_stack((sure, rest)), np.where(right, 0, 1))


def quality_part(captures: list[dict[str, Any]], left_out: dict[str, int], judged: int) -> dict:
    """Return how many windows were cut, judged, and left out for which reason."""
    return {
        "windows": judged + sum(left_out.values()),
        "judged": judged,
        "left_out": left_out,
        "captures": sum(row["left_out"] > 0 for row in captures),
    }
