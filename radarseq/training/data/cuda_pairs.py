"""Fresh pairs simulated on a CUDA device, as tensors there; nothing passes through the host."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from simulators.cuda_pairs import CudaPairs, cpu_only_features
from simulators.kernels import dwell
from simulators.pairs import PairGenerator


class TensorPairs(NamedTuple):
    """The columns of ``simulators.pairs.Pairs`` that training needs, as tensors."""

    tx: Tensor
    rx: Tensor
    target: Tensor
    label: Tensor


class DevicePairs:
    """The examples of a generator, simulated on a CUDA device into its tensors.

    Args:
        generate: Of the examples.
        device: A CUDA device.

    Raises:
        ValueError: If the scene has an effect that the device does not simulate.
        RuntimeError: If numba-cuda, or the device, is absent.
    """

    def __init__(self, generate: PairGenerator, device: torch.device) -> None:
        self._generate, self._device = generate, device
        self._sequences: Any = generate.sequences  # selects the columns; takes tensors as well
        self._make = CudaPairs(generate, device=device.index or 0)

    def __call__(self, first: int, count: int) -> TensorPairs:
        """Return examples ``first`` to ``first + count - 1``; the device may still compute them.

        They are simulated on torch's current stream, so that its next operation waits for them.
        """
        shapes = self._generate.outputs(0)
        tensors: Any = [
            torch.empty(
                (count, *values.shape[1:]),
                dtype=torch.from_numpy(values).dtype,
                device=self._device,
            )
            for values in shapes
        ]
        out: Any = dwell.Outputs(*tensors)
        stream = 0
        if self._device.type == "cuda":
            stream = torch.cuda.current_stream(self._device).cuda_stream
        self._make.fill(first, out, stream=stream)
        tx, rx, target = self._sequences(out)
        return TensorPairs(tx, rx, target, out.label)


def on_device(
    generate: PairGenerator, device: torch.device
) -> tuple[PairGenerator | DevicePairs, tuple[str, ...]]:
    """Return the simulation of pairs for training on ``device``, and a note if it is the CPU's."""
    if device.type != "cuda":
        return generate, ()
    if missing := cpu_only_features(generate.scene):
        return generate, (
            f"pairs are simulated on the CPU; not on the CUDA device: {', '.join(missing)}",
        )
    try:
        return DevicePairs(generate, device), ()
    except RuntimeError as error:
        return generate, (f"pairs are simulated on the CPU: {error}",)
