"""Selects the metrics of a predicted sequence by the task of its model."""

from typing import Any

from radarseq.dataset.schema import Examples
from radarseq.evaluation.metrics.echo import compare_echoes
from radarseq.evaluation.metrics.forecasts import compare_forecasts, compare_targets
from radarseq.evaluation.metrics.symbols import compare_symbols
from radarseq.inference.predictor import Prediction
from radarseq.models.ensemble import Trained


def sequence_part(
    name: str,
    network: Trained,
    prediction: Prediction,
    examples: Examples,
    training: Examples | None,
    others: dict[str, Prediction],
) -> dict[str, Any]:
    """Return the part of the metrics that is about the steps, under its name; empty without one.

    ``echo`` for a complex target, ``target`` for a real one, ``forecast``, or ``symbols``.
    """
    settings, spec = network.settings, network.spec
    if "target" not in examples:
        return {}
    rows = (examples, training)
    if prediction.symbols is not None:
        compared = {other: p.symbols for other, p in others.items() if p.symbols is not None}
        follows = settings.task == "next_symbol"
        part = compare_symbols(name, prediction.symbols, *rows, compared, follows=follows)
        return {"symbols": part}
    if prediction.echo is None:
        return {}
    compared = {other: p.echo for other, p in others.items() if p.echo is not None}
    if settings.task == "forecast":
        part = compare_forecasts(name, prediction.echo, *rows, compared, spec.horizon)
        return {"forecast": part}
    if spec.standardised:
        return {"target": compare_targets(name, prediction.echo, *rows, compared)}
    echo = compare_echoes(name, prediction.echo, *rows, compared, causal=settings.causal)
    return {"echo": echo}
