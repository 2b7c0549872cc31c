"""Generates sequences: the next symbol is drawn from the model's probabilities, repeatedly."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from radarseq.errors import UsageError
from radarseq.models.ensemble import Trained
from radarseq.models.streaming import open_stream


@torch.no_grad()
def generate(
    network: Trained, prompt: Tensor, steps: int, *, temperature: float = 1.0, seed: int = 0
) -> NDArray[np.int64]:
    """Return ``steps`` symbols that continue ``prompt``, int64 ``(batch, steps, voice)``.

    Args:
        network: Trained on the next symbol, in evaluation mode.
        prompt: Symbols to start from, ``(batch, step)`` or ``(batch, step, voice)``.
        steps: Number of symbols to generate.
        temperature: 1 draws from the model's probabilities, less from sharper ones, more from
            flatter ones; 0 always takes the most probable symbol.
        seed: Of the draws; the same seed gives the same symbols.

    Raises:
        UsageError: If the model does not predict symbols, or a number is out of range.
        MismatchError: If the prompt does not fit the model.
    """
    if network.settings.task != "next_symbol":
        raise UsageError(
            f"the model was trained for task {network.settings.task!r}; only one trained with "
            "task=next_symbol generates symbols"
        )
    if steps < 1 or not 0 <= temperature < float("inf"):
        raise UsageError(
            f"steps is {steps} and temperature {temperature}; expected 1 or more, and 0 or more"
        )
    values = prompt if prompt.ndim == 3 else prompt[..., None]
    network.check(values, None)
    stream, generator = open_stream(network, len(values)), torch.Generator().manual_seed(seed)
    for column in range(values.shape[1] - 1):
        stream.step(values[:, column])
    generated, symbol = [], values[:, -1]
    for _ in range(steps):
        scores = stream.step(symbol).symbols
        assert scores is not None
        symbol = _draw(scores.double().cpu(), temperature, generator).to(values)
        generated.append(symbol)
    return torch.stack(generated, dim=1).long().cpu().numpy()


def _draw(scores: Tensor, temperature: float, generator: torch.Generator) -> Tensor:
    """Return a symbol for each row and voice of ``scores`` (batch, voice, symbol)."""
    if temperature == 0:
        return scores.argmax(dim=2)
    probabilities = (scores / temperature).softmax(dim=2)
    drawn = torch.multinomial(probabilities.flatten(0, 1), 1, generator=generator)
    return drawn.view(scores.shape[:2])
