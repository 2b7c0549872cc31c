"""A whole WaveNet on a CUDA device in one kernel: windows in, the output of every step out.

A block holds some whole windows and passes them through all layers without leaving the chip; only
the weights are read on the way. The sample a dilation ago is in the same block: it is fetched by a
product with a matrix of zeros and ones, which the tensor cores do beside the layer's own products.

Reference:
    Tillet, Kung and Cox, "Triton: an intermediate language and compiler for tiled neural network
    computations", 2019.
"""

# The packages of an extra need not be there for the checks.
# pyright: reportMissingImports=false, reportIndexIssue=false

from typing import Any, NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor

from radarseq.models.backbones.engine_interface import Engine
from radarseq.models.backbones.wavenet import WaveNet
from radarseq.models.engines.cuda.gated_layer import fits, precision_of_products, sigmoid_of

MAX_STEPS = 128  # steps: more do not fit on the chip beside the weights
_MIN_ROWS = 64  # of a block
_WARPS = 8


class Packed(NamedTuple):
    """A WaveNet's weights as the kernel reads them, each matrix as (input, output).

    Attributes:
        first: ``(inputs padded, width)``, and its bias ``(width,)`` behind.
        layers: Of each layer, one after the other: past to filter, now to filter, past to gate, now
            to gate, all ``(width, width)``; their biases; the residual's ``(width, width)`` and its
            bias; the skip's ``(width, skip)`` and its bias.
        last: ``(skip, skip)``, and its bias behind.
        dilations: ``(layer,)``, int32.
        sizes: Inputs, inputs padded, width, skip, layers.
    """

    first: Tensor
    layers: Tensor
    last: Tensor
    dilations: Tensor
    sizes: tuple[int, int, int, int, int]


def packed(network: WaveNet) -> Packed:
    """Return the weights of a network, packed where they lie."""
    width, inputs = network.first.weight.shape
    padded = max(16, triton.next_power_of_2(inputs))
    first = network.first.weight.new_zeros(padded, width)
    first[:inputs] = network.first.weight.t()
    parts = []
    for layer in network.gated_layers():
        filtered, gate = layer.convolution.weight.chunk(2)
        tiles = (*filtered.chunk(2, dim=1), *gate.chunk(2, dim=1))  # past, now; past, now
        residual, skip = layer.out.weight.split((width, network.outputs))
        residual_bias, skip_bias = layer.out.bias.split((width, network.outputs))
        parts += [tile.t() for tile in tiles]
        parts += [layer.convolution.bias, residual.t(), residual_bias, skip.t(), skip_bias]
    last = network.last
    return Packed(
        _joined([first, network.first.bias]),
        _joined(parts),
        _joined([last.weight.t(), last.bias]),
        torch.tensor(network.dilations, dtype=torch.int32, device=first.device),
        (inputs, padded, width, network.outputs, len(network.dilations)),
    )


def _joined(parts: list[Tensor]) -> Tensor:
    return torch.cat([part.detach().reshape(-1) for part in parts])


@triton.jit
def _matrix(start, INPUTS: tl.constexpr, OUTPUTS: tl.constexpr):
    """Return a stored matrix (input, output)."""
    place = tl.arange(0, INPUTS)[:, None] * OUTPUTS + tl.arange(0, OUTPUTS)[None, :]
    return tl.load(start + place)


@triton.jit
def _row(start, SIZE: tl.constexpr):
    """Return a stored bias as a row."""
    return tl.load(start + tl.arange(0, SIZE))[None, :]


@triton.jit
def _gelu(x):
    return 0.5 * x * (1.0 + tl.erf(x * 0.7071067811865476))


@triton.jit
def _layer(
    x, skips, start, dilation, step, WIDTH: tl.constexpr, SKIP: tl.constexpr, ROWS: tl.constexpr,
    PRECISION: tl.constexpr,
):  # fmt: skip
    """Return the next layer's input and the sum of the skips, from (row, channel) tiles."""
    row, tile = tl.arange(0, ROWS), WIDTH * WIDTH
    # Row m of the product is row m - dilation of x: a one there, and zeros before the first step.
    fetch = (row[None, :] == row[:, None] - dilation) & (step[:, None] >= dilation)
    past = tl.dot(fetch.to(x.dtype), x, input_precision=PRECISION)
    filtered = tl.dot(past, _matrix(start, WIDTH, WIDTH), input_precision=PRECISION)
    filtered += tl.dot(x, _matrix(start + tile, WIDTH, WIDTH), input_precision=PRECISION)
    gate = tl.dot(past, _matrix(start + 2 * tile, WIDTH, WIDTH), input_precision=PRECISION)
    gate += tl.dot(x, _matrix(start + 3 * tile, WIDTH, WIDTH), input_precision=PRECISION)
    bias = start + 4 * tile
    filtered, gate = filtered + _row(bias, WIDTH), gate + _row(bias + WIDTH, WIDTH)
    passed = (2.0 * sigmoid_of(filtered) - 1.0) * sigmoid_of(gate)
    residual = bias + 2 * WIDTH
    skip = residual + tile + WIDTH
    x += tl.dot(passed, _matrix(residual, WIDTH, WIDTH), input_precision=PRECISION)
    x += _row(residual + tile, WIDTH)
    skips += tl.dot(passed, _matrix(skip, WIDTH, SKIP), input_precision=PRECISION)
    return x, skips + _row(skip + WIDTH * SKIP, SKIP)


