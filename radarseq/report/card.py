"""The model card: what the model is, what it was made from, on what it was judged."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from radarseq.report.tables import count, known


def model_card(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what the model is and what it was made from, as (key, value), where known."""
    model, data = metrics.get("model") or {}, metrics.get("data") or {}
    provenance = metrics.get("provenance") or {}
    source = provenance.get("model") or {}
    steps = model.get("receptive_field")
    rows = (
        ("Architecture", model.get("name")),
        ("Task", model.get("task")),
        ("Parameters", count(model["parameters"]) if "parameters" in model else None),
        ("Receptive field", f"{count(steps)} steps" if steps is not None else None),
        ("Features", _joined(model.get("features"))),
        ("Temperature of its probabilities", _rounded(model.get("temperature"))),
        ("Seed", _one_or_more(model.get("seed"))),
        ("Epoch", _one_or_more(model.get("epoch"))),
        ("Run", model.get("run")),
        ("Digest of its weights", source.get("weights_sha256")),
        ("Trained on", model.get("training_data") or source.get("data_path")),
        ("Digest of that", model.get("training_digest") or source.get("data_digest")),
        ("Sample axis", _axis(model.get("sample_axis"))),
        ("Sample interval", _interval(model.get("sample_interval_s"))),
        ("Carrier", _frequency(model.get("carrier_hz"))),
        ("Classes", _joined(data.get("class_names"))),
        ("Judged on", data.get("path")),
        ("Digest of that data", data.get("digest")),
        ("Split", data.get("split")),
        ("Examples judged", count(data["examples"]) if "examples" in data else None),
        ("Settings of the judging", _settings(provenance.get("settings"))),
        ("Versions, training", _versions(model.get("versions"))),
        ("Versions, judging", _versions(provenance.get("versions"))),
    )
    return [(key, str(value)) for key, value in rows if value not in (None, "")]


def _joined(values: Iterable[Any] | None) -> str:
    return ", ".join(str(value) for value in values or ())


def _one_or_more(value: Any) -> Any:
    """Return a number, or those of the runs of an ensemble, one after the other."""
    return _joined(value) if isinstance(value, list) else value


def _versions(versions: Mapping[str, Any] | None) -> str:
    return _joined(f"{name} {version}" for name, version in (versions or {}).items())


def _settings(settings: Mapping[str, Any] | None) -> str:
    """Return settings as ``name value``; those that are not set are left out."""
    given = {key: value for key, value in (settings or {}).items() if value not in (None, "", [])}
    return _joined(f"{key} {_plain(value)}" for key, value in given.items())


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _axis(name: str | None) -> str | None:
    return name.replace("_", " ") if name else None


def _rounded(value: Any) -> str | None:
    return f"{value:.3f}" if known(value) else None


def _frequency(frequency_hz: Any) -> str | None:
    if not known(frequency_hz) or frequency_hz <= 0:
        return None
    return f"{frequency_hz / 1e9:g} GHz"


def _interval(interval_s: Any) -> str | None:
    if not known(interval_s) or interval_s <= 0:
        return None
    return f"{interval_s:g} s ({1 / interval_s:g} Hz)"
