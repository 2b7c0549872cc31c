"""The judged windows of an evaluation, and what they say together of each capture."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNKNOWN, EMPTY_DECISION = "unknown", "empty"


@dataclass(frozen=True, kw_only=True)
class Windows:
    """What metrics are made of: a value a window, and probabilities where they are needed.

    Attributes:
        class_names: What the labels index.
        label: The true class of each window, -1 where not known ``(n,)``; None of no labels.
        decision: Its most probable class ``(n,)``; None if the model does not classify.
        group: Which capture it belongs to ``(n,)``; None where there are no captures.
        group_names: Names of the captures; empty for objects of a dataset, which have numbers.
        unknown_score: Of each window ``(n,)``; None where nothing was fitted.
        is_unknown: Whether its score lies above the threshold ``(n,)``; None likewise.
        posterior: Of each group, by its index ``(class,)``; None if the model does not classify.
        labelled: Indices of the windows that metrics are made of ``(m,)``.
        probability: Of these ``(m, class)``; None if the model does not classify.
        beside: Other models' probabilities of these ``(m, class)``, by name.
        baselines: Likewise of the baselines.
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
    beside: dict[str, NDArray] = field(default_factory=dict)
    baselines: dict[str, NDArray] = field(default_factory=dict)
    snr_db: NDArray | None = None

    @property
    def labels(self) -> NDArray[np.int64]:
        """The true classes of the labelled windows ``(m,)``."""
        assert self.label is not None
        return self.label[self.labelled].astype(np.int64)

    @property
    def right(self) -> NDArray[np.bool_] | None:
        """Whether each window's most probable class is the true one; None of no labels."""
        if self.label is None or self.decision is None:
            return None
        return self.label == self.decision


@dataclass(frozen=True)
class Source:
    """What a recording adds to the row of its group.

    Attributes:
        file: Its path, printable; empty for a dataset.
        label: What its name says, whether or not the model knows it.
        left_out: Windows not fit to be judged, by reason.
    """

    file: str = ""
    label: str | None = None
    left_out: dict[str, int] = field(default_factory=dict)


def capture_rows(windows: Windows, sources: dict[int, list[Source]]) -> list[dict[str, Any]]:
    """Return one row for each capture: what all its windows together say.

    A file whose rows belong to several classes is a table, not a capture: it has no decision. A
    capture most of whose windows are unknown is decided to be unknown.

    Args:
        windows: With ``group``, ``decision`` and ``posterior``.
        sources: The recordings of each group; none for a dataset.
    """
    assert windows.group is not None
    assert windows.posterior is not None
    order = np.argsort(windows.group, kind="stable")
    present, starts = np.unique(windows.group[order], return_index=True)
    rows_of = dict(zip(present.tolist(), np.split(order, starts[1:]), strict=True))
    groups = sorted(set(rows_of) | set(sources))
    none = np.zeros(0, np.int64)
    return [
        _row(windows, group, rows_of.get(group, none), sources.get(group, [])) for group in groups
    ]


def _row(
    windows: Windows, group: int, rows: NDArray[np.int64], sources: list[Source]
) -> dict[str, Any]:
    label, is_table = _label(windows, rows, sources)
    left_out: dict[str, int] = {}
    for source in sources:
        for reason, count in source.left_out.items():
            left_out[reason] = left_out.get(reason, 0) + count
    row = {
        "capture": windows.group_names[group] if windows.group_names else f"object {group}",
        "windows": len(rows),
        "label": label,
        "decision": None,
        "probability": None,
        "window_accuracy": _window_accuracy(windows, rows, label, is_table=is_table),
        "nearest": None,
        "unknown_windows": None,
        "unknown_score": None,
        "left_out": sum(left_out.values()),
        "left_out_reasons": "; ".join(f"{why} {left_out[why]}" for why in sorted(left_out)),
        "file": ", ".join(source.file for source in sources),
    }
    if not len(rows):
        return row | {"decision": EMPTY_DECISION}
    if windows.is_unknown is not None and windows.unknown_score is not None:
        row["unknown_windows"] = int(windows.is_unknown[rows].sum())
        row["unknown_score"] = float(np.median(windows.unknown_score[rows]))
    if is_table:
        return row
    if 2 * (row["unknown_windows"] or 0) > len(rows):
        # Windows that are unknown say nothing of the class; which one they come nearest is told.
        assert windows.decision is not None
        nearest = np.bincount(windows.decision[rows]).argmax()
        return row | {"decision": UNKNOWN, "nearest": windows.class_names[nearest]}
    assert windows.posterior is not None
    posterior = windows.posterior[group]
    decision = windows.class_names[int(posterior.argmax())]
    return row | {
        "decision": decision,
        "nearest": decision,
        "probability": float(posterior.max()),
    }


def _label(
    windows: Windows, rows: NDArray[np.int64], sources: list[Source]
) -> tuple[str | None, bool]:
    """Return a capture's true label, and whether its rows belong to several classes."""
    named = {source.label for source in sources}
    if windows.label is None or not len(rows):
        return (named.pop() if len(named) == 1 else None), False
    label = windows.label[rows]
    known = np.unique(label[label >= 0])
    if len(known) > 1:
        return None, True
    if len(known) == 1:
        return (windows.class_names[known[0]] if (label >= 0).all() else None), False
    return (named.pop() if len(named) == 1 else None), False


def _window_accuracy(
    windows: Windows, rows: NDArray[np.int64], label: str | None, *, is_table: bool
) -> float | None:
    if windows.label is None or windows.decision is None or not len(rows):
        return None
    if not is_table and label not in windows.class_names:
        return None
    known = rows[windows.label[rows] >= 0]
    return float((windows.decision[known] == windows.label[known]).mean())
