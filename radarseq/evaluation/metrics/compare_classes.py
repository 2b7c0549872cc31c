"""Metrics of class probabilities: the model, other models and the baselines on the same rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.evaluation.metrics.classification import class_metrics, confusion, reliability
from radarseq.evaluation.metrics.comparison import MODEL, by_snr, comparison


def compare_classes(
    name: str,
    probabilities: NDArray,
    label: NDArray,
    baselines: dict[str, NDArray],
    compared: dict[str, NDArray],
    snr_db: NDArray | None = None,
    group: NDArray | None = None,
) -> dict[str, Any]:
    """Return the ``classification`` part of the metrics.

    Args:
        name: Of the model, for the verdict.
        probabilities: Of the model ``(n, class)``.
        label: The true classes ``(n,)``.
        baselines: Probabilities of the baselines on the same rows, by name; may be empty.
        compared: Probabilities of other models, by name.
        snr_db: Signal-to-noise ratio of each row [dB], where it is known.
        group: Object or recording of each row ``(n,)``, where it is known.
    """
    label = label.astype(np.int64)
    methods = {MODEL: probabilities} | compared | baselines
    is_correct = {method: p.argmax(axis=1) == label for method, p in methods.items()}
    part = comparison(
        "classification",
        {method: class_metrics(p, label) for method, p in methods.items()},
        is_correct,
        baselines,
        {MODEL: name} | {other: other for other in compared},
        group=group,
    )
    part["confusion"] = confusion(probabilities.argmax(axis=1), label, probabilities.shape[1])
    part["reliability"] = reliability(probabilities, label)
    if snr_db is not None:
        part["by_snr"] = by_snr(snr_db, "accuracy", is_correct, lambda rows: float(rows.mean()))
    return part
