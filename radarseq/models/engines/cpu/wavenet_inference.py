"""WaveNet inference on the CPU, compiled: a few sequences at a time pass all layers in the cache.

Where the last step's output alone is wanted, only the steps that it depends on are computed. The
outputs equal those of ``radarseq.models.backbones.wavenet`` but for rounding. They depend neither
on the other sequences of the batch nor on the number of threads.
"""

import numpy as np
import torch
from numba import njit
from torch import Tensor, nn

from radarseq.models.backbones.interface import Engine
from radarseq.models.backbones.wavenet import WaveNet
from radarseq.models.engines.cpu.activations import gate_forward
from radarseq.models.engines.cpu.matmul import COLUMNS, add_product
from radarseq.models.engines.cpu.scheduling import as_array, part_edges, plan_rows, run_in_threads
from radarseq.models.engines.cpu.wavenet_kernels import BLOCK, combine, fill_rows, wavenet_forward

_MIN_PART = 64  # sequences for each thread


def supports_network(network: WaveNet) -> bool:
    """Return whether the compiled layers can compute ``network``."""
    width, skip = network.first.out_features, network.outputs
    has_norm = any(not isinstance(layer.norm, nn.Identity) for layer in network.gated_layers())
    return not has_norm and not width % COLUMNS and not skip % COLUMNS


class WaveNetInferenceEngine(Engine):
    """Computes the layers of a WaveNet, with its weights in the shapes that the kernel reads.

    Args:
        network: On the CPU; its weights must not change afterwards.
    """

    def __init__(self, network: WaveNet) -> None:
        layers = network.gated_layers()
        width = network.first.out_features
        self._network, self.width, self.skip = network, width, network.outputs
        self.dilations = network.dilations
        out_bias = torch.stack([layer.out.bias.detach() for layer in layers])
        self.weights = (
            as_array(torch.stack([layer.convolution.weight.detach().mT for layer in layers])),
            as_array(torch.stack([layer.convolution.bias.detach() for layer in layers])),
            as_array(torch.stack([layer.out.weight.detach().mT for layer in layers])),
            as_array(out_bias[:, :width]),
            as_array(out_bias[:, width:].sum(dim=0)),
        )
        self.output_weights = (
            np.float32(len(layers) ** -0.5),
            as_array(network.last.weight.detach().mT),
            np.array(as_array(network.last.bias)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (step, batch, skip) from ``x`` (step, batch, feature)."""
        return self._run(x, last=False)

    def at_last_step(self, x: Tensor) -> Tensor:
        """Return ``forward(x)[-1]``, computed from the steps that it depends on."""
        return self._run(x, last=True)[0]

    def stream(self, batch: int) -> "WaveNetEngineStream":
        """Return a stream of ``batch`` parallel sequences."""
        return WaveNetEngineStream(self, self._network, batch)

    def _run(self, x: Tensor, *, last: bool) -> Tensor:
        needed, present, past, counts = plan_rows(len(x), self.dilations, last=last)
        if len(needed) < len(x):
            x = x.index_select(0, torch.from_numpy(needed))
        x0, batch = self._network.first(x).detach().contiguous().numpy(), x.shape[1]
        hidden = np.empty((int(counts[-1]), batch, self.skip), np.float32)
        edges = part_edges(batch, max(1, min(torch.get_num_threads(), batch // _MIN_PART)), BLOCK)
        rows = len(needed) * min(BLOCK, batch)

        def work(part: int) -> None:
            inputs = np.empty((1, 2, rows, self.width), np.float32)
            gates = np.empty((1, 1, rows, 2 * self.width), np.float32)
            _forward(
                x0, present, past, counts, *self.weights, edges[part], edges[part + 1],
                inputs, gates, hidden, *self.output_weights,
            )  # fmt: skip

        run_in_threads(work, len(edges) - 1)
        return torch.from_numpy(hidden)


@njit(cache=True, nogil=True)
def _forward(
    x0, present, past, counts, dilated, dilated_bias, out, residual_bias, skip_bias,
    first, end, inputs, gates, hidden, scale, last, last_bias,
):  # fmt: skip
    """Write the output of sequences ``first`` to ``end``, see ``wavenet_forward``."""
    wavenet_forward(
        x0, present, past, counts, dilated, dilated_bias, out, residual_bias, skip_bias,
        first, end, inputs, gates, hidden,
    )  # fmt: skip
    for n in range(len(hidden)):
        combine(hidden[n, first:end], scale, last, last_bias)


class WaveNetEngineStream:
    """Inputs of each layer during its last dilation, in one ring buffer per layer."""

    def __init__(self, engine: WaveNetInferenceEngine, network: WaveNet, batch: int) -> None:
        self._weights, self._network = (*engine.weights, *engine.output_weights), network
        self._dilations = np.array(engine.dilations)
        self._starts = np.concatenate(([0], np.cumsum(self._dilations)[:-1]))
        self._pasts = np.zeros((int(self._dilations.sum()), batch, engine.width), np.float32)
        self._shape, self._count = (batch, engine.skip), 0

    def step(self, x: Tensor) -> Tensor:
        """Return the output (batch, skip) of the next step, from its features."""
        x0 = self._network.first(x).detach().contiguous().numpy()
        hidden = np.empty(self._shape, np.float32)
        _step(
            x0, self._pasts, self._starts, self._dilations, self._count, *self._weights,
            hidden,
        )  # fmt: skip
        self._count += 1
        return torch.from_numpy(hidden)


@njit(cache=True, nogil=True)
def _step(
    x0, pasts, starts, dilations, step, dilated, dilated_bias, out, residual_bias,
    skip_bias, scale, last, last_bias, hidden,
):  # fmt: skip
    """Write the output of one step, and replace the oldest input of each layer by its present."""
    batch, width = x0.shape
    x, gated = x0.copy(), np.empty((batch, width), np.float32)
    both, y = np.empty((batch, 2 * width), np.float32), np.empty((batch, 2 * width), np.float32)
    fill_rows(hidden, skip_bias, batch)
    for layer in range(len(dilated)):
        slot = starts[layer] + step % dilations[layer]
        for k in range(batch):
            for i in range(width):
                both[k, i], both[k, width + i] = pasts[slot, k, i], x[k, i]
                pasts[slot, k, i] = x[k, i]
                x[k, i] += residual_bias[layer, i]
        fill_rows(y, dilated_bias[layer], batch)
        add_product(both, 0, 0, 2 * width, dilated[layer], 0, 0, y, 0, batch, 2 * width)
        gate_forward(y, gated, batch)
        add_product(gated, 0, 0, width, out[layer], 0, width, hidden, 0, batch, len(skip_bias))
        add_product(gated, 0, 0, width, out[layer], 0, 0, x, 0, batch, width)
    combine(hidden, scale, last, last_bias)
