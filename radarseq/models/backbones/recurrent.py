"""Recurrent networks: a state that is carried from step to step.

Reference:
    Hochreiter and Schmidhuber, "Long short-term memory", 1997; Cho et al., 2014 (GRU);
    Elman, "Finding structure in time", 1990.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from radarseq.models.backbones.engine_interface import Engine, Step

_LAYERS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


class Recurrent(nn.Module):
    """Layers of one kind of recurrent cell, causal, as long out as in.

    Args:
        kind: ``lstm``, ``gru`` or ``rnn``.
        inputs: Features at each step.
        width: Size of the state.
        layers: How many layers.
        dropout: Between the layers.
        layer_norm: Whether each layer's output is normalised over its channels.
        residual: Whether a layer from the second on adds its input to its output.
    """

    def __init__(
        self,
        kind: str,
        inputs: int,
        *,
        width: int,
        layers: int,
        dropout: float,
        layer_norm: bool = False,
        residual: bool = False,
    ) -> None:
        super().__init__()
        self.kind, self.outputs, self.residual = kind, width, residual
        self._count = layers
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers if layer_norm else 0))
        self.dropout = dropout if layers > 1 else 0.0
        # Where nothing comes between the layers, torch runs them as one.
        self.is_plain = not layer_norm and not residual
        if self.is_plain:
            self.cells: nn.Module = _LAYERS[kind](
                inputs, width, num_layers=layers, dropout=self.dropout
            )
        else:
            sizes = (inputs, *[width] * (layers - 1))
            self.cells = nn.ModuleList(_LAYERS[kind](size, width) for size in sizes)
        self.engine: Engine | None = None  # see radarseq.models.engines.select and .kernels

    @property
    def receptive_field(self) -> None:
        """None: the state can carry everything since the first sample."""
        return None

    def layers(self) -> list[dict[str, Tensor]]:
        """Return the weights of each layer, by torch's names without the layer's number."""
        if isinstance(self.cells, nn.ModuleList):
            return [_weights(cell, 0) for cell in self.cells]
        return [_weights(self.cells, index) for index in range(self._count)]

    def between(self, index: int, x: Tensor, y: Tensor) -> Tensor:
        """Return what leaves layer ``index``, given its input ``x`` and the output of its cells."""
        if self.residual and index:
            y = x + y
        return self.norms[index](y) if len(self.norms) else y

    def through(self, x: Tensor, states: Callable[[int, Tensor], Tensor]) -> Tensor:
        """Return what leaves the last layer, given what each layer's cells make of its input."""
        for index in range(self._count):
            if index:
                x = functional.dropout(x, self.dropout, self.training)
            x = self.between(index, x, states(index, x))
        return x

    def forward(self, x: Tensor) -> Tensor:
        """Return (step, batch, width) from ``x`` (step, batch, feature)."""
        if self.engine is not None and self.engine.supports(x):
            return self.engine.forward(x)
        cells = self.cells
        if not isinstance(cells, nn.ModuleList):
            return cells(x)[0]
        return self.through(x, lambda index, x: cells[index](x)[0])

    def at_last_step(self, x: Tensor) -> Tensor:
        """Return ``forward(x)[-1]``."""
        if self.engine is not None and self.engine.supports(x):
            return self.engine.at_last_step(x)
        return self(x)[-1]

    def stream(self, batch: int) -> Step:
        """Return a state that takes one step after the other."""
        own = None if self.engine is None else self.engine.stream(batch)
        return own or RecurrentStream(self, batch)


def _weights(cell: nn.Module, index: int) -> dict[str, Tensor]:
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return {name: getattr(cell, f"{name}_l{index}") for name in names}


class RecurrentStream:
    """The state of every layer after the steps so far."""

    def __init__(self, network: Recurrent, batch: int) -> None:
        self._network, self._layers = network, network.layers()
        quiet = self._layers[0]["weight_hh"].new_zeros(batch, network.outputs)
        self._states = [(quiet, quiet) for _ in self._layers]

    def step(self, x: Tensor) -> Tensor:
        """Return the output (batch, width) of the next step, from its features."""
        for index, (weights, (state, memory)) in enumerate(
            zip(self._layers, self._states, strict=True)
        ):
            moved = cell_step(self._network.kind, x, state, memory, weights)
            self._states[index] = (moved["state"], moved.get("memory", memory))
            x = self._network.between(index, x, moved["state"])
        return x


def cell_step(
    kind: str, x: Tensor, state: Tensor, memory: Tensor, weights: dict[str, Tensor]
) -> dict[str, Tensor]:
    """Return one step of a cell: its gates, 0 closed to 1 open, its state and its memory.

    The equations are those of the papers, in the order in which torch stores the weights. Each
    value is (batch, width).
    """
    seen = functional.linear(x, weights["weight_ih"], weights["bias_ih"])
    kept = functional.linear(state, weights["weight_hh"], weights["bias_hh"])
    if kind == "rnn":
        return {"state": torch.tanh(seen + kept)}
    if kind == "gru":
        return _gru_step(seen.chunk(3, dim=1), kept.chunk(3, dim=1), state)
    entering, forget, candidate, output = (seen + kept).chunk(4, dim=1)
    gates: dict[str, Any] = {
        "input": torch.sigmoid(entering),
        "forget": torch.sigmoid(forget),
        "output": torch.sigmoid(output),
    }
    memory = gates["forget"] * memory + gates["input"] * torch.tanh(candidate)
    return gates | {"memory": memory, "state": gates["output"] * torch.tanh(memory)}


def _gru_step(
    seen: tuple[Tensor, ...], kept: tuple[Tensor, ...], state: Tensor
) -> dict[str, Tensor]:
    reset, update = torch.sigmoid(seen[0] + kept[0]), torch.sigmoid(seen[1] + kept[1])
    candidate = torch.tanh(seen[2] + reset * kept[2])
    moved = (1.0 - update) * candidate + update * state
    return {"reset": reset, "update": update, "state": moved}
