"""LSTM and GRU layers on the CPU, compiled, forward and backward.

As in ``radarseq.models.engines.cpu.wavenet_training``, gradients are summed in an order that
depends on the size of the batch alone.
"""

from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from radarseq.models.backbones.interface import Engine
from radarseq.models.backbones.recurrent import Recurrent
from radarseq.models.engines.cpu.matmul import COLUMNS, ROWS, Floats
from radarseq.models.engines.cpu.rnn_kernels import rnn_backward, rnn_forward
from radarseq.models.engines.cpu.scheduling import (
    BufferPool,
    as_array,
    count_parts,
    is_large_enough,
    part_edges,
    run_in_threads,
    take_buffers,
)
from radarseq.models.engines.cpu.wavenet_kernels import BLOCK

Weights: TypeAlias = tuple[Floats, Floats, Floats]


def supports_network(network: Recurrent) -> bool:
    """Return whether the compiled layers can compute ``network``."""
    return network.kind in ("lstm", "gru") and not network.outputs % COLUMNS


class RnnEngine(Engine):
    """Computes the layers of an LSTM or a GRU.

    Args:
        network: On the CPU, in float32.
        training: Whether there will be gradients, by the weights as they are at the time; small
            jobs are then left to torch's operations. Else the weights must not change afterwards,
            and the output of a sequence does not depend on its batch.
    """

    def __init__(self, network: Recurrent, *, training: bool) -> None:
        self._network, self._pool, self._training = network, BufferPool(), training
        self._is_lstm = network.kind == "lstm"
        self._weights = None
        if not training:
            self._weights = [
                _kernel_weights(*self._block_weights(layer))
                for layer in range(len(network.layers()))
            ]

    def supports(self, x: Tensor) -> bool:
        """Return whether the engine computes these features (step, batch, feature) now."""
        return is_large_enough(x) if self._training else super().supports(x)

    def forward(self, x: Tensor) -> Tensor:
        """Return (step, batch, width) from ``x`` (step, batch, feature)."""
        return self._network.layer_by_layer(x, self._states)

    def _states(self, layer: int, x: Tensor) -> Tensor:
        if self._weights is not None:
            return _forward(self._is_lstm, x, self._weights[layer], self._pool, save=False)[0]
        states = _Layer.apply(x, *self._block_weights(layer), self._is_lstm, self._pool)
        assert isinstance(states, Tensor)
        return states

    def _block_weights(self, layer: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return the weights of the input, of the state and the bias, in four blocks each."""
        weights = self._network.layers()[layer]
        w_ih, w_hh = weights["weight_ih"], weights["weight_hh"]
        bias_ih, bias_hh = weights["bias_ih"], weights["bias_hh"]
        if self._is_lstm:
            return w_ih, w_hh, bias_ih + bias_hh
        two = 2 * w_hh.shape[1]
        bias = torch.cat((bias_ih[:two] + bias_hh[:two], bias_ih[two:], bias_hh[two:]))
        zeros = torch.zeros_like(w_hh[two:])  # for the block that the state or input does not reach
        w_ih = functional.pad(w_ih, (0, 0, 0, len(zeros)))
        return w_ih, torch.cat((w_hh[:two], zeros, w_hh[two:])), bias


def _kernel_weights(w_ih: Tensor, w_hh: Tensor, bias: Tensor) -> Weights:
    """Return the weights in the shapes that ``rnn_forward`` reads."""
    padded = functional.pad(w_ih.mT, (0, 0, 0, -w_ih.shape[1] % ROWS))
    return as_array(padded), as_array(w_hh.mT), as_array(bias)


def _forward(
    is_lstm: bool, inputs: Tensor, weights: Weights, pool: BufferPool, *, save: bool
) -> tuple[Tensor, list[Floats] | None]:
    """Return the states, and the gates and memory if they are saved for the gradient."""
    (steps, batch, _), width = inputs.shape, len(weights[1])
    x, states = as_array(inputs), torch.empty(steps, batch, width)
    blocks, rows = -(-batch // BLOCK) if save else 1, steps * min(batch, BLOCK)
    shapes = (blocks, rows, 4 * width), (blocks if is_lstm else 1, rows, width)

    def work(first: int, end: int, gates: Floats, memory: Floats) -> None:
        rnn_forward(is_lstm, x, *weights, first, end, gates, memory, states.numpy())

    edges = part_edges(batch, count_parts(batch), BLOCK)
    return states, pool.run_parts(work, edges, shapes, save=save)


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, *weights: Any) -> Tensor:
        w_ih, w_hh, bias, is_lstm, pool = weights
        needs_grad, arrays = any(ctx.needs_input_grad), _kernel_weights(w_ih, w_hh, bias)
        states, ctx.buffers = _forward(is_lstm, inputs, arrays, pool, save=needs_grad)
        ctx.save_for_backward(inputs, w_ih, w_hh, states)
        ctx.pool, ctx.is_lstm = pool, is_lstm
        return states

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        inputs, w_ih, w_hh, states = ctx.saved_tensors
        gates, memory = take_buffers(ctx)
        (_, batch, size), width, parts = inputs.shape, w_hh.shape[1], count_parts(inputs.shape[1])
        edges = part_edges(batch, parts, BLOCK)
        needs_inputs = ctx.needs_input_grad[0]
        grad_inputs = np.empty(inputs.shape if needs_inputs else (0, 0, 0), np.float32)
        columns = functional.pad(w_ih, (0, -size % COLUMNS)) if needs_inputs else w_ih[:, :0]
        grads = (
            np.zeros((parts, size + -size % ROWS, 4 * width), np.float32),  # of w_ih
            np.zeros((parts, width, 4 * width), np.float32),  # of w_hh
            np.zeros((parts, 4 * width), np.float32),  # of the bias
        )
        arrays = (
            as_array(grad_outputs[0]), as_array(inputs), states.numpy(), as_array(columns),
            as_array(w_hh),
        )  # fmt: skip

        def work(part: int) -> None:
            grads_of_part = (grads[0][part], grads[1][part], grads[2][part])
            rnn_backward(
                ctx.is_lstm, *arrays, edges[part], edges[part + 1], gates, memory, grad_inputs,
                *grads_of_part,
            )  # fmt: skip

        run_in_threads(work, parts)
        ctx.pool.release((gates, memory))
        grad_w_ih, grad_w_hh, grad_bias = (torch.from_numpy(part).sum(dim=0) for part in grads)
        return (
            torch.from_numpy(grad_inputs) if needs_inputs else None,
            grad_w_ih[:size].mT,
            grad_w_hh.mT,
            grad_bias,
            None,
            None,
        )
