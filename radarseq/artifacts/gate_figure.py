"""The gates of a trained model for one example of a dataset, as a picture and in numbers."""

from pathlib import Path
from typing import Any

import torch

from radarseq.dataset.read import open_dataset
from radarseq.errors import OutputError, UsageError
from radarseq.inference.predictor import load
from radarseq.models.ensemble import Ensemble
from radarseq.models.gate_values import compute_gates
from radarseq.report.figures.gates import draw_gates


def draw_example_gates(
    run: Path | str, data: Path | str, example: int, out: Path | str
) -> dict[str, Any]:
    """Draw the gates of a run's model for one example, against its input.

    Args:
        run: A run folder, of a WaveNet, LSTM or GRU.
        data: A dataset of the kind that it was trained on.
        example: Row of the dataset, counted from 0.
        out: The PNG to write; must not exist.

    Returns:
        The layers, and of each gate how far it is open on average, 0 closed to 1 open.

    Raises:
        UsageError: If there is no such example, or the model has no gates.
        OutputError: If ``out`` exists, or is no PNG's name.
        CheckpointError: If the run has no checkpoint, or it is damaged.
        DatasetError: If the dataset is damaged.
        MismatchError: If data and model do not fit.
    """
    run, data, out = Path(run), Path(data), Path(out)
    if out.exists() or out.suffix != ".png":
        raise OutputError(f"{out}: expected the name of a .png that does not exist yet")
    model = load(run, device="cpu")
    if isinstance(model.network, Ensemble):
        raise UsageError(
            f"{run} is an {model.name}, each with gates of its own; name one of its runs, such as "
            f"{run / next(iter(model.manifest['members']))}"
        )
    examples = model.prepare(open_dataset(data).load())
    if not 0 <= example < len(examples):
        raise UsageError(
            f"example is {example}; {data} has {len(examples):,}, numbered 0 to {len(examples) - 1}"
        )
    row = examples.take(slice(example, example + 1))
    model.check(row.header, row)
    steps = int(row["length"][0]) if "length" in row else row.steps
    signal = row.input[:, :steps]
    tx = None if row.code is None else torch.from_numpy(row.code[:, :steps])
    layers = compute_gates(model.network, torch.from_numpy(signal), tx)
    shown = [
        (
            layer.name,
            {k: g[:, 0].numpy() for k, g in layer.gates.items()},
            layer.memory[:, 0].numpy(),
        )
        for layer in layers
    ]
    out.parent.mkdir(parents=True, exist_ok=True)
    title = f"{model.network.settings.model} of {run.name}, example {example} of {data.name}"
    draw_gates(out, signal[0], shown, title=title, step_name=_STEP_NAMES[row.header.sample_axis])
    return {
        "picture": str(out),
        "example": example,
        "open": {
            f"{layer.name}, {gate}": round(float(values.mean()), 4)
            for layer in layers
            for gate, values in layer.gates.items()
        },
    }


_STEP_NAMES = {"slow_time": "pulse", "fast_time": "sample in the pulse", "step": "step"}
