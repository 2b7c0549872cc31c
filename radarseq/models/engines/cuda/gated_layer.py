"""WaveNet's gated layer on a CUDA device in one pass over memory, forward and backward, in Triton.

Computed operation by operation, a layer of WaveNet reads and writes its activations a dozen times,
which takes most of its time. Here a block of rows stays on the chip from the convolution to the
residual and the skip. The gradient needs only the layer's input: the gate's output is computed
again, which is cheaper than to store and load it.

Triton comes with CUDA builds of torch (extra ``triton`` elsewhere). On the CPU its interpreter runs
the same source, slowly: tests compare it there with torch's operations.

Reference:
    Tillet, Kung and Cox, "Triton: an intermediate language and compiler for tiled neural network
    computations", 2019.
"""

# The packages of an extra need not be there for the checks.
# pyright: reportMissingImports=false, reportIndexIssue=false, reportGeneralTypeIssues=false

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor, nn

from radarseq.models.backbones.interface import Engine
from radarseq.models.backbones.wavenet import WaveNet

_ROWS = 64  # of a block: with 32 channels, its tiles fill the registers of four warps
_WARPS = 4


@triton.jit
def _sigmoid(x):
    """Return the sigmoid, without overflow for any x."""
    small = tl.exp(-tl.abs(x))
    return tl.where(x >= 0, 1.0, small) / (1.0 + small)


@triton.jit
def _gates(x, weight, bias, row, lag, valid, WIDTH: tl.constexpr, PRECISION: tl.constexpr):
    """Return some rows of x (row, width), and the sigmoids of their filter and gate."""
    channel = tl.arange(0, WIDTH)
    here = row[:, None] * WIDTH + channel[None, :]
    present = tl.load(x + here, mask=valid[:, None], other=0.0)
    has_past = valid & (row >= lag)
    past = tl.load(x + here - lag * WIDTH, mask=has_past[:, None], other=0.0)
    # weight (2 width, 2 width): output, then (past, present); as (input, output) tiles
    tile = channel[None, :] * (2 * WIDTH) + channel[:, None]
    filtered = tl.dot(past, tl.load(weight + tile), input_precision=PRECISION)
    filtered += tl.dot(present, tl.load(weight + tile + WIDTH), input_precision=PRECISION)
    lower = weight + WIDTH * 2 * WIDTH
    gate = tl.dot(past, tl.load(lower + tile), input_precision=PRECISION)
    gate += tl.dot(present, tl.load(lower + tile + WIDTH), input_precision=PRECISION)
    filtered += tl.load(bias + channel)[None, :]
    gate += tl.load(bias + WIDTH + channel)[None, :]
    return present, _sigmoid(filtered), _sigmoid(gate)


