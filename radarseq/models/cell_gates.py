"""The gates of LSTM and GRU cells, compiled, forward and backward: a step of some sequences.

Each row has four blocks: an LSTM's input, forget, candidate and output, in torch's order; a GRU's
reset, update, what the candidate sees of the input, and what it sees of the state.

Reference:
    Hochreiter and Schmidhuber, "Long short-term memory", 1997; Cho et al., 2014 (GRU).
"""

import numpy as np
from numba import njit

from radarseq.models.activations import exponential

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
def open_lstm(y, first, rows, before, memory, state):
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
def close_lstm(y, first, rows, memory, to_state, to_memory):
    """Write the slopes to the sums in the place of the gates.

    Args:
        y: As ``open_lstm`` left it.
        first: First row of ``y`` and ``memory``; ``rows`` before lies the step before.
        rows: How many.
        memory: As ``open_lstm`` left it.
        to_state: Slope to the new state ``(rows, width)``; none to that before afterwards.
        to_memory: Slope to the new memory ``(rows, width)``; to that before afterwards.
    """
    width = to_state.shape[1]
    for k in range(rows):
        row = y[first + k]
        entering, forget = row[:width], row[width : 2 * width]
        candidate, output = row[2 * width : 3 * width], row[3 * width :]
        slope, carried, now = to_state[k], to_memory[k], memory[first + k]
        old = memory[first + k - rows] if first else now
        share = _ONE if first else np.float32(0.0)  # before the first step there is nothing
        for i in range(width):
            a, b, c, d = entering[i], forget[i], candidate[i], output[i]
            shown = _tanh(now[i])
            to_now = carried[i] + slope[i] * d * (_ONE - shown * shown)
            entering[i] = to_now * c * a * (_ONE - a)
            forget[i] = to_now * share * old[i] * b * (_ONE - b)
            candidate[i] = to_now * a * (_ONE - c * c)
            output[i] = slope[i] * shown * d * (_ONE - d)
            carried[i] = to_now * b
            slope[i] = np.float32(0.0)


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy")
def open_gru(y, first, rows, state):
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
def close_gru(y, first, rows, before, to_state):
    """Write the slopes to the sums in the place of the gates.

    Args:
        y: As ``open_gru`` left it.
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
        slope, old = to_state[k], before[k]
        for i in range(width):
            a, b, c = reset[i], update[i], candidate[i]
            to_candidate = slope[i] * (_ONE - b) * (_ONE - c * c)
            reset[i] = to_candidate * seen[i] * a * (_ONE - a)
            update[i] = slope[i] * (old[i] - c) * b * (_ONE - b)
            candidate[i] = to_candidate
            seen[i] = to_candidate * a
            slope[i] = slope[i] * b
