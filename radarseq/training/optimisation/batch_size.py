"""Batch size for the memory that is free, from a measurement of the bytes per example.

The measurement: two forward passes on a few examples, and the bytes that autograd saves for the
backward pass.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from radarseq.errors import DeviceMemoryError
from radarseq.models.network import Network
from radarseq.training.data.batches import Batch
from radarseq.training.optimisation.losses import Objective, batch_loss

MAX_BATCH = 65_536
MIN_BATCH = 64
_SHARE_OF_FREE = 0.7  # the rest is for what comes and goes, and for other programs
_OVER_SAVED = 2.0  # bytes in the backward pass over bytes that were saved for it
_MIN_ITERATIONS = 32  # in an epoch: what fits into memory need not learn well


def free_bytes(device: torch.device) -> int:
    """Return the bytes that are free on a device, those that torch holds in reserve included."""
    if device.type == "cuda":
        idle = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + idle
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def bytes_per_example(network: Network, batch: Batch) -> float:
    """Return the bytes that one more example in a batch takes in training, from a small batch.

    The network, its statistics and torch's random numbers are left as they are.
    """
    half, was_training = len(batch) // 2, network.training
    with torch.random.fork_rng():
        network.train()
        try:
            few, many = (_saved_bytes(network, batch.take(slice(n))) for n in (half, len(batch)))
        finally:
            network.train(was_training)
    return _OVER_SAVED * (many - few) / max(1, len(batch) - half)


def choose_batch_size(network: Network, batch: Batch, examples: int, device: torch.device) -> int:
    """Return the batch size that suits a device: a power of two, from 64 to 65,536.

    Args:
        network: On the device.
        batch: A few examples there.
        examples: In an epoch, which shall have 32 iterations or more.
        device: Whose memory counts.

    Raises:
        DeviceMemoryError: If not even 64 examples fit.
    """
    each, free = bytes_per_example(network, batch), free_bytes(device)
    largest = int(_SHARE_OF_FREE * free / each)
    if largest < MIN_BATCH:
        raise DeviceMemoryError(
            f"{device} has {free / 1e6:,.0f} MB free; a batch of {MIN_BATCH} takes about "
            f"{MIN_BATCH * each / 1e6:,.0f} MB. Lower width, skip, stacks or layers, or free "
            "memory"
        )
    largest = min(largest, MAX_BATCH, max(MIN_BATCH, examples // _MIN_ITERATIONS))
    return 1 << (largest.bit_length() - 1)


@contextmanager
def explain_out_of_memory(
    network: Network, few: Callable[[], Batch], batch_size: int
) -> Iterator[None]:
    """Turn torch's out-of-memory error into one that names a batch size that fits.

    Args:
        network: In training.
        few: Returns a few examples, on which memory is measured.
        batch_size: That was too large.

    Raises:
        DeviceMemoryError: In place of torch's own error.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        network.zero_grad(set_to_none=True)
        device = next(network.parameters()).device
        torch.cuda.empty_cache()
        free, each = free_bytes(device), bytes_per_example(network, few())
        fits = max(1, int(_SHARE_OF_FREE * free / each))
        fits = min(1 << (fits.bit_length() - 1), max(1, batch_size // 2))
        raise DeviceMemoryError(
            f"{device} ran out of memory: batch_size is {batch_size}, which takes about "
            f"{batch_size * each / 1e6:,.0f} MB besides the data; {free / 1e6:,.0f} MB are free. "
            f"Train in another folder with batch_size={fits}, or batch_size=auto"
        ) from error


@contextmanager
def explain_data_out_of_memory(device: torch.device) -> Iterator[None]:
    """Turn torch's out-of-memory error into one on training rows that do not fit on the device.

    Raises:
        DeviceMemoryError: In place of torch's own error.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise DeviceMemoryError(
            f"the training rows do not fit on {device}, which has {free_bytes(device) / 1e6:,.0f} "
            "MB free. Train on fewer rows, on fresh pairs from a recipe, or with --device cpu"
        ) from error


def _saved_bytes(network: Network, batch: Batch) -> int:
    """Return the bytes that a forward pass saves for the gradient, each storage once."""
    storages: dict[int, int] = {}
    tensors: list[Tensor] = []  # alive, so that no address is given out twice

    def count(values: Tensor) -> Tensor:
        storage = values.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
        tensors.append(values)
        return values

    with torch.autograd.graph.saved_tensors_hooks(count, lambda values: values):
        batch_loss(network, batch, Objective(1.0))
    return sum(storages.values())