@triton.jit
def _forward(
    x, weight, bias, out_weight, out_bias, residual, skip, rows, lag,
    WIDTH: tl.constexpr, SKIP: tl.constexpr, ROWS: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Write x + residual and the skip of a block of rows."""
    row = (tl.program_id(0) * ROWS + tl.arange(0, ROWS)).to(tl.int64)
    valid = row < rows
    present, filtered, gate = _gates(x, weight, bias, row, lag, valid, WIDTH, PRECISION)
    gated = ((2.0 * filtered - 1.0) * gate).to(present.dtype)
    channel, wide = tl.arange(0, WIDTH), tl.arange(0, SKIP)
    tile = tl.load(out_weight + channel[None, :] * WIDTH + channel[:, None])
    total = tl.dot(gated, tile, input_precision=PRECISION)
    total += tl.load(out_bias + channel)[None, :] + present
    here = row[:, None] * WIDTH + channel[None, :]
    tl.store(residual + here, total.to(present.dtype), mask=valid[:, None])
    lower = out_weight + WIDTH * WIDTH
    tile = tl.load(lower + wide[None, :] * WIDTH + channel[:, None])
    skip_total = tl.dot(gated, tile, input_precision=PRECISION)
    skip_total += tl.load(out_bias + WIDTH + wide)[None, :]
    here = row[:, None] * SKIP + wide[None, :]
    tl.store(skip + here, skip_total.to(present.dtype), mask=valid[:, None])


@triton.jit
def _backward(
    x, weight, bias, out_weight, grad_residual, grad_skip, grad_y, gated_out, rows, lag,
    WIDTH: tl.constexpr, SKIP: tl.constexpr, ROWS: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Write the gradient of the convolution's output, and the gate's output once total."""
    row = (tl.program_id(0) * ROWS + tl.arange(0, ROWS)).to(tl.int64)
    valid = row < rows
    present, filtered, gate = _gates(x, weight, bias, row, lag, valid, WIDTH, PRECISION)
    channel, wide = tl.arange(0, WIDTH), tl.arange(0, SKIP)
    here = row[:, None] * WIDTH + channel[None, :]
    gated = (2.0 * filtered - 1.0) * gate
    tl.store(gated_out + here, gated.to(present.dtype), mask=valid[:, None])
    grad = tl.load(grad_residual + here, mask=valid[:, None], other=0.0)
    tile = tl.load(out_weight + channel[:, None] * WIDTH + channel[None, :])
    grad_gated = tl.dot(grad, tile, input_precision=PRECISION)
    grad = tl.load(grad_skip + row[:, None] * SKIP + wide[None, :], mask=valid[:, None], other=0.0)
    lower = out_weight + WIDTH * WIDTH
    tile = tl.load(lower + wide[:, None] * WIDTH + channel[None, :])
    grad_gated += tl.dot(grad, tile, input_precision=PRECISION)
    grad_filter = grad_gated * gate * 2.0 * filtered * (1.0 - filtered)
    grad_gate = grad_gated * (2.0 * filtered - 1.0) * gate * (1.0 - gate)
    here = row[:, None] * (2 * WIDTH) + channel[None, :]
    tl.store(grad_y + here, grad_filter.to(present.dtype), mask=valid[:, None])
    tl.store(grad_y + here + WIDTH, grad_gate.to(present.dtype), mask=valid[:, None])


class _FusedLayer(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, *weights: Any) -> tuple[Tensor, Tensor]:
        weight, bias, out_weight, out_bias, lag = weights
        rows, width = x.shape
        residual = torch.empty_like(x)
        skip = x.new_empty(rows, len(out_weight) - width)
        tensors = (x, weight, bias, out_weight, out_bias, residual, skip)
        _forward[_grid(rows)](*tensors, rows, lag, **_constants(x, skip))
        ctx.save_for_backward(x, weight, bias, out_weight)
        ctx.lag = lag
        return residual, skip

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        grad_residual, grad_skip = (grad.contiguous() for grad in grad_outputs)
        x, weight, bias, out_weight = ctx.saved_tensors
        rows, width = x.shape
        grad_y, gated = x.new_empty(rows, 2 * width), torch.empty_like(x)
        tensors = (x, weight, bias, out_weight, grad_residual, grad_skip, grad_y, gated)
        _backward[_grid(rows)](*tensors, rows, ctx.lag, **_constants(x, grad_skip))
        past, present = weight.chunk(2, dim=1)
        count = max(0, rows - ctx.lag)  # rows that have a past
        later = grad_y[rows - count :]
        grad_x = torch.addmm(grad_residual, grad_y, present)
        grad_x[:count].addmm_(later, past)
        grad_weight = torch.cat((later.t() @ x[:count], grad_y.t() @ x), dim=1)
        grad_out = torch.cat((grad_residual.t() @ gated, grad_skip.t() @ gated))
        grad_out_bias = torch.cat((grad_residual.sum(dim=0), grad_skip.sum(dim=0)))
        return grad_x, grad_weight, grad_y.sum(dim=0), grad_out, grad_out_bias, None


def _grid(rows: int) -> tuple[int]:
    return (int(triton.cdiv(rows, _ROWS)),)


def _constants(x: Tensor, skip: Tensor) -> dict[str, Any]:
    # Factors of float32 products are rounded as torch rounds them.
    is_tf32 = torch.backends.cuda.matmul.fp32_precision == "tf32"
    return {
        "WIDTH": x.shape[1],
        "SKIP": skip.shape[1],
        "ROWS": _ROWS,
        "PRECISION": "tf32" if is_tf32 else "ieee",
        "num_warps": _WARPS,
    }


def fused_layer(
    x: Tensor, weight: Tensor, bias: Tensor, out_weight: Tensor, out_bias: Tensor, dilation: int
) -> tuple[Tensor, Tensor]:
    """Return the input of the next layer and the skip, as a ``GatedLayer`` without norm does.

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
    flat = x.contiguous().view(steps * batch, width)
    weights = (values.contiguous() for values in (weight, bias, out_weight, out_bias))
    residual, skip = _FusedLayer.apply(flat, *weights, dilation * batch)  # type: ignore[misc]
    return residual.view(steps, batch, width), skip.view(steps, batch, -1)


class TritonEngine(Engine):
    """Computes the layers of a WaveNet by the kernels, with gradients.

    Args:
        network: Of a width and skip of 16, 32, 64 or 128, which the kernels' tiles require.
    """

    def __init__(self, network: WaveNet) -> None:
        self._network = network

    def supports(self, x: Tensor) -> bool:
        """Return True: gradients and every length are supported."""
        return True

    def forward(self, x: Tensor) -> Tensor:
        """Return (step, batch, skip) from ``x`` (step, batch, feature)."""
        network = self._network
        x, total = network.first(x), torch.zeros((), device=x.device)
        for layer in network.gated_layers():
            present, out = layer.norm(x), layer.out
            weights = (layer.convolution.weight, layer.convolution.bias, out.weight, out.bias)
            following, skip = fused_layer(present, *weights, layer.dilation)
            # The kernel adds the residual to the normalised input, the layer to the input itself.
            has_norm = not isinstance(layer.norm, nn.Identity)
            x = x + (following - present) if has_norm else following
            total = total + skip
        return network.output(total)

    def at_last_step(self, x: Tensor) -> Tensor:
        """Return ``forward(x)[-1]`` by torch's operations, which compute only required steps."""
        return self._network.torch_at_last_step(x)
