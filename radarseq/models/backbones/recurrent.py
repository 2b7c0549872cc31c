"""Recurrent networks, which carry a state from step to step.

Reference:
    Hochreiter and Schmidhuber, "Long short-term memory", 1997; Cho et al., 2014 (GRU);
    Elman, "Finding structure in time", 1990.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from radarseq.models.backbones.interface import BackboneStream, EngineBackbone
from radarseq.models.settings import ModelSettings

_CELLS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
_WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class Recurrent(EngineBackbone):
    """Layers of one kind of recurrent cell.

    Args:
        kind: ``lstm``, ``gru`` or ``rnn``.
        inputs: Features at each step.
        width: Size of the state.
        layers: Number of layers.
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
        self._layer_count = layers
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers if layer_norm else 0))
        self.dropout = dropout if layers > 1 else 0.0
        self.cells: nn.Module
        if not layer_norm and not residual:  # nothing lies between the layers: torch runs them all
            self.cells = _CELLS[kind](inputs, width, num_layers=layers, dropout=self.dropout)
        else:
            sizes = (inputs, *[width] * (layers - 1))
            self.cells = nn.ModuleList(_CELLS[kind](size, width) for size in sizes)

    @classmethod
    def from_settings(cls, settings: ModelSettings, inputs: int) -> "Recurrent":
        """Return the network of the settings; ``conv_gru`` has layers of ``gru``."""
        return cls(
            "gru" if settings.model == "conv_gru" else settings.model,
            inputs,
            width=settings.width,
            layers=settings.layers,
            dropout=settings.dropout,
            layer_norm=settings.layer_norm,
            residual=settings.residual,
        )

    def layers(self) -> list[dict[str, Tensor]]:
        """Return the weights of each layer, by torch's names without the layer's number."""
        places = [(self.cells, index) for index in range(self._layer_count)]
        if isinstance(self.cells, nn.ModuleList):
            places = [(cell, 0) for cell in self.cells]
        return [{name: getattr(cell, f"{name}_l{k}") for name in _WEIGHTS} for cell, k in places]

    def layer_output(self, index: int, x: Tensor, states: Tensor) -> Tensor:
        """Return the output of layer ``index``, given its input ``x`` and its cells' states."""
        if self.residual and index:
            states = x + states
        return self.norms[index](states) if len(self.norms) else states

    def layer_by_layer(self, x: Tensor, states: Callable[[int, Tensor], Tensor]) -> Tensor:
        """Return the last layer's output; ``states`` gives a layer's states from its input."""
        for index in range(self._layer_count):
            if index:
                x = functional.dropout(x, self.dropout, self.training)
            x = self.layer_output(index, x, states(index, x))
        return x

    def torch_forward(self, x: Tensor) -> Tensor:
        """Return (step, batch, width) from ``x`` (step, batch, feature)."""
        cells = self.cells
        if not isinstance(cells, nn.ModuleList):
            return cells(x)[0]
        return self.layer_by_layer(x, lambda index, x: cells[index](x)[0])

    def torch_stream(self, batch: int) -> BackboneStream:
        """Return a stream of ``batch`` parallel sequences."""
        return RecurrentStream(self, batch)


class RecurrentStream:
    """State of every layer after the steps so far."""

    def __init__(self, network: Recurrent, batch: int) -> None:
        self._network, self._layers = network, network.layers()
        zeros = self._layers[0]["weight_hh"].new_zeros(batch, network.outputs)
        self._states = [(zeros, zeros) for _ in self._layers]

    def step(self, x: Tensor) -> Tensor:
        """Return the output (batch, width) of the next step, from its features."""
        for index, weights in enumerate(self._layers):
            state, memory = self._states[index]
            values = cell_step(self._network.kind, x, state, memory, weights)
            self._states[index] = (values["state"], values.get("memory", memory))
            x = self._network.layer_output(index, x, values["state"])
        return x


def cell_step(
    kind: str, x: Tensor, state: Tensor, memory: Tensor, weights: dict[str, Tensor]
) -> dict[str, Tensor]:
    """Return one step of a cell: its gates, 0 closed to 1 open, its state and its memory.

    The equations are those of the papers, in the order in which torch stores the weights. Each
    value is (batch, width).
    """
    from_x = functional.linear(x, weights["weight_ih"], weights["bias_ih"])
    from_state = functional.linear(state, weights["weight_hh"], weights["bias_hh"])
    if kind == "rnn":
        return {"state": torch.tanh(from_x + from_state)}
    if kind == "gru":
        x_reset, x_update, x_candidate = from_x.chunk(3, dim=1)
        state_reset, state_update, state_candidate = from_state.chunk(3, dim=1)
        reset = torch.sigmoid(x_reset + state_reset)
        update = torch.sigmoid(x_update + state_update)
        candidate = torch.tanh(x_candidate + reset * state_candidate)
        new_state = (1.0 - update) * candidate + update * state
        return {"reset": reset, "update": update, "state": new_state}
    entry, forget, candidate, output = (from_x + from_state).chunk(4, dim=1)
    gates: dict[str, Any] = {
        "input": torch.sigmoid(entry),
        "forget": torch.sigmoid(forget),
        "output": torch.sigmoid(output),
    }
    memory = gates["forget"] * memory + gates["input"] * torch.tanh(candidate)
    return gates | {"memory": memory, "state": gates["output"] * torch.tanh(memory)}
