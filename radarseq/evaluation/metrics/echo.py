"""Metrics of predicted echoes: the models, the copy of the received samples, linear filters."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.baselines.lmmse import wiener_echo
from radarseq.baselines.names import COPY, WIENER
from radarseq.dataset.row_operations import valid_steps
from radarseq.dataset.schema import SNR, Examples
from radarseq.evaluation.metrics.classification import mean_db, relative_error
from radarseq.evaluation.metrics.comparison import MODEL, by_snr, comparison
from radarseq.report.metrics import EchoMetrics


def compare_echoes(
    name: str,
    estimate: NDArray,
    evaluated: Examples,
    training: Examples | None,
    compared: dict[str, NDArray],
    *,
    causal: bool,
) -> dict[str, Any]:
    """Return the ``echo`` part of the metrics: squared error over the echo's energy, mean, in dB.

    The copy baseline takes the received sequence for the echo. LMMSE is the best linear filter; it
    gets the true signal-to-noise ratio of each example, which the model does not. The verdict
    compares a causal model with the causal filter only; the table has both filters.

    Args:
        name: Of the model, for the verdict.
        estimate: Of the model, of the target's shape.
        evaluated: The rows, with ``target``.
        training: The rows that the filters are fitted on; None omits the filters.
        compared: Estimates of other models, by name.
        causal: Whether the model sees past steps only.
    """
    target = without_padding(evaluated["target"], evaluated)
    filters: dict[str, NDArray] = {}
    alike = evaluated.input.dtype.kind == target.dtype.kind and evaluated.input_name != "tx"
    if alike and evaluated.input.shape == target.shape:
        filters[COPY] = evaluated.input
        if training is not None and SNR in evaluated and np.iscomplexobj(target):
            for kind in (True, False) if causal else (False,):
                filters[WIENER[kind]] = wiener_echo(training, evaluated, causal=kind)
    errors = {
        method: relative_error(without_padding(values, evaluated), target)
        for method, values in ({MODEL: estimate} | compared | filters).items()
    }
    part = comparison(
        "echo",
        {method: EchoMetrics(error_db=mean_db(error)) for method, error in errors.items()},
        errors,
        [method for method in filters if not causal or method != WIENER[False]],
        {MODEL: f"{name}'s echo"} | {other: f"{other}'s echo" for other in compared},
        group=evaluated.columns.get("group"),
    )
    if SNR in evaluated:
        part["by_snr"] = by_snr(evaluated[SNR], "error_db", errors, mean_db)
    return part


def without_padding(values: NDArray, examples: Examples) -> NDArray:
    """Return sequences (n, step, ...) with zero in the steps that are padding."""
    if "length" not in examples:
        return values
    valid = valid_steps(examples["length"], values.shape[1])
    return np.where(valid.reshape(*valid.shape, *[1] * (values.ndim - 2)), values, 0)
