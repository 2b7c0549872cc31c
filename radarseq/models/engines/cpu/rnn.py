"""Layers of LSTM or GRU cells on the CPU, compiled, forward and backward.

As in ``radarseq.models.engines.cpu.wavenet_training``, gradients are summed in an order that
depends on the size of the batch alone.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from radarseq.models.backbones.engine_interface import Engine
from radarseq.models.backbones.recurrent import Recurrent
from radarseq.models.engines.cpu.matmul import COLUMNS, ROWS, Floats
from radarseq.models.engines.cpu.rnn_kernels import rnn_backward, rnn_forward
from radarseq.models.engines.cpu.scheduling import (
    BufferPool,
    as_array,
    edges_of,
    in_threads,
    is_large_enough,
    parts_of,
)
from radarseq.models.engines.cpu.wavenet_kernels import BLOCK

Weights = tuple[Floats, Floats, Floats]


def fits(network: Recurrent) -> bool:
    """Return whether compiled layers can stand for those of ``network``."""
    return network.kind in ("lstm", "gru") and not network.outputs % COLUMNS


class FastCells(Engine):
    """The layers of an LSTM or a GRU.

    Args:
        network: On the CPU, in float32.
        trains: Whether there will be gradients, by the weights as they are at the time; small jobs
            are then left to torch's operations. Else the weights must not change meanwhile, and a
            sequence is answered alike in any company.
    """

    def __init__(self, network: Recurrent, *, trains: bool) -> None:
        self._network, self._pool, self._trains = network, BufferPool(), trains
        self._is_lstm = network.kind == "lstm"
        self._held = None
        if not trains:
            packed = (tuple(w.detach() for w in self._packed(k)) for k in range(len(self._layers)))
            self._held = [_arrays(*weights) for weights in packed]

    def supports(self, x: Tensor) -> bool:
        """Return whether the features (step, batch, feature) are worth it."""
        return is_large_enough(x) if self._trains else super().supports(x)

    def forward(self, x: Tensor) -> Tensor:
        """Return (step, batch, width) from ``x`` (step, batch, feature)."""
        return self._network.through(x, self._states)

    @property
    def _layers(self) -> list[dict[str, Tensor]]:
        return self._network.layers()

    def _states(self, index: int, x: Tensor) -> Tensor:
        if self._held is not None:
            return _pass(self._is_lstm, x, self._held[index], self._pool, keeps=False)[0]
        states = _Cells.apply(x, *self._packed(index), self._is_lstm, self._pool)
        assert isinstance(states, Tensor)
        return states

    def _packed(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return the weights of the input, of the state and the bias, in four blocks each."""
        weights = self._layers[index]
        seen, kept = weights["weight_ih"], weights["weight_hh"]
        first, second = weights["bias_ih"], weights["bias_hh"]
        if self._is_lstm:
            return seen, kept, first + second
        two = 2 * kept.shape[1]
        bias = torch.cat((first[:two] + second[:two], first[two:], second[two:]))
        none = torch.zeros_like(kept[two:])  # what meets the block that nothing reaches
        seen = functional.pad(seen, (0, 0, 0, len(none)))
        return seen, torch.cat((kept[:two], none, kept[two:])), bias


def _arrays(seen: Tensor, kept: Tensor, bias: Tensor) -> Weights:
    """Return the weights as ``rnn_forward`` reads them."""
    padded = functional.pad(seen.mT, (0, 0, 0, -seen.shape[1] % ROWS))
    return as_array(padded), as_array(kept.mT), as_array(bias)


def _pass(
    is_lstm: bool, given: Tensor, weights: Weights, room: BufferPool, *, keeps: bool
) -> tuple[Tensor, tuple[Floats, Floats] | None]:
    """Return the states, and what has to be kept for the gradient."""
    (steps, batch, _), width = given.shape, len(weights[1])
    x, states = as_array(given), torch.empty(steps, batch, width)
    edges, blocks, out = edges_of(batch, parts_of(batch), BLOCK), -(-batch // BLOCK), states.numpy()

    def places(blocks: int) -> tuple[Floats, Floats]:
        rows = steps * min(batch, BLOCK)
        apart = (blocks if is_lstm else 1, rows, width)
        gates, memory = room.acquire((blocks, rows, 4 * width), apart)
        return gates, memory

    kept = places(blocks) if keeps else None

    def through(k: int) -> None:
        lent = gates, memory = places(1) if kept is None else kept
        rnn_forward(is_lstm, x, *weights, edges[k], edges[k + 1], gates, memory, out)
        if kept is None:
            room.release(lent)

    in_threads(through, len(edges) - 1)
    return states, kept


class _Cells(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, given: Tensor, *weights: Any) -> Tensor:
        seen, kept, bias, is_lstm, room = weights
        needs, arrays = any(ctx.needs_input_grad), _arrays(seen, kept, bias)
        states, ctx.lent = _pass(is_lstm, given, arrays, room, keeps=needs)
        ctx.save_for_backward(given, seen, kept, states)
        ctx.room, ctx.is_lstm = room, is_lstm
        return states

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        given, seen, kept, states = ctx.saved_tensors
        gates, memory = ctx.room.spent(ctx)
        inputs, width = given.shape[2], kept.shape[1]
        batch = given.shape[1]
        edges, parts = edges_of(batch, parts_of(batch), BLOCK), parts_of(batch)
        wants_given = ctx.needs_input_grad[0]
        to_given = np.empty(given.shape if wants_given else (0, 0, 0), np.float32)
        columns = functional.pad(seen, (0, -inputs % COLUMNS)) if wants_given else seen[:, :0]
        to_seen = np.zeros((parts, inputs + -inputs % ROWS, 4 * width), np.float32)
        to_kept = np.zeros((parts, width, 4 * width), np.float32)
        to_bias = np.zeros((parts, 4 * width), np.float32)
        arrays = (
            as_array(grad_outputs[0]), as_array(given), states.numpy(), as_array(columns),
            as_array(kept),
        )  # fmt: skip

        def back(k: int) -> None:
            own = (to_seen[k], to_kept[k], to_bias[k])
            rnn_backward(
                ctx.is_lstm, *arrays, edges[k], edges[k + 1], gates, memory, to_given, *own
            )

        in_threads(back, parts)
        ctx.room.release((gates, memory))
        grads = [torch.from_numpy(part).sum(dim=0) for part in (to_seen, to_kept, to_bias)]
        return (
            torch.from_numpy(to_given) if wants_given else None,
            grads[0][:inputs].mT,
            grads[1].mT,
            grads[2],
            None,
            None,
        )
