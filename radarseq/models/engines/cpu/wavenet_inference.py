"""A WaveNet that is not trained, compiled: a few sequences at a time pass all layers in the cache.

Only what the last step depends on is computed where no other is asked for. The answers are those of
``radarseq.models.backbones.wavenet`` but for rounding. They do not depend on the other sequences
of the batch, nor on the number of threads.
"""

import numpy as np
import torch
from numba import njit
from torch import Tensor, nn

from radarseq.models.backbones.engine_interface import Engine
from radarseq.models.backbones.wavenet import WaveNet
from radarseq.models.engines.cpu.activations import gate_forward
from radarseq.models.engines.cpu.matmul import COLUMNS, add_part
from radarseq.models.engines.cpu.scheduling import as_array, edges_of, in_threads, plan
from radarseq.models.engines.cpu.wavenet_kernels import BLOCK, combine, fill, wavenet_forward

_MIN = 64  # sequences for a second thread


def fits(network: WaveNet) -> bool:
    """Return whether the compiled layers can stand for those of ``network``."""
    width, skip = network.first.out_features, network.outputs
    plain = all(isinstance(layer.norm, nn.Identity) for layer in network.gated_layers())
    return plain and not width % COLUMNS and not skip % COLUMNS


class FastWaveNet(Engine):
    """The layers of a WaveNet with their weights as the kernel reads them.

    Args:
        network: On the CPU; its weights must not change meanwhile.
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
        self.mix = (
            np.float32(len(layers) ** -0.5),
            as_array(network.last.weight.detach().mT),
            np.array(as_array(network.last.bias)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (step, batch, skip) from ``x`` (step, batch, feature)."""
        return self._run(x, last=False)

    def at_last_step(self, x: Tensor) -> Tensor:
        """Return ``forward(x)[-1]``, having computed only the cells that it depends on."""
        return self._run(x, last=True)[0]

    def stream(self, batch: int) -> "FastStream":
        """Return a state that takes one step after the other."""
        return FastStream(self, self._network, batch)

    def _run(self, x: Tensor, *, last: bool) -> Tensor:
        needed, now, past, count = plan(len(x), self.dilations, last=last)
        if len(needed) < len(x):
            x = x.index_select(0, torch.from_numpy(needed))
        given, batch = self._network.first(x).detach().contiguous().numpy(), x.shape[1]
        hidden = np.empty((int(count[-1]), batch, self.skip), np.float32)
        edges = edges_of(batch, max(1, min(torch.get_num_threads(), batch // _MIN)), BLOCK)
        most = len(needed) * min(BLOCK, batch)

        def part(k: int) -> None:
            inputs = np.empty((1, 2, most, self.width), np.float32)
            opened = np.empty((1, 1, most, 2 * self.width), np.float32)
            _answer(
                given, now, past, count, *self.weights, edges[k], edges[k + 1], inputs, opened,
                hidden, *self.mix,
            )  # fmt: skip

        in_threads(part, len(edges) - 1)
        return torch.from_numpy(hidden)


@njit(cache=True, nogil=True)
def _answer(
    given, now, past, count, dilated, dilated_bias, out, residual_bias, skip_bias, first, end,
    inputs, opened, hidden, scale, last, last_bias,
):  # fmt: skip
    """Write the output of sequences ``first`` to ``end``, see ``wavenet_forward``."""
    wavenet_forward(
        given, now, past, count, dilated, dilated_bias, out, residual_bias, skip_bias, first, end,
        inputs, opened, hidden,
    )  # fmt: skip
    for n in range(len(hidden)):
        combine(hidden[n, first:end], scale, last, last_bias)


class FastStream:
    """What each layer saw during the last dilation, and the compiled step."""

    def __init__(self, fast: FastWaveNet, network: WaveNet, batch: int) -> None:
        self._weights, self._network = (*fast.weights, *fast.mix), network
        self._dilations = np.array(fast.dilations)
        self._starts = np.concatenate(([0], np.cumsum(self._dilations)[:-1]))
        self._seen = np.zeros((int(self._dilations.sum()), batch, fast.width), np.float32)
        self._shape, self._count = (batch, fast.skip), 0

    def step(self, x: Tensor) -> Tensor:
        """Return the output (batch, skip) of the next step, from its features."""
        opened = self._network.first(x).detach().contiguous().numpy()
        hidden = np.empty(self._shape, np.float32)
        _one_step(
            opened, self._seen, self._starts, self._dilations, self._count, *self._weights, hidden
        )
        self._count += 1
        return torch.from_numpy(hidden)


@njit(cache=True, nogil=True)
def _one_step(
    given, seen, starts, dilations, step, dilated, dilated_bias, out, residual_bias, skip_bias,
    scale, last, last_bias, hidden,
):  # fmt: skip
    """Write the output of one step, and put its samples in the place of the oldest."""
    batch, width = given.shape
    x, passed = given.copy(), np.empty((batch, width), np.float32)
    both, y = np.empty((batch, 2 * width), np.float32), np.empty((batch, 2 * width), np.float32)
    fill(hidden, skip_bias, batch)
    for layer in range(len(dilated)):
        slot = starts[layer] + step % dilations[layer]
        for k in range(batch):
            for i in range(width):
                both[k, i], both[k, width + i] = seen[slot, k, i], x[k, i]
                seen[slot, k, i] = x[k, i]
                x[k, i] += residual_bias[layer, i]
        fill(y, dilated_bias[layer], batch)
        add_part(both, 0, 0, 2 * width, dilated[layer], 0, 0, y, 0, batch, 2 * width)
        gate_forward(y, passed, batch)
        add_part(passed, 0, 0, width, out[layer], 0, width, hidden, 0, batch, len(skip_bias))
        add_part(passed, 0, 0, width, out[layer], 0, 0, x, 0, batch, width)
    combine(hidden, scale, last, last_bias)
