"""The settings of a run: from names to typed settings, fitted to what the data can serve."""

from dataclasses import fields, replace
from typing import Any

from radarseq.config import parse
from radarseq.errors import DatasetError, RecipeError
from radarseq.models.input_spec import InputSpec
from radarseq.models.network import MIN_SPECTRUM_STEPS
from radarseq.models.settings import DEFAULT_WIDTHS, FORECASTING, ModelSettings
from radarseq.training.settings import TrainSettings

CONFIG = "config.toml"
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


def fit_task(settings: ModelSettings, spec: InputSpec, asked: bool) -> ModelSettings:
    """Return settings whose task the data can serve; refuse a task that they cannot.

    Raises:
        DatasetError: If the data lack the labels or the target that the task needs.
    """
    can_classify, can_echo = spec.classes > 1, bool(spec.target)
    task = settings.task
    if not asked and task == "both":
        if can_classify and can_echo:
            return settings
        if can_classify or can_echo:
            return replace(settings, task="classify" if can_classify else "echo")
    if task == "step_label" or task in FORECASTING:
        return settings
    if task in ("both", "classify") and not can_classify:
        raise DatasetError(
            f"task {task!r} needs labels of two or more classes; the data have {spec.classes}"
        )
    if task in ("both", "echo") and not can_echo:
        raise DatasetError(f"task {task!r} needs a target sequence; the data have no target")
    return settings


def fit_features(settings: ModelSettings, spec: InputSpec, asked: bool) -> ModelSettings:
    """Return settings whose features suit the data, where none were asked for.

    Plain real sequences that are to be foreseen or turned into others have no radar level to take
    out: the network is shown their values. Classes are told by the radar features also there.
    """
    if not asked and spec.steps < MIN_SPECTRUM_STEPS:
        few = tuple(name for name in settings.features if name != "spectrum")
        settings = replace(settings, features=few)
    if asked or spec.is_complex or settings.task in ("classify", "both"):
        return settings
    return replace(settings, features=("value",))
