"""Describes a dataset, a recording, a recipe, a run or an evaluation."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from radarseq.artifacts.kind import Kind, kind_of
from radarseq.captures.errors import Failure, RecordingError
from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import SPLIT_NAMES
from radarseq.errors import DataError, RecipeError, UsageError
from radarseq.recipes.recipe import read_recipe
from radarseq.storage.atomic import printable
from radarseq.storage.output_folder import output_folder
from radarseq.storage.sealed import read_json
from simulators.objects import MeshBody, ObjectClass
from simulators.series import Series
from simulators.units import wavenumber

if TYPE_CHECKING:
    from radarseq.inference.checkpoint import Checkpoint
    from radarseq.models.ensemble import Trained


def inspect(path: Path | str, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a description of a file or folder, as plain JSON types.

    Args:
        path: A dataset, a recording, a recipe, a run, a checkpoint or an evaluation.
        given: For recordings, how they are to be read: some of the keys of ``ReadOptions``.

    Raises:
        UsageError: If ``given`` does not fit, or ``path`` is no recording.
        DataError: If there is nothing, or it is damaged.
        RecipeError: If it is a recipe and not valid.
    """
    path = Path(path)
    kind = kind_of(path)
    summarizers = {
        Kind.DATASET: _dataset,
        Kind.RUN: _run,
        Kind.ENSEMBLE: _ensemble,
        Kind.CHECKPOINT: _checkpoint,
        Kind.EVALUATION: _evaluation,
        Kind.RECIPE: _recipe,
        Kind.CAPTURE: lambda path: _capture(path, given or {}),
    }
    if given and kind != Kind.CAPTURE:
        raise UsageError(
            f"{path} is a {kind}; {', '.join(sorted(given))} are for recordings. Leave them out"
        )
    return {"kind": str(kind), "path": str(path)} | summarizers[kind](path)


def plot(path: Path | str, folder: Path | str) -> dict[str, Any]:
    """Draw the figures of a recipe; return the files and their captions, as plain JSON types.

    Args:
        path: A recipe.
        folder: Where the PNG files go; new or empty.

    Raises:
        UsageError: If ``path`` is no recipe.
        RecipeError: If it is not valid.
        OutputError: If the folder is in use or not empty.
    """
    path, folder = Path(path), Path(folder)
    if (kind := kind_of(path)) is not Kind.RECIPE:
        raise UsageError(f"{path}: is a {kind}; expected a recipe (.toml) for --plots")
    content = read_recipe(path).content
    from radarseq.report.recipe.figures import draw_recipe

    with output_folder(folder):
        try:
            pictures = draw_recipe(content, folder)
        except ValueError as error:
            raise RecipeError(f"{path}: {error}") from error
    files = {picture.path.name: picture.shows for picture in pictures}
    return {"kind": str(kind), "path": str(path), "plots": str(folder), "files": files}


def _dataset(path: Path) -> dict[str, Any]:
    dataset = open_dataset(path)
    examples, header = dataset.load(), dataset.header
    columns = {n: f"{v.dtype} {v.shape}" for n, v in examples.columns.items()}
    summary: dict[str, Any] = {
        "examples": len(dataset),
        "steps": examples.steps,
        "shards": len(dataset.shards),
        "bytes": sum(shard.path.stat().st_size for shard in dataset.shards),
        "sample_axis": header.sample_axis,
        "sample_interval_s": header.sample_interval_s,
        "carrier_hz": header.carrier_hz,
        "seed": header.seed,
        "digest": dataset.digest,
        "columns": columns,
        "warnings": list(header.warnings),
    }
    if "label" in examples:
        counts = Counter(examples["label"].tolist())
        names = dict(enumerate(header.class_names)) | {-1: "unknown"}
        summary["classes"] = {names[label]: counts[label] for label in sorted(counts)}
    if "split" in examples:
        counts = np.bincount(examples["split"], minlength=len(SPLIT_NAMES))
        summary["split"] = dict(zip(SPLIT_NAMES, counts.tolist(), strict=True))
    if header.group_names:
        summary["recordings"] = len(header.group_names)
    return summary


def _recipe(path: Path) -> dict[str, Any]:
    recipe = read_recipe(path)
    if isinstance(recipe.content, Series):
        summary = {key: getattr(recipe.content, key) for key in ("steps", "horizon", "features")}
        interval_s = recipe.content.sample_interval_s
        split = vars(recipe.content.split)
        return {"name": recipe.name, **summary, "sample_interval_s": interval_s, "split": split}
    scene = recipe.scene
    pulse = None
    if scene.mode == "pulse":
        pulse = {k: v for k, v in vars(scene.fast_time).items() if v not in (None, "", 0)}
    return {
        "name": recipe.name,
        "mode": scene.mode,
        **({"pulse": pulse} if pulse is not None else {}),
        "target": scene.target,
        "classes": {
            item.name: _settings(item, hidden=("name",))
            | {"scattering": _scattering(item, scene.radar.carrier_hz)}
            for item in scene.objects
        },
        "objects_per_class": scene.objects_per_class,
        "radar": _settings(scene.radar),
        "motion": _settings(scene.motion),
        "receiver": _settings(scene.receiver),
        "disturbances": _settings(scene.environment) | _settings(scene.fluctuation),
        "split": vars(scene.split),
        "warnings": list(scene.warnings()),
    }


