"""WaveNet training on the CPU, its layers compiled, forward and backward.

Computed operation by operation, a layer reads and writes its activations a dozen times, which takes
most of its time. Here some sequences pass all layers while they lie in the cache. Each layer's
input and gates are saved for the gradient; everything else is computed again.

The gradients of the weights are summed in an order that depends on the size of the batch alone, so
that any number of threads gives the same bytes.
"""

from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from radarseq.models.backbones.interface import Engine
from radarseq.models.backbones.wavenet import WaveNet
from radarseq.models.engines.cpu.matmul import Floats
from radarseq.models.engines.cpu.scheduling import (
    BufferPool,
    Indices,
    as_array,
    count_parts,
    is_large_enough,
    part_edges,
    plan_rows,
    run_in_threads,
    take_buffers,
)
from radarseq.models.engines.cpu.wavenet_kernels import BLOCK, wavenet_backward, wavenet_forward

RowIndices: TypeAlias = tuple[Indices, Indices, Indices]


class WaveNetTrainingEngine(Engine):
    """Computes the layers of a WaveNet with gradients, by the weights as they are at the time.

    Args:
        network: On the CPU, in float32; one that ``wavenet_inference.supports_network``.
    """

    def __init__(self, network: WaveNet) -> None:
        self._network, self._pool = network, BufferPool()

    def supports(self, x: Tensor) -> bool:
        """Return whether the engine computes these features (step, batch, feature) now."""
        return is_large_enough(x)

    def forward(self, x: Tensor) -> Tensor:
        """Return (step, batch, skip) from ``x`` (step, batch, feature)."""
        return self._run(x, last=False)

    def at_last_step(self, x: Tensor) -> Tensor:
        """Return ``forward(x)[-1]``, computed from the steps that it depends on."""
        return self._run(x, last=True)[0]

    def _run(self, x: Tensor, *, last: bool) -> Tensor:
        network = self._network
        needed, *rows = plan_rows(len(x), network.dilations, last=last)
        if len(needed) < len(x):
            x = x.index_select(0, torch.from_numpy(needed))
        layers = network.gated_layers()
        weights = (
            torch.stack([layer.convolution.weight for layer in layers]),
            torch.stack([layer.convolution.bias for layer in layers]),
            torch.stack([layer.out.weight for layer in layers]),
            torch.stack([layer.out.bias for layer in layers]),
        )
        skips = _Layers.apply(network.first(x), *weights, rows, self._pool)
        assert isinstance(skips, Tensor)
        return network.output(skips)


class _Layers(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x0: Tensor, *weights: Any) -> Tensor:
        dilated, dilated_bias, out, out_bias, rows, pool = weights
        needed, batch, width = x0.shape
        skips = np.empty((int(rows[2][-1]), batch, out.shape[1] - width), np.float32)
        residual_bias, skip_bias = out_bias[:, :width], out_bias[:, width:].sum(dim=0)
        x, *arrays = (
            as_array(values)
            for values in (x0, dilated.mT, dilated_bias, out.mT, residual_bias, skip_bias)
        )
        needs_grad = any(ctx.needs_input_grad)
        blocks, layers = (-(-batch // BLOCK), len(dilated)) if needs_grad else (1, 1)
        shapes = (
            (blocks, max(2, layers), needed * BLOCK, width),
            (blocks, layers, needed * BLOCK, 2 * width),
        )

        def work(first: int, end: int, inputs: Floats, gates: Floats) -> None:
            arguments: Any = (x, *rows, *arrays, first, end, inputs, gates, skips)
            wavenet_forward(*arguments)

        ctx.edges = part_edges(batch, count_parts(batch), BLOCK)
        ctx.buffers = pool.run_parts(work, ctx.edges, shapes, save=needs_grad)
        ctx.save_for_backward(dilated, out)
        ctx.rows, ctx.pool, ctx.shape = rows, pool, x0.shape
        return torch.from_numpy(skips)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        dilated, out = ctx.saved_tensors
        inputs, gates = take_buffers(ctx)
        grad_skips = grad_outputs[0].contiguous()
        edges, parts, width = ctx.edges, len(ctx.edges) - 1, ctx.shape[2]
        grad_input = np.empty(ctx.shape, np.float32)
        grads = [
            np.zeros((parts, *shape), np.float32)
            for shape in (dilated.shape, dilated.shape[:2], out.shape, (len(out), width))
        ]
        rows: RowIndices = ctx.rows
        arrays = (grad_skips.numpy(), *rows, dilated.numpy(), out.numpy())

        def work(part: int) -> None:
            grads_of_part = (grads[0][part], grads[1][part], grads[2][part], grads[3][part])
            wavenet_backward(
                *arrays, edges[part], edges[part + 1], inputs, gates, grad_input,
                *grads_of_part,
            )  # fmt: skip

        run_in_threads(work, parts)
        ctx.pool.release((inputs, gates))
        grad_dilated, grad_dilated_bias, grad_out, grad_residual_bias = (
            torch.from_numpy(part).sum(dim=0) for part in grads
        )
        grad_skip_bias = grad_skips.sum(dim=(0, 1)).expand(len(out), -1)
        grad_out_bias = torch.cat((grad_residual_bias, grad_skip_bias), dim=1)
        grad_x = torch.from_numpy(grad_input)
        return grad_x, grad_dilated, grad_dilated_bias, grad_out, grad_out_bias, None, None
