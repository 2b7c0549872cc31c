"""The dwell kernel of a CUDA device: one thread per example, the functions of the CPU's kernel.

Imported only where pairs are made on a device, since it needs numba-cuda. It computes in double
precision, as the CPU does: the phase k r of a body that is a hundred wavelengths long has to be
good to 1e-6 rad, which single precision misses by two digits. Samples and the nodes of the tables
are stored in single precision.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import cuda

from simulators.kernels.dwell import DwellBuffers, fill_plain

# Registers bound how many threads run at once: compiled for sm_90 a thread takes 180 of them, and
# 1.9 kB of local memory. Of 64 threads a block, five blocks fit into the 65,536 registers of a
# multiprocessor, 320 threads; of 128 only two, 256 threads. No thread waits for another.
THREADS_PER_BLOCK = 64


def add_numpy_functions() -> None:
    """Add three functions of numpy to numba-cuda's table that it may lack: sqrt, floor and exp.

    The CPU's kernels use them on numbers. A function that numba-cuda has stays its own.
    """
    from numba.cuda import mathimpl, ufuncs

    def of_math(function):
        def lower(context, builder, signature, arguments):
            of_double = mathimpl.get_unary_impl_for_fn_and_ty(function, signature.args[0])
            return of_double(context, builder, signature, arguments)

        return lower

    def complex_exp(context, builder, signature, arguments):
        return context.compile_internal(builder, _exp, signature, arguments)

    table = ufuncs.ufunc_db()
    table.setdefault(np.sqrt, {"d->d": of_math(math.sqrt)})
    table.setdefault(np.floor, {"d->d": of_math(math.floor)})
    table.setdefault(np.exp, {"d->d": of_math(math.exp), "D->D": complex_exp})


def _exp(z):
    """Return the exponential of a complex number."""
    size = math.exp(z.real)
    return complex(size * math.cos(z.imag), size * math.sin(z.imag))


@cache
def fill_kernel(steps: int) -> Any:
    """Return the kernel for dwells of ``steps`` pulses: local memory is sized when compiled."""
    return cuda.jit(fill_function(steps))


def fill_function(steps: int) -> Callable[..., None]:
    """Return the function that a thread runs; its arguments are those of ``dwell.fill``."""
    one_more = steps + 1  # a shape is a constant, not a sum

    def fill(dwell, seed, domain, first, out):
        row = cuda.grid(1)  # pyright: ignore[reportCallIssue]
        if row >= out.tx.shape[0]:
            return
        buffers = DwellBuffers(
            cuda.local.array(6, np.float64),
            cuda.local.array(3, np.float64),
            cuda.local.array((4, 6), np.float64),
            cuda.local.array((3, steps), np.float64),
            cuda.local.array(steps, np.complex128),
            cuda.local.array((2, one_more), np.float64),
            (),
        )
        fill_plain(dwell, seed, domain, first + np.uint64(row), row, out, buffers)

    return fill
