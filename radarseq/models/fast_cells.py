"""Layers of LSTM or GRU cells on the CPU, compiled, forward and backward.

As in ``radarseq.models.trained_wavenet``, slopes are added up in an order that depends on the size
of the batch alone.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from radarseq.models.cells_compiled import pass_cells, pass_cells_back
from radarseq.models.layers_forward import BLOCK
from radarseq.models.parts import Room, as_array, edges_of, in_threads, is_worth_it, parts_of
from radarseq.models.recurrent import Recurrent
from radarseq.models.tiles import COLUMNS, ROWS, Floats


def fits(network: Recurrent) -> bool:
    """Return whether compiled layers can stand for those of ``network``."""
    return network.kind in ("lstm", "gru") and not network.outputs % COLUMNS


class FastCells:
    """The layers of an LSTM or a GRU with gradients, by the weights that they have at the time.

    Args:
        kind: ``lstm`` or ``gru``.
        trains: Whether small jobs are left to torch's operations; else gradients are, and a
            sequence is answered alike in any company.
    """

    def __init__(self, kind: str, *, trains: bool = True) -> None:
        self._is_lstm, self._trains, self._room = kind == "lstm", trains, Room()

    def takes(self, x: Tensor) -> bool:
        """Return whether the features (step, batch, feature) are worth it."""
        return is_worth_it(x) if self._trains else not torch.is_grad_enabled()

    def layer(self, x: Tensor, weights: dict[str, Tensor]) -> Tensor:
        """Return the states (step, batch, width) of one layer, with weights by torch's names."""
        seen, kept = weights["weight_ih"], weights["weight_hh"]
        width = kept.shape[1]
        first, second = weights["bias_ih"], weights["bias_hh"]
        if self._is_lstm:
            bias = first + second
        else:
            bias = torch.cat((first[: 2 * width] + second[: 2 * width], first[2 * width :],
                              second[2 * width :]))  # fmt: skip
            seen = functional.pad(seen, (0, 0, 0, width))  # the blocks that nothing reaches
            kept = torch.cat((kept[: 2 * width], torch.zeros_like(kept[:width]), kept[2 * width :]))
        states = _Cells.apply(x, seen, kept, bias, self._is_lstm, self._room)
        assert isinstance(states, Tensor)
        return states


class _Cells(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, given: Tensor, *weights: Any) -> Tensor:
        seen, kept, bias, is_lstm, room = weights
        (steps, batch, inputs), width = given.shape, kept.shape[1]
        given, rows = given.contiguous(), steps * BLOCK
        padded = functional.pad(seen.mT, (0, 0, 0, -inputs % ROWS))
        arrays = (given.numpy(), as_array(padded), as_array(kept.mT), bias.numpy())
        edges, states = edges_of(batch, parts_of(batch), BLOCK), torch.empty(steps, batch, width)
        blocks, out = -(-batch // BLOCK), states.numpy()

        def places(blocks: int) -> tuple[Floats, Floats]:
            apart = (blocks if is_lstm else 1, rows, width)
            gates, memory = room.lend((blocks, rows, 4 * width), apart)
            return gates, memory

        lent = places(blocks) if any(ctx.needs_input_grad) else None

        def through(k: int) -> None:
            gates, memory = places(1) if lent is None else lent
            pass_cells(is_lstm, *arrays, edges[k], edges[k + 1], gates, memory, out)
            if lent is None:
                room.take_back((gates, memory))

        in_threads(through, len(edges) - 1)
        ctx.save_for_backward(given, seen, kept, states)
        ctx.lent, ctx.room, ctx.edges, ctx.is_lstm = lent, room, edges, is_lstm
        return states

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        given, seen, kept, states = ctx.saved_tensors
        gates, memory = ctx.room.spent(ctx)
        inputs, width = given.shape[2], kept.shape[1]
        edges, parts = ctx.edges, len(ctx.edges) - 1
        wants_given = ctx.needs_input_grad[0]
        to_given = np.empty(given.shape if wants_given else (0, 0, 0), np.float32)
        columns = functional.pad(seen, (0, -inputs % COLUMNS)) if wants_given else seen[:, :0]
        to_seen = np.zeros((parts, inputs + -inputs % ROWS, 4 * width), np.float32)
        to_kept = np.zeros((parts, width, 4 * width), np.float32)
        to_bias = np.zeros((parts, 4 * width), np.float32)
        arrays = (
            as_array(grad_outputs[0]), given.numpy(), states.numpy(), as_array(columns),
            kept.numpy(),
        )  # fmt: skip

        def back(k: int) -> None:
            own = (to_seen[k], to_kept[k], to_bias[k])
            pass_cells_back(
                ctx.is_lstm, *arrays, edges[k], edges[k + 1], gates, memory, to_given, *own
            )

        in_threads(back, parts)
        ctx.room.take_back((gates, memory))
        slopes = [torch.from_numpy(part).sum(dim=0) for part in (to_seen, to_kept, to_bias)]
        return (
            torch.from_numpy(to_given) if wants_given else None,
            slopes[0][:inputs].mT,
            slopes[1].mT,
            slopes[2],
            None,
            None,
        )
