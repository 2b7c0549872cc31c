"""Charts of an evaluation: one function per chart, in the order of the page.

A chart is drawn where its function returns a figure; without its numbers it returns None.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from radarseq.report import curves, figures, forecasts, robustness
from radarseq.report.capture_table import UNKNOWN
from radarseq.report.tables import group_noun

Metrics = Mapping[str, Any]
_CHARTS: list[tuple[str, str, str, Callable[[Metrics], str | None]]] = []


@dataclass(frozen=True)
class Chart:
    """A figure of the page.

    Attributes:
        section: Part of the page that it belongs to.
        title: Of the figure.
        reading: How to read it, one or two sentences.
        figure: An SVG element.
    """

    section: str
    title: str
    reading: str
    figure: Markup

    @property
    def file_name(self) -> str:
        """Name of its file among the plots."""
        return self.title.lower().replace(",", "").replace(" ", "_") + ".svg"


def charts(metrics: Metrics) -> list[Chart]:
    """Return the charts that the metrics have numbers for."""
    noun = group_noun(metrics)
    drawn = ((texts, draw(metrics)) for *texts, draw in _CHARTS)
    return [
        Chart(section, title.format(noun=noun), reading.format(noun=noun), Markup(figure))
        for (section, title, reading), figure in drawn
        if figure is not None
    ]


def _chart(section: str, title: str, reading: str) -> Callable[..., Callable[[Metrics], Any]]:
    """Add a function to the charts; ``{noun}`` in a text becomes object or recording."""

    def add(draw: Callable[[Metrics], str | None]) -> Callable[[Metrics], str | None]:
        _CHARTS.append((section, title, reading, draw))
        return draw

    return add


def _part(metrics: Metrics, name: str) -> Mapping[str, Any]:
    return metrics.get(name) or {}


def _classes(metrics: Metrics) -> list[str]:
    return _part(metrics, "data").get("class_names") or []


def _name(metrics: Metrics) -> str:
    return _part(metrics, "model").get("name", "model")


@_chart(
    "windows",
    "Confusion",
    "Windows by true and decided class; percent of the true class. The diagonal is correct.",
)
def _confusion(metrics: Metrics) -> str | None:
    matrix, classes = _part(metrics, "classification").get("confusion"), _classes(metrics)
    return figures.confusion(matrix, classes) if matrix and classes else None


@_chart(
    "windows",
    "Accuracy over SNR",
    "Share of correct decisions. Where there are few windows, the curve is uncertain.",
)
def _accuracy(metrics: Metrics) -> str | None:
    bins, classes = _part(metrics, "classification").get("by_snr"), _classes(metrics)
    if not bins:
        return None
    chance = 1 / len(classes) if classes else None
    return figures.accuracy_by_snr(bins, chance=chance, model_name=_name(metrics))


@_chart(
    "windows",
    "Reliability",
    "Share of correct decisions over the model's confidence. Below the dashed line the model is "
    "overconfident.",
)
def _reliability(metrics: Metrics) -> str | None:
    bins = _part(metrics, "classification").get("reliability")
    return figures.reliability(bins) if bins else None


@_chart(
    "windows",
    "ROC",
    "Each class against the rest, over all thresholds. Top left is perfect; the dashed line is "
    "guessing.",
)
def _roc(metrics: Metrics) -> str | None:
    lines = _part(metrics, "classification").get("curves")
    return curves.roc(lines) if lines else None


@_chart(
    "windows",
    "Precision and recall",
    "Precision: share of the windows decided for a class that belong to it. Recall: share of the "
    "windows of a class that are found. AP is the average precision.",
)
def _precision(metrics: Metrics) -> str | None:
    lines = _part(metrics, "classification").get("curves")
    return curves.precision_recall(lines) if lines else None


@_chart(
    "windows",
    "Echo error over SNR",
    "Power of the predicted echo's error over the power of the echo; lower is better.",
)
def _echo(metrics: Metrics) -> str | None:
    bins = _part(metrics, "echo").get("by_snr")
    return figures.echo_by_snr(bins, model_name=_name(metrics)) if bins else None


@_chart(
    "windows",
    "Forecasts of examples",
    "The known values, the values that followed, and the forecasts of the model and of the last "
    "value.",
)
def _forecasts(metrics: Metrics) -> str | None:
    examples = _part(metrics, "forecast").get("examples")
    if not examples:
        return None
    return forecasts.forecast_examples(examples, model_name=_name(metrics))


@_chart(
    "windows",
    "Forecast error by horizon",
    "Error of each method over the number of steps ahead; lower is better.",
)
def _horizon(metrics: Metrics) -> str | None:
    forecast = _part(metrics, "forecast")
    if forecast.get("horizon", 0) <= 1:
        return None
    return forecasts.error_by_horizon(forecast, model_name=_name(metrics))


@_chart(
    "windows",
    "Symbols by method",
    "Left: loss of each method on the true symbols, lower is better. Right: share of symbols that "
    "are its first choice.",
)
def _symbols(metrics: Metrics) -> str | None:
    symbols = _part(metrics, "symbols")
    if not symbols.get("model"):
        return None
    return forecasts.symbols_by_method(symbols, model_name=_name(metrics))


@_chart(
    "captures",
    "Confusion, by {noun}",
    "All windows of each {noun} together, by true and decided class. The last column has those "
    "that were called unknown, or empty.",
)
def _group_confusion(metrics: Metrics) -> str | None:
    classes, summary = _classes(metrics), _part(metrics, "capture_summary")
    matrix = summary.get("confusion")
    if not (matrix and classes and summary.get("labelled")):
        return None
    return figures.confusion(matrix, classes, [*classes, UNKNOWN][: len(matrix[0])])


@_chart(
    "captures",
    "Reliability, by {noun}",
    "Share of correct decisions over the probability of the decision, one decision per {noun}.",
)
def _group_reliability(metrics: Metrics) -> str | None:
    bins = _part(metrics, "capture_summary").get("reliability") or []
    if not any(row.get("examples") for row in bins):
        return None
    return figures.reliability(bins, counted=f"{group_noun(metrics)}s".capitalize())


@_chart(
    "robustness",
    "Unknown scores",
    "A window is called unknown right of the threshold. Known objects should lie left of it.",
)
def _unknown(metrics: Metrics) -> str | None:
    unknown = _part(metrics, "unknown")
    if not _part(unknown, "histogram").get("edges"):
        return None
    return robustness.unknown_histogram(unknown)


@_chart(
    "robustness",
    "Accuracy under impairments",
    "The same windows with one impairment each; bars are 95 % intervals, the dashed line is the "
    "accuracy without impairment.",
)
def _stress(metrics: Metrics) -> str | None:
    stress = _part(metrics, "stress")
    if not stress.get("conditions"):
        return None
    return robustness.stress_sweep(stress, model_name=_name(metrics))


@_chart("robustness", "Skipped windows", "Windows that were not evaluated, by their issue.")
def _skipped(metrics: Metrics) -> str | None:
    quality = _part(metrics, "quality")
    reasons = quality.get("left_out") or _part(metrics, "data").get("left_out") or {}
    if not any(reasons.values()):
        return None
    return robustness.skipped_windows(reasons, quality.get("judged"))
