"""Gates and memory of a network at every step of a sequence.

They are computed again from the weights, step by step, since torch does not return them; the state
that results is torch's own.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from radarseq.errors import UsageError
from radarseq.models.backbones.recurrent import Recurrent, cell_step
from radarseq.models.backbones.wavenet import WaveNet
from radarseq.models.network import Network


@dataclass(frozen=True)
class LayerGates:
    """Gates of one layer at every step.

    Attributes:
        name: Title of the layer.
        gates: By name, 0 closed to 1 open, each ``(step, batch, width)``.
        memory: An LSTM's long-term state, a GRU's state, or a WaveNet layer's input to the next,
            ``(step, batch, width)``.
        state: Output of the layer at each step, ``(step, batch, channel)``.
    """

    name: str
    gates: dict[str, Tensor]
    memory: Tensor
    state: Tensor


@torch.no_grad()
def compute_gates(
    network: Network, signal: Tensor, tx: Tensor | None = None, length: Tensor | None = None
) -> list[LayerGates]:
    """Return the gates of every layer, the first one first.

    Args:
        network: A WaveNet, LSTM or GRU, in evaluation mode; of one that also runs backwards, the
            part that runs forwards.
        signal: Samples ``(batch, step)`` or ``(batch, step, channel)``.
        tx: Transmitted samples of coded data.
        length: Valid steps ``(batch,)``, else all are.

    Raises:
        UsageError: If the network has no gates.
        MismatchError: If the samples do not have the shape that the network was built for.
    """
    network.check(signal, tx)
    steps = network.features(signal, tx, length).steps.transpose(0, 1)
    if isinstance(network.backbone, WaveNet):
        return wavenet_gates(network.backbone, steps)
    if isinstance(network.backbone, Recurrent) and network.backbone.kind != "rnn":
        return recurrent_gates(network.backbone, steps)
    raise UsageError(
        f"the gates of {network.settings.model!r} cannot be computed; those of wavenet, lstm and "
        "gru can"
    )


def recurrent_gates(network: Recurrent, x: Tensor) -> list[LayerGates]:
    """Return the gates of an LSTM's or a GRU's layers for ``x`` (step, batch, feature)."""
    layers = []
    for index, weights in enumerate(network.layers()):
        state = memory = x.new_zeros(x.shape[1], network.outputs)
        steps = []
        for step in x:
            steps.append(cell_step(network.kind, step, state, memory, weights))
            state, memory = steps[-1]["state"], steps[-1].get("memory", memory)
        gates = {name: torch.stack([values[name] for values in steps]) for name in steps[0]}
        state = gates.pop("state")
        memory = gates.pop("memory", state)
        x = network.layer_output(index, x, state)
        layers.append(LayerGates(f"{network.kind} layer {index + 1}", gates, memory, x))
    return layers


def wavenet_gates(network: WaveNet, x: Tensor) -> list[LayerGates]:
    """Return the gates of a WaveNet's layers for ``x`` (step, batch, feature)."""
    layers = []
    outputs = zip(network.gated_layers(), network.layer_outputs(x), strict=True)
    for index, (layer, (following, skip, gate)) in enumerate(outputs):
        name = f"wavenet layer {index + 1}, dilation {layer.dilation}"
        layers.append(LayerGates(name, {"gate": gate}, following, skip))
    return layers
