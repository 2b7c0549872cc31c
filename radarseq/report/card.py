"""The model card: facts about the model, its training data and the evaluated data."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from radarseq.report.text import count, known


def model_card(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the facts as (key, value); unknown ones are omitted."""
    model, data = metrics.get("model") or {}, metrics.get("data") or {}
    provenance = metrics.get("provenance") or {}
    source = provenance.get("model") or {}
    steps, axis = model.get("receptive_field"), model.get("sample_axis")
    temperature, carrier_hz, interval_s = (
        value if known(value := model.get(key)) and value > 0 else None
        for key in ("temperature", "carrier_hz", "sample_interval_s")
    )
    rows = (
        ("Architecture", model.get("name")),
        ("Task", model.get("task")),
        ("Parameters", count(model["parameters"]) if "parameters" in model else None),
        ("Receptive field", f"{count(steps)} steps" if steps is not None else None),
        ("Features", _joined(model.get("features"))),
        ("Temperature of its probabilities", f"{temperature:.3f}" if temperature else None),
        ("Seed", _one_or_more(model.get("seed"))),
        ("Epoch", _one_or_more(model.get("epoch"))),
        ("Run", model.get("run")),
        ("Digest of its weights", source.get("weights_sha256")),
        ("Training data", model.get("training_data") or source.get("data_path")),
        ("Digest of the training data", model.get("training_digest") or source.get("data_digest")),
        ("Sample axis", axis.replace("_", " ") if axis else None),
        (
            "Sample interval",
            f"{interval_s:g} s ({1 / interval_s:g} Hz)" if interval_s else None,
        ),
        ("Carrier", f"{carrier_hz / 1e9:g} GHz" if carrier_hz else None),
        ("Classes", _joined(data.get("class_names"))),
        ("Evaluated data", data.get("path")),
        ("Digest of the evaluated data", data.get("digest")),
        ("Split", data.get("split")),
        ("Evaluated windows", count(data["examples"]) if "examples" in data else None),
        ("Evaluation settings", _settings(provenance.get("settings"))),
        ("Versions, training", _versions(model.get("versions"))),
        ("Versions, evaluation", _versions(provenance.get("versions"))),
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
    """Return settings as ``name value``; unset ones are omitted."""
    return _joined(
        f"{key} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for key, value in (settings or {}).items()
        if value not in (None, "", [])
    )
