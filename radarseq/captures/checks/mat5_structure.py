"""The tags of a MATLAB 5 file, checked before scipy follows them.

scipy 1.17 looks an element's type up in a table without asking whether it is one, and a damaged
tag then ends the process. Here every tag of an array is walked: types that its class allows, sizes
that fill what holds them, dimensions that agree with the count of elements.

Source:
    The MathWorks, "MAT-File Format", chapter 1, "MAT-File Level 5 Format".
"""

import io
import math
import struct
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from radarseq.captures.errors import RecordingError

_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}  # bytes of each type
_LETTERS, _TEXT, _FLAGS = (16, 17, 18), (1, 2, 16), (6,)
_INT32 = (5, 6)  # some writers say unsigned
_CELL, _STRUCT, _OBJECT, _CHAR, _SPARSE, _FUNCTION, _OPAQUE = 1, 2, 3, 4, 5, 16, 17
_NUMERIC = range(6, 16)  # double, single, and integers of 8 to 64 bits
_COMPLEX = 0x0800
_HEADER = 128
_UNKNOWN = 1 << 33
_MAX_DEPTH = 32
_MAX_DIMENSIONS = 32
_AT_ONCE = 1 << 16


@dataclass
class _Tag:
    kind: int
    size: int
    held: bytes | None  # the data of a small element stand in the tag itself


