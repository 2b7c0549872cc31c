"""A gated layer on a CUDA device in one pass over memory, forward and backward, in Triton.

Asked for operation by operation, a layer of WaveNet reads and writes its activations a dozen times,
and that is what it takes its time for. Here a block of rows stays on the chip from the convolution
to the residual and the skip. For the gradient nothing is kept but the layer's input: what the gate
gave is computed again, which is cheaper than to store and load it.

Triton comes with CUDA builds of torch (extra ``triton`` elsewhere). On the CPU its interpreter runs
the same source, slowly: tests hold it there against the plain layer.

Reference:
    Tillet, Kung and Cox, "Triton: an intermediate language and compiler for tiled neural network
    computations", 2019.
"""

# The packages of an extra need not be there for the checks.
# pyright: reportMissingImports=false, reportIndexIssue=false

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

ROWS = 64  # of a block: with 32 channels, its tiles fill the registers of four warps
WARPS = 4


@triton.jit
def sigmoid_of(x):
    """Return the sigmoid; without overflow for any x."""
    small = tl.exp(-tl.abs(x))
    return tl.where(x >= 0, 1.0, small) / (1.0 + small)


@triton.jit
def _opened(x, weight, bias, row, lag, valid, WIDTH: tl.constexpr, PRECISION: tl.constexpr):
    """Return the filter's and the gate's sigmoid for some rows of x (row, width)."""
    channel = tl.arange(0, WIDTH)
    here = row[:, None] * WIDTH + channel[None, :]
    now = tl.load(x + here, mask=valid[:, None], other=0.0)
    has_past = valid & (row >= lag)
    past = tl.load(x + here - lag * WIDTH, mask=has_past[:, None], other=0.0)
    # weight (2 width, 2 width): output, then (past, now); as (input, output) tiles
    tile = channel[None, :] * (2 * WIDTH) + channel[:, None]
    filtered = tl.dot(past, tl.load(weight + tile), input_precision=PRECISION)
    filtered += tl.dot(now, tl.load(weight + tile + WIDTH), input_precision=PRECISION)
    lower = weight + WIDTH * 2 * WIDTH
    gate = tl.dot(past, tl.load(lower + tile), input_precision=PRECISION)
    gate += tl.dot(now, tl.load(lower + tile + WIDTH), input_precision=PRECISION)
    filtered += tl.load(bias + channel)[None, :]
    gate += tl.load(bias + WIDTH + channel)[None, :]
    return now, sigmoid_of(filtered), sigmoid_of(gate)


