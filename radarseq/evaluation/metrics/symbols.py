"""Metrics of predicted symbols beside the symbol baselines."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.baselines.symbols import MarkovBaseline, Persistence
from radarseq.dataset.schema import Examples
from radarseq.evaluation.metrics.forecasts import _gain_in_words


def compare_symbols(
    name: str,
    probability: NDArray,
    judged: Examples,
    training: Examples | None,
    beside: dict[str, NDArray],
    *,
    follows: bool,
) -> dict[str, Any]:
    """Return the symbol part of the metrics: accuracy and nats a symbol, over all valid steps.

    ``nats_per_step`` sums the voices of a step: of keys that are down or not, the nats a frame.

    Args:
        name: Of the model, for the verdict.
        probability: Of each symbol ``(n, step, voice, symbol)``.
        judged: The rows, with the symbols to name as ``target``.
        training: The rows that baselines are fitted on.
        beside: Probabilities of other models, by name.
        follows: Whether the symbol to name is the input's next one.
    """
    target, valid = _symbols(judged, "target")
    symbols = probability.shape[3]
    said = {"model": probability} | beside
    baselines: list[str] = []
    if training is not None and len(training):
        wanted, counted = _symbols(training, "target")
        if follows:
            past, ahead = _symbols(training, "x")[0], _symbols(judged, "x")[0]
            held = Persistence(past, wanted, counted, symbols)
            found = {
                "persistence": held(ahead),
                "counts": MarkovBaseline(past, wanted, counted, symbols, held.lag)(ahead),
            }
        else:
            share = (
                np.bincount(
                    wanted[counted].ravel()[wanted[counted].ravel() >= 0], minlength=symbols
                )
                + 1e-6
            )
            found = {"most frequent": np.broadcast_to(share / share.sum(), probability.shape)}
        said |= found
        baselines = list(found)
    known = valid[..., None] & (target >= 0)
    index = np.maximum(target, 0)[..., None]
    nats = {
        who: -np.log(np.maximum(np.take_along_axis(p, index, axis=3)[..., 0], 1e-12))
        for who, p in said.items()
    }
    metrics = {
        who: {
            "accuracy": float((p.argmax(axis=3) == target)[known].mean()),
            "nats": float(nats[who][known].mean()),
            "nats_per_step": float(nats[who][known].sum() / max(1, known.any(axis=2).sum())),
        }
        for who, p in said.items()
    }
    per_row = {who: _row_means(values, known) for who, values in nats.items()}
    fair = {who: per_row[who] for who in baselines}
    return {
        "model": metrics.pop("model"),
        "baselines": metrics,
        "symbols": symbols,
        "verdict": " ".join(
            _gain_in_words(who, per_row[key], fair, "nats a symbol")
            for who, key in [(name, "model"), *((other, other) for other in beside)]
        ),
    }


def _symbols(examples: Examples, column: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return symbols (n, step, voice), and which steps are no padding."""
    values = examples[column]
    by_step = values.reshape(len(values), values.shape[1], -1)
    valid = np.ones(by_step.shape[:2], bool)
    if "length" in examples:
        valid = np.arange(by_step.shape[1]) < examples["length"][:, None]
        by_step = np.where(valid[..., None], by_step, 0)
    return by_step.astype(np.int64), valid


def _row_means(values: NDArray, known: NDArray[np.bool_]) -> NDArray[np.float64]:
    flat, counted = values.reshape(len(values), -1), known.reshape(len(known), -1)
    return (flat * counted).sum(axis=1) / np.maximum(counted.sum(axis=1), 1)