class _Inflated(io.RawIOBase):
    """What a compressed element holds, without holding all of it."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._left = file, size
        self._inflater = zlib.decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._inflater.eof:
            packed = self._inflater.unconsumed_tail
            if not packed:
                packed = self._file.read(min(self._left, _AT_ONCE))
                self._left -= len(packed)
            if not packed:
                return 0
            plain = self._inflater.decompress(packed, len(buffer))
            buffer[: len(plain)] = plain
            if plain:
                return len(plain)
        return 0


class _Walk:
    """One array's elements, in order."""

    def __init__(self, path: Path, stream: BinaryIO, order: str) -> None:
        self._path, self._stream, self._order = path, stream, order

    def wrong(self, what: str) -> RecordingError:
        return RecordingError(
            self._path, f"is damaged: {what}", "Save it again from MATLAB, or leave it out"
        )

    def read(self, size: int) -> bytes:
        content = self._stream.read(size)
        if len(content) < size:
            raise self.wrong("an array ends before its elements do")
        return content

    def skip(self, size: int) -> None:
        while size > 0:
            size -= len(self.read(min(size, _AT_ONCE)))

    def integers(self, content: bytes) -> tuple[int, ...]:
        return struct.unpack(f"{self._order}{len(content) // 4}i", content[: len(content) & ~3])

    def tag(self, left: int) -> tuple[_Tag, int]:
        """Return the next tag, and how many bytes are left of what holds it after its data."""
        if left < 8:
            raise self.wrong("an array ends before its elements do")
        word, second = self.read(4), self.read(4)
        kind = struct.unpack(f"{self._order}I", word)[0]
        if kind >> 16:
            found = _Tag(kind & 0xFFFF, kind >> 16, second)
            after = left - 8
        else:
            found = _Tag(kind, struct.unpack(f"{self._order}I", second)[0], None)
            padding = 0 if found.kind in (_MATRIX, _COMPRESSED) else -found.size % 8
            # Some writers leave out the padding of a file's last element.
            after = max(left - 8 - found.size - padding, 0)
        if found.size > (4 if found.held is not None else left - 8):
            raise self.wrong(f"an element of {found.size} bytes does not fit what holds it")
        return found, after

    def array_tag(self, left: int, kinds: Collection[int]) -> tuple[_Tag, int]:
        """Return the next tag as ``tag`` does, where an array is to be."""
        found, after = self.tag(left)
        if found.kind not in kinds or found.held is not None:
            raise self.wrong(f"an element of type {found.kind} stands where an array is to be")
        return found, after

    def data(self, left: int, kinds: Collection[int], most: int = 0) -> tuple[_Tag, bytes, int]:
        """Return an element of one of ``kinds``; its content as well if no longer than ``most``."""
        tag, after = self.tag(left)
        if tag.kind not in kinds:
            raise self.wrong(f"an element of type {tag.kind} stands where {sorted(kinds)} may")
        if tag.held is not None:
            return tag, tag.held[: tag.size], after
        if tag.size <= most:
            content = self.read(tag.size)
            self.skip(left - 8 - tag.size - after)
            return tag, content, after
        self.skip(left - 8 - after)
        return tag, b"", after

    def matrix(self, left: int, depth: int) -> None:
        """Check an array's elements, which fill ``left`` bytes."""
        if left == 0:
            return  # an empty field
        if depth > _MAX_DEPTH:
            raise self.wrong(f"arrays are nested deeper than {_MAX_DEPTH}")
        flags, content, left = self.data(left, _FLAGS, 8)
        if flags.size != 8:
            raise self.wrong(f"the flags of an array take {flags.size} bytes, not 8")
        word = struct.unpack(f"{self._order}I", content[:4])[0]
        kind, is_complex = word & 0xFF, bool(word & _COMPLEX)
        if kind == _OPAQUE:
            self._opaque(left, depth)
            return
        _, content, left = self.data(left, _INT32, 4 * _MAX_DIMENSIONS)
        sizes = self.integers(content)
        if len(sizes) < 2 or min(sizes) < 0:
            raise self.wrong(f"an array of dimensions {sizes}")
        count = math.prod(sizes)
        _, _, left = self.data(left, _TEXT)  # the name
        if kind in _NUMERIC:
            left = self._numbers(left, count, is_complex)
        elif kind == _CHAR:
            _, _, left = self.data(left, (*_NUMBERS, *_LETTERS))
        elif kind == _SPARSE:
            _, _, left = self.data(left, _INT32)
            _, _, left = self.data(left, _INT32)
            left = self._numbers(left, None, is_complex)
        elif kind in (_STRUCT, _OBJECT):
            if kind == _OBJECT:
                _, _, left = self.data(left, _TEXT)
            fields, left = self._fields(left)
            left = self.arrays(left, count * fields, depth + 1)
        elif kind in (_CELL, _FUNCTION):
            left = self.arrays(left, count if kind == _CELL else 1, depth + 1)
        else:
            raise self.wrong(f"an array is of class {kind}, which is none of MATLAB's")
        if left:
            raise self.wrong(f"{left} bytes are left of an array after its last element")

    def arrays(self, left: int, count: int, depth: int) -> int:
        """Check so many arrays, and return how many bytes are left of what holds them."""
        for _array in range(count):
            tag, left = self.array_tag(left, (_MATRIX,))
            self.matrix(tag.size, depth)
        return left

    def _opaque(self, left: int, depth: int) -> None:
        for _name in range(3):  # of the variable, of the kind of object, of its class
            _, _, left = self.data(left, _TEXT)
        self.arrays(left, 1, depth + 1)

    def _numbers(self, left: int, count: int | None, is_complex: bool) -> int:
        for _part in range(2 if is_complex else 1):
            tag, _, left = self.data(left, _NUMBERS)
            if count is not None and tag.size != count * _NUMBERS[tag.kind]:
                raise self.wrong(
                    f"{tag.size // _NUMBERS[tag.kind]} numbers stand in an array of {count}"
                )
        return left

    def _fields(self, left: int) -> tuple[int, int]:
        _, content, left = self.data(left, _INT32, 4)
        length = self.integers(content)[0] if len(content) == 4 else 0
        names, _, left = self.data(left, _TEXT)
        if length <= 0 or names.size % length:
            raise self.wrong(f"names of fields take {names.size} bytes, {length} each")
        return names.size // length, left


def check_tags(path: Path) -> None:
    """Check the tags of every array of a MATLAB 5 file.

    Raises:
        RecordingError: If scipy could not follow them.
    """
    left = path.stat().st_size - _HEADER
    with path.open("rb") as file:
        order = "<" if file.read(_HEADER)[-2:] == b"IM" else ">"
        outer = _Walk(path, file, order)
        while left > 0:
            tag, left = outer.array_tag(left, (_MATRIX, _COMPRESSED))
            if tag.kind == _MATRIX:
                outer.matrix(tag.size, 0)
                continue
            after = file.tell() + tag.size
            try:
                # A compressed array says its size before it is known.
                inner = _Walk(path, io.BufferedReader(_Inflated(file, tag.size)), order)
                inner.arrays(_UNKNOWN, 1, 0)
            except zlib.error as error:
                raise outer.wrong(f"compressed data do not unfold ({error})") from error
            file.seek(after)
