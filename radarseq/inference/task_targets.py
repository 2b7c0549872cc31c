"""What a task makes of a dataset: the input, and what to say at each step of it.

Most tasks find their target in the dataset. A forecast and the next symbol stand in the input
itself, some steps later: the sequence is then cut into an input and a target of the same length.
"""

from dataclasses import replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from radarseq.dataset.schema import UNKNOWN_LABEL, Examples
from radarseq.errors import DatasetError
from radarseq.models.input_spec import InputSpec
from radarseq.models.settings import ModelSettings

NOISE_POWER = "parameters/noise_power_m2"
SYMBOL_TASKS = ("next_symbol", "step_label")


def task_examples(examples: Examples, settings: ModelSettings) -> Examples:
    """Return rows whose target is what the task wants at each step.

    A forecast that the data do not store is made of the later input, of coded data without their
    code: at each step the channels of one step ahead, then of two, up to the horizon. The sequences
    become shorter by what lies ahead.

    Raises:
        DatasetError: If the data lack what the task needs, or are too short for it.
    """
    if settings.task == "next_symbol":
        _check_symbols("x", examples.input, examples, lowest=0)
        return _looking_ahead(examples, 1)
    if settings.task == "step_label":
        if "target" not in examples:
            raise DatasetError(
                "task 'step_label' needs a target that holds a class at each step; the data have "
                f"{', '.join(examples.columns)}"
            )
        _check_symbols("target", examples["target"], examples, lowest=UNKNOWN_LABEL)
    if settings.task == "forecast" and "target" not in examples:
        return _looking_ahead(examples, settings.horizon)
    return examples


def _looking_ahead(examples: Examples, horizon: int) -> Examples:
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
    later = _decoded(examples)[:, 1:]
    windows = sliding_window_view(later, horizon, axis=1)  # (n, step, channel, horizon)
    target = windows.swapaxes(2, 3).reshape(len(examples), steps, -1)
    columns["target"] = np.ascontiguousarray(target)
    for name in ("x", "rx", "tx"):
        if name in columns:
            columns[name] = np.ascontiguousarray(columns[name][:, :steps])
    if "length" in columns:
        columns["length"] = (columns["length"] - horizon).astype(np.int32)
    return Examples(examples.header, columns)


def _decoded(examples: Examples) -> NDArray:
    """Return the input (n, step, channel), with the transmitted code taken off."""
    values = examples.input if examples.input.ndim == 3 else examples.input[..., None]
    if examples.code is None:
        return values
    tx = examples.code.astype(np.complex128).reshape(*values.shape[:2], -1)
    power = np.abs(tx) ** 2
    weight = np.divide(tx.conj(), power, out=np.zeros_like(tx), where=power > 0)
    return (values * weight).astype(values.dtype)


def _check_symbols(name: str, values: NDArray, examples: Examples, *, lowest: int) -> None:
    """Refuse what are no whole numbers from ``lowest`` on; padding may be anything."""
    if np.iscomplexobj(values):
        raise DatasetError(f"column {name!r} is complex; expected whole numbers, one a symbol")
    by_step = values.reshape(len(values), values.shape[1], -1)
    wrong = ~((by_step == np.floor(by_step)) & (by_step >= lowest))
    if "length" in examples:
        wrong &= (np.arange(values.shape[1]) < examples["length"][:, None])[..., None]
    if wrong.any():
        row, step, voice = np.argwhere(wrong)[0]
        raise DatasetError(
            f"column {name!r} holds {by_step[row, step, voice]} in row {row}, step {step}; "
            f"expected whole numbers from {lowest} on, one a symbol. Number the symbols first"
        )


def spec_of(examples: Examples, settings: ModelSettings | None = None) -> InputSpec:
    """Return what a network must take and give to be trained on ``examples``.

    Args:
        examples: As ``task_examples`` gives them.
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
    if settings.task not in SYMBOL_TASKS:
        return spec
    symbols, entering = max(settings.symbols, symbols_in(examples)), 0
    if settings.task == "next_symbol":  # the first step is in no target
        entering = symbols = max(symbols, int(examples.input[:, :1].max()) + 1)
    else:
        symbols = max(symbols, len(examples.header.class_names))
    return replace(
        spec, target="symbol", standardised=False, target_symbols=symbols, symbols=entering
    )


def symbols_in(examples: Examples) -> int:
    """Return one more than the largest symbol of the target that is no padding."""
    values = examples["target"]
    by_step = values.reshape(len(values), values.shape[1], -1)
    if "length" in examples:
        valid = np.arange(values.shape[1]) < examples["length"][:, None]
        by_step = np.where(valid[..., None], by_step, 0)
    return int(by_step.max()) + 1


def check_symbols_known(examples: Examples, spec: InputSpec, place: str) -> None:
    """Refuse rows with symbols that the network was not built for.

    Raises:
        DatasetError: Naming the largest symbol and how many the network knows.
    """
    if not spec.target_symbols or not len(examples):
        return
    found = max(symbols_in(examples), int(examples.input[:, :1].max()) + 1 if spec.symbols else 0)
    if found > spec.target_symbols:
        raise DatasetError(
            f"{place} hold symbol {found - 1}; the model knows 0 to {spec.target_symbols - 1}, "
            f"those of its training rows. Train with --set symbols={found}, or split otherwise"
        )
