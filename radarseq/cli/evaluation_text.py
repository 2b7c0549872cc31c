"""The result of an evaluation as text for a terminal."""

from typing import Any

from radarseq.report.metrics import COLUMNS, PARTS, MetricColumn
from radarseq.report.tables import group_noun, main_table
from radarseq.report.text import plain

_MAX_GROUPS = 20
_TITLES = {"classification": "class", "forecast": "forecast, {horizon} ahead"}


def as_text(metrics: dict[str, Any], captures: list[dict[str, Any]]) -> str:
    """Return the metrics of all methods, the verdicts, and the first objects or recordings."""
    data, name = metrics["data"], metrics["model"]["name"]
    lines = [f"{data['path']}, {data['split']}: {data['examples']:,} examples"]
    for part in PARTS:
        if part in metrics:
            lines += _part(name, part, metrics)
    if captures:
        noun = group_noun({**metrics, "captures": captures})
        lines += _groups(metrics["captures"], captures, noun)
    if "unknown" in metrics:
        lines += _unknown(metrics["unknown"])
    if "stress" in metrics:
        lines += _stress(name, metrics["stress"])
    lines += [f"skipped, {reason}: {n:,}" for reason, n in data["skipped"].items()]
    return "\n".join(lines)


def _part(name: str, part: str, metrics: dict[str, Any]) -> list[str]:
    """Return the table of one part of the metrics, one row per method, and the verdict."""
    content = metrics[part]
    titles, rows = main_table(metrics, [part])
    table = [[_TITLES.get(part, part).format_map(content), *titles]]
    table += [[method, *(plain(cell.text) for cell in cells)] for method, cells in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(["", row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])])
        for row in table
    ]
    for column in COLUMNS:
        if column.part == part:
            lines += _by_snr(name, content.get("by_snr") or [], column)
    return [*lines, f"  {content['verdict']}"]


def _by_snr(name: str, bins: list[dict[str, Any]], column: MetricColumn) -> list[str]:
    """Return one line per method with its metric in each SNR bin; none for another metric."""
    lines = []
    for method in bins[0].get(column.key, ()) if bins else ():
        values = ", ".join(
            f"{b['low_db']:g} to {b['high_db']:g} dB {plain(column.text(b[column.key][method]))}"
            for b in bins
        )
        lines.append(f"    {name if method == 'model' else method}: {values}")
    return lines


def _groups(summary: dict[str, Any], captures: list[dict[str, Any]], noun: str) -> list[str]:
    """Return the accuracy over whole objects or recordings, and their decisions if they are few."""
    line = f"  {summary['captures']:,} {noun}s, all windows of each together"
    if summary["accuracy"] is not None:
        line += f": {summary['accuracy']:.1%} of {summary['labelled']:,} right"
    if summary.get("accuracy_interval"):
        low, high = summary["accuracy_interval"]
        line += f" ({low:.1%}-{high:.1%})"
    if summary.get("unknown_labelled"):
        line += (
            f"; {summary['unknown_found']:,} of {summary['unknown_labelled']:,} of other classes "
            "found unknown"
        )
    lines = [line]
    for row in captures if len(captures) <= _MAX_GROUPS else ():
        right = "" if row["window_accuracy"] is None else f", {row['window_accuracy']:.1%} right"
        decision = "rows of several classes" if row["decision"] is None else row["decision"]
        if row["probability"] is not None:
            decision += f" ({row['probability']:.3f})"
        lines.append(f"    {row['capture']}: {decision}, {row['windows']:,} windows{right}")
    return lines


def _unknown(part: dict[str, Any]) -> list[str]:
    """Return how many windows were called unknown, and how well each score finds such objects."""
    lines = [
        f"  unknown: {part['rejected']:,} of {part['windows']:,} windows "
        f"({part['rejected_share']:.1%}), by {part['score']} above {part['threshold']:.3g}; "
        f"{part['false_reject']:.1%} of known windows may lie above"
    ]
    if part["held_out"] is not None:
        source = ", ".join(part["held_out"]["classes"]) or part["held_out"]["source"]
        lines.append(f"    held out: {source}, {part['held_out']['windows']:,} windows")
        lines += [
            f"    {row['score']}: AUROC {row['auroc']:.3f}, {row['found']:.1%} of them found"
            for row in part["scores"]
            if row["auroc"] is not None
        ]
    return lines


def _stress(name: str, part: dict[str, Any]) -> list[str]:
    baseline = part["baseline"] or "no baseline"
    lines = [f"  {'under impairments':<24}{name:>14}{baseline:>20}{'unknown':>10}"]
    for row in part["conditions"]:
        other = "" if row["baseline"] is None else f"{row['baseline']:.1%}"
        rejected = "" if row["rejected"] is None else f"{row['rejected']:.1%}"
        lines.append(f"  {row['text']:<24}{row['model']:>14.1%}{other:>20}{rejected:>10}")
    return lines
