"""A WaveNet that is trained on the CPU, its layers compiled, forward and backward.

Asked for operation by operation, a layer reads and writes its activations a dozen times, and that
is what it takes its time for. Here some sequences pass all layers while they lie in the cache. For
the gradient each layer's input and what its gate was opened to are kept; all else is made again.

The slopes of the weights are added up in an order that depends on the size of the batch alone, so
that any number of threads gives the same bytes.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from radarseq.models.backbones.engine_interface import Engine
from radarseq.models.backbones.wavenet import WaveNet
from radarseq.models.engines.cpu.matmul import Floats
from radarseq.models.engines.cpu.scheduling import (
    BufferPool,
    Indices,
    as_array,
    edges_of,
    in_threads,
    is_large_enough,
    parts_of,
    plan,
)
from radarseq.models.engines.cpu.wavenet_kernels import BLOCK, wavenet_backward, wavenet_forward

Rows = tuple[Indices, Indices, Indices]


class TrainedWaveNet(Engine):
    """The layers of a WaveNet with gradients, by the weights that it has at the time.

    Args:
        network: On the CPU, in float32; such that ``fast_wavenet.fits``.
    """

    def __init__(self, network: WaveNet) -> None:
        self._network, self._pool = network, BufferPool()

    def supports(self, x: Tensor) -> bool:
        """Return whether the features (step, batch, feature) are worth it."""
        return is_large_enough(x)

    def forward(self, x: Tensor) -> Tensor:
        """Return (step, batch, skip) from ``x`` (step, batch, feature)."""
        return self._run(x, last=False)

    def at_last_step(self, x: Tensor) -> Tensor:
        """Return ``forward(x)[-1]``, having computed only the cells that it depends on."""
        return self._run(x, last=True)[0]

    def _run(self, x: Tensor, *, last: bool) -> Tensor:
        network = self._network
        plan_of = plan(len(x), network.dilations, last=last)
        needed = plan_of[0]
        if len(needed) < len(x):
            x = x.index_select(0, torch.from_numpy(needed))
        layers = network.gated_layers()
        weights = (
            torch.stack([layer.convolution.weight for layer in layers]),
            torch.stack([layer.convolution.bias for layer in layers]),
            torch.stack([layer.out.weight for layer in layers]),
            torch.stack([layer.out.bias for layer in layers]),
        )
        skips = _Layers.apply(network.first(x), *weights, plan_of, self._pool)
        assert isinstance(skips, Tensor)
        return network.combined(skips)


class _Layers(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, given: Tensor, *weights: Any) -> Tensor:
        dilated, dilated_bias, out, out_bias, plan_of, room = weights
        rows: Rows = plan_of[1:]
        needed, batch, width = given.shape
        skips = np.empty((int(rows[2][-1]), batch, out.shape[1] - width), np.float32)
        of_residual, of_skip = out_bias[:, :width], out_bias[:, width:].sum(dim=0)
        x, *arrays = (
            as_array(values)
            for values in (given, dilated.mT, dilated_bias, out.mT, of_residual, of_skip)
        )
        edges, blocks = edges_of(batch, parts_of(batch), BLOCK), -(-batch // BLOCK)

        def places(blocks: int, layers: int) -> tuple[Floats, Floats]:
            wide = (blocks, max(2, layers), needed * BLOCK, width)
            inputs, opened = room.acquire(wide, (blocks, layers, needed * BLOCK, 2 * width))
            return inputs, opened

        kept = places(blocks, len(dilated)) if any(ctx.needs_input_grad) else None

        def through(k: int) -> None:
            lent = places(1, 1) if kept is None else kept
            with_pool: Any = (x, *rows, *arrays, edges[k], edges[k + 1], *lent, skips)
            wavenet_forward(*with_pool)
            if kept is None:
                room.release(lent)

        in_threads(through, len(edges) - 1)
        ctx.save_for_backward(dilated, out)
        ctx.rows, ctx.room, ctx.edges, ctx.lent = rows, room, edges, kept
        ctx.shape = given.shape
        return torch.from_numpy(skips)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        dilated, out = ctx.saved_tensors
        inputs, opened = ctx.room.spent(ctx)
        to_skips = grad_outputs[0].contiguous()
        width = ctx.shape[2]
        edges, parts = ctx.edges, len(ctx.edges) - 1
        to_given = np.empty(ctx.shape, np.float32)
        grads = [
            np.zeros((parts, *shape), np.float32)
            for shape in (dilated.shape, dilated.shape[:2], out.shape, (len(out), width))
        ]
        rows: Rows = ctx.rows
        given = (to_skips.numpy(), *rows, dilated.numpy(), out.numpy())

        def back(k: int) -> None:
            own = (grads[0][k], grads[1][k], grads[2][k], grads[3][k])
            wavenet_backward(*given, edges[k], edges[k + 1], inputs, opened, to_given, *own)

        in_threads(back, parts)
        ctx.room.release((inputs, opened))
        to_dilated, to_dilated_bias, to_out, to_residual_bias = (
            torch.from_numpy(part).sum(dim=0) for part in grads
        )
        to_skip_bias = to_skips.sum(dim=(0, 1)).expand(len(out), -1)
        to_out_bias = torch.cat((to_residual_bias, to_skip_bias), dim=1)
        ways = (torch.from_numpy(to_given), to_dilated, to_dilated_bias, to_out, to_out_bias)
        return (*ways, None, None)
