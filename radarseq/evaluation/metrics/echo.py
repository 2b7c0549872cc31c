"""Metrics of predicted echoes: the models, the copy of the received samples, linear filters."""

from typing import Any

from numpy.typing import NDArray

from radarseq.baselines.lmmse import echo_baselines
from radarseq.baselines.names import WIENER
from radarseq.dataset.row_operations import without_padding
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
    length = evaluated.columns.get("length")
    target = without_padding(evaluated["target"], length)
    baselines = echo_baselines(training, evaluated, causal=causal)
    errors = {
        method: relative_error(without_padding(values, length), target)
        for method, values in ({MODEL: estimate} | compared | baselines).items()
    }
    part = comparison(
        "echo",
        {method: EchoMetrics(error_db=mean_db(error)) for method, error in errors.items()},
        errors,
        [method for method in baselines if not causal or method != WIENER[False]],
        {MODEL: f"{name}'s echo"} | {other: f"{other}'s echo" for other in compared},
        group=evaluated.columns.get("group"),
    )
    if SNR in evaluated:
        part["by_snr"] = by_snr(evaluated[SNR], "error_db", errors, mean_db)
    return part
