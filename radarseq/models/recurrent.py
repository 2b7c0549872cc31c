"""Recurrent networks: a state that is carried from step to step.

Reference:
    Hochreiter and Schmidhuber, "Long short-term memory", 1997; Cho et al., 2014 (GRU);
    Elman, "Finding structure in time", 1990.
"""

from torch import Tensor, nn

_LAYERS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


class Recurrent(nn.Module):
    """Layers of one kind of recurrent cell, causal, as long out as in.

    Args:
        kind: ``lstm``, ``gru`` or ``rnn``.
        inputs: Features at each step.
        width: Size of the state.
        layers: How many layers.
        dropout: Between the layers.
    """

    def __init__(self, kind: str, inputs: int, *, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.outputs = width
        self.cells = _LAYERS[kind](
            inputs, width, num_layers=layers, dropout=dropout if layers > 1 else 0.0
        )

    @property
    def receptive_field(self) -> None:
        """None: the state can carry everything since the first sample."""
        return None

    def forward(self, x: Tensor) -> Tensor:
        """Return (step, batch, width) from ``x`` (step, batch, feature)."""
        return self.cells(x)[0]
