"""The result of an evaluation as a table on a terminal."""

from typing import Any

_MAX_CAPTURES = 20
_TARGETS = {"rmse": "{:.4g}"}
_FORECASTS = {"mse": "{:.4g}", "mae": "{:.4g}", "mase": "{:.3f}", "skill": "{:.1%}"}
_SYMBOLS = {"accuracy": "{:.1%}", "nats": "{:.3f}", "nats_per_step": "{:.3f}"}


def as_text(metrics: dict[str, Any], captures: list[dict[str, Any]]) -> str:
    """Return the model beside its baselines, the verdicts, and the first captures."""
    data = metrics["data"]
    lines = [f"{data['path']}, {data['split']}: {data['examples']:,} examples"]
    if "classification" in metrics:
        lines += _classes(metrics["model"]["name"], metrics["classification"])
    if "echo" in metrics:
        lines += _echoes(metrics["model"]["name"], metrics["echo"])
    if "target" in metrics:
        lines += _table(metrics["model"]["name"], "target", metrics["target"], _TARGETS)
    if "forecast" in metrics:
        part = metrics["forecast"]
        title = f"forecast, {part['horizon']} ahead"
        lines += _table(metrics["model"]["name"], title, part, _FORECASTS)
    if "symbols" in metrics:
        lines += _table(metrics["model"]["name"], "symbols", metrics["symbols"], _SYMBOLS)
    if captures:
        lines += _captures(metrics["captures"], captures)
    if "unknown" in metrics:
        lines += _unknown(metrics["unknown"])
    if "stress" in metrics:
        lines += _stress(metrics["model"]["name"], metrics["stress"])
    lines += [f"left out, {reason}: {n:,}" for reason, n in data["left_out"].items()]
    return "\n".join(lines)


def _classes(name: str, part: dict[str, Any]) -> list[str]:
    rows = {name: part["model"]} | part["baselines"]
    lines = [f"  {'class':<20}{'accuracy':>20}{'balanced':>10}{'log loss':>10}{'calibration':>13}"]
    for who, m in rows.items():
        interval = f"{m['accuracy']:.1%} ({m['accuracy_low']:.1%}-{m['accuracy_high']:.1%})"
        lines.append(
            f"  {who:<20}{interval:>20}{m['balanced_accuracy']:>10.1%}"
            f"{m['log_loss']:>10.3f}{m['calibration_error']:>13.3f}"
        )
    return [*lines, *_by_snr(name, part, "accuracy", "{:.1%}"), f"  {part['verdict']}"]


def _echoes(name: str, part: dict[str, Any]) -> list[str]:
    rows = {name: part["model"]} | part["baselines"]
    lines = [f"  {'echo':<20}{'error':>20}"]
    lines += [f"  {who:<20}{m['error_db']:>17.1f} dB" for who, m in rows.items()]
    return [*lines, *_by_snr(name, part, "error_db", "{:.1f}"), f"  {part['verdict']}"]


def _table(name: str, title: str, part: dict[str, Any], columns: dict[str, str]) -> list[str]:
    """Return a row for the model and for each baseline, and the verdict."""
    lines = [f"  {title:<24}" + "".join(f"{column:>15}" for column in columns)]
    for who, m in ({name: part["model"]} | part["baselines"]).items():
        cells = ("" if m.get(c) is None else form.format(m[c]) for c, form in columns.items())
        lines.append(f"  {who:<24}" + "".join(f"{cell:>15}" for cell in cells))
    return [*lines, f"  {part['verdict']}"]


def _by_snr(name: str, part: dict[str, Any], key: str, form: str) -> list[str]:
    bins = part.get("by_snr") or []
    lines = []
    for who in bins[0][key] if bins else ():
        values = ", ".join(
            f"{b['low_db']:g} to {b['high_db']:g} dB " + form.format(b[key][who]) for b in bins
        )
        lines.append(f"    {name if who == 'model' else who}: {values}")
    return lines


def _captures(summary: dict[str, Any], captures: list[dict[str, Any]]) -> list[str]:
    told = f"  {summary['captures']:,} captures, all windows of each together"
    if summary["accuracy"] is not None:
        told += f": {summary['accuracy']:.1%} of {summary['labelled']:,} right"
    if summary.get("accuracy_interval"):
        low, high = summary["accuracy_interval"]
        told += f" ({low:.1%}-{high:.1%})"
    if summary.get("unknown_labelled"):
        told += (
            f"; {summary['unknown_found']:,} of {summary['unknown_labelled']:,} of other classes "
            "found unknown"
        )
    lines = [told]
    for row in captures[:_MAX_CAPTURES] if len(captures) <= _MAX_CAPTURES else ():
        right = "" if row["window_accuracy"] is None else f", {row['window_accuracy']:.1%} right"
        decided = "rows of several classes"
        if row["decision"] is not None:
            decided = row["decision"]
        if row["probability"] is not None:
            decided += f" ({row['probability']:.3f})"
        lines.append(f"    {row['capture']}: {decided}, {row['windows']:,} windows{right}")
    return lines


def _unknown(part: dict[str, Any]) -> list[str]:
    """Return how many windows were called unknown, and how well each score finds such objects."""
    lines = [
        f"  unknown: {part['rejected']:,} of {part['windows']:,} windows "
        f"({part['rejected_share']:.1%}), by {part['score']} above {part['threshold']:.3g}; "
        f"{part['false_reject']:.1%} of known windows may lie above"
    ]
    if part["held_out"] is not None:
        named = ", ".join(part["held_out"]["classes"]) or part["held_out"]["source"]
        lines.append(f"    held out: {named}, {part['held_out']['windows']:,} windows")
        lines += [
            f"    {row['score']}: AUROC {row['auroc']:.3f}, {row['found']:.1%} of them found"
            for row in part["scores"]
            if row["auroc"] is not None
        ]
    return lines


def _stress(name: str, part: dict[str, Any]) -> list[str]:
    other = part["baseline"] or "no baseline"
    lines = [f"  {'under faults':<24}{name:>14}{other:>20}{'unknown':>10}"]
    for row in part["conditions"]:
        baseline = "" if row["baseline"] is None else f"{row['baseline']:.1%}"
        rejected = "" if row["rejected"] is None else f"{row['rejected']:.1%}"
        lines.append(f"  {row['text']:<24}{row['model']:>14.1%}{baseline:>20}{rejected:>10}")
    return lines
