"""Precision of the products inside a network, set once for the length of a run.

By default torch rounds the factors of convolutions and recurrent cells on CUDA, and those of matrix
products not. Here one setting, ``precision``, rules all three.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from radarseq.errors import DeviceError
from radarseq.models.network import Network
from radarseq.training.settings import Precision

_FIRST_WITH_TF32 = (8, 0)  # compute capability; bfloat16 came with it


def check_precision(precision: Precision, device: torch.device) -> None:
    """Refuse a precision that a device does not have.

    Raises:
        DeviceError: Naming the device and what it can do.
    """
    if precision == "float32" or (precision == "bf16" and device.type == "cpu"):
        return
    if device.type != "cuda":
        raise DeviceError(
            f"precision is 'tf32', which only CUDA devices have; the device is {device}. "
            "Use precision=float32, or --device cuda"
        )
    found = torch.cuda.get_device_capability(device)
    if found < _FIRST_WITH_TF32:
        raise DeviceError(
            f"precision is {precision!r}; {torch.cuda.get_device_name(device)} has compute "
            f"capability {found[0]}.{found[1]}, expected 8.0 or more. Use precision=float32"
        )


def set_precision(network: Network, precision: Precision) -> None:
    """Set the type in which a network's backbone computes while it is trained."""
    network.compute_dtype = torch.bfloat16 if precision == "bf16" else None


@contextmanager
def backend_precision(precision: Precision, device: torch.device) -> Iterator[None]:
    """Set the precision of torch's CUDA backends, and deterministic algorithms, in the context.

    The CPU is left alone: it is deterministic already.
    """
    if device.type != "cuda":
        yield
        return
    conv, rnn = torch.backends.cudnn.conv, torch.backends.cudnn.rnn  # type: ignore[attr-defined]
    backends: list[Any] = [torch.backends.cuda.matmul, conv, rnn]
    before = [backend.fp32_precision for backend in backends]
    was_strict = torch.are_deterministic_algorithms_enabled()
    was_warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    # cuBLAS sums in one order only if it has a workspace of its own for each stream.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    try:
        for backend in backends:
            backend.fp32_precision = "tf32" if precision == "tf32" else "ieee"
        torch.use_deterministic_algorithms(True, warn_only=True)
        with warnings.catch_warnings():
            # torch warns of a sum along an axis that is not the innermost, though it has one order
            warnings.filterwarnings("ignore", message=".*does not have a deterministic.*")
            yield
    finally:
        torch.use_deterministic_algorithms(was_strict, warn_only=was_warn_only)
        for backend, value in zip(backends, before, strict=True):
            backend.fp32_precision = value
