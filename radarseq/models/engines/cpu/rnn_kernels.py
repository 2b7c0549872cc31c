"""Kernels of a layer of LSTM or GRU cells: some sequences at a time pass it in the cache.

An LSTM's gates all depend on the sum of input and state. A GRU's candidate needs the two apart: of
its four blocks, the third holds the input's part alone and the fourth the state's.
"""

import numpy as np
from numba import njit

from radarseq.models.engines.cpu.activations import exponential
from radarseq.models.engines.cpu.matmul import add_outer_product, add_product
from radarseq.models.engines.cpu.wavenet_kernels import BLOCK, fill_rows, read_block, write_block

_ONE, _TWO = np.float32(1.0), np.float32(2.0)


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, inline="always")
def _sigmoid(x):
    power = exponential(x)
    return power / (power + _ONE)


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, inline="always")
def _tanh(x):
    power = exponential(_TWO * x)
    return (power - _ONE) / (power + _ONE)


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy")
def lstm_forward(y, first, rows, before, memory, state):
    """Compute the gates of rows from ``first`` in place; write the new memory and state.

    Args:
        y: Sums before the gates ``(row, 4 width)``; the gates afterwards.
        first: First row of ``y`` and ``memory``.
        rows: Number of rows.
        before: Memory of the step before ``(rows, width)``; the new one afterwards.
        memory: ``(row, width)``.
        state: ``(rows, width)``.
    """
    width = state.shape[1]
    for k in range(rows):
        row = y[first + k]
        entry, forget = row[:width], row[width : 2 * width]
        candidate, output = row[2 * width : 3 * width], row[3 * width :]
        old, saved, out = before[k], memory[first + k], state[k]
        for i in range(width):
            a, b = _sigmoid(entry[i]), _sigmoid(forget[i])
            c, d = _tanh(candidate[i]), _sigmoid(output[i])
            now = b * old[i] + a * c
            entry[i], forget[i], candidate[i], output[i] = a, b, c, d
            old[i], saved[i] = now, now
            out[i] = d * _tanh(now)


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy")
def lstm_backward(y, first, rows, memory, grad_state, grad_memory):
    """Replace the gates by the gradients of the sums before them.

    Args:
        y: As ``lstm_forward`` left it.
        first: First row of ``y`` and ``memory``; the step before is ``rows`` earlier.
        rows: Number of rows.
        memory: As ``lstm_forward`` left it.
        grad_state: Gradient of the new state ``(rows, width)``; afterwards zero.
        grad_memory: Gradient of the new memory ``(rows, width)``; afterwards of the one before.
    """
    width = grad_state.shape[1]
    for k in range(rows):
        row = y[first + k]
        entry, forget = row[:width], row[width : 2 * width]
        candidate, output = row[2 * width : 3 * width], row[3 * width :]
        grad, carried, now = grad_state[k], grad_memory[k], memory[first + k]
        old = memory[first + k - rows] if first else now
        share = _ONE if first else np.float32(0.0)  # before the first step there is nothing
        for i in range(width):
            a, b, c, d = entry[i], forget[i], candidate[i], output[i]
            tanh_now = _tanh(now[i])
            grad_now = carried[i] + grad[i] * d * (_ONE - tanh_now * tanh_now)
            entry[i] = grad_now * c * a * (_ONE - a)
            forget[i] = grad_now * share * old[i] * b * (_ONE - b)
            candidate[i] = grad_now * a * (_ONE - c * c)
            output[i] = grad[i] * tanh_now * d * (_ONE - d)
            carried[i] = grad_now * b
            grad[i] = np.float32(0.0)


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy")
def gru_forward(y, first, rows, state):
    """Compute the gates of rows from ``first`` in place, and update the state.

    In ``y``, the candidate replaces the input's part of it.
    """
    width = state.shape[1]
    for k in range(rows):
        row = y[first + k]
        reset, update = row[:width], row[width : 2 * width]
        candidate, from_state = row[2 * width : 3 * width], row[3 * width :]
        now = state[k]
        for i in range(width):
            a, b = _sigmoid(reset[i]), _sigmoid(update[i])
            c = _tanh(candidate[i] + a * from_state[i])
            reset[i], update[i], candidate[i] = a, b, c
            now[i] = (_ONE - b) * c + b * now[i]


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy")
def gru_backward(y, first, rows, before, grad_state):
    """Replace the gates by the gradients of the sums before them.

    Args:
        y: As ``gru_forward`` left it.
        first: First row of ``y``.
        rows: Number of rows.
        before: State of the step before ``(rows, width)``.
        grad_state: Gradient of the new state ``(rows, width)``; afterwards of the one before,
            without the part that passes the gates.
    """
    width = grad_state.shape[1]
    for k in range(rows):
        row = y[first + k]
        reset, update = row[:width], row[width : 2 * width]
        candidate, from_state = row[2 * width : 3 * width], row[3 * width :]
        grad, old = grad_state[k], before[k]
        for i in range(width):
            a, b, c = reset[i], update[i], candidate[i]
            grad_candidate = grad[i] * (_ONE - b) * (_ONE - c * c)
            reset[i] = grad_candidate * from_state[i] * a * (_ONE - a)
            update[i] = grad[i] * (old[i] - c) * b * (_ONE - b)
            candidate[i] = grad_candidate
            from_state[i] = grad_candidate * a
            grad[i] = grad[i] * b


