"""The report as one HTML page: metrics in, a file that opens anywhere out."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from radarseq.files import write_atomically
from radarseq.report import figures, tables
from radarseq.report.pictures import Pictures, example_pairs

REPORT_NAME = "report.html"
PLOTS_NAME = "plots"
_XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_MODEL: dict[str, Any] = {"name": "model", "limits": []}
_DATA: dict[str, Any] = {"path": "", "split": "", "examples": None, "warnings": []}
_CAPTURE = dict.fromkeys(
    ("windows", "left_out", "label", "decision", "probability", "window_accuracy")
)
_STEP_NAMES = {"slow_time": "Pulse", "fast_time": "Sample"}


def write_report(
    folder: Path,
    metrics: dict[str, Any],
    pictures: Pictures | None,
    epochs: list[dict[str, Any]] | None,
) -> Path:
    """Write ``report.html``, and its figures into ``plots``; arguments as of ``render``.

    Returns:
        The path of the page.

    Raises:
        OSError: If the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pairs, charts = _pairs(metrics, pictures), _charts(metrics)
    named = {title.lower().replace(" ", "_"): drawn for title, _, drawn in charts}
    named |= {f"example_{i + 1}": drawn for i, drawn in enumerate(pairs)}
    (folder / PLOTS_NAME).mkdir(exist_ok=True)
    for name, drawn in named.items():
        _write(folder / PLOTS_NAME / f"{name}.svg", _XML_HEAD + drawn)
    _write(folder / REPORT_NAME, _page(metrics, pairs, charts, epochs))
    return folder / REPORT_NAME


def _write(path: Path, text: str) -> None:
    # The name of a capture may hold bytes that are no text; a page of "?" beats no page.
    write_atomically(path, text.encode("utf-8", errors="replace"))


def render(
    metrics: dict[str, Any], pictures: Pictures | None, epochs: list[dict[str, Any]] | None
) -> str:
    """Return the report as one HTML page that loads nothing from outside.

    The same arguments give the same page. What the metrics lack, the page leaves out.

    Args:
        metrics: The content of ``metrics.json``.
        pictures: Examples to show, or None.
        epochs: Rows of the ``metrics.csv`` of the model's run, or None.
    """
    return _page(metrics, _pairs(metrics, pictures), _charts(metrics), epochs)


def _page(
    metrics: dict[str, Any],
    pairs: list[Markup],
    charts: list[tuple[str, str, Markup]],
    epochs: list[dict[str, Any]] | None,
) -> str:
    columns, rows = tables.main_table(metrics)
    captures, failures = (tables.rows_of(metrics, part) for part in ("captures", "failures"))
    return _template().render(
        model=_MODEL | metrics.get("model", {}),
        data=_DATA | metrics.get("data", {}),
        verdicts=tables.verdicts(metrics),
        columns=columns,
        rows=rows,
        pairs=pairs,
        charts=charts,
        captures=[_CAPTURE | row for row in captures[: tables.MOST_ROWS]],
        captures_in_all=len(captures),
        failures=failures[: tables.MOST_ROWS],
        failures_in_all=len(failures),
        training=Markup(figures.training_curves(epochs)) if epochs else None,
        card=tables.model_card(metrics),
    )


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
    source = Path(__file__).with_name("page.html").read_text(encoding="utf-8")
    return environment.from_string(source)


def _pairs(metrics: Mapping[str, Any], pictures: Pictures | None) -> list[Markup]:
    if pictures is None:
        return []
    axis = metrics.get("model", {}).get("sample_axis")
    pairs = example_pairs(pictures, step_name=_STEP_NAMES.get(axis, "Step"))
    return [Markup(pair) for pair in pairs]


def _charts(metrics: Mapping[str, Any]) -> list[tuple[str, str, Markup]]:
    """Return title, how to read it, and figure of each chart that there are numbers for."""
    classes = metrics.get("data", {}).get("class_names") or []
    name = metrics.get("model", {}).get("name", "model")
    decisions, echo = metrics.get("classification") or {}, metrics.get("echo") or {}
    charts = []
    if (matrix := decisions.get("confusion")) and classes:
        charts.append((*_CONFUSION, figures.confusion(matrix, classes)))
    if bins := decisions.get("by_snr"):
        chance = 1 / len(classes) if classes else None
        drawn = figures.accuracy_by_snr(bins, chance=chance, model_name=name)
        charts.append((*_ACCURACY, drawn))
    if bins := decisions.get("reliability"):
        charts.append((*_RELIABILITY, figures.reliability(bins)))
    if bins := echo.get("by_snr"):
        charts.append((*_ECHO, figures.echo_by_snr(bins, model_name=name)))
    return [(title, reading, Markup(drawn)) for title, reading, drawn in charts]


_CONFUSION = (
    "Confusion",
    "Examples by true and decided class; percent of the true class. The diagonal is right.",
)
_ACCURACY = (
    "Accuracy over SNR",
    "Share of right decisions. Where few examples lie, the curve is uncertain.",
)
_RELIABILITY = (
    "Reliability",
    "How often the model is right when it is this sure. Below the dashed line it is too sure.",
)
_ECHO = (
    "Echo error over SNR",
    "Power of what the predicted echo gets wrong against that of the echo; lower is better.",
)
