"""Tasks: the target that each one needs, the network's outputs for it, and its metrics in training.

``TASKS`` is the one table of them. A new task adds its name to ``ModelSettings``, which chooses
the heads, a row here, and its metrics of test rows to ``radarseq.evaluation.metrics.by_task``.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from radarseq.dataset.row_operations import decode, valid_steps
from radarseq.dataset.schema import UNKNOWN_LABEL, Examples
from radarseq.errors import DatasetError
from radarseq.models.input_spec import InputSpec
from radarseq.models.settings import ModelSettings

NOISE_POWER = "parameters/noise_power_m2"


def task_examples(examples: Examples, settings: ModelSettings) -> Examples:
    """Return rows whose target is what the task outputs at each step.

    Raises:
        DatasetError: If the data lack what the task needs, or are too short for it.
    """
    make_target = TASKS[settings.task].make_target
    return examples if make_target is None else make_target(examples, settings)


def _forecast(examples: Examples, settings: ModelSettings) -> Examples:
    """Return rows with the stored forecast, or else with one made of the later input."""
    return examples if "target" in examples else _look_ahead(examples, settings.horizon)


def _next_symbol(examples: Examples, settings: ModelSettings) -> Examples:
    """Return rows whose target is the input one step later."""
    _check_symbols("x", examples.input, examples, lowest=0)
    return _look_ahead(examples, 1)


def _step_label(examples: Examples, settings: ModelSettings) -> Examples:
    """Return the rows if their target holds classes."""
    if "target" not in examples:
        raise DatasetError(
            "task 'step_label' needs a target that holds a class at each step; the data have "
            f"{', '.join(examples.columns)}"
        )
    _check_symbols("target", examples["target"], examples, lowest=UNKNOWN_LABEL)
    return examples


@dataclass(frozen=True, kw_only=True)
class Task:
    """Requirements of a task on the data, the network and training.

    Attributes:
        heads: Outputs of the network, each with its loss in
            ``radarseq.training.optimisation.losses``: ``class`` (cross-entropy, metrics
            ``class_loss`` and ``accuracy``), ``sequence`` (relative or squared error) or
            ``symbols`` (cross-entropy of each step, metrics ``nats`` and ``step_accuracy``).
        needs: Columns that the data must store: ``label`` or ``target``.
        make_target: Returns rows with the task's target, or refuses them; None where rows are used
            as they are stored.
        sequence_loss: Metric that reports the loss of a sequence, of a complex and of a real
            target.
        sequence_weight: Of that loss in the sum; None takes the setting ``echo_weight``.
        score: Metric of the validation rows that selects the best epoch.
    """

    heads: tuple[str, ...]
    needs: tuple[str, ...] = ()
    make_target: Callable[[Examples, ModelSettings], Examples] | None = None
    sequence_loss: tuple[str, str] = ("echo_loss", "target_loss")
    sequence_weight: float | None = None
    score: str = "loss"


TASKS: dict[str, Task] = {
    "both": Task(heads=("class", "sequence"), needs=("label", "target")),
    "classify": Task(heads=("class",), needs=("label",)),
    "echo": Task(heads=("sequence",), needs=("target",)),
    "forecast": Task(
        heads=("sequence",),
        make_target=_forecast,
        sequence_loss=("forecast_loss", "forecast_loss"),
        sequence_weight=1.0,
        score="last_mse",
    ),
    "next_symbol": Task(heads=("symbols",), make_target=_next_symbol),
    "step_label": Task(heads=("symbols",), make_target=_step_label),
}


def _look_ahead(examples: Examples, horizon: int) -> Examples:
    """Return rows whose target is the later input, without the transmitted code.

    The target holds at each step the channels of one step ahead, then of two, up to the horizon.
    The sequences become shorter by the horizon.
    """
    steps = examples.steps - horizon
    shortest = int(examples["length"].min()) if "length" in examples else examples.steps
    if shortest - horizon < 1:
        row = f"row {int(examples['length'].argmin())} is" if "length" in examples else "they are"
        raise DatasetError(
            f"sequences are too short to look {horizon} steps ahead: {row} {shortest} steps long, "
            f"expected {horizon + 1} or more. Leave such rows out, or lower horizon"
        )
    columns = dict(examples.columns)
    columns.pop(NOISE_POWER, None)  # the input is no longer the target plus noise
    values = examples.input if examples.input.ndim == 3 else examples.input[..., None]
    if examples.code is not None:
        values = decode(values, examples.code.astype(np.complex128)).astype(values.dtype)
    windows = sliding_window_view(values[:, 1:], horizon, axis=1)  # (n, step, channel, horizon)
    target = windows.swapaxes(2, 3).reshape(len(examples), steps, -1)
    columns["target"] = np.ascontiguousarray(target)
    for name in ("x", "rx", "tx"):
        if name in columns:
            columns[name] = np.ascontiguousarray(columns[name][:, :steps])
    if "length" in columns:
        columns["length"] = (columns["length"] - horizon).astype(np.int32)
    return Examples(examples.header, columns)


def _check_symbols(name: str, values: NDArray, examples: Examples, *, lowest: int) -> None:
    """Refuse values that are not whole numbers from ``lowest`` on; padding may be anything."""
    if np.iscomplexobj(values):
        raise DatasetError(f"column {name!r} is complex; expected whole numbers, one per symbol")
    by_step = values.reshape(len(values), values.shape[1], -1)
    wrong = ~((by_step == np.floor(by_step)) & (by_step >= lowest))
    if "length" in examples:
        wrong &= valid_steps(examples["length"], values.shape[1])[..., None]
    if wrong.any():
        row, step, voice = np.argwhere(wrong)[0]
        raise DatasetError(
            f"column {name!r} holds {by_step[row, step, voice]} in row {row}, step {step}; "
            f"expected whole numbers from {lowest} on, one per symbol. Number the symbols first"
        )


def spec_of(examples: Examples, settings: ModelSettings | None = None) -> InputSpec:
    """Return the inputs and outputs of a network that is trained on ``examples``.

    Args:
        examples: As ``task_examples`` returns them.
        settings: Of the model; None takes the default ones.
    """
    settings = settings or ModelSettings()
    signal, target = examples.input, examples.columns.get("target")
    channels = 1 if signal.ndim == 2 else signal.shape[2]
    target_channels = 1 if target is None or target.ndim == 2 else target.shape[2]
    kind = "" if target is None else "complex" if np.iscomplexobj(target) else "real"
    spec = InputSpec(
        is_complex=np.iscomplexobj(signal),
        channels=channels,
        steps=examples.steps,
        target=kind,
        target_channels=target_channels,
        classes=len(examples.header.class_names) if "label" in examples else 0,
        coded=examples.code is not None,
        standardised=kind == "real",
        sample_interval_s=examples.header.sample_interval_s if settings.has_frames else 0.0,
    )
    if settings.task == "forecast":
        return replace(spec, horizon=max(1, target_channels // channels))
    if not settings.gives_symbols:
        return spec
    symbols, input_symbols = max(settings.symbols, _count_symbols(examples)), 0
    if settings.task == "next_symbol":  # the first step is in no target
        input_symbols = symbols = max(symbols, int(examples.input[:, :1].max()) + 1)
    else:
        symbols = max(symbols, len(examples.header.class_names))
    return replace(
        spec, target="symbol", standardised=False, target_symbols=symbols, symbols=input_symbols
    )


def _count_symbols(examples: Examples) -> int:
    """Return one more than the largest symbol of the target, padding left out."""
    values = examples["target"]
    by_step = values.reshape(len(values), values.shape[1], -1)
    if "length" in examples:
        valid = valid_steps(examples["length"], values.shape[1])
        by_step = np.where(valid[..., None], by_step, 0)
    return int(by_step.max()) + 1


def check_symbols_known(examples: Examples, spec: InputSpec, place: str) -> None:
    """Refuse rows with symbols that the network has no output for.

    Raises:
        DatasetError: Naming the largest symbol and how many the network has.
    """
    if not spec.target_symbols or not len(examples):
        return
    found = max(
        _count_symbols(examples), int(examples.input[:, :1].max()) + 1 if spec.symbols else 0
    )
    if found > spec.target_symbols:
        raise DatasetError(
            f"{place} hold symbol {found - 1}; the model has 0 to {spec.target_symbols - 1}, "
            f"those of its training rows. Train with --set symbols={found}, or split otherwise"
        )
