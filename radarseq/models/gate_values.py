"""What opens and closes inside a network: its gates and its memory at every step of a sequence.

They are computed again from the weights, step by step, since torch does not hand them out; the
state that they lead to is torch's own.
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
    """One layer at every step.

    Attributes:
        name: Of the layer, for titles.
        gates: By name, 0 closed to 1 open, each ``(step, batch, width)``.
        memory: An LSTM's long-term state, a GRU's state, or a WaveNet layer's input to the next,
            ``(step, batch, width)``.
        state: What the layer hands on at each step, ``(step, batch, channel)``.
    """

    name: str
    gates: dict[str, Tensor]
    memory: Tensor
    state: Tensor


@torch.no_grad()
def gates_of(
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
        f"the gates of {network.settings.model!r} cannot be shown; those of wavenet, lstm and gru "
        "can"
    )


def recurrent_gates(network: Recurrent, x: Tensor) -> list[LayerGates]:
    """Return the gates of an LSTM's or a GRU's layers for ``x`` (step, batch, feature)."""
    layers = []
    for index, weights in enumerate(network.layers()):
        state = memory = x.new_zeros(x.shape[1], network.outputs)
        moved = []
        for step in x:
            moved.append(cell_step(network.kind, step, state, memory, weights))
            state, memory = moved[-1]["state"], moved[-1].get("memory", memory)
        joined = {name: torch.stack([m[name] for m in moved]) for name in moved[0]}
        state = joined.pop("state")
        memory = joined.pop("memory", state)
        x = network.between(index, x, state)
        layers.append(LayerGates(f"{network.kind} layer {index + 1}", joined, memory, x))
    return layers


def wavenet_gates(network: WaveNet, x: Tensor) -> list[LayerGates]:
    """Return the gates of a WaveNet's layers for ``x`` (step, batch, feature)."""
    layers, x = [], network.first(x)
    for index, layer in enumerate(network.gated_layers()):
        seen = layer.norm(x)
        past = torch.zeros_like(seen)
        past[layer.dilation :] = seen[: max(0, len(seen) - layer.dilation)]
        filtered, gate = layer.opened(past, seen)
        passed = layer.out(filtered * gate)
        x, skip = x + passed[..., : layer.width], passed[..., layer.width :]
        name = f"wavenet layer {index + 1}, dilation {layer.dilation}"
        layers.append(LayerGates(name, {"gate": gate}, x, skip))
    return layers
