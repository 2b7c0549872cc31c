"""Symbols at the input: a vector for each, learnt, in the place of features."""

from typing import NoReturn

import torch
from torch import Tensor, nn

from radarseq.errors import MismatchError
from radarseq.models.features.radar import Described, valid_steps


class SymbolEmbedding(nn.Module):
    """A learnt vector for each symbol; the voices of a step stand side by side.

    Args:
        symbols: How many there are.
        voices: Symbols at each step.
        size: Of a vector.
    """

    def __init__(self, symbols: int, voices: int, size: int) -> None:
        super().__init__()
        self.symbols, self.width = symbols, voices * size
        self.table = nn.Embedding(symbols, size)
        if symbols == 2:  # on or off: off, which most voices are, starts as nothing
            self.table.weight.data[0], self.table.weight.data[1] = 0.0, 1.0

    def fit(self, signal: Tensor, tx: Tensor | None, length: Tensor | None = None) -> None:
        """Do nothing: there are no statistics of symbols."""

    def forward(
        self, signal: Tensor, tx: Tensor | None = None, length: Tensor | None = None
    ) -> Described:
        """Return the vectors of ``signal``, ``(batch, step)`` or ``(batch, step, voice)``.

        Symbols at and after ``length`` are padding: they are taken for symbol 0.

        Raises:
            MismatchError: If a value is no symbol: not whole, negative, or too large.
        """
        values = signal if signal.ndim == 3 else signal[..., None]
        if length is not None:
            values = values.masked_fill(~valid_steps(length, values.shape[1])[..., None], 0)
        index = values.long()
        if bool(((index != values) | (index < 0) | (index >= self.symbols)).any()):
            self._refuse(values)
        steps = self.table(index).flatten(2)
        return Described(steps, steps[..., :0], torch.ones_like(steps[..., :1]), None, None)

    def _refuse(self, values: Tensor) -> NoReturn:
        whole = (values == values.floor()) & (values >= 0) & (values < self.symbols)
        first = values[~whole][0].item()
        raise MismatchError(
            f"{first:g} is no symbol of this model; expected whole numbers from 0 to "
            f"{self.symbols - 1}, the symbols of its training rows. Train with --set symbols=N "
            "for more"
        )
