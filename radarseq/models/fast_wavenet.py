"""A WaveNet that is not trained, compiled: a few sequences at a time pass all layers in the cache.

Only what the last step depends on is computed where no other is asked for. The answers are those of
``radarseq.models.wavenet`` but for rounding, and do not depend on the sequences beside, nor on the
number of threads.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor, nn

from radarseq.models.tiles import COLUMNS, Floats, add_product, open_gate
from radarseq.models.wavenet import WaveNet, cells

BLOCK = 8  # sequences that pass the layers together
_LEAST = 64  # sequences for a second thread
Indices = NDArray[np.int64]


def fits(network: WaveNet) -> bool:
    """Return whether the compiled layers can stand for those of ``network``."""
    width, skip = network.first.out_features, network.outputs
    plain = all(isinstance(layer.norm, nn.Identity) for layer in network.gated_layers())
    return plain and not width % COLUMNS and not skip % COLUMNS


class FastWaveNet:
    """The layers of a WaveNet with their weights as the kernel reads them.

    Args:
        network: On the CPU; its weights must not change meanwhile.
    """

    def __init__(self, network: WaveNet) -> None:
        layers = network.gated_layers()
        width = network.first.out_features
        self._network, self.width, self.skip = network, width, network.outputs
        self.dilations = network.dilations
        out = torch.stack([layer.out.weight.detach().mT for layer in layers])
        out_bias = torch.stack([layer.out.bias.detach() for layer in layers])
        self.weights = (
            _array(torch.stack([layer.convolution.weight.detach().mT for layer in layers])),
            _array(torch.stack([layer.convolution.bias.detach() for layer in layers])),
            _array(out[:, :, :width]),
            _array(out_bias[:, :width]),
            _array(out[:, :, width:]),
            _array(out_bias[:, width:].sum(dim=0)),
        )
        self._plans: dict[tuple[int, bool], tuple[Indices, Indices, Indices, Indices]] = {}

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
        needed, now, past, count = self._plan(len(x), last)
        if len(needed) < len(x):
            x = x.index_select(0, torch.from_numpy(needed))
        given, batch = self._network.first(x).detach().contiguous().numpy(), x.shape[1]
        skips = np.empty((int(count[-1]), batch, self.skip), np.float32)
        threads = max(1, min(torch.get_num_threads(), batch // _LEAST))
        edges = [batch * k // threads // BLOCK * BLOCK for k in range(threads)] + [batch]

        def part(k: int) -> None:
            _through_layers(given, now, past, count, *self.weights, edges[k], edges[k + 1], skips)

        if threads == 1:
            part(0)
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(part, range(threads)))
        return self._network.combined(torch.from_numpy(skips))

    def _plan(self, steps: int, last: bool) -> tuple[Indices, Indices, Indices, Indices]:
        """Return the steps that are needed; for each layer the rows it reads, -1 for silence."""
        if (steps, last) not in self._plans:
            if last:
                needed, rows = cells(steps, self.dilations)
            else:
                needed, every = tuple(range(steps)), tuple(range(steps))
                rows = [
                    (every, tuple(n - d if n >= d else steps for n in every))
                    for d in self.dilations
                ]
            now = np.zeros((len(rows), len(needed)), np.int64)
            past, available = np.full_like(now, -1), len(needed)
            for layer, (at, before) in enumerate(rows):
                now[layer, : len(at)] = at
                past[layer, : len(at)] = [-1 if row >= available else row for row in before]
                available = len(at)
            count = np.array([len(at) for at, _ in rows])
            self._plans[steps, last] = np.array(needed), now, past, count
        return self._plans[steps, last]


def _array(values: Tensor) -> Floats:
    return np.array(values.numpy(), dtype=np.float32, order="C")


@njit(cache=True, nogil=True)
def _through_layers(
    given, now, past, count, dilated, dilated_bias, residual, residual_bias, skip, skip_bias,
    first, end, skips,
):  # fmt: skip
    """Write the sum of the skips of sequences ``first`` to ``end`` to ``skips``.

    Args:
        given: Input of the first layer, ``(needed, batch, width)``.
        now: Rows at which each layer's output is asked for, ``(layer, needed)``.
        past: Rows of a dilation before, -1 where that is before the first sample.
        count: How many rows of ``now`` each layer has.
        dilated: Weights ``(layer, 2 width, 2 width)``, with their bias.
        dilated_bias: ``(layer, 2 width)``.
        residual: Weights ``(layer, width, width)``, with their bias.
        residual_bias: ``(layer, width)``.
        skip: Weights ``(layer, width, skip)``, with the sum of their biases.
        skip_bias: ``(skip,)``.
        first: First sequence.
        end: The one after the last.
        skips: ``(step, batch, skip)``.
    """
    layers, width = len(dilated), given.shape[2]
    most = len(given) * min(BLOCK, end - first)
    x, following = np.empty((most, width), np.float32), np.empty((most, width), np.float32)
    both = np.empty((most, 2 * width), np.float32)
    y, passed = np.empty((most, 2 * width), np.float32), np.empty((most, width), np.float32)
    steps = len(skips)
    total = np.empty((steps * min(BLOCK, end - first), len(skip_bias)), np.float32)
    for start in range(first, end, BLOCK):
        side = min(BLOCK, end - start)
        for n in range(len(given)):
            for k in range(side):
                for i in range(width):
                    x[n * side + k, i] = given[n, start + k, i]
        _fill(total, skip_bias, steps * side)
        for layer in range(layers):
            cells_here = count[layer]
            rows = cells_here * side
            _gather(x, now[layer], past[layer], cells_here, side, both)
            _fill(y, dilated_bias[layer], rows)
            add_product(both, dilated[layer], y, rows)
            open_gate(y, passed, rows)
            late = (cells_here - steps) * side
            add_product(passed[late:], skip[layer], total, steps * side)
            if layer < layers - 1:
                for row in range(rows):
                    for i in range(width):
                        following[row, i] = both[row, width + i] + residual_bias[layer, i]
                add_product(passed, residual[layer], following, rows)
                x, following = following, x
        for n in range(steps):
            for k in range(side):
                for i in range(len(skip_bias)):
                    skips[n, start + k, i] = total[n * side + k, i]


@njit(cache=True, nogil=True)
def _fill(y, bias, rows):
    """Write ``bias`` to the first rows."""
    for row in range(rows):
        for i in range(len(bias)):
            y[row, i] = bias[i]


@njit(cache=True, nogil=True)
def _gather(x, now, past, cells_here, side, both):
    """Write (past, now) of each cell to ``both``."""
    width = x.shape[1]
    for n in range(cells_here):
        for k in range(side):
            row, at = n * side + k, now[n] * side + k
            for i in range(width):
                both[row, width + i] = x[at, i]
            if past[n] < 0:
                for i in range(width):
                    both[row, i] = np.float32(0.0)
            else:
                before = past[n] * side + k
                for i in range(width):
                    both[row, i] = x[before, i]


class FastStream:
    """What each layer saw during the last dilation, and the compiled step."""

    def __init__(self, fast: FastWaveNet, network: WaveNet, batch: int) -> None:
        self._weights, self._network = fast.weights, network
        self._dilations = np.array(fast.dilations)
        self._starts = np.concatenate(([0], np.cumsum(self._dilations)[:-1]))
        self._seen = np.zeros((int(self._dilations.sum()), batch, fast.width), np.float32)
        self._shape, self._count = (batch, fast.skip), 0

    def step(self, x: Tensor) -> Tensor:
        """Return the output (batch, skip) of the next step, from its features."""
        opened = self._network.first(x).detach().contiguous().numpy()
        skips = np.empty(self._shape, np.float32)
        _one_step(
            opened, self._seen, self._starts, self._dilations, self._count, *self._weights, skips
        )
        self._count += 1
        return self._network.combined(torch.from_numpy(skips))


@njit(cache=True, nogil=True)
def _one_step(
    given, seen, starts, dilations, step, dilated, dilated_bias, residual, residual_bias, skip,
    skip_bias, skips,
):  # fmt: skip
    """Write the sum of the skips of one step, and put its samples in the place of the oldest."""
    batch, width = given.shape
    x, passed = given.copy(), np.empty((batch, width), np.float32)
    both, y = np.empty((batch, 2 * width), np.float32), np.empty((batch, 2 * width), np.float32)
    _fill(skips, skip_bias, batch)
    for layer in range(len(dilated)):
        slot = starts[layer] + step % dilations[layer]
        for k in range(batch):
            for i in range(width):
                both[k, i], both[k, width + i] = seen[slot, k, i], x[k, i]
                seen[slot, k, i] = x[k, i]
                x[k, i] += residual_bias[layer, i]
        _fill(y, dilated_bias[layer], batch)
        add_product(both, dilated[layer], y, batch)
        open_gate(y, passed, batch)
        add_product(passed, skip[layer], skips, batch)
        add_product(passed, residual[layer], x, batch)
