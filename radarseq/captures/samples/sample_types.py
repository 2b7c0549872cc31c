"""Names of sample types: SigMF's, and those that suffixes and receivers' tools use."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.captures.samples.conversion import Scale, apply, full_scale_of
from radarseq.captures.samples.lazy_array import Samples
from radarseq.errors import UsageError

_NAME = re.compile(r"(?P<numbers>[rc])(?P<kind>[fiu])(?P<bits>8|16|32|64)(?P<end>_le|_be)?")
_ALIASES = {
    "int8": "ri8", "uint8": "ru8", "int16": "ri16", "uint16": "ru16", "int32": "ri32",
    "float32": "rf32", "float64": "rf64", "complex64": "cf32", "complex128": "cf64",
    "cs8": "ci8", "cs16": "ci16", "cs32": "ci32",
}  # fmt: skip


@dataclass(frozen=True)
class Datatype:
    """How one sample is stored.

    Attributes:
        name: In SigMF's words, such as ``ci16_le``.
        item: One sample: a number, or a pair of numbers ``re`` and ``im``.
        is_complex: Whether a sample is I and Q.
        middle: What stands for zero: unsigned samples are offset binary, whose middle lies
            between two values, such as 127.5.
    """

    name: str
    item: np.dtype[Any]
    is_complex: bool
    middle: float

    @property
    def full_scale(self) -> Scale | None:
        """The ends of the range after the middle is taken off; None for floats."""
        if self.middle:
            return (-self.middle, self.middle)
        return full_scale_of(self.item)

    def numbers(self, stored: Samples) -> Samples:
        """Return samples as they are stored as numbers around zero."""
        if not self.is_complex and not self.middle:
            return stored
        wide = (self.item["re"] if self.is_complex else self.item).itemsize > 4
        kinds = (np.complex64, np.complex128) if self.is_complex else (np.float32, np.float64)
        return apply(stored, np.dtype(kinds[wide]), self._numbers)

    def _numbers(self, stored: NDArray[Any]) -> NDArray[Any]:
        if not self.is_complex:
            return stored.astype(np.float64 if self.item.itemsize > 4 else np.float32) - self.middle
        wide = self.item["re"].itemsize > 4
        numbers = np.empty(stored.shape, np.complex128 if wide else np.complex64)
        numbers.real, numbers.imag = stored["re"], stored["im"]
        if self.middle:
            numbers.real -= self.middle
            numbers.imag -= self.middle
        return numbers


def parse_datatype(text: str) -> Datatype:
    """Return the type that a name such as ``ci16_le``, ``cu8`` or ``int16`` stands for.

    Without an end named, the low byte comes first.

    Raises:
        UsageError: If the name is not known.
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
    middle = (2**bits - 1) / 2 if found["kind"] == "u" else 0.0
    item = np.dtype([("re", one), ("im", one)]) if is_complex else one
    return Datatype(name, item, is_complex, middle)
