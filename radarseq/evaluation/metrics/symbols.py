"""Metrics of predicted symbols: the models and the symbol baselines on the same rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.baselines.symbols import padded_symbols, symbol_baselines
from radarseq.dataset.schema import Examples
from radarseq.evaluation.metrics.comparison import MODEL, comparison
from radarseq.report.metrics import SymbolMetrics


def compare_symbols(
    name: str,
    probability: NDArray,
    evaluated: Examples,
    training: Examples | None,
    compared: dict[str, NDArray],
    *,
    follows: bool,
) -> dict[str, Any]:
    """Return the ``symbols`` part of the metrics: accuracy and nats, over all valid steps.

    ``nats_per_step`` sums the voices of a step: of keys that are down or not, the nats per frame.

    Args:
        name: Of the model, for the verdict.
        probability: Of each symbol ``(n, step, voice, symbol)``.
        evaluated: The rows, with the true symbols as ``target``.
        training: The rows that baselines are fitted on.
        compared: Probabilities of other models, by name.
        follows: Whether the target is the next symbol of the input.
    """
    symbols = probability.shape[3]
    target, valid = padded_symbols(evaluated, "target")
    baselines = symbol_baselines(training, evaluated, symbols, follows=follows)
    is_known = valid[..., None] & (target >= 0)
    index = np.maximum(target, 0)[..., None]
    metrics, per_row = {}, {}
    counts = is_known.reshape(len(is_known), -1).sum(axis=1)
    for method, p in ({MODEL: probability} | compared | baselines).items():
        of_target = np.take_along_axis(p, index, axis=3)[..., 0]
        nats = -np.log(np.maximum(of_target, 1e-12))
        metrics[method] = SymbolMetrics(
            accuracy=float((p.argmax(axis=3) == target)[is_known].mean()),
            nats=float(nats[is_known].mean()),
            nats_per_step=float(nats[is_known].sum() / max(1, is_known.any(axis=2).sum())),
        )
        per_row[method] = (nats * is_known).reshape(len(nats), -1).sum(axis=1) / np.maximum(
            counts, 1
        )
    part = comparison(
        "symbols",
        metrics,
        per_row,
        baselines,
        {MODEL: name} | {other: other for other in compared},
        group=evaluated.columns.get("group"),
        # The means of the verdict are those of the table.
        weight=counts if counts.any() else None,
    )
    return part | {"symbols": symbols}
