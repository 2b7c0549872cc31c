"""Charts of an evaluation, in the order of the page: one entry of ``CHARTS`` for each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from radarseq.report.capture_table import UNKNOWN
from radarseq.report.figures import classification, curves, forecasts, robustness
from radarseq.report.tables import group_noun

Metrics = Mapping[str, Any]


@dataclass(frozen=True)
class ChartType:
    """A chart that the page has where the metrics have numbers for it.

    Attributes:
        section: Part of the page that it belongs to.
        title: Of the figure; ``{noun}`` becomes object or recording.
        reading: How to read it, one or two sentences.
        numbers: Part and key of the metrics that it draws; without them, there is no chart.
        draw: Returns the SVG of the numbers and the page's names; None for numbers without chart.
    """

    section: str
    title: str
    reading: str
    numbers: tuple[str, str]
    draw: Callable[..., str | None]


@dataclass(frozen=True)
class Chart:
    """A figure of the page: an SVG element, with its section, title and how to read it."""

    section: str
    title: str
    reading: str
    figure: Markup

    @property
    def file_name(self) -> str:
        """Name of its file among the plots."""
        return self.title.lower().replace(",", "").replace(" ", "_") + ".svg"


@dataclass(frozen=True)
class Evaluation:
    """Everything that a chart may need besides its own numbers."""

    metrics: Metrics
    model: str
    classes: list[str]
    noun: str


def charts(metrics: Metrics) -> list[Chart]:
    """Return the charts that the metrics have numbers for."""
    evaluation = Evaluation(
        metrics,
        (metrics.get("model") or {}).get("name", "model"),
        (metrics.get("data") or {}).get("class_names") or [],
        group_noun(metrics),
    )
    found = []
    for kind in CHARTS:
        part, key = kind.numbers
        numbers = (metrics.get(part) or {}).get(key)
        if numbers and (figure := kind.draw(numbers, evaluation)) is not None:
            title, reading = (
                text.format(noun=evaluation.noun) for text in (kind.title, kind.reading)
            )
            found.append(Chart(kind.section, title, reading, Markup(figure)))
    return found


def _group_confusion(matrix: list[list[int]], page: Evaluation) -> str | None:
    if not (page.classes and page.metrics["capture_summary"].get("labelled")):
        return None
    decisions = [*page.classes, UNKNOWN][: len(matrix[0])]
    return classification.confusion(matrix, page.classes, decisions)


def _group_reliability(bins: list[dict[str, Any]], page: Evaluation) -> str | None:
    if not any(row.get("examples") for row in bins):
        return None
    return classification.reliability(bins, counted=f"{page.noun.capitalize()}s")


CHARTS = (
    ChartType(
        "windows",
        "Confusion",
        "Windows by true and decided class; percent of the true class. The diagonal is correct.",
        ("classification", "confusion"),
        lambda matrix, page: (
            classification.confusion(matrix, page.classes) if page.classes else None
        ),
    ),
    ChartType(
        "windows",
        "Accuracy over SNR",
        "Share of correct decisions. Where there are few windows, the curve is uncertain.",
        ("classification", "by_snr"),
        lambda bins, page: classification.accuracy_by_snr(
            bins,
            chance=1 / len(page.classes) if page.classes else None,
        ),
    ),
    ChartType(
        "windows",
        "Reliability",
        "Share of correct decisions over the model's confidence. Below the dashed line the model "
        "is overconfident.",
        ("classification", "reliability"),
        lambda bins, _: classification.reliability(bins),
    ),
    ChartType(
        "windows",
        "ROC",
        "Each class against the rest, over all thresholds. Top left is perfect; the dashed line "
        "is guessing.",
        ("classification", "curves"),
        lambda lines, _: curves.roc(lines),
    ),
    ChartType(
        "windows",
        "Precision and recall",
        "Precision: share of the windows decided for a class that belong to it. Recall: share of "
        "the windows of a class that are found. AP is the average precision.",
        ("classification", "curves"),
        lambda lines, _: curves.precision_recall(lines),
    ),
    ChartType(
        "windows",
        "Echo error over SNR",
        "Power of the predicted echo's error over the power of the echo; lower is better.",
        ("echo", "by_snr"),
        lambda bins, page: classification.echo_by_snr(bins, model_name=page.model),
    ),
    ChartType(
        "windows",
        "Forecasts of examples",
        "The known values, the values that followed, and the forecasts of the model and of the "
        "last value.",
        ("forecast", "examples"),
        lambda examples, page: forecasts.forecast_examples(examples, model_name=page.model),
    ),
    ChartType(
        "windows",
        "Forecast error by horizon",
        "Error of each method over the number of steps ahead; lower is better.",
        ("forecast", "horizon"),
        lambda horizon, page: (
            forecasts.error_by_horizon(page.metrics["forecast"], model_name=page.model)
            if horizon > 1
            else None
        ),
    ),
    ChartType(
        "windows",
        "Symbols by method",
        "Left: loss of each method on the true symbols, lower is better. Right: share of symbols "
        "that are its first choice.",
        ("symbols", "model"),
        lambda _, page: forecasts.symbols_by_method(page.metrics["symbols"], model_name=page.model),
    ),
    ChartType(
        "captures",
        "Confusion, by {noun}",
        "All windows of each {noun} together, by true and decided class. The last column has "
        "those that were called unknown, or empty.",
        ("capture_summary", "confusion"),
        _group_confusion,
    ),
    ChartType(
        "captures",
        "Reliability, by {noun}",
        "Share of correct decisions over the probability of the decision, one per {noun}.",
        ("capture_summary", "reliability"),
        _group_reliability,
    ),
    ChartType(
        "robustness",
        "Unknown scores",
        "A window is called unknown right of the threshold. Known objects should lie left of it.",
        ("unknown", "histogram"),
        lambda histogram, page: (
            robustness.unknown_histogram(page.metrics["unknown"])
            if histogram.get("edges")
            else None
        ),
    ),
    ChartType(
        "robustness",
        "Accuracy under impairments",
        "The same windows with one impairment each; bars are 95 % intervals, the dashed line is "
        "the accuracy without impairment.",
        ("stress", "conditions"),
        lambda _, page: robustness.stress_sweep(page.metrics["stress"], model_name=page.model),
    ),
    ChartType(
        "robustness",
        "Skipped windows",
        "Windows that were not evaluated, by their issue.",
        ("quality", "skipped"),
        lambda reasons, page: (
            robustness.skipped_windows(reasons, page.metrics["quality"].get("evaluated"))
            if any(reasons.values())
            else None
        ),
    ),
)