@triton.jit
def _forward(
    x, weight, bias, out_weight, out_bias, residual, skip, rows, lag,
    WIDTH: tl.constexpr, SKIP: tl.constexpr, ROWS: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Write x + residual and the skip of a block of rows."""
    row = (tl.program_id(0) * ROWS + tl.arange(0, ROWS)).to(tl.int64)
    valid = row < rows
    now, filtered, gate = _opened(x, weight, bias, row, lag, valid, WIDTH, PRECISION)
    passed = ((2.0 * filtered - 1.0) * gate).to(now.dtype)
    channel, wide = tl.arange(0, WIDTH), tl.arange(0, SKIP)
    tile = tl.load(out_weight + channel[None, :] * WIDTH + channel[:, None])
    more = tl.dot(passed, tile, input_precision=PRECISION)
    more += tl.load(out_bias + channel)[None, :] + now
    here = row[:, None] * WIDTH + channel[None, :]
    tl.store(residual + here, more.to(now.dtype), mask=valid[:, None])
    lower = out_weight + WIDTH * WIDTH
    tile = tl.load(lower + wide[None, :] * WIDTH + channel[:, None])
    skipped = tl.dot(passed, tile, input_precision=PRECISION)
    skipped += tl.load(out_bias + WIDTH + wide)[None, :]
    here = row[:, None] * SKIP + wide[None, :]
    tl.store(skip + here, skipped.to(now.dtype), mask=valid[:, None])


@triton.jit
def _backward(
    x, weight, bias, out_weight, to_residual, to_skip, to_y, passed_out, rows, lag,
    WIDTH: tl.constexpr, SKIP: tl.constexpr, ROWS: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Write the slope to the convolution's output, and once more what the gate let pass."""
    row = (tl.program_id(0) * ROWS + tl.arange(0, ROWS)).to(tl.int64)
    valid = row < rows
    now, filtered, gate = _opened(x, weight, bias, row, lag, valid, WIDTH, PRECISION)
    channel, wide = tl.arange(0, WIDTH), tl.arange(0, SKIP)
    here = row[:, None] * WIDTH + channel[None, :]
    passed = (2.0 * filtered - 1.0) * gate
    tl.store(passed_out + here, passed.to(now.dtype), mask=valid[:, None])
    slope = tl.load(to_residual + here, mask=valid[:, None], other=0.0)
    tile = tl.load(out_weight + channel[:, None] * WIDTH + channel[None, :])
    to_passed = tl.dot(slope, tile, input_precision=PRECISION)
    slope = tl.load(to_skip + row[:, None] * SKIP + wide[None, :], mask=valid[:, None], other=0.0)
    lower = out_weight + WIDTH * WIDTH
    tile = tl.load(lower + wide[:, None] * WIDTH + channel[None, :])
    to_passed += tl.dot(slope, tile, input_precision=PRECISION)
    to_filter = to_passed * gate * 2.0 * filtered * (1.0 - filtered)
    to_gate = to_passed * (2.0 * filtered - 1.0) * gate * (1.0 - gate)
    here = row[:, None] * (2 * WIDTH) + channel[None, :]
    tl.store(to_y + here, to_filter.to(now.dtype), mask=valid[:, None])
    tl.store(to_y + here + WIDTH, to_gate.to(now.dtype), mask=valid[:, None])


class _FusedLayer(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, *given: Any) -> tuple[Tensor, Tensor]:
        weight, bias, out_weight, out_bias, lag = given
        rows, width = x.shape
        residual = torch.empty_like(x)
        skip = x.new_empty(rows, len(out_weight) - width)
        tensors = (x, weight, bias, out_weight, out_bias, residual, skip)
        _forward[_grid(rows)](*tensors, rows, lag, **_shape(x, skip))
        ctx.save_for_backward(x, weight, bias, out_weight)
        ctx.lag = lag
        return residual, skip

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        to_residual, to_skip = (slope.contiguous() for slope in grad_outputs)
        x, weight, bias, out_weight = ctx.saved_tensors
        rows, width = x.shape
        to_y, passed = x.new_empty(rows, 2 * width), torch.empty_like(x)
        tensors = (x, weight, bias, out_weight, to_residual, to_skip, to_y, passed)
        _backward[_grid(rows)](*tensors, rows, ctx.lag, **_shape(x, to_skip))
        past, now = weight.chunk(2, dim=1)
        late = max(0, rows - ctx.lag)
        later = to_y[rows - late :]
        to_x = torch.addmm(to_residual, to_y, now)
        to_x[:late].addmm_(later, past)
        to_weight = torch.cat((later.t() @ x[:late], to_y.t() @ x), dim=1)
        to_out = torch.cat((to_residual.t() @ passed, to_skip.t() @ passed))
        to_out_bias = torch.cat((to_residual.sum(dim=0), to_skip.sum(dim=0)))
        return to_x, to_weight, to_y.sum(dim=0), to_out, to_out_bias, None


def _grid(rows: int) -> tuple[int]:
    return (triton.cdiv(rows, ROWS),)


def _shape(x: Tensor, skip: Tensor) -> dict[str, Any]:
    return {
        "WIDTH": x.shape[1],
        "SKIP": skip.shape[1],
        "ROWS": ROWS,
        "PRECISION": precision_of_products(),
        "num_warps": WARPS,
    }


def precision_of_products() -> str:
    """Return how Triton shall round the factors of float32 products: as torch does."""
    return "tf32" if torch.backends.cuda.matmul.fp32_precision == "tf32" else "ieee"


def fits(width: int, skip: int) -> bool:
    """Return whether the tiles of a layer are such as the kernels take."""
    return all(size in (16, 32, 64, 128) for size in (width, skip))


def fused_layer(
    x: Tensor, weight: Tensor, bias: Tensor, out_weight: Tensor, out_bias: Tensor, dilation: int
) -> tuple[Tensor, Tensor]:
    """Return the input of the next layer and the skip, as ``GatedLayer`` gives them.

    Args:
        x: ``(step, batch, width)``.
        weight: Of the convolution, ``(2 width, 2 width)``: filter and gate from past and present.
        bias: ``(2 width,)``.
        out_weight: ``(width + skip, width)``.
        out_bias: ``(width + skip,)``.
        dilation: In steps.

    Returns:
        ``(step, batch, width)`` and ``(step, batch, skip)``.
    """
    steps, batch, width = x.shape
    given = (weight, bias, out_weight, out_bias)
    flat = x.contiguous().view(steps * batch, width)
    given = tuple(values.contiguous() for values in given)
    residual, skip = _FusedLayer.apply(flat, *given, dilation * batch)  # type: ignore[misc]
    return residual.view(steps, batch, width), skip.view(steps, batch, -1)
