"""Kernels of all layers of a WaveNet: a few sequences at a time pass them in the cache."""

import numpy as np
from numba import njit

from radarseq.models.engines.cpu.activations import apply_gelu, gate_backward, gate_forward
from radarseq.models.engines.cpu.matmul import add_outer_product, add_product

BLOCK = 8  # sequences that pass the layers together
_COMBINED_ROWS = 64  # rows that the output layer computes together


@njit(cache=True, nogil=True)
def wavenet_forward(
    x0, present, past, counts, dilated, dilated_bias, out, residual_bias, skip_bias, first, end,
    inputs, gates, skips,
):  # fmt: skip
    """Write the sum of the skips of sequences ``first`` to ``end`` to ``skips``.

    Args:
        x0: Input of the first layer, ``(needed, batch, width)``.
        present: Rows at which each layer's output is computed, ``(layer, needed)``, in order.
        past: Rows one dilation before, -1 where that is before the first sample.
        counts: Number of rows of ``present`` of each layer.
        dilated: Weights ``(layer, 2 width, 2 width)``: from (past, present) to (filter, gate).
        dilated_bias: ``(layer, 2 width)``.
        out: Weights ``(layer, width, width + skip)``.
        residual_bias: ``(layer, width)``.
        skip_bias: Sum over the layers, ``(skip,)``.
        first: First sequence, a multiple of ``BLOCK``.
        end: End of the sequences.
        inputs: Receives the input of each layer, ``(block, layer, needed BLOCK, width)``. Blocks
            and layers take turns where there are fewer slots; there are two or more for layers.
        gates: Receives filter and gate, ``(block, layer, needed BLOCK, 2 width)``; slots as above.
        skips: ``(step, batch, skip)``.
    """
    layers, width, steps = len(dilated), x0.shape[2], len(skips)
    height = inputs.shape[2]
    both, gated = np.empty((height, 2 * width), np.float32), np.empty((height, width), np.float32)
    total = np.empty((steps * BLOCK, len(skip_bias)), np.float32)
    for start in range(first, end, BLOCK):
        size, slot = min(BLOCK, end - start), start // BLOCK % len(inputs)
        read_block(x0, start, size, inputs[slot, 0])
        fill_rows(total, skip_bias, steps * size)
        for layer in range(layers):
            x, y = inputs[slot, layer % inputs.shape[1]], gates[slot, layer % gates.shape[1]]
            count, rows = counts[layer], counts[layer] * size
            silent = gather(x, present[layer], past[layer], count, size, both) * size
            fill_rows(y, dilated_bias[layer], rows)
            weights = dilated[layer]
            add_product(both, 0, width, width, weights, width, 0, y, 0, silent, 2 * width)
            add_product(both, silent, 0, 2 * width, weights, 0, 0, y, 0, rows, 2 * width)
            gate_forward(y, gated, rows)
            offset = (count - steps) * size
            add_product(
                gated[offset:], 0, 0, width, out[layer], 0, width, total, 0, steps * size,
                total.shape[1],
            )  # fmt: skip
            if layer < layers - 1:
                next_input = inputs[slot, (layer + 1) % inputs.shape[1]]
                for row in range(rows):
                    for i in range(width):
                        next_input[row, i] = both[row, width + i] + residual_bias[layer, i]
                add_product(gated, 0, 0, width, out[layer], 0, 0, next_input, 0, rows, width)
        write_block(total, skips, start, size)


@njit(cache=True, nogil=True)
def combine(skips, scale, last, last_bias):
    """Replace rows of the sum of the skips by the network's output.

    Args:
        skips: ``(row, skip)``.
        scale: Of the sum.
        last: Weights of the last layer ``(skip, skip)``, input first.
        last_bias: ``(skip,)``.
    """
    rows, size = skips.shape
    activated = np.empty((min(rows, _COMBINED_ROWS), size), np.float32)
    for first in range(0, rows, _COMBINED_ROWS):
        count = min(_COMBINED_ROWS, rows - first)
        here = skips[first:]
        apply_gelu(here, scale, activated, count)
        fill_rows(here, last_bias, count)
        add_product(activated, 0, 0, size, last, 0, 0, here, 0, count, size)
        apply_gelu(here, np.float32(1.0), here, count)


@njit(cache=True, nogil=True)
def read_block(sequences, start, size, x):
    """Write ``size`` sequences (step, batch, channel), from ``start`` on, to rows of ``x``."""
    for n in range(len(sequences)):
        for k in range(size):
            for i in range(sequences.shape[2]):
                x[n * size + k, i] = sequences[n, start + k, i]


@njit(cache=True, nogil=True)
def write_block(x, sequences, start, size):
    """Write the rows of ``x`` to ``size`` sequences (step, batch, channel), from ``start`` on."""
    for n in range(len(sequences)):
        for k in range(size):
            for i in range(sequences.shape[2]):
                sequences[n, start + k, i] = x[n * size + k, i]


@njit(cache=True, nogil=True)
def fill_rows(y, bias, rows):
    """Write ``bias`` to the first rows."""
    for row in range(rows):
        for i in range(len(bias)):
            y[row, i] = bias[i]


@njit(cache=True, nogil=True)
def gather(x, present, past, count, size, both):
    """Write (past, now) of each cell to ``both``; return how many of the first have no past."""
    width, silent = x.shape[1], 0
    for n in range(count):
        for k in range(size):
            row, at = n * size + k, present[n] * size + k
            for i in range(width):
                both[row, width + i] = x[at, i]
            if past[n] >= 0:
                before = past[n] * size + k
                for i in range(width):
                    both[row, i] = x[before, i]
        silent += past[n] < 0
    return silent


