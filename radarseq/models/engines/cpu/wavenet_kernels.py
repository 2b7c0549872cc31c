"""All layers of a WaveNet, compiled: a few sequences at a time pass them in the cache."""

import numpy as np
from numba import njit

from radarseq.models.engines.cpu.activations import apply_gelu, gate_backward, gate_forward
from radarseq.models.engines.cpu.matmul import add_outer, add_part

BLOCK = 8  # sequences that pass the layers together
_MIXED = 64  # rows that are brought to the output together


@njit(cache=True, nogil=True)
def wavenet_forward(
    given, now, past, count, dilated, dilated_bias, out, residual_bias, skip_bias, first, end,
    inputs, opened, skips,
):  # fmt: skip
    """Write the sum of the skips of sequences ``first`` to ``end`` to ``skips``.

    Args:
        given: Input of the first layer, ``(needed, batch, width)``.
        now: Rows at which each layer's output is asked for, ``(layer, needed)``, in order.
        past: Rows of a dilation before, -1 where that is before the first sample.
        count: How many rows of ``now`` each layer has.
        dilated: Weights ``(layer, 2 width, 2 width)``: from (past, now) to (filter, gate).
        dilated_bias: ``(layer, 2 width)``.
        out: Weights ``(layer, width, width + skip)``.
        residual_bias: ``(layer, width)``.
        skip_bias: Sum over the layers, ``(skip,)``.
        first: First sequence, a multiple of ``BLOCK``.
        end: The one after the last.
        inputs: Takes what enters each layer, ``(block, layer, needed BLOCK, width)``. Blocks and
            layers take turns where there are fewer places; of layers there are two at least.
        opened: Takes filter and gate, ``(block, layer, needed BLOCK, 2 width)``; places as above.
        skips: ``(step, batch, skip)``.
    """
    layers, width, steps = len(dilated), given.shape[2], len(skips)
    most = inputs.shape[2]
    both, passed = np.empty((most, 2 * width), np.float32), np.empty((most, width), np.float32)
    total = np.empty((steps * BLOCK, len(skip_bias)), np.float32)
    for start in range(first, end, BLOCK):
        side, place = min(BLOCK, end - start), start // BLOCK % len(inputs)
        take_block(given, start, side, inputs[place, 0])
        fill(total, skip_bias, steps * side)
        for layer in range(layers):
            x, y = inputs[place, layer % inputs.shape[1]], opened[place, layer % opened.shape[1]]
            cells, rows = count[layer], count[layer] * side
            silent = gather(x, now[layer], past[layer], cells, side, both) * side
            fill(y, dilated_bias[layer], rows)
            weights = dilated[layer]
            add_part(both, 0, width, width, weights, width, 0, y, 0, silent, 2 * width)
            add_part(both, silent, 0, 2 * width, weights, 0, 0, y, 0, rows, 2 * width)
            gate_forward(y, passed, rows)
            late = (cells - steps) * side
            add_part(
                passed[late:], 0, 0, width, out[layer], 0, width, total, 0, steps * side,
                total.shape[1],
            )  # fmt: skip
            if layer < layers - 1:
                following = inputs[place, (layer + 1) % inputs.shape[1]]
                for row in range(rows):
                    for i in range(width):
                        following[row, i] = both[row, width + i] + residual_bias[layer, i]
                add_part(passed, 0, 0, width, out[layer], 0, 0, following, 0, rows, width)
        give_block(total, skips, start, side)


@njit(cache=True, nogil=True)
def combine(skips, scale, last, last_bias):
    """Bring rows of the sum of the skips to the network's output, in place.

    Args:
        skips: ``(row, skip)``.
        scale: Of the sum.
        last: Weights of the last layer ``(skip, skip)``, input first.
        last_bias: ``(skip,)``.
    """
    rows, size = skips.shape
    mixed = np.empty((min(rows, _MIXED), size), np.float32)
    for first in range(0, rows, _MIXED):
        count = min(_MIXED, rows - first)
        here = skips[first:]
        apply_gelu(here, scale, mixed, count)
        fill(here, last_bias, count)
        add_part(mixed, 0, 0, size, last, 0, 0, here, 0, count, size)
        apply_gelu(here, np.float32(1.0), here, count)


@njit(cache=True, nogil=True)
def take_block(given, start, side, x):
    """Write sequences ``start`` on of ``given`` (step, batch, channel) to rows of ``x``."""
    for n in range(len(given)):
        for k in range(side):
            for i in range(given.shape[2]):
                x[n * side + k, i] = given[n, start + k, i]


@njit(cache=True, nogil=True)
def give_block(x, given, start, side):
    """Write the rows of ``x`` to sequences ``start`` on of ``given`` (step, batch, channel)."""
    for n in range(len(given)):
        for k in range(side):
            for i in range(given.shape[2]):
                given[n, start + k, i] = x[n * side + k, i]


@njit(cache=True, nogil=True)
def fill(y, bias, rows):
    """Write ``bias`` to the first rows."""
    for row in range(rows):
        for i in range(len(bias)):
            y[row, i] = bias[i]