def _scattering(item: ObjectClass, carrier_hz: float) -> dict[str, Any]:
    """Return how a class's echo is made, and how far that holds; a mesh's size with it."""
    validity = item.validity(wavenumber(carrier_hz))
    size = {"bounding_m": list(item.bounding_m())} if isinstance(item, MeshBody) else {}
    described = {name: getattr(validity, name) for name in ("method", "smallest_ka", "neglected")}
    return described | size | ({"warnings": list(validity.warnings)} if validity.warnings else {})


def _settings(settings: Any, hidden: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a part of a scene as plain types, without settings that are off."""
    summary: dict[str, Any] = {}
    for item in fields(settings):
        value = getattr(settings, item.name)
        if is_dataclass(value) and not isinstance(value, type):
            value = {} if value == type(value)() else _settings(value)
        if item.name not in hidden and value not in (None, "", 0, {}, (0.0, 0.0)):
            summary[item.name] = list(value) if isinstance(value, tuple) else value
    return summary


def _run(path: Path) -> dict[str, Any]:
    from radarseq.training.history import read_history

    summary = _checkpoint(path / "checkpoints" / "best")
    if history := read_history(path):
        summary["epochs"] = len(history)
    return summary


def _checkpoint(path: Path) -> dict[str, Any]:
    from radarseq.inference.checkpoint import load_checkpoint

    return _trained(load_checkpoint(path))


def _ensemble(path: Path) -> dict[str, Any]:
    from radarseq.inference.ensemble_file import load_ensemble

    ensemble = load_ensemble(path)
    runs = [printable(path / name) for name in ensemble.manifest["members"]]
    summary = {"runs": runs} | _trained(ensemble)
    del summary["metrics"]  # an ensemble has metrics of its own only once it is evaluated
    return summary


def _trained(checkpoint: "Checkpoint[Trained]") -> dict[str, Any]:
    network, manifest, header = checkpoint.network, checkpoint.manifest, checkpoint.header
    return {
        "model": manifest["model"],
        "parameters": sum(p.numel() for p in network.parameters()),
        "receptive_field": network.receptive_field,
        "input": manifest["input"],
        "class_names": list(header.class_names),
        "sample_axis": header.sample_axis,
        "sample_interval_s": header.sample_interval_s,
        "data": manifest.get("data"),
        "training": manifest.get("training"),
        "best_epoch": manifest.get("epoch"),
        "temperature": checkpoint.temperature,
        "metrics": manifest.get("metrics"),
        "versions": manifest.get("versions"),
    }


def _evaluation(path: Path) -> dict[str, Any]:
    return {k: v for k, v in read_json(path / "metrics.json", DataError).items() if k != "kind"}


def _capture(path: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    from radarseq.captures.options.read_options import AS_WRITTEN
    from radarseq.captures.sources.find_files import find_recordings
    from radarseq.captures.sources.open_recordings import iter_recordings
    from radarseq.captures.summary import summarize_recording

    options = AS_WRITTEN.updated(given)
    files, refused = find_recordings([path], options)
    if path.is_dir() and files != [path]:
        if not files and not refused:
            raise DataError(f"{path}: holds nothing that is known: no dataset, run or recording")
        summary: dict[str, Any] = {"recordings": [printable(file) for file in files]}
        summary["refused"] = [f"{printable(file)}: {why}. {do}" for file, why, do in refused]
        return {key: value for key, value in summary.items() if value}
    (found,) = iter_recordings([path], options)
    if isinstance(found, Failure):
        raise RecordingError(*found)
    return summarize_recording(found)


def as_text(summary: dict[str, Any], indent: int = 0) -> str:
    """Return the description of ``inspect`` as aligned lines of text."""
    lines = []
    width = max((len(key) for key in summary), default=0)
    for key, value in summary.items():
        start = " " * indent + f"{key:<{width}}  "
        if isinstance(value, dict):
            lines += [start.rstrip(), as_text(value, indent + 2)] if value else [start + "none"]
        elif isinstance(value, float):
            lines.append(start + f"{value:g}")
        elif isinstance(value, list) and value and _is_long(value):
            lines += [start.rstrip(), *(" " * (indent + 2) + item for item in value)]
        else:
            lines.append(start + (json.dumps(value) if isinstance(value, list) else str(value)))
    return "\n".join(lines)


def _is_long(items: list[Any]) -> bool:
    """Return whether texts are too many, or too long, for one line."""
    texts = [item for item in items if isinstance(item, str)]
    return len(texts) == len(items) and (len(texts) > 4 or sum(map(len, texts)) > 60)