@njit(cache=True, nogil=True)
def wavenet_backward(
    grad_skips, present, past, counts, dilated, out, first, end, inputs, gates, grad_input,
    grad_dilated, grad_dilated_bias, grad_out, grad_residual_bias,
):  # fmt: skip
    """Write the gradient of the input of the first layer, and add the gradients of the weights.

    Args:
        grad_skips: Gradient of the sum of the skips, ``(step, batch, skip)``.
        present: As in ``wavenet_forward``.
        past: As in ``wavenet_forward``.
        counts: As in ``wavenet_forward``.
        dilated: Weights as torch stores them, ``(layer, 2 width, 2 width)``: (filter, gate) first.
        out: Weights as torch stores them, ``(layer, width + skip, width)``.
        first: First sequence, a multiple of ``BLOCK``.
        end: End of the sequences.
        inputs: As ``wavenet_forward`` left it, with a slot for every block and layer.
        gates: Likewise.
        grad_input: Receives the gradient, ``(needed, batch, width)``.
        grad_dilated: Receives the sum, in the shape of ``dilated``.
        grad_dilated_bias: ``(layer, 2 width)``.
        grad_out: In the shape of ``out``.
        grad_residual_bias: ``(layer, width)``.
    """
    layers, width, steps = len(dilated), grad_input.shape[2], len(grad_skips)
    skip, height = grad_skips.shape[2], inputs.shape[2]
    total = np.empty((steps * BLOCK, skip), np.float32)
    narrow, wide = (height, width), (height, 2 * width)
    grad_x, grad_next = np.zeros(narrow, np.float32), np.empty(narrow, np.float32)
    gated, grad_gated = np.empty(narrow, np.float32), np.empty(narrow, np.float32)
    both, grad_both = np.empty(wide, np.float32), np.empty(wide, np.float32)
    grad_y = np.empty(wide, np.float32)
    for start in range(first, end, BLOCK):
        size, slot = min(BLOCK, end - start), start // BLOCK
        read_block(grad_skips, start, size, total)
        for layer in range(layers - 1, -1, -1):
            y, count, rows = gates[slot, layer], counts[layer], counts[layer] * size
            offset = (count - steps) * size
            _recompute_gated(y, gated, grad_gated, rows)
            add_product(
                total, 0, 0, skip, out[layer], width, 0, grad_gated[offset:], 0, steps * size, width
            )
            add_outer_product(
                total, 0, skip, gated, offset, 0, steps * size, width, grad_out[layer], width, 0
            )
            if layer < layers - 1:  # the last layer has no next one
                add_product(grad_x, 0, 0, width, out[layer], 0, 0, grad_gated, 0, rows, width)
                add_outer_product(grad_x, 0, width, gated, 0, 0, rows, width, grad_out[layer], 0, 0)
                _add_rows(grad_x, grad_residual_bias[layer], rows)
            gate_backward(y, grad_gated, grad_y, rows)
            _add_rows(grad_y, grad_dilated_bias[layer], rows)
            silent = size * gather(
                inputs[slot, layer], present[layer], past[layer], count, size, both
            )
            grads = grad_dilated[layer]
            add_outer_product(
                grad_y, silent, 2 * width, both, silent, 0, rows - silent, 2 * width, grads, 0, 0
            )
            add_outer_product(grad_y, 0, 2 * width, both, 0, width, silent, width, grads, 0, width)
            grad_both[:rows] = 0.0
            weights = dilated[layer]
            add_product(grad_y, silent, 0, 2 * width, weights, 0, 0, grad_both, 0, rows, 2 * width)
            add_product(grad_y, 0, 0, 2 * width, weights, 0, width, grad_both, width, silent, width)
            before = counts[layer - 1] if layer else len(grad_input)
            _scatter(
                grad_both, grad_x, layer < layers - 1, present[layer], past[layer], count, size,
                grad_next, before * size,
            )  # fmt: skip
            grad_x, grad_next = grad_next, grad_x
        write_block(grad_x, grad_input, start, size)


@njit(cache=True, nogil=True)
def _recompute_gated(y, gated, grad_gated, rows):
    """Write the gate's output once more, and zeros for its gradient."""
    width = gated.shape[1]
    for row in range(rows):
        for i in range(width):
            gated[row, i] = y[row, i] * y[row, width + i]
            grad_gated[row, i] = np.float32(0.0)


@njit(cache=True, nogil=True)
def _add_rows(values, total, rows):
    """Add the first rows to ``total``, column by column."""
    for row in range(rows):
        for i in range(len(total)):
            total[i] += values[row, i]


@njit(cache=True, nogil=True)
def _scatter(grad_both, grad_x, has_residual, present, past, count, size, grad_next, rows):
    """Write the gradient of a layer's input, from those of (past, present) and the residual."""
    width = grad_next.shape[1]
    grad_next[:rows] = 0.0
    for n in range(count):
        for k in range(size):
            row, at = n * size + k, present[n] * size + k
            for i in range(width):
                grad_next[at, i] += grad_both[row, width + i]
            if has_residual:
                for i in range(width):
                    grad_next[at, i] += grad_x[row, i]
            if past[n] >= 0:
                before = past[n] * size + k
                for i in range(width):
                    grad_next[before, i] += grad_both[row, i]
