"""Settings of a run: from names to typed settings, completed from the data."""

from collections.abc import Container
from dataclasses import fields, replace
from typing import Any

from radarseq.config import parse
from radarseq.errors import DatasetError, RecipeError
from radarseq.inference.task_targets import TASKS
from radarseq.models.input_spec import InputSpec
from radarseq.models.network import MIN_SPECTRUM_STEPS
from radarseq.models.settings import DEFAULT_WIDTHS, ModelSettings
from radarseq.training.settings import TrainSettings

_MODEL_KEYS = [item.name for item in fields(ModelSettings)]
_TRAIN_KEYS = [item.name for item in fields(TrainSettings)]


def resolve_settings(settings: dict[str, Any]) -> tuple[ModelSettings, TrainSettings]:
    """Return model and training settings from one set of names.

    Raises:
        RecipeError: If one is unknown or does not fit.
    """
    known = _MODEL_KEYS + _TRAIN_KEYS
    for key in settings:
        if key not in known:
            raise RecipeError(f"unknown setting {key!r}; known settings: {', '.join(known)}")
    model = {key: settings[key] for key in settings if key in _MODEL_KEYS}
    if "width" not in model:
        model["width"] = DEFAULT_WIDTHS.get(model.get("model", "wavenet"), 32)
    training = {key: settings[key] for key in settings if key in _TRAIN_KEYS}
    parsed = parse(TrainSettings, training, "settings")
    schedule = parsed.schedule_epochs or parsed.epochs
    return parse(ModelSettings, model, "settings"), replace(parsed, schedule_epochs=schedule)


def fit_settings(
    settings: ModelSettings, spec: InputSpec, explicit: Container[str]
) -> ModelSettings:
    """Return settings that suit the data; explicit ones stay as they are.

    Raises:
        DatasetError: If the data lack the labels or the target that the task needs.
    """
    settings = fit_task(settings, spec, "task" in explicit)
    features = settings.features
    if "features" in explicit:
        return settings
    if not spec.is_complex and not settings.classifies:
        # Real sequences to forecast or to transform have no radar level: the input is their
        # values. Classes are decided from the radar features also there.
        features = ("value",)
    elif spec.steps < MIN_SPECTRUM_STEPS:
        features = tuple(name for name in features if name != "spectrum")
    return replace(settings, features=features)


def fit_task(settings: ModelSettings, spec: InputSpec, explicit: bool) -> ModelSettings:
    """Return settings with a task that the data allow; refuse one that they do not.

    Raises:
        DatasetError: If the data lack the labels or the target that the task needs.
    """
    stored = {"label": spec.classes > 1, "target": bool(spec.target)}
    task = settings.task
    if not explicit and task == "both" and any(stored.values()):
        if all(stored.values()):
            return settings
        return replace(settings, task="classify" if stored["label"] else "echo")
    for column in TASKS[task].needs:
        if not stored[column] and column == "label":
            raise DatasetError(
                f"task {task!r} needs labels of two or more classes; the data have {spec.classes}"
            )
        if not stored[column]:
            raise DatasetError(f"task {task!r} needs a target sequence; the data have no target")
    return settings
