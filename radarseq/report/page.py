"""The report as one HTML page: metrics in, a file that opens anywhere out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from radarseq.report import figures, tables
from radarseq.report.capture_views import CaptureView, views_json
from radarseq.report.card import model_card
from radarseq.report.charts import Chart, charts
from radarseq.report.decisions import decision_table
from radarseq.report.headline import tiles, verdicts
from radarseq.report.pictures import Pictures, example_pairs
from radarseq.storage.atomic import write_atomically

REPORT_NAME = "report.html"
PLOTS_NAME = "plots"
_XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_STYLE, _SCRIPTS = "page.css", ("table.js", "waterfall.js", "start.js")
_MODEL: dict[str, Any] = {"name": "model", "limits": [], "intended_use": []}
_DATA: dict[str, Any] = {"path": "", "split": "", "examples": None, "warnings": []}
_STEP_NAMES = {"slow_time": "Pulse", "fast_time": "Sample"}


@dataclass(frozen=True)
class ReportContent:
    """What the page shows besides numbers.

    Attributes:
        pictures: Examples, or None.
        epochs: Rows of the ``metrics.csv`` of the model's run; empty where there are none.
        views: One a capture, in the order of the captures; None where it has no samples to show.
    """

    pictures: Pictures | None = None
    epochs: Sequence[Mapping[str, Any]] = ()
    views: Sequence[CaptureView | None] = field(default_factory=tuple)


def write_report(
    folder: Path, metrics: Mapping[str, Any], shown: ReportContent | None = None
) -> Path:
    """Write ``report.html``, and its figures into ``plots``; arguments as of ``render``.

    Returns:
        The path of the page.

    Raises:
        OSError: If the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shown = shown or ReportContent()
    pairs, drawn = _pairs(metrics, shown.pictures), charts(metrics)
    named = {chart.file_name: chart.drawn for chart in drawn}
    named |= {f"example_{i + 1}.svg": pair for i, pair in enumerate(pairs)}
    (folder / PLOTS_NAME).mkdir(exist_ok=True)
    for name, svg in named.items():
        _write(folder / PLOTS_NAME / name, _XML_HEAD + svg)
    _write(folder / REPORT_NAME, _page(metrics, shown, pairs, drawn))
    return folder / REPORT_NAME


def _write(path: Path, text: str) -> None:
    # The name of a capture may hold bytes that are no text; a page of "?" beats no page.
    write_atomically(path, text.encode("utf-8", errors="replace"))


def render(metrics: Mapping[str, Any], shown: ReportContent | None = None) -> str:
    """Return the report as one HTML page that loads nothing from outside.

    The same arguments give the same page. What the metrics lack, the page leaves out.

    Args:
        metrics: The content of ``metrics.json``; ``captures`` and ``failures`` as rows.
        shown: Examples, training history and captures to draw.
    """
    shown = shown or ReportContent()
    return _page(metrics, shown, _pairs(metrics, shown.pictures), charts(metrics))


def _page(
    metrics: Mapping[str, Any], shown: ReportContent, pairs: list[Markup], drawn: list[Chart]
) -> str:
    columns, rows = tables.main_table(metrics)
    captures, failures = (tables.rows_of(metrics, part) for part in ("captures", "failures"))
    data = _DATA | (metrics.get("data") or {})
    shown_captures = captures[: tables.MAX_ROWS]
    return _template().render(
        model=_MODEL | (metrics.get("model") or {}),
        data=data,
        score_name=(metrics.get("unknown") or {}).get("score"),
        scores=tables.unknown_scores(metrics),
        verdicts=verdicts(metrics),
        tiles=tiles(metrics),
        columns=columns,
        rows=rows,
        pairs=pairs,
        charts={part: [c for c in drawn if c.section == part] for part in _PARTS},
        captures=decision_table(shown_captures, data.get("class_names") or []),
        captures_in_all=len(captures),
        views=_views(metrics, shown.views[: len(shown_captures)]),
        failures=failures[: tables.MAX_ROWS],
        failures_in_all=len(failures),
        training=Markup(figures.training_curves(shown.epochs)) if shown.epochs else None,
        card=model_card(metrics),
        style=_text_of(_STYLE),
        scripts=Markup("\n").join(_text_of(name) for name in _SCRIPTS),
    )


_PARTS = ("windows", "captures", "robustness")


def _views(metrics: Mapping[str, Any], views: Sequence[CaptureView | None]) -> Markup | None:
    if not any(view is not None for view in views):
        return None
    names = (metrics.get("data") or {}).get("class_names") or []
    return Markup(views_json(views, names, _step_name(metrics)))


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "percent": tables.percent,
        "fixed": tables.fixed,
        "count": tables.count,
    }
    return environment.from_string(_text_of("page.html"))


@lru_cache(maxsize=8)
def _text_of(name: str) -> Markup:
    """Return a file beside this one; it is ours, so nothing in it is escaped."""
    return Markup(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def _pairs(metrics: Mapping[str, Any], pictures: Pictures | None) -> list[Markup]:
    if pictures is None:
        return []
    return [Markup(pair) for pair in example_pairs(pictures, step_name=_step_name(metrics))]


def _step_name(metrics: Mapping[str, Any]) -> str:
    return _STEP_NAMES.get((metrics.get("model") or {}).get("sample_axis", ""), "Step")
