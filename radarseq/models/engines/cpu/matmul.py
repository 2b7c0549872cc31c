"""Small matrix products, compiled, for layers whose data stay in the cache.

A library's matrix product is called once per layer, and writes to memory what the gate reads back.
Here a tile of rows stays in the vector registers for the whole sum, and the next operation finds it
in the cache. Each row is summed in the same order wherever it lies, so that an output does not
depend on the other examples.

Reference:
    Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008, section 4.
"""

from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import config, njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

ROWS, COLUMNS = 8, 32  # sizes must be multiples of these where docstrings say so
_CPU_FEATURES = (
    getattr(config, "CPU_CPU_FEATURES", None) or binding.get_host_cpu_features().flatten()
)
# A tile is two vectors wide. Its sums take 16 of 32 registers, or 8 of 16 narrower ones; the rest
# hold weights.
_LANES, _TILE_ROWS = (16, 8) if "+avx512f" in _CPU_FEATURES else (8, 4)
_TILE_COLUMNS = 2 * _LANES
_VECTOR = ir.VectorType(ir.FloatType(), _LANES)

Floats = NDArray[np.float32]


def _emit_tile(builder: ir.IRBuilder, a: Any, b: Any, y: Any, inner: Any, sizes: Any, rows: int):
    """Emit y[:rows, :_TILE_COLUMNS] += a[:rows, :inner] @ b[:inner, :_TILE_COLUMNS].

    ``sizes`` are the distances between rows of a, columns of a, rows of b, and rows of y.
    """
    row_of_a, column_of_a, row_of_b, row_of_y = sizes
    vectors = _TILE_COLUMNS // _LANES

    def place(base: Any, offset: Any) -> Any:
        return builder.gep(base, [offset])

    def as_vector(pointer: Any) -> Any:
        return builder.bitcast(pointer, _VECTOR.as_pointer())

    index = inner.type
    slots = [
        place(y, builder.add(builder.mul(row_of_y, index(r)), index(_LANES * v)))
        for r in range(rows)
        for v in range(vectors)
    ]
    before = builder.block
    start = [builder.load(as_vector(slot), align=4) for slot in slots]
    loop, after = builder.append_basic_block("sum"), builder.append_basic_block("summed")
    builder.branch(loop)
    builder.position_at_end(loop)
    k = builder.phi(index)
    k.add_incoming(index(0), before)
    sums = [builder.phi(_VECTOR) for _ in slots]
    for phi, value in zip(sums, start, strict=True):
        phi.add_incoming(value, before)
    row, column = builder.mul(k, row_of_b), builder.mul(k, column_of_a)
    weights = [
        builder.load(as_vector(place(b, builder.add(row, index(_LANES * v)))), align=4)
        for v in range(vectors)
    ]
    signature = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
    fused = cgutils.get_or_insert_function(builder.module, signature, f"llvm.fma.v{_LANES}f32")
    results = []
    for r in range(rows):
        value = builder.load(place(a, builder.add(builder.mul(row_of_a, index(r)), column)))
        undefined = ir.Constant(_VECTOR, ir.Undefined)
        first = builder.insert_element(undefined, value, ir.IntType(32)(0))
        broadcast = builder.shuffle_vector(
            first, undefined, ir.Constant(ir.VectorType(ir.IntType(32), _LANES), [0] * _LANES)
        )
        for v in range(vectors):
            results.append(builder.call(fused, [broadcast, weights[v], sums[r * vectors + v]]))
    following = builder.add(k, index(1))
    k.add_incoming(following, loop)
    for phi, value in zip(sums, results, strict=True):
        phi.add_incoming(value, loop)
    builder.cbranch(builder.icmp_signed("<", following, inner), loop, after)
    builder.position_at_end(after)
    for slot, value in zip(slots, results, strict=True):
        builder.store(value, as_vector(slot), align=4)


