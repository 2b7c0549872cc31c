"""Small matrix products and the gate, compiled: what a WaveNet that is not trained is made of.

A library's matrix product is called once a layer, and writes to memory what the gate reads back.
Here a tile of rows stays in the vector registers for the whole sum, and the gate follows while its
input is still in the cache. Each row is summed in the same order wherever it lies, so that an
answer does not depend on the examples beside it.

Reference:
    Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008, section 4.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

ROWS = 8  # of a tile: 16 accumulators, and as many registers left for weights
COLUMNS = 32  # of a tile: two vectors of 16
_LANES = 16
_MOST = np.float32(40.0)  # where a sigmoid is one, and products are far from overflow
_VECTOR = ir.VectorType(ir.FloatType(), _LANES)

Floats = NDArray[np.float32]


def _emit_tile(builder: ir.IRBuilder, a: Any, b: Any, y: Any, inner: Any, sizes: Any, rows: int):
    """Emit y[:rows, :32] += a[:rows, :inner] @ b[:inner, :32]; ``sizes`` are the row lengths."""
    of_a, of_b, of_y = sizes
    vectors = COLUMNS // _LANES

    def place(base: Any, offset: Any) -> Any:
        return builder.gep(base, [offset])

    def as_vector(pointer: Any) -> Any:
        return builder.bitcast(pointer, _VECTOR.as_pointer())

    index = of_a.type
    slots = [
        place(y, builder.add(builder.mul(of_y, index(r)), index(_LANES * v)))
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
    for held, value in zip(sums, start, strict=True):
        held.add_incoming(value, before)
    row = builder.mul(k, of_b)
    weights = [
        builder.load(as_vector(place(b, builder.add(row, index(_LANES * v)))), align=4)
        for v in range(vectors)
    ]
    kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
    fused = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{_LANES}f32")
    moved = []
    for r in range(rows):
        value = builder.load(place(a, builder.add(builder.mul(of_a, index(r)), k)))
        none = ir.Constant(_VECTOR, ir.Undefined)
        one = builder.insert_element(none, value, ir.IntType(32)(0))
        spread = builder.shuffle_vector(
            one, none, ir.Constant(ir.VectorType(ir.IntType(32), _LANES), [0] * _LANES)
        )
        for v in range(vectors):
            moved.append(builder.call(fused, [spread, weights[v], sums[r * vectors + v]]))
    following = builder.add(k, index(1))
    k.add_incoming(following, loop)
    for held, value in zip(sums, moved, strict=True):
        held.add_incoming(value, loop)
    builder.cbranch(builder.icmp_signed("<", following, inner), loop, after)
    builder.position_at_end(after)
    for slot, value in zip(slots, moved, strict=True):
        builder.store(value, as_vector(slot), align=4)


@intrinsic
def _tile(typing: Any, a: Any, b: Any, y: Any, first: Any, column: Any, rows: Any):
    """Add rows ``first`` on of ``a @ b`` to ``y``, 32 columns from ``column`` on."""
    if not isinstance(rows, types.IntegerLiteral):
        return None
    count = rows.literal_value
    signature = types.void(a, b, y, types.intp, types.intp, rows)

    def emit(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        arrays = [
            context.make_array(kind)(context, builder, value)
            for kind, value in zip(signature.args[:3], given[:3], strict=True)
        ]
        shapes = [cgutils.unpack_tuple(builder, array.shape, 2) for array in arrays]
        first, column = given[3], given[4]
        of_a, of_b, of_y = (shape[1] for shape in shapes)
        in_a = builder.gep(arrays[0].data, [builder.mul(first, of_a)])
        in_b = builder.gep(arrays[1].data, [column])
        in_y = builder.gep(arrays[2].data, [builder.add(builder.mul(first, of_y), column)])
        _emit_tile(builder, in_a, in_b, in_y, of_a, (of_a, of_b, of_y), count)
        return context.get_dummy_value()

    return signature, emit


@njit(cache=True, nogil=True)
def add_product(a: Floats, b: Floats, y: Floats, rows: int) -> None:
    """Add ``a[:rows] @ b`` to ``y[:rows]``; ``b`` has a multiple of 32 columns."""
    whole = rows - rows % ROWS
    for column in range(0, b.shape[1], COLUMNS):
        for first in range(0, whole, ROWS):
            _tile(a, b, y, first, column, 8)  # type: ignore[call-arg]
        for first in range(whole, rows):
            _tile(a, b, y, first, column, 1)  # type: ignore[call-arg]


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"}, error_model="numpy")
def open_gate(y: Floats, z: Floats, rows: int) -> None:
    """Write (2 sigmoid(f) - 1) sigmoid(g) to ``z``, where a row of ``y`` holds f, then g.

    At most 1e-6 from the truth; what is no number stays none.
    """
    width = z.shape[1]
    one = np.float32(1.0)
    for row in range(rows):
        filters, gates, opened = y[row, :width], y[row, width:], z[row]
        for i in range(width):
            f, g = _exponential(filters[i]), _exponential(gates[i])
            opened[i] = (f - one) * g / ((f + one) * (g + one))


@njit(cache=True, nogil=True, fastmath={"contract", "nsz"}, inline="always")
def _exponential(x: np.float32) -> np.float32:
    """Return exp(x) to 3e-7 of itself, for x within -40 to 40; x beyond counts as these.

    2^r for r within half of zero by the first seven terms of its series, and the whole part added
    to the exponent: adding 1.5 * 2^23 leaves it in the lowest bits.
    """
    x = _MOST if x > _MOST else x
    x = -_MOST if x < -_MOST else x
    turns = x * np.float32(1.4426950408889634)
    shifted = turns + np.float32(12582912.0)
    r = turns - (shifted - np.float32(12582912.0))
    p = np.float32(1.5403530393381608e-4) * r + np.float32(1.3333558146428443e-3)
    p = p * r + np.float32(9.618129107628477e-3)
    p = p * r + np.float32(5.550410866482158e-2)
    p = p * r + np.float32(2.402265069591007e-1)
    p = p * r + np.float32(6.931471805599453e-1)
    p = p * r + np.float32(1.0)
    whole = np.float32(shifted).view(np.int32) << np.int32(23)
    return np.int32(np.float32(p).view(np.int32) + whole).view(np.float32)
