"""The top of the page: verdicts as sentences, and a few large numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from radarseq.report.capture_table import is_right
from radarseq.report.metrics import PARTS
from radarseq.report.tables import group_noun, rows_of
from radarseq.report.text import (
    MISSING,
    count,
    fixed,
    known,
    percent,
    percent_interval,
    significant,
)

Metrics = Mapping[str, Any]


@dataclass(frozen=True)
class Tile:
    """A large number: its title, its text, and a smaller line below it."""

    title: str
    text: str
    note: str = ""


def verdicts(metrics: Metrics) -> list[str]:
    """Return the results of the evaluation as plain sentences."""
    parts = [metrics.get(part) or {} for part in PARTS]
    sentences = [str(part["verdict"]) for part in parts if part.get("verdict")]
    noun, rows, failures = (
        group_noun(metrics),
        rows_of(metrics, "captures"),
        rows_of(metrics, "failures"),
    )
    known_classes, other_classes = _outcomes(metrics)
    if known_classes:
        sentences.append(f"{_share(known_classes)} {noun}s of known class were decided right.")
    if other_classes:
        sentences.append(f"{_share(other_classes)} {noun}s of other classes were found unknown.")
    if rows and not (known_classes or other_classes):
        sentences.append(f"{count(len(rows))} {noun}s were evaluated; their classes are not known.")
    if failures:
        sentences.append(
            f"Recordings that could not be evaluated: {len(failures)}. The reasons are below."
        )
    return sentences or ["Nothing was measured."]


def _share(outcomes: list[bool]) -> str:
    return f"{count(sum(outcomes))} of {count(len(outcomes))}"


def tiles(metrics: Metrics) -> list[Tile]:
    """Return the most important numbers, where they were measured."""
    classes, echo, target, forecast, symbols = (
        (metrics.get(part) or {}).get("model") or {} for part in PARTS
    )
    quality, unknown = metrics.get("quality") or {}, metrics.get("unknown") or {}
    rows, failures, noun = (
        rows_of(metrics, "captures"),
        rows_of(metrics, "failures"),
        group_noun(metrics),
    )
    found = []

    def add(title: str, text: str, note: str = "") -> None:
        if not text.startswith(MISSING):
            found.append(Tile(title, text, note))

    low, high = classes.get("accuracy_low"), classes.get("accuracy_high")
    interval = f"95 % interval {percent_interval(low, high)}" if known(low) and known(high) else ""
    add("Accuracy, by window", percent(classes.get("accuracy")), interval)
    if outcomes := _outcomes(metrics)[0]:
        share = percent(sum(outcomes) / len(outcomes))
        add(f"Right, by {noun}", share, _share(outcomes))
    elif rows:
        add(f"Evaluated {noun}s", count(len(rows)))
    scores = [row for row in unknown.get("scores") or () if row["score"] == unknown.get("score")]
    if scores and known(scores[0].get("auroc")):
        add("Unknown objects, AUROC", fixed(scores[0]["auroc"], 3), "unknown against known")
    else:
        note = f"{count(unknown.get('rejected'))} of {count(unknown.get('windows'))} windows"
        add("Rejected as unknown", percent(unknown.get("rejected_share")), note)
    add("Echo error", f"{fixed(echo.get('error_db'), 1)} dB", "of the echo's power")
    add("Skill of the forecast", percent(forecast.get("skill")), "over the last value")
    nats = f"{fixed(symbols.get('nats'), 3)} nats per symbol"
    add("Correct symbols", percent(symbols.get("accuracy")), nats)
    add("Error of the target", significant(target.get("rmse")), "root mean square")
    if skipped := sum((quality.get("skipped") or {}).values()):
        add("Skipped windows", count(skipped), f"of {count(quality.get('windows'))} windows")
    if failures:
        add("Failed recordings", count(len(failures)), "see Failures")
    return found


def _outcomes(metrics: Metrics) -> tuple[list[bool], list[bool]]:
    """Return which decisions are right: of the known classes, and of other objects."""
    classes = (metrics.get("data") or {}).get("class_names") or []
    known_classes, other_classes = [], []
    for row in rows_of(metrics, "captures"):
        if (outcome := is_right(row, classes)) is not None:
            (known_classes if row["label"] in classes else other_classes).append(outcome)
    return known_classes, other_classes
