"""Embedding of symbols, which takes the place of features."""

import torch
from torch import Tensor, nn

from radarseq.errors import MismatchError
from radarseq.models.features.radar import Features, valid_steps


class SymbolEmbedding(nn.Module):
    """A learnt vector for each symbol; the vectors of a step's voices are concatenated.

    Args:
        symbols: Number of symbols.
        voices: Symbols at each step.
        size: Of a vector.
    """

    def __init__(self, symbols: int, voices: int, size: int) -> None:
        super().__init__()
        self.symbols, self.width = symbols, voices * size
        self.table = nn.Embedding(symbols, size)
        if symbols == 2:  # off and on: off, which most voices are, starts as zero
            self.table.weight.data[0], self.table.weight.data[1] = 0.0, 1.0

    def fit(self, signal: Tensor, tx: Tensor | None, length: Tensor | None = None) -> None:
        """Do nothing: symbols have no statistics."""

    def forward(
        self, signal: Tensor, tx: Tensor | None = None, length: Tensor | None = None
    ) -> Features:
        """Return the vectors of ``signal``, ``(batch, step)`` or ``(batch, step, voice)``.

        Symbols at and after ``length`` are padding and count as symbol 0.

        Raises:
            MismatchError: If a value is not a symbol: not whole, negative, or too large.
        """
        values = signal if signal.ndim == 3 else signal[..., None]
        if length is not None:
            values = values.masked_fill(~valid_steps(length, values.shape[1])[..., None], 0)
        index = values.long()
        invalid = (index != values) | (index < 0) | (index >= self.symbols)
        if bool(invalid.any()):
            raise MismatchError(
                f"{values[invalid][0].item():g} is not a symbol of this model; expected whole "
                f"numbers from 0 to {self.symbols - 1}, the symbols of its training rows. Train "
                "with --set symbols=N for more"
            )
        steps = self.table(index).flatten(2)
        return Features(steps, steps[..., :0], torch.ones_like(steps[..., :1]))
