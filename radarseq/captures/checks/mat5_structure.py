"""Checks the tags of a MATLAB 5 file before scipy follows them.

scipy 1.17 looks up an element's type in a table without a check of its range, and a damaged tag
then ends the process. Here every tag of an array is checked: types that its class allows, sizes
that fit the enclosing element, dimensions that agree with the number of elements.

The sandbox alone is not enough: memory past a table differs from process to process, so that a file
that passes in the child may still end the parent.

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
_INT32 = (5, 6)  # some writers use unsigned
_CELL, _STRUCT, _OBJECT, _CHAR, _SPARSE, _FUNCTION, _OPAQUE = 1, 2, 3, 4, 5, 16, 17
_NUMERIC = range(6, 16)  # double, single, and integers of 8 to 64 bits
_COMPLEX = 0x0800
_HEADER = 128
_UNKNOWN = 1 << 33
_MAX_DEPTH = 32
_MAX_DIMENSIONS = 32
_BUFFER_BYTES = 1 << 16


@dataclass
class _Tag:
    kind: int
    size: int
    inline: bytes | None  # the tag of a small element holds its data


class _InflatedStream(io.RawIOBase):
    """Content of a compressed element, inflated as it is read."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._remaining = file, size
        self._inflater = zlib.decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._inflater.eof:
            packed = self._inflater.unconsumed_tail
            if not packed:
                packed = self._file.read(min(self._remaining, _BUFFER_BYTES))
                self._remaining -= len(packed)
            if not packed:
                return 0
            plain = self._inflater.decompress(packed, len(buffer))
            buffer[: len(plain)] = plain
            if plain:
                return len(plain)
        return 0


class _Parser:
    """Parses the elements of an array, in order."""

    def __init__(self, path: Path, stream: BinaryIO, order: str) -> None:
        self._path, self._stream, self._order = path, stream, order

    def error(self, text: str) -> RecordingError:
        return RecordingError(
            self._path, f"is damaged: {text}", "Save it again from MATLAB, or leave it out"
        )

    def read(self, size: int) -> bytes:
        content = self._stream.read(size)
        if len(content) < size:
            raise self.error("an array ends before its elements do")
        return content

    def skip(self, size: int) -> None:
        while size > 0:
            size -= len(self.read(min(size, _BUFFER_BYTES)))

    def integers(self, content: bytes) -> tuple[int, ...]:
        return struct.unpack(f"{self._order}{len(content) // 4}i", content[: len(content) & ~3])

    def tag(self, left: int) -> tuple[_Tag, int]:
        """Return the next tag, and the bytes that follow its data in the enclosing element."""
        if left < 8:
            raise self.error("an array ends before its elements do")
        word, second = self.read(4), self.read(4)
        kind = struct.unpack(f"{self._order}I", word)[0]
        if kind >> 16:
            found = _Tag(kind & 0xFFFF, kind >> 16, second)
            after = left - 8
        else:
            found = _Tag(kind, struct.unpack(f"{self._order}I", second)[0], None)
            padding = 0 if found.kind in (_MATRIX, _COMPRESSED) else -found.size % 8
            # Some writers omit the padding of a file's last element.
            after = max(left - 8 - found.size - padding, 0)
        if found.size > (4 if found.inline is not None else left - 8):
            raise self.error(f"an element of {found.size} bytes does not fit the enclosing one")
        return found, after

    def array_tag(self, left: int, kinds: Collection[int]) -> tuple[_Tag, int]:
        """Return the next tag as ``tag`` does; it must be one of an array."""
        found, after = self.tag(left)
        if found.kind not in kinds or found.inline is not None:
            raise self.error(f"an element has type {found.kind}; expected an array")
        return found, after

    def data(self, left: int, kinds: Collection[int], max_size: int = 0) -> tuple[_Tag, bytes, int]:
        """Return an element of one of ``kinds``, with its content if at most ``max_size`` long."""
        tag, after = self.tag(left)
        if tag.kind not in kinds:
            raise self.error(f"an element has type {tag.kind}; expected one of {sorted(kinds)}")
        if tag.inline is not None:
            return tag, tag.inline[: tag.size], after
        if tag.size <= max_size:
            content = self.read(tag.size)
            self.skip(left - 8 - tag.size - after)
            return tag, content, after
        self.skip(left - 8 - after)
        return tag, b"", after

    def matrix(self, left: int, depth: int) -> None:
        """Check the elements of an array, which take ``left`` bytes."""
        if left == 0:
            return  # an empty field
        if depth > _MAX_DEPTH:
            raise self.error(f"arrays are nested deeper than {_MAX_DEPTH}")
        flags, content, left = self.data(left, _FLAGS, 8)
        if flags.size != 8:
            raise self.error(f"the flags of an array take {flags.size} bytes, not 8")
        word = struct.unpack(f"{self._order}I", content[:4])[0]
        kind, is_complex = word & 0xFF, bool(word & _COMPLEX)
        if kind == _OPAQUE:
            for _name in range(3):  # of the variable, of the kind of object, of its class
                _, _, left = self.data(left, _TEXT)
            self.arrays(left, 1, depth + 1)
            return
        _, content, left = self.data(left, _INT32, 4 * _MAX_DIMENSIONS)
        sizes = self.integers(content)
        if len(sizes) < 2 or min(sizes) < 0:
            raise self.error(f"an array of dimensions {sizes}")
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
            raise self.error(f"an array is of class {kind}, which MATLAB does not have")
        if left:
            raise self.error(f"an array has {left} bytes after its last element")

    def arrays(self, left: int, count: int, depth: int) -> int:
        """Check ``count`` arrays, and return the bytes that remain of the enclosing element."""
        for _array in range(count):
            tag, left = self.array_tag(left, (_MATRIX,))
            self.matrix(tag.size, depth)
        return left

    def _numbers(self, left: int, count: int | None, is_complex: bool) -> int:
        for _part in range(2 if is_complex else 1):
            tag, _, left = self.data(left, _NUMBERS)
            if count is not None and tag.size != count * _NUMBERS[tag.kind]:
                raise self.error(
                    f"an array of {count} holds {tag.size // _NUMBERS[tag.kind]} numbers"
                )
        return left

    def _fields(self, left: int) -> tuple[int, int]:
        _, content, left = self.data(left, _INT32, 4)
        length = self.integers(content)[0] if len(content) == 4 else 0
        names, _, left = self.data(left, _TEXT)
        if length <= 0 or names.size % length:
            raise self.error(f"names of fields take {names.size} bytes, {length} each")
        return names.size // length, left


def check_tags(path: Path) -> None:
    """Check the tags of every array of a MATLAB 5 file.

    Raises:
        RecordingError: If scipy could not follow them.
    """
    left = path.stat().st_size - _HEADER
    with path.open("rb") as file:
        order = "<" if file.read(_HEADER)[-2:] == b"IM" else ">"
        outer = _Parser(path, file, order)
        while left > 0:
            tag, left = outer.array_tag(left, (_MATRIX, _COMPRESSED))
            if tag.kind == _MATRIX:
                outer.matrix(tag.size, 0)
                continue
            after = file.tell() + tag.size
            try:
                # The size of a compressed array is unknown until it is inflated.
                inner = _Parser(path, io.BufferedReader(_InflatedStream(file, tag.size)), order)
                inner.arrays(_UNKNOWN, 1, 0)
            except zlib.error as error:
                raise outer.error(f"compressed data cannot be inflated ({error})") from error
            file.seek(after)
