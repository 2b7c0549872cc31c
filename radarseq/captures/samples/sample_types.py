"""Parses names of sample types: SigMF's, and those of suffixes and receivers' tools."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.captures.samples.conversion import Scale, full_scale_of
from radarseq.captures.samples.lazy_array import Samples, map_values
from radarseq.errors import UsageError

_NAME = re.compile(r"(?P<numbers>[rc])(?P<kind>[fiu])(?P<bits>8|16|32|64)(?P<end>_le|_be)?")
_ALIASES = {
    "int8": "ri8", "uint8": "ru8", "int16": "ri16", "uint16": "ru16", "int32": "ri32",
    "float32": "rf32", "float64": "rf64", "complex64": "cf32", "complex128": "cf64",
    "cs8": "ci8", "cs16": "ci16", "cs32": "ci32",
}  # fmt: skip


@dataclass(frozen=True)
class SampleType:
    """Type of one stored sample.

    Attributes:
        name: As in SigMF, such as ``ci16_le``.
        item: One sample: a number, or a pair of numbers ``re`` and ``im``.
        is_complex: Whether a sample is I and Q.
        zero: The stored value for zero: unsigned samples are offset binary, whose zero lies
            between two values, such as 127.5.
    """

    name: str
    item: np.dtype[Any]
    is_complex: bool
    zero: float

    @property
    def full_scale(self) -> Scale | None:
        """The ends of the range around zero; None for floats."""
        if self.zero:
            return (-self.zero, self.zero)
        return full_scale_of(self.item)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of a sample as a number around zero."""
        if self.is_complex:
            return np.dtype(np.complex128 if self.item.itemsize > 8 else np.complex64)
        return np.dtype(np.float64 if self.item.itemsize > 4 else np.float32)

    def decode(self, stored: Samples) -> Samples:
        """Return stored samples as numbers around zero."""
        if not self.is_complex and not self.zero:
            return stored
        return map_values(stored, self.dtype, self._decode)

    def _decode(self, stored: NDArray[Any]) -> NDArray[Any]:
        if not self.is_complex:
            return stored.astype(self.dtype) - self.zero
        numbers: Any = np.empty(stored.shape, self.dtype)
        numbers.real, numbers.imag = stored["re"], stored["im"]
        if self.zero:
            numbers.real -= self.zero
            numbers.imag -= self.zero
        return numbers


def parse_sample_type(text: str) -> SampleType:
    """Return the type of a name such as ``ci16_le``, ``cu8`` or ``int16``.

    The default byte order is little-endian.

    Raises:
        UsageError: If the name is unknown.
    """
    found = _NAME.fullmatch(_ALIASES.get(text.lower(), text.lower()))
    if found is None or (found["kind"] == "f" and int(found["bits"]) < 32):
        raise UsageError(
            f"dtype {text!r}: expected r or c (real, complex), then f, i or u, then 8, 16, 32 or "
            "64 bits, then _le or _be, such as ci16_le; or cu8, cs8, cs16, cf32, int16, ..."
        )
    bits, end = int(found["bits"]), found["end"] or "_le"
    one = np.dtype(f"{'>' if end == '_be' else '<'}{found['kind']}{bits // 8}")
    is_complex = found["numbers"] == "c"
    name = found.group(0) if bits == 8 or found["end"] else found.group(0) + end
    zero = (2**bits - 1) / 2 if found["kind"] == "u" else 0.0
    item = np.dtype([("re", one), ("im", one)]) if is_complex else one
    return SampleType(name, item, is_complex, zero)