@triton.jit
def _network(
    features, first, layers, last, dilations, hidden, windows, steps, inputs, scale,
    PADDED: tl.constexpr, WIDTH: tl.constexpr, SKIP: tl.constexpr, LAYERS: tl.constexpr,
    ROWS: tl.constexpr, LAST_ONLY: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Write the output of some whole windows; features (step, window, input) come first in time."""
    row = tl.arange(0, ROWS)
    in_block = ROWS // steps
    step, own = row % steps, row // steps
    window = tl.program_id(0).to(tl.int64) * in_block + own
    valid = (own < in_block) & (window < windows)
    cell = step * windows + window
    column = tl.arange(0, PADDED)
    x = tl.load(
        features + cell[:, None] * inputs + column[None, :],
        mask=valid[:, None] & (column < inputs)[None, :],
        other=0.0,
    )
    x = tl.dot(x, _matrix(first, PADDED, WIDTH), input_precision=PRECISION)
    x += _row(first + PADDED * WIDTH, WIDTH)
    skips = tl.zeros((ROWS, SKIP), dtype=tl.float32)
    size = 5 * WIDTH * WIDTH + 3 * WIDTH + WIDTH * SKIP + SKIP
    for index in range(LAYERS):
        dilation = tl.load(dilations + index)
        start = layers + index * size
        x, skips = _layer(x, skips, start, dilation, step, WIDTH, SKIP, ROWS, PRECISION)
    out = tl.dot(_gelu(skips * scale), _matrix(last, SKIP, SKIP), input_precision=PRECISION)
    out = _gelu(out + _row(last + SKIP * SKIP, SKIP))
    if LAST_ONLY:
        valid = valid & (step == steps - 1)
        cell = window
    wide = tl.arange(0, SKIP)
    tl.store(hidden + cell[:, None] * SKIP + wide[None, :], out, mask=valid[:, None])


def is_fusible(network: WaveNet, x: Tensor) -> bool:
    """Return whether the kernel takes this network and these features (step, batch, feature)."""
    width, inputs = network.first.weight.shape
    has_norm = any(
        not isinstance(layer.norm, torch.nn.Identity) for layer in network.gated_layers()
    )
    plain = x.dtype == torch.float32 and not has_norm and inputs <= 128
    return plain and fits(width, network.outputs) and 0 < len(x) <= MAX_STEPS


class OneKernel(Engine):
    """A WaveNet whose answers come from the kernel, with the weights as they are now.

    Args:
        network: On a CUDA device, or anywhere in Triton's interpreter.
    """

    def __init__(self, network: WaveNet) -> None:
        self._network, self._weights = network, packed(network)

    def supports(self, x: Tensor) -> bool:
        """Return whether no gradient is asked for, and the features fit."""
        return super().supports(x) and is_fusible(self._network, x)

    def forward(self, x: Tensor) -> Tensor:
        """Return (step, batch, skip) from ``x`` (step, batch, feature)."""
        return fused_wavenet(self._weights, x)

    def at_last_step(self, x: Tensor) -> Tensor:
        """Return ``forward(x)[-1]``."""
        return fused_wavenet(self._weights, x, last_only=True)


def fused_wavenet(weights: Packed, x: Tensor, *, last_only: bool = False) -> Tensor:
    """Return what the network gives, without a gradient.

    Args:
        weights: Of the network, float32.
        x: Features ``(step, batch, feature)``, float32.
        last_only: Whether the last step alone is asked for.

    Returns:
        ``(step, batch, skip)``, or ``(batch, skip)``.
    """
    steps, windows, _ = x.shape
    inputs, padded, width, skip, layers = weights.sizes
    rows = max(_MIN_ROWS, triton.next_power_of_2(steps))
    shape = (windows, skip) if last_only else (steps, windows, skip)
    hidden = x.new_empty(shape)
    tensors = (x.contiguous(), weights.first, weights.layers, weights.last, weights.dilations)
    launch: Any = _network[(triton.cdiv(windows, rows // steps),)]
    launch(
        *tensors,
        hidden,
        windows,
        steps,
        inputs,
        layers**-0.5,
        PADDED=padded,
        WIDTH=width,
        SKIP=skip,
        LAYERS=layers,
        ROWS=rows,
        LAST_ONLY=last_only,
        PRECISION=precision_of_products(),
        num_warps=_WARPS,
    )
    return hidden
