"""What stands at the top of the page: the outcome in sentences, and in a few large numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from radarseq.report.decisions import outcome
from radarseq.report.tables import PARTS, count, fixed, known, percent, rows_of, significant


@dataclass(frozen=True)
class Tile:
    """One large number: what it is, its text, and a smaller line below it."""

    title: str
    text: str
    note: str = ""


def verdicts(metrics: Mapping[str, Any]) -> list[str]:
    """Return what the report says in the end, as plain sentences."""
    parts = [metrics.get(part) or {} for part in PARTS]
    said = [str(part["verdict"]) for part in parts if part.get("verdict")]
    captures, failures = rows_of(metrics, "captures"), rows_of(metrics, "failures")
    known_ones, strangers = _outcomes(metrics)
    if known_ones:
        right = f"{count(sum(known_ones))} of {count(len(known_ones))}"
        said.append(f"{right} captures of known class were decided right.")
    if strangers:
        told = f"{count(sum(strangers))} of {count(len(strangers))}"
        said.append(f"{told} captures of objects outside the classes were told apart as such.")
    if captures and not (known_ones or strangers):
        said.append(f"{count(len(captures))} captures were judged; their classes are not known.")
    if failures:
        said.append(f"Captures that could not be judged: {len(failures)}. The reasons are below.")
    return said or ["Nothing was measured."]


def tiles(metrics: Mapping[str, Any]) -> list[Tile]:
    """Return the few numbers that say how it went, where they were measured."""
    classes = (metrics.get("classification") or {}).get("model") or {}
    echo = (metrics.get("echo") or {}).get("model") or {}
    forecast, symbols, target = (
        (metrics.get(part) or {}).get("model") or {} for part in ("forecast", "symbols", "target")
    )
    quality, failures = metrics.get("quality") or {}, rows_of(metrics, "failures")
    found = [
        Tile("Accuracy, by window", percent(classes.get("accuracy")), _interval(classes)),
        _captures_right(metrics),
        _strangers(metrics.get("unknown") or {}),
        Tile("Echo error", f"{fixed(echo.get('error_db'), 1)} dB", "of the echo's power"),
        Tile("Skill of the forecast", percent(forecast.get("skill")), "over the last value"),
        Tile("Right symbols", percent(symbols.get("accuracy")), _nats(symbols)),
        Tile("Error of the target", significant(target.get("rmse")), "root mean square"),
    ]
    shown = [tile for tile in found if tile is not None and known_text(tile.text)]
    if lost := sum((quality.get("left_out") or {}).values()):
        shown.append(
            Tile("Windows left out", count(lost), f"of {count(quality.get('windows'))} windows")
        )
    if failures:
        shown.append(Tile("Captures not judged", count(len(failures)), "see Failures"))
    return shown


def _nats(symbols: Mapping[str, Any]) -> str:
    return f"{fixed(symbols.get('nats'), 3)} nats a symbol"


def known_text(text: str) -> bool:
    """Return whether a number was there to be written."""
    return text[0].isdigit() or text[0] == "\N{MINUS SIGN}"


def _interval(numbers: Mapping[str, Any]) -> str:
    low, high = numbers.get("accuracy_low"), numbers.get("accuracy_high")
    if not (known(low) and known(high)):
        return ""
    return f"95 % interval {100 * low:.1f} to {100 * high:.1f}"


def _captures_right(metrics: Mapping[str, Any]) -> Tile | None:
    captures, (known_ones, _) = rows_of(metrics, "captures"), _outcomes(metrics)
    if not known_ones:
        return Tile("Captures judged", count(len(captures))) if captures else None
    share = sum(known_ones) / len(known_ones)
    return Tile(
        "Captures right", percent(share), f"{count(sum(known_ones))} of {count(len(known_ones))}"
    )


def _outcomes(metrics: Mapping[str, Any]) -> tuple[list[bool], list[bool]]:
    """Return which captures were decided right: of the known classes, and of other objects."""
    classes = (metrics.get("data") or {}).get("class_names") or []
    known_ones, strangers = [], []
    for row in rows_of(metrics, "captures"):
        if (is_right := outcome(row, classes)) is not None:
            (known_ones if row["label"] in classes else strangers).append(is_right)
    return known_ones, strangers


def _strangers(unknown: Mapping[str, Any]) -> Tile | None:
    chosen = [one for one in unknown.get("scores") or () if one["score"] == unknown.get("score")]
    if chosen and known(chosen[0].get("auroc")):
        note = "unknown against known"
        return Tile("Unknown objects, AUROC", fixed(chosen[0]["auroc"], 3), note)
    if known(unknown.get("rejected_share")):
        note = f"{count(unknown.get('rejected'))} of {count(unknown.get('windows'))} windows"
        return Tile("Rejected as unknown", percent(unknown["rejected_share"]), note)
    return None
