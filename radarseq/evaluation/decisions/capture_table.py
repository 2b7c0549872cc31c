"""Table of an evaluation: one row per recording or object, decided from all its windows."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.dataset.row_operations import rows_by_group
from radarseq.evaluation.output.folder import EMPTY_DECISION, UNKNOWN
from radarseq.evaluation.output.partial_results import Part


@dataclass(frozen=True, kw_only=True)
class Windows:
    """The evaluated windows: one value per window, and probabilities of the labelled ones.

    Attributes:
        class_names: Names that the labels index.
        label: The true class of each window, -1 where not known ``(n,)``; None without labels.
        decision: Its most probable class ``(n,)``; None if the model does not classify.
        group: Recording or object that it belongs to ``(n,)``; None without groups.
        group_names: Names of the recordings; empty for objects of a dataset, which have numbers.
        unknown_score: Of each window ``(n,)``; None without an out-of-distribution detector.
        is_unknown: Whether its score lies above the threshold ``(n,)``; None likewise.
        posterior: Of each group, by its index ``(class,)``; None if the model does not classify.
        labelled: Indices of the windows that class metrics are made of ``(m,)``.
        probability: Of these ``(m, class)``; None if the model does not classify.
        compared: Probabilities of these by other models ``(m, class)``, by name.
        baselines: Probabilities of these by the baselines, likewise.
        snr_db: Of these [dB] ``(m,)``, where it is known.
    """

    class_names: tuple[str, ...]
    label: NDArray | None
    decision: NDArray | None
    group: NDArray | None
    group_names: tuple[str, ...]
    unknown_score: NDArray | None
    is_unknown: NDArray | None
    posterior: dict[int, NDArray] | None
    labelled: NDArray
    probability: NDArray | None
    compared: dict[str, NDArray] = field(default_factory=dict)
    baselines: dict[str, NDArray] = field(default_factory=dict)
    snr_db: NDArray | None = None

    @property
    def is_correct(self) -> NDArray[np.bool_] | None:
        """Whether each window's most probable class is the true one; None without labels."""
        if self.label is None or self.decision is None:
            return None
        return self.label == self.decision


def capture_rows(windows: Windows, parts: dict[int, list[Part]]) -> list[dict[str, Any]]:
    """Return one row per recording or object, with the decision from all its windows.

    A file whose rows belong to several classes is a table, and gets no decision. Where most
    windows are unknown, the decision is ``unknown``.

    Args:
        windows: With ``group``, ``decision`` and ``posterior``.
        parts: The recordings of each group; empty for a dataset.
    """
    assert windows.group is not None
    rows_of = {int(group): rows for group, rows in zip(*rows_by_group(windows.group), strict=True)}
    none = np.zeros(0, np.int64)
    return [
        _row(windows, group, rows_of.get(group, none), parts.get(group, []))
        for group in sorted(rows_of.keys() | parts.keys())
    ]


def _row(windows: Windows, group: int, rows: NDArray[np.intp], parts: list[Part]) -> dict[str, Any]:
    assert windows.decision is not None
    assert windows.posterior is not None
    label, is_table = _label(windows, rows, parts)
    skipped = sum((Counter(part.skipped) for part in parts), Counter())
    window_accuracy = None
    if windows.label is not None and len(rows) and (is_table or label in windows.class_names):
        known = rows[windows.label[rows] >= 0]
        window_accuracy = float((windows.decision[known] == windows.label[known]).mean())
    row = {
        "capture": windows.group_names[group] if windows.group_names else f"object {group}",
        "windows": len(rows),
        "label": label,
        "decision": None,
        "probability": None,
        "window_accuracy": window_accuracy,
        "nearest": None,
        "unknown_windows": None,
        "unknown_score": None,
        "skipped": skipped.total(),
        "skipped_reasons": "; ".join(f"{reason} {n}" for reason, n in sorted(skipped.items())),
        "file": ", ".join(part.file for part in parts),
    }
    if not len(rows):
        return row | {"decision": EMPTY_DECISION}
    if windows.is_unknown is not None and windows.unknown_score is not None:
        row["unknown_windows"] = int(windows.is_unknown[rows].sum())
        row["unknown_score"] = float(np.median(windows.unknown_score[rows]))
    if is_table:
        return row
    if 2 * (row["unknown_windows"] or 0) > len(rows):
        # Unknown windows are no evidence of a class; the table has the class they are nearest to.
        nearest = np.bincount(windows.decision[rows]).argmax()
        return row | {"decision": UNKNOWN, "nearest": windows.class_names[nearest]}
    posterior = windows.posterior[group]
    decision = windows.class_names[int(posterior.argmax())]
    return row | {
        "decision": decision,
        "nearest": decision,
        "probability": float(posterior.max()),
    }


def _label(windows: Windows, rows: NDArray[np.intp], parts: list[Part]) -> tuple[str | None, bool]:
    """Return the true label of a group, and whether its rows belong to several classes."""
    if windows.label is not None and len(rows):
        label = windows.label[rows]
        known = np.unique(label[label >= 0])
        if len(known) > 1:
            return None, True
        if len(known) == 1:
            return (windows.class_names[known[0]] if (label >= 0).all() else None), False
    names = {part.label for part in parts}
    return (names.pop() if len(names) == 1 else None), False
