"""A layer of LSTM or GRU cells, compiled, forward and backward: some sequences in the cache.

An LSTM's gates all see the input and the state. A GRU's candidate sees them apart: of its four
blocks the state does not reach the third, nor the input the fourth.
"""

import numpy as np
from numba import njit

from radarseq.models.cell_gates import close_gru, close_lstm, open_gru, open_lstm
from radarseq.models.layers_forward import BLOCK, fill, give_block, take_block
from radarseq.models.tiles import add_outer, add_part


@njit(cache=True, nogil=True)
def pass_cells(is_lstm, given, seen, kept, bias, first, end, gates, memory, states):
    """Write the states of sequences ``first`` to ``end`` at every step.

    Args:
        is_lstm: Else a GRU.
        given: ``(step, batch, input)``.
        seen: Weights of the input ``(input padded, 4 width)``, padded to a multiple of 8.
        kept: Weights of the state ``(width, 4 width)``.
        bias: ``(4 width,)``.
        first: First sequence, a multiple of ``BLOCK``.
        end: The one after the last.
        gates: Takes the gates ``(block, step BLOCK, 4 width)``; blocks take turns where there are
            fewer places.
        memory: Takes an LSTM's memory ``(block, step BLOCK, width)``.
        states: ``(step, batch, width)``.
    """
    steps, padded, width = len(given), len(seen), len(kept)
    x = np.zeros((steps * BLOCK, padded), np.float32)
    state, carried = np.empty((BLOCK, width), np.float32), np.empty((BLOCK, width), np.float32)
    wide = (4 if is_lstm else 3) * width  # blocks that the input reaches
    apart = 2 * width if is_lstm else 3 * width  # the later blocks that the state reaches
    for start in range(first, end, BLOCK):
        side, place = min(BLOCK, end - start), start // BLOCK % len(gates)
        y, rows = gates[place], steps * side
        take_block(given, start, side, x)
        fill(y, bias, rows)
        add_part(x, 0, 0, padded, seen, 0, 0, y, 0, rows, wide)
        state[:], carried[:] = 0.0, 0.0
        for n in range(steps):
            here = y[n * side :]
            if n:
                add_part(state, 0, 0, width, kept, 0, 0, here, 0, side, 2 * width)
                add_part(state, 0, 0, width, kept, 0, apart, here, apart, side, 4 * width - apart)
            if is_lstm:
                open_lstm(y, n * side, side, carried, memory[place], state)
            else:
                open_gru(y, n * side, side, state)
            states[n, start : start + side] = state[:side]


@njit(cache=True, nogil=True)
def pass_cells_back(
    is_lstm, to_states, given, states, seen, kept, first, end, gates, memory, to_given, to_seen,
    to_kept, to_bias,
):  # fmt: skip
    """Write the slope to the input, and add up those to the weights.

    Args:
        is_lstm: Else a GRU.
        to_states: Slope to the states ``(step, batch, width)``.
        given: As ``pass_cells`` had it.
        states: What it gave.
        seen: Weights of the input as torch stores them ``(4 width, input padded)``, padded to a
            multiple of 32; of no columns where ``to_given`` is not asked for.
        kept: Weights of the state ``(4 width, width)``.
        first: First sequence, a multiple of ``BLOCK``.
        end: The one after the last.
        gates: What ``pass_cells`` left there, with a place for every block; lost by this.
        memory: The same.
        to_given: Takes the slope ``(step, batch, input)``.
        to_seen: Takes the sum ``(input padded to 8, 4 width)``.
        to_kept: ``(width, 4 width)``.
        to_bias: ``(4 width,)``.
    """
    steps, width, padded = len(given), len(to_kept), len(to_seen)
    x = np.zeros((steps * BLOCK, padded), np.float32)
    before = np.zeros((steps * BLOCK, width), np.float32)
    to_x = np.empty((steps * BLOCK, seen.shape[1]), np.float32)
    slope, carried = np.empty((BLOCK, width), np.float32), np.empty((BLOCK, width), np.float32)
    wide = (4 if is_lstm else 3) * width
    apart = 2 * width if is_lstm else 3 * width
    for start in range(first, end, BLOCK):
        side, place = min(BLOCK, end - start), start // BLOCK
        y, rows = gates[place], steps * side
        take_block(given, start, side, x)
        before[:side] = 0.0
        take_block(states[:-1], start, side, before[side:])
        slope[:], carried[:] = 0.0, 0.0
        for n in range(steps - 1, -1, -1):
            at = n * side
            for k in range(side):
                for i in range(width):
                    slope[k, i] += to_states[n, start + k, i]
            if is_lstm:
                close_lstm(y, at, side, memory[place], slope, carried)
            else:
                close_gru(y, at, side, before[at:], slope)
            if n:
                here = y[at:]
                add_part(here, 0, 0, 2 * width, kept, 0, 0, slope, 0, side, width)
                add_part(here, 0, apart, 4 * width - apart, kept, apart, 0, slope, 0, side, width)
        add_outer(x, 0, padded, y, 0, 0, rows, wide, to_seen, 0, 0)
        later = rows - side
        add_outer(before, side, width, y, side, 0, later, 2 * width, to_kept, 0, 0)
        add_outer(before, side, width, y, side, apart, later, 4 * width - apart, to_kept, 0, apart)
        for row in range(rows):
            for i in range(4 * width):
                to_bias[i] += y[row, i]
        if seen.shape[1]:
            to_x[:rows] = 0.0
            add_part(y, 0, 0, wide, seen, 0, 0, to_x, 0, rows, seen.shape[1])
            give_block(to_x, to_given, start, side)
