"""The page of an evaluation: metrics in, one HTML file that opens offline out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from radarseq.report import tables, text
from radarseq.report.capture_table import capture_table
from radarseq.report.capture_views import CaptureView, views_json
from radarseq.report.card import model_card
from radarseq.report.charts import charts
from radarseq.report.figures import classification
from radarseq.report.figures.pictures import Pictures, example_pairs
from radarseq.report.headline import tiles, verdicts
from radarseq.storage.atomic import write_atomically

REPORT_NAME = "report.html"
PLOTS_NAME = "plots"
_XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_STYLE, _SCRIPTS = "page.css", ("table.js", "waterfall.js", "start.js")
_SECTIONS = ("windows", "captures", "robustness")  # with charts
_MODEL: dict[str, Any] = {"name": "model", "limits": [], "intended_use": []}
_DATA: dict[str, Any] = {"path": "", "split": "", "examples": None, "warnings": []}
_STEP_NAMES = {"slow_time": "Pulse", "fast_time": "Sample"}


@dataclass(frozen=True)
class ReportContent:
    """Content of the page besides the metrics.

    Attributes:
        pictures: Examples, or None.
        epochs: Rows of the ``metrics.csv`` of the model's run; empty where there are none.
        views: One per object or recording, in the order of ``summary.csv``; None for one without
            samples.
    """

    pictures: Pictures | None = None
    epochs: Sequence[Mapping[str, Any]] = ()
    views: Sequence[CaptureView | None] = field(default_factory=tuple)


def write_report(
    folder: Path, metrics: Mapping[str, Any], content: ReportContent | None = None
) -> Path:
    """Write ``report.html``, and its figures into ``plots``; arguments as of ``render``.

    Returns:
        The path of the page.

    Raises:
        OSError: If the folder cannot be written.
    """
    page, plots = _draw(metrics, content or ReportContent())
    (folder / PLOTS_NAME).mkdir(parents=True, exist_ok=True)
    files = {f"{PLOTS_NAME}/{name}": _XML_HEAD + svg for name, svg in plots.items()}
    for name, content_text in (files | {REPORT_NAME: page}).items():
        # The name of a recording may hold bytes that are not text; "?" stands for them.
        write_atomically(folder / name, content_text.encode("utf-8", errors="replace"))
    return folder / REPORT_NAME


def render(metrics: Mapping[str, Any], content: ReportContent | None = None) -> str:
    """Return the report as one HTML page that loads nothing from outside.

    The same arguments give the same page. The page omits what the metrics lack.

    Args:
        metrics: The content of ``metrics.json``; ``captures`` and ``failures`` as rows.
        content: Examples, training history and views to draw.
    """
    return _draw(metrics, content or ReportContent())[0]


def _draw(metrics: Mapping[str, Any], content: ReportContent) -> tuple[str, dict[str, Markup]]:
    """Return the page, and its figures by file name."""
    model = _MODEL | (metrics.get("model") or {})
    data = _DATA | (metrics.get("data") or {})
    class_names = data.get("class_names") or []
    step_name = _STEP_NAMES.get(model.get("sample_axis", ""), "Step")
    pairs = []
    if content.pictures is not None:
        pairs = [Markup(pair) for pair in example_pairs(content.pictures, step_name=step_name)]
    drawn = charts(metrics)
    titles, rows = tables.main_table(metrics)
    captures, failures = (tables.rows_of(metrics, part) for part in ("captures", "failures"))
    listed = captures[: tables.MAX_ROWS]
    views = content.views[: len(listed)]
    has_views = any(view is not None for view in views)
    page = _template().render(
        model=model,
        data=data,
        noun=tables.group_noun(metrics),
        score_name=(metrics.get("unknown") or {}).get("score"),
        scores=tables.ood_scores(metrics),
        verdicts=verdicts(metrics),
        tiles=tiles(metrics),
        columns=titles,
        rows=rows,
        pairs=pairs,
        charts={name: [c for c in drawn if c.section == name] for name in _SECTIONS},
        captures=capture_table(listed, class_names),
        captures_in_all=len(captures),
        views=Markup(views_json(views, class_names, step_name)) if has_views else None,
        failures=failures[: tables.MAX_ROWS],
        failures_in_all=len(failures),
        training=Markup(classification.training_curves(content.epochs)) if content.epochs else None,
        card=model_card(metrics),
        style=_file(_STYLE),
        scripts=Markup("\n").join(_file(name) for name in _SCRIPTS),
    )
    plots = {chart.file_name: chart.figure for chart in drawn}
    return page, plots | {f"example_{i + 1}.svg": pair for i, pair in enumerate(pairs)}


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"percent": text.percent, "fixed": text.fixed, "count": text.count}
    return environment.from_string(_file("page.html"))


@lru_cache(maxsize=8)
def _file(name: str) -> Markup:
    """Return a file of this folder; it belongs to the page, so nothing in it is escaped."""
    return Markup(Path(__file__).with_name(name).read_text(encoding="utf-8"))