@intrinsic
def _tile(
    typing: Any, a: Any, at_a: Any, row_of_a: Any, column_of_a: Any, b: Any, at_b: Any,
    row_of_b: Any, y: Any, at_y: Any, row_of_y: Any, inner: Any, rows: Any,
):  # fmt: skip
    """Add a tile of ``a @ b`` to ``y``; places and distances count elements from the start."""
    if not isinstance(rows, types.IntegerLiteral):
        return None
    count, place = rows.literal_value, types.intp
    signature = types.void(
        a, place, place, place, b, place, place, y, place, place, place, rows
    )  # fmt: skip

    def emit(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        pointers = []
        for array in (0, 4, 7):
            kind = context.make_array(signature.args[array])
            data = kind(context, builder, given[array]).data
            pointers.append(builder.gep(data, [given[array + 1]]))
        of_a, of_b, of_y = pointers
        sizes = given[2], given[3], given[6], given[9]
        _emit_tile(builder, of_a, of_b, of_y, given[10], sizes, count)
        return context.get_dummy_value()

    return signature, emit


@njit(cache=True, nogil=True)
def add_product(a, first, a_column, inner, b, b_row, b_column, y, y_column, rows, columns):
    """Add ``a[first:rows, a_column:][:, :inner] @ b[b_row:, b_column:]`` to rows of ``y``.

    Args:
        a: ``(row, n)``.
        first: Row of ``a`` and of ``y``.
        a_column: First column of ``a``.
        inner: Number of these columns, and of rows of ``b``.
        b: ``(n, m)``.
        b_row: First row of ``b``.
        b_column: First column of ``b``.
        y: ``(row, m)``.
        y_column: First column of ``y``.
        rows: End of the rows.
        columns: Of the product, a multiple of 32.
    """
    of_a, of_b, of_y = a.shape[1], b.shape[1], y.shape[1]
    whole = first + (rows - first) // _TILE_ROWS * _TILE_ROWS
    for column in range(0, columns, _TILE_COLUMNS):
        at_b = b_row * of_b + b_column + column
        for row in range(first, whole, _TILE_ROWS):
            at_a, at_y = row * of_a + a_column, row * of_y + y_column + column
            _tile(a, at_a, of_a, 1, b, at_b, of_b, y, at_y, of_y, inner, _TILE_ROWS)  # type: ignore[call-arg]
        for row in range(whole, rows):
            at_a, at_y = row * of_a + a_column, row * of_y + y_column + column
            _tile(a, at_a, of_a, 1, b, at_b, of_b, y, at_y, of_y, inner, 1)  # type: ignore[call-arg]


@njit(cache=True, nogil=True)
def add_outer_product(a, a_first, a_width, b, b_first, b_column, rows, columns, y, y_row, y_column):
    """Add ``a[a_first:][:rows].T @ b[b_first:, b_column:][:rows, :columns]`` to a part of ``y``.

    This is the gradient of weights, from ``rows`` gradients of outputs and the inputs of these.

    Args:
        a: ``(row, n)``, of which the first ``a_width`` columns count, a multiple of 8.
        a_first: First row of ``a``.
        a_width: Rows of the product.
        b: ``(row, m)``.
        b_first: First row of ``b``.
        b_column: First column of ``b``.
        rows: Number of rows, 0 or more.
        columns: Of the product, a multiple of 32.
        y: Receives the sum.
        y_row: First row of ``y``.
        y_column: First column of ``y``.
    """
    of_a, of_b, of_y = a.shape[1], b.shape[1], y.shape[1]
    if rows <= 0:
        return
    for column in range(0, columns, _TILE_COLUMNS):
        at_b = b_first * of_b + b_column + column
        for row in range(0, a_width, _TILE_ROWS):
            at_a, at_y = a_first * of_a + row, (y_row + row) * of_y + y_column + column
            _tile(a, at_a, 1, of_a, b, at_b, of_b, y, at_y, of_y, rows, _TILE_ROWS)  # type: ignore[call-arg]
