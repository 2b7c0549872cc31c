"""A layer of LSTM or GRU cells, compiled, forward and backward: some sequences in the cache.

An LSTM's gates all see the input and the state. A GRU's candidate sees them apart: of its four
blocks the state does not reach the third, nor the input the fourth.
"""

import numpy as np
from numba import njit

from radarseq.models.engines.cpu.activations import exponential
from radarseq.models.engines.cpu.matmul import add_outer, add_part
from radarseq.models.engines.cpu.wavenet_kernels import BLOCK, fill, give_block, take_block

_ONE, _TWO = np.float32(1.0), np.float32(2.0)


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, inline="always")
def _sigmoid(x):
    opened = exponential(x)
    return opened / (opened + _ONE)


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, inline="always")
def _tanh(x):
    opened = exponential(_TWO * x)
    return (opened - _ONE) / (opened + _ONE)


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy")
def lstm_forward(y, first, rows, before, memory, state):
    """Open the gates of rows ``first`` on in place; write the new memory and state.

    Args:
        y: Sums before the gates ``(row, 4 width)``; the gates afterwards.
        first: First row of ``y`` and ``memory``.
        rows: How many.
        before: Memory of the step before ``(rows, width)``; the new one afterwards.
        memory: ``(row, width)``.
        state: ``(rows, width)``.
    """
    width = state.shape[1]
    for k in range(rows):
        row = y[first + k]
        entering, forget = row[:width], row[width : 2 * width]
        candidate, output = row[2 * width : 3 * width], row[3 * width :]
        old, kept, out = before[k], memory[first + k], state[k]
        for i in range(width):
            a, b = _sigmoid(entering[i]), _sigmoid(forget[i])
            c, d = _tanh(candidate[i]), _sigmoid(output[i])
            now = b * old[i] + a * c
            entering[i], forget[i], candidate[i], output[i] = a, b, c, d
            old[i], kept[i] = now, now
            out[i] = d * _tanh(now)


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy")
def lstm_backward(y, first, rows, memory, to_state, to_memory):
    """Write the slopes to the sums in the place of the gates.

    Args:
        y: As ``lstm_forward`` left it.
        first: First row of ``y`` and ``memory``; ``rows`` before lies the step before.
        rows: How many.
        memory: As ``lstm_forward`` left it.
        to_state: Slope to the new state ``(rows, width)``; none to that before afterwards.
        to_memory: Slope to the new memory ``(rows, width)``; to that before afterwards.
    """
    width = to_state.shape[1]
    for k in range(rows):
        row = y[first + k]
        entering, forget = row[:width], row[width : 2 * width]
        candidate, output = row[2 * width : 3 * width], row[3 * width :]
        grad, carried, now = to_state[k], to_memory[k], memory[first + k]
        old = memory[first + k - rows] if first else now
        share = _ONE if first else np.float32(0.0)  # before the first step there is nothing
        for i in range(width):
            a, b, c, d = entering[i], forget[i], candidate[i], output[i]
            shown = _tanh(now[i])
            to_now = carried[i] + grad[i] * d * (_ONE - shown * shown)
            entering[i] = to_now * c * a * (_ONE - a)
            forget[i] = to_now * share * old[i] * b * (_ONE - b)
            candidate[i] = to_now * a * (_ONE - c * c)
            output[i] = grad[i] * shown * d * (_ONE - d)
            carried[i] = to_now * b
            grad[i] = np.float32(0.0)


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy")
def gru_forward(y, first, rows, state):
    """Open the gates of rows ``first`` on in place, and bring the state to the new one.

    In ``y``, the candidate takes the place of what it saw of the input.
    """
    width = state.shape[1]
    for k in range(rows):
        row = y[first + k]
        reset, update = row[:width], row[width : 2 * width]
        candidate, seen = row[2 * width : 3 * width], row[3 * width :]
        now = state[k]
        for i in range(width):
            a, b = _sigmoid(reset[i]), _sigmoid(update[i])
            c = _tanh(candidate[i] + a * seen[i])
            reset[i], update[i], candidate[i] = a, b, c
            now[i] = (_ONE - b) * c + b * now[i]


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy")
def gru_backward(y, first, rows, before, to_state):
    """Write the slopes to the sums in the place of the gates.

    Args:
        y: As ``gru_forward`` left it.
        first: First row of ``y``.
        rows: How many.
        before: State of the step before ``(rows, width)``.
        to_state: Slope to the new state ``(rows, width)``; afterwards to that before, as far as it
            is kept and not seen by a gate.
    """
    width = to_state.shape[1]
    for k in range(rows):
        row = y[first + k]
        reset, update = row[:width], row[width : 2 * width]
        candidate, seen = row[2 * width : 3 * width], row[3 * width :]
        grad, old = to_state[k], before[k]
        for i in range(width):
            a, b, c = reset[i], update[i], candidate[i]
            to_candidate = grad[i] * (_ONE - b) * (_ONE - c * c)
            reset[i] = to_candidate * seen[i] * a * (_ONE - a)
            update[i] = grad[i] * (old[i] - c) * b * (_ONE - b)
            candidate[i] = to_candidate
            seen[i] = to_candidate * a
            grad[i] = grad[i] * b


@njit(cache=True, nogil=True)
def rnn_forward(is_lstm, given, seen, kept, bias, first, end, gates, memory, states):
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
                lstm_forward(y, n * side, side, carried, memory[place], state)
            else:
                gru_forward(y, n * side, side, state)
            states[n, start : start + side] = state[:side]


@njit(cache=True, nogil=True)
def rnn_backward(
    is_lstm, to_states, given, states, seen, kept, first, end, gates, memory, to_given, to_seen,
    to_kept, to_bias,
):  # fmt: skip
    """Write the slope to the input, and add up those to the weights.

    Args:
        is_lstm: Else a GRU.
        to_states: Slope to the states ``(step, batch, width)``.
        given: As ``rnn_forward`` had it.
        states: What it gave.
        seen: Weights of the input as torch stores them ``(4 width, input padded)``, padded to a
            multiple of 32; of no columns where ``to_given`` is not asked for.
        kept: Weights of the state ``(4 width, width)``.
        first: First sequence, a multiple of ``BLOCK``.
        end: The one after the last.
        gates: What ``rnn_forward`` left there, with a place for every block; lost by this.
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
    grad, carried = np.empty((BLOCK, width), np.float32), np.empty((BLOCK, width), np.float32)
    wide = (4 if is_lstm else 3) * width
    apart = 2 * width if is_lstm else 3 * width
    for start in range(first, end, BLOCK):
        side, place = min(BLOCK, end - start), start // BLOCK
        y, rows = gates[place], steps * side
        take_block(given, start, side, x)
        before[:side] = 0.0
        take_block(states[:-1], start, side, before[side:])
        grad[:], carried[:] = 0.0, 0.0
        for n in range(steps - 1, -1, -1):
            at = n * side
            for k in range(side):
                for i in range(width):
                    grad[k, i] += to_states[n, start + k, i]
            if is_lstm:
                lstm_backward(y, at, side, memory[place], grad, carried)
            else:
                gru_backward(y, at, side, before[at:], grad)
            if n:
                here = y[at:]
                add_part(here, 0, 0, 2 * width, kept, 0, 0, grad, 0, side, width)
                add_part(here, 0, apart, 4 * width - apart, kept, apart, 0, grad, 0, side, width)
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