@njit(cache=True, nogil=True)
def rnn_forward(is_lstm, inputs, w_ih, w_hh, bias, first, end, gates, memory, states):
    """Write the states of sequences ``first`` to ``end`` at every step.

    Args:
        is_lstm: Else a GRU.
        inputs: ``(step, batch, input)``.
        w_ih: Weights of the input ``(input padded, 4 width)``, padded to a multiple of 8.
        w_hh: Weights of the state ``(width, 4 width)``.
        bias: ``(4 width,)``.
        first: First sequence, a multiple of ``BLOCK``.
        end: End of the sequences.
        gates: Receives the gates ``(block, step BLOCK, 4 width)``; blocks take turns where there
            are fewer slots.
        memory: Receives an LSTM's memory ``(block, step BLOCK, width)``.
        states: ``(step, batch, width)``.
    """
    steps, padded, width = len(inputs), len(w_ih), len(w_hh)
    x = np.zeros((steps * BLOCK, padded), np.float32)
    state, carried = np.empty((BLOCK, width), np.float32), np.empty((BLOCK, width), np.float32)
    columns = (4 if is_lstm else 3) * width  # those that the input reaches
    after = 2 * width if is_lstm else 3 * width  # from here on the state reaches again
    for start in range(first, end, BLOCK):
        size, slot = min(BLOCK, end - start), start // BLOCK % len(gates)
        y, rows = gates[slot], steps * size
        read_block(inputs, start, size, x)
        fill_rows(y, bias, rows)
        add_product(x, 0, 0, padded, w_ih, 0, 0, y, 0, rows, columns)
        state[:], carried[:] = 0.0, 0.0
        for n in range(steps):
            here = y[n * size :]
            if n:
                add_product(state, 0, 0, width, w_hh, 0, 0, here, 0, size, 2 * width)
                add_product(
                    state, 0, 0, width, w_hh, 0, after, here, after, size, 4 * width - after
                )
            if is_lstm:
                lstm_forward(y, n * size, size, carried, memory[slot], state)
            else:
                gru_forward(y, n * size, size, state)
            states[n, start : start + size] = state[:size]


@njit(cache=True, nogil=True)
def rnn_backward(
    is_lstm, grad_states, inputs, states, w_ih, w_hh, first, end, gates, memory, grad_inputs,
    grad_w_ih, grad_w_hh, grad_bias,
):  # fmt: skip
    """Write the gradient of the input, and add the gradients of the weights.

    Args:
        is_lstm: Else a GRU.
        grad_states: Gradient of the states ``(step, batch, width)``.
        inputs: As in ``rnn_forward``.
        states: As ``rnn_forward`` wrote them.
        w_ih: Weights of the input as torch stores them ``(4 width, input padded)``, padded to a
            multiple of 32; without columns where ``grad_inputs`` is not needed.
        w_hh: Weights of the state ``(4 width, width)``.
        first: First sequence, a multiple of ``BLOCK``.
        end: End of the sequences.
        gates: As ``rnn_forward`` left it, with a slot for every block; overwritten.
        memory: Likewise.
        grad_inputs: Receives the gradient ``(step, batch, input)``.
        grad_w_ih: Receives the sum ``(input padded to 8, 4 width)``.
        grad_w_hh: ``(width, 4 width)``.
        grad_bias: ``(4 width,)``.
    """
    steps, width, padded = len(inputs), len(grad_w_hh), len(grad_w_ih)
    x = np.zeros((steps * BLOCK, padded), np.float32)
    before = np.zeros((steps * BLOCK, width), np.float32)
    grad_x = np.empty((steps * BLOCK, w_ih.shape[1]), np.float32)
    grad, carried = np.empty((BLOCK, width), np.float32), np.empty((BLOCK, width), np.float32)
    columns = (4 if is_lstm else 3) * width
    after = 2 * width if is_lstm else 3 * width
    for start in range(first, end, BLOCK):
        size, slot = min(BLOCK, end - start), start // BLOCK
        y, rows = gates[slot], steps * size
        read_block(inputs, start, size, x)
        before[:size] = 0.0
        read_block(states[:-1], start, size, before[size:])
        grad[:], carried[:] = 0.0, 0.0
        for n in range(steps - 1, -1, -1):
            at = n * size
            for k in range(size):
                for i in range(width):
                    grad[k, i] += grad_states[n, start + k, i]
            if is_lstm:
                lstm_backward(y, at, size, memory[slot], grad, carried)
            else:
                gru_backward(y, at, size, before[at:], grad)
            if n:
                here = y[at:]
                add_product(here, 0, 0, 2 * width, w_hh, 0, 0, grad, 0, size, width)
                add_product(here, 0, after, 4 * width - after, w_hh, after, 0, grad, 0, size, width)
        add_outer_product(x, 0, padded, y, 0, 0, rows, columns, grad_w_ih, 0, 0)
        later = rows - size
        add_outer_product(before, size, width, y, size, 0, later, 2 * width, grad_w_hh, 0, 0)
        add_outer_product(
            before, size, width, y, size, after, later, 4 * width - after, grad_w_hh, 0, after
        )
        for row in range(rows):
            for i in range(4 * width):
                grad_bias[i] += y[row, i]
        if w_ih.shape[1]:
            grad_x[:rows] = 0.0
            add_product(y, 0, 0, columns, w_ih, 0, 0, grad_x, 0, rows, w_ih.shape[1])
            write_block(grad_x, grad_inputs, start, size)
