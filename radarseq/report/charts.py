"""Which charts an evaluation has numbers for, each with how to read it, in the page's order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from radarseq.report import curves, figures, forecasts, robustness
from radarseq.report.decisions import UNKNOWN


@dataclass(frozen=True)
class Chart:
    """A figure of the page.

    Attributes:
        title: What it shows.
        reading: How to read it, a sentence or two.
        drawn: The figure, an SVG element.
        section: The part of the page where it stands.
    """

    title: str
    reading: str
    drawn: Markup
    section: str

    @property
    def file_name(self) -> str:
        """Name of its file among the plots."""
        return self.title.lower().replace(",", "").replace(" ", "_") + ".svg"


def charts(metrics: Mapping[str, Any]) -> list[Chart]:
    """Return the charts that the metrics have numbers for."""
    found = [*_decisions(metrics), *_foreseen(metrics), *_captures(metrics), *_robust(metrics)]
    return [Chart(title, reading, Markup(drawn), part) for part, title, reading, drawn in found]


def _decisions(metrics: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    classes, name = _classes(metrics), _name(metrics)
    decisions, echo = metrics.get("classification") or {}, metrics.get("echo") or {}
    found = []
    if (matrix := decisions.get("confusion")) and classes:
        found.append((*_CONFUSION, figures.confusion(matrix, classes)))
    if bins := decisions.get("by_snr"):
        chance = 1 / len(classes) if classes else None
        drawn = figures.accuracy_by_snr(bins, chance=chance, model_name=name)
        found.append((*_ACCURACY, drawn))
    if bins := decisions.get("reliability"):
        found.append((*_RELIABILITY, figures.reliability(bins)))
    if lines := decisions.get("curves"):
        found.append((*_ROC, curves.roc(lines)))
        found.append((*_PRECISION, curves.precision_recall(lines)))
    if bins := echo.get("by_snr"):
        found.append((*_ECHO, figures.echo_by_snr(bins, model_name=name)))
    return found


def _foreseen(metrics: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    forecast, symbols = metrics.get("forecast") or {}, metrics.get("symbols") or {}
    name, found = _name(metrics), []
    if examples := forecast.get("examples"):
        drawn = forecasts.forecast_examples(examples, model_name=name)
        found.append((*_FORECASTS, drawn))
    if forecast.get("horizon", 0) > 1:
        found.append((*_HORIZON, forecasts.error_by_horizon(forecast, model_name=name)))
    if symbols.get("model"):
        found.append((*_SYMBOLS, forecasts.symbols_by_method(symbols, model_name=name)))
    return found


def _captures(metrics: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    classes, summary = _classes(metrics), metrics.get("capture_summary") or {}
    found = []
    if (matrix := summary.get("confusion")) and classes and summary.get("labelled"):
        names = [*classes, UNKNOWN][: len(matrix[0])]
        found.append((*_CAPTURE_CONFUSION, figures.confusion(matrix, classes, names)))
    if (bins := summary.get("reliability")) and any(one.get("examples") for one in bins):
        found.append((*_CAPTURE_RELIABILITY, figures.reliability(bins, counted="Captures")))
    return found


def _robust(metrics: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    unknown, stress = metrics.get("unknown") or {}, metrics.get("stress") or {}
    quality = metrics.get("quality") or {}
    reasons = quality.get("left_out") or (metrics.get("data") or {}).get("left_out") or {}
    found = []
    if (unknown.get("histogram") or {}).get("edges"):
        found.append((*_UNKNOWN, robustness.unknown_histogram(unknown)))
    if stress.get("conditions"):
        drawn = robustness.stress_sweep(stress, model_name=_name(metrics))
        found.append((*_STRESS, drawn))
    if any(reasons.values()):
        found.append((*_QUALITY, robustness.left_out(reasons, quality.get("judged"))))
    return found


def _classes(metrics: Mapping[str, Any]) -> list[str]:
    return (metrics.get("data") or {}).get("class_names") or []


def _name(metrics: Mapping[str, Any]) -> str:
    return (metrics.get("model") or {}).get("name", "model")


_CONFUSION = (
    "windows",
    "Confusion",
    "Examples by true and decided class; percent of the true class. The diagonal is right.",
)
_ACCURACY = (
    "windows",
    "Accuracy over SNR",
    "Share of right decisions. Where few examples lie, the curve is uncertain.",
)
_RELIABILITY = (
    "windows",
    "Reliability",
    "How often the model is right when it is this sure. Below the dashed line it is too sure.",
)
_ROC = (
    "windows",
    "ROC",
    "Each class against the rest, over all thresholds. Top left is perfect; the dashed line is "
    "guessing.",
)
_PRECISION = (
    "windows",
    "Precision and recall",
    "Of the windows called a class, how many are it; of those that are it, how many are found. "
    "AP is the average precision.",
)
_ECHO = (
    "windows",
    "Echo error over SNR",
    "Power of what the predicted echo gets wrong against that of the echo; lower is better.",
)
_FORECASTS = (
    "windows",
    "Forecasts of examples",
    "What was known, what came after it, and what the model and the last value said of it.",
)
_HORIZON = (
    "windows",
    "Forecast error by horizon",
    "How far ahead a forecast is worth more than a simpler one; lower is better.",
)
_SYMBOLS = (
    "windows",
    "Symbols by method",
    "Left: how surprised a method is by the symbol that is there, lower is better. Right: how "
    "often its first choice is right.",
)
_CAPTURE_CONFUSION = (
    "captures",
    "Confusion, by capture",
    "Captures by true and decided class, all windows of each together. The last column has those "
    "that were called unknown, or empty.",
)
_CAPTURE_RELIABILITY = (
    "captures",
    "Reliability, by capture",
    "How often a capture's decision is right when it is this sure.",
)
_UNKNOWN = (
    "robustness",
    "Unknown scores",
    "Right of the threshold a window is called unknown. Known objects should lie left of it.",
)
_STRESS = (
    "robustness",
    "Accuracy under corruption",
    "The same windows, damaged in one way each; bars are 95 % intervals, the dashed line is the "
    "accuracy without damage.",
)
_QUALITY = (
    "robustness",
    "Quality faults",
    "Windows that were not judged because of what is wrong with the recording.",
)