@njit(cache=True, nogil=True)
def gather(x, now, past, cells, side, both):
    """Write (past, now) of each cell to ``both``; return how many of the first have no past."""
    width, silent = x.shape[1], 0
    for n in range(cells):
        for k in range(side):
            row, at = n * side + k, now[n] * side + k
            for i in range(width):
                both[row, width + i] = x[at, i]
            if past[n] >= 0:
                before = past[n] * side + k
                for i in range(width):
                    both[row, i] = x[before, i]
        silent += past[n] < 0
    return silent


@njit(cache=True, nogil=True)
def wavenet_backward(
    to_skips, now, past, count, dilated, out, first, end, inputs, opened, to_given, to_dilated,
    to_dilated_bias, to_out, to_residual_bias,
):  # fmt: skip
    """Write the slope to what entered the layers, and add up those to their weights.

    Args:
        to_skips: Slope to the sum of the skips, ``(step, batch, skip)``.
        now: As ``wavenet_forward`` had it, and so ``past`` and ``count``.
        past: See there.
        count: See there.
        dilated: Weights as torch stores them, ``(layer, 2 width, 2 width)``: (filter, gate) first.
        out: Weights as torch stores them, ``(layer, width + skip, width)``.
        first: First sequence, a multiple of ``BLOCK``.
        end: The one after the last.
        inputs: What ``wavenet_forward`` left there, with a place for every block and layer.
        opened: The same.
        to_given: Takes the slope, ``(needed, batch, width)``.
        to_dilated: Takes the sum, in the shape of ``dilated``.
        to_dilated_bias: ``(layer, 2 width)``.
        to_out: In the shape of ``out``.
        to_residual_bias: ``(layer, width)``.
    """
    layers, width, steps = len(dilated), to_given.shape[2], len(to_skips)
    skip, most = to_skips.shape[2], inputs.shape[2]
    total = np.empty((steps * BLOCK, skip), np.float32)
    to_x, following = np.zeros((most, width), np.float32), np.empty((most, width), np.float32)
    passed, to_passed = np.empty((most, width), np.float32), np.empty((most, width), np.float32)
    both, to_both = np.empty((most, 2 * width), np.float32), np.empty((most, 2 * width), np.float32)
    to_y = np.empty((most, 2 * width), np.float32)
    for start in range(first, end, BLOCK):
        side, place = min(BLOCK, end - start), start // BLOCK
        take_block(to_skips, start, side, total)
        for layer in range(layers - 1, -1, -1):
            y, cells, rows = opened[place, layer], count[layer], count[layer] * side
            late = (cells - steps) * side
            _pass_again(y, passed, to_passed, rows)
            add_part(
                total, 0, 0, skip, out[layer], width, 0, to_passed[late:], 0, steps * side, width
            )
            add_outer(total, 0, skip, passed, late, 0, steps * side, width, to_out[layer], width, 0)
            if layer < layers - 1:  # what the last one would hand on is not asked for
                add_part(to_x, 0, 0, width, out[layer], 0, 0, to_passed, 0, rows, width)
                add_outer(to_x, 0, width, passed, 0, 0, rows, width, to_out[layer], 0, 0)
                _add_rows(to_x, to_residual_bias[layer], rows)
            gate_backward(y, to_passed, to_y, rows)
            _add_rows(to_y, to_dilated_bias[layer], rows)
            silent = gather(inputs[place, layer], now[layer], past[layer], cells, side, both) * side
            grads = to_dilated[layer]
            add_outer(
                to_y, silent, 2 * width, both, silent, 0, rows - silent, 2 * width, grads, 0, 0
            )
            add_outer(to_y, 0, 2 * width, both, 0, width, silent, width, grads, 0, width)
            to_both[:rows] = 0.0
            weights = dilated[layer]
            add_part(to_y, silent, 0, 2 * width, weights, 0, 0, to_both, 0, rows, 2 * width)
            add_part(to_y, 0, 0, 2 * width, weights, 0, width, to_both, width, silent, width)
            before = count[layer - 1] if layer else len(to_given)
            _scatter(to_both, to_x, layer < layers - 1, now[layer], past[layer], cells, side,
                     following, before * side)  # fmt: skip
            to_x, following = following, to_x
        give_block(to_x, to_given, start, side)


@njit(cache=True, nogil=True)
def _pass_again(y, passed, to_passed, rows):
    """Write once more what the gate let pass, and the zeros that its slopes are added to."""
    width = passed.shape[1]
    for row in range(rows):
        for i in range(width):
            passed[row, i] = y[row, i] * y[row, width + i]
            to_passed[row, i] = np.float32(0.0)


@njit(cache=True, nogil=True)
def _add_rows(values, total, rows):
    """Add the first rows up, each column by itself."""
    for row in range(rows):
        for i in range(len(total)):
            total[i] += values[row, i]


@njit(cache=True, nogil=True)
def _scatter(to_both, to_x, has_residual, now, past, cells, side, following, rows):
    """Write the slope to what entered a layer, from those to (past, now) and to the residual."""
    width = following.shape[1]
    following[:rows] = 0.0
    for n in range(cells):
        for k in range(side):
            row, at = n * side + k, now[n] * side + k
            for i in range(width):
                following[at, i] += to_both[row, width + i]
            if has_residual:
                for i in range(width):
                    following[at, i] += to_x[row, i]
            if past[n] >= 0:
                before = past[n] * side + k
                for i in range(width):
                    following[before, i] += to_both[row, i]
