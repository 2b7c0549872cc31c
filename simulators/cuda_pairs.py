"""Pairs on a CUDA device: the examples of a ``PairGenerator``, made in the device's memory.

The draws are those of the CPU to the bit, because both run the same source. The samples agree to
rounding: the device fuses products with sums and has exponentials of its own.
"""

from importlib.util import find_spec
from typing import Any

import numpy as np
from numba import config

from simulators.kernels import dwell
from simulators.objects.dispatch import KIND_MESH
from simulators.pairs import PairGenerator, Pairs
from simulators.scene import Scene

# numba's simulator, on the CPU, in place of a device: NUMBA_ENABLE_CUDASIM=1.
IS_SIMULATED = bool(getattr(config, "ENABLE_CUDASIM", False))


def cpu_only_features(scene: Scene) -> list[str]:
    """Return the features of a scene that are simulated on the CPU alone."""
    if scene.mode != "dwell":
        return ["pulse mode"]
    white = scene.receiver.is_white and scene.environment.is_quiet
    used = {
        "mesh bodies": any(item.kind == KIND_MESH for item in scene.objects),
        "fluctuation": bool(int(scene.fluctuation.swerling)),
        "occlusion": scene.environment.occlusion.probability > 0.0,
        "impairments besides white noise": not white or scene.environment.range_equation.is_on,
        "level 'normalised'": scene.level == "normalised",
        "target 'forecast'": scene.target == "forecast",
    }
    return [name for name, is_used in used.items() if is_used]


class CudaPairs:
    """Makes the pairs of a generator on a CUDA device, which holds the scene and its tables.

    Args:
        generate: Gives scene, seed and domain.
        device: Number of the device.

    Raises:
        ValueError: If the scene has a feature of ``cpu_only_features``.
        RuntimeError: If numba-cuda, or the device, is absent.
    """

    def __init__(self, generate: PairGenerator, *, device: int = 0) -> None:
        if missing := cpu_only_features(generate.scene):
            raise ValueError(f"not simulated on a CUDA device: {', '.join(missing)}")
        self._cuda, self._device, self._generate = _numba_cuda(device), device, generate
        from simulators.kernels.cuda_kernel import (
            THREADS_PER_BLOCK,
            add_numpy_functions,
            fill_kernel,
        )

        if not IS_SIMULATED:
            add_numpy_functions()
        self._kernel, self._threads = fill_kernel(generate.scene.radar.steps), THREADS_PER_BLOCK
        with self._cuda.gpus[device]:
            arrays = generate.arrays._replace(impairments=(), meshes=())
            self._arrays = self._to_device(arrays)

    def fill(self, first: int, out: dwell.Outputs, *, stream: int = 0) -> None:
        """Fill arrays on the device with the examples from ``first`` on; returns at once.

        Args:
            first: The example of row 0.
            out: Arrays with a ``__cuda_array_interface__``, of the shapes and dtypes of
                ``PairGenerator.outputs``; they may belong to another library.
            stream: The handle of a CUDA stream to run on; 0 is the default stream.
        """
        count, generate = out.tx.shape[0], self._generate
        if count == 0:
            return
        with self._cuda.gpus[self._device]:
            arrays = out if IS_SIMULATED else self._as_numba(out)
            blocks = -(-count // self._threads)
            # The simulator knows one stream, and no handles.
            order = self._cuda.external_stream(stream) if stream else 0
            self._kernel[blocks, self._threads, order](
                self._arrays, generate.seed, generate.domain, np.uint64(first), arrays
            )

    def __call__(self, first: int, count: int) -> Pairs:
        """Return examples ``first`` to ``first + count - 1``, copied to the host."""
        if first < 0 or count < 0:
            raise ValueError(f"first {first} and count {count} must be 0 or more")
        host = self._generate.outputs(count)
        with self._cuda.gpus[self._device]:
            out = self._to_device(host)
        self.fill(first, out)
        if out.tx is not host.tx:
            for values, filled in zip(host, out, strict=True):
                if values.size:
                    filled.copy_to_host(values)
        return self._generate.pairs_of(host)

    def _to_device(self, value: Any) -> Any:
        """Return a nest of named tuples with its arrays on the device.

        numba's simulator has no device, and takes arrays inside of tuples as they are.
        """
        if isinstance(value, np.ndarray):
            return value if IS_SIMULATED else self._cuda.to_device(value)
        if isinstance(value, tuple):
            parts = [self._to_device(part) for part in value]
            return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
        return value

    def _as_numba(self, out: dwell.Outputs) -> dwell.Outputs:
        """Return arrays of any library as numba's, on the same memory."""
        return dwell.Outputs(*(self._cuda.as_cuda_array(values, sync=False) for values in out))


def _numba_cuda(device: int) -> Any:
    """Return the module ``numba.cuda`` if it can make pairs on a device.

    Raises:
        RuntimeError: If numba-cuda or the device is absent.
    """
    if find_spec("numba_cuda") is None:
        raise RuntimeError(
            "making pairs on a CUDA device needs numba-cuda, which is not installed. "
            "pip install 'radarseq[cuda]', or simulate on the CPU"
        )
    from numba import cuda

    if not cuda.is_available():
        raise RuntimeError(
            "numba-cuda finds no CUDA device, or not the driver or NVVM that it compiles with "
            "(numba -s tells which). pip install 'radarseq[cuda]', or simulate on the CPU"
        )
    if device >= len(cuda.gpus):
        raise RuntimeError(
            f"there are {len(cuda.gpus)} CUDA devices; expected one of number {device}"
        )
    return cuda
