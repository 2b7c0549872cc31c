"""What is said of the steps of a sequence, judged by the measure of its task."""

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
    """Return the part of the metrics that judges the steps, under its name; empty without one.

    ``echo`` for a complex target, ``target`` for a real one, ``forecast``, or ``symbols``.
    """
    if "target" not in examples:
        return {}
    if prediction.symbols is not None:
        beside = {who: p.symbols for who, p in others.items() if p.symbols is not None}
        follows = network.settings.task == "next_symbol"
        part = compare_symbols(
            name, prediction.symbols, examples, training, beside, follows=follows
        )
        return {"symbols": part}
    if prediction.echo is None:
        return {}
    beside = {who: p.echo for who, p in others.items() if p.echo is not None}
    if network.settings.task == "forecast":
        horizon = network.spec.horizon
        forecast = compare_forecasts(name, prediction.echo, examples, training, beside, horizon)
        return {"forecast": forecast}
    if network.spec.standardised:
        return {"target": compare_targets(name, prediction.echo, examples, training, beside)}
    causal = network.settings.causal
    echo = compare_echoes(name, prediction.echo, examples, training, beside, causal=causal)
    return {"echo": echo}
