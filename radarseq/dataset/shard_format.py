"""Layout of a shard: a user block with a digest of the file and the offsets of its columns.

A shard is an HDF5 file that any HDF5 program reads. We read it by its user block, the bytes before
the HDF5 part, which HDF5 leaves to the user:

    radarseq dataset shard, format 1
    sha256 <of every byte after this line>
    {"header": {...}, "columns": {"rx": {"dtype": "complex64", "shape": [...], "offset": ...}}}

and NULs up to a power of two. The HDF5 library can hang or crash on a file that was made to do so;
here it never sees one: a column is a run of little-endian numbers within bounds that were checked.
"""

import json
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.dataset.schema import FORMAT_VERSION, Header
from radarseq.errors import DatasetError
from radarseq.storage.atomic import sha256_of
from radarseq.storage.sealed import parse_json

_NAME = b"radarseq dataset shard, format "
SHARD_MAGIC = _NAME + b"%d\n" % FORMAT_VERSION
_DIGEST = b"sha256 "
_LAYOUT_AT = len(SHARD_MAGIC) + len(_DIGEST) + 64 + 1
_MIN_BLOCK = 512  # of HDF5, which wants a power of two
_MAX_INTEGER = 10**12  # bytes and rows of a shard: the layout reserves that many digits
_MAX_COLUMNS = 1024
_DTYPES = {
    name: np.dtype(name).newbyteorder("<")
    for name in ("complex64", "float32", "int32", "int64", "uint8")
}


def block_size(header: Header, columns: dict[str, NDArray[Any]]) -> int:
    """Return the size of the user block of a shard with such columns, of any number of rows."""
    shapes = {name: (_MAX_INTEGER, *values.shape[1:]) for name, values in columns.items()}
    layout = _layout(header, columns, shapes, dict.fromkeys(columns, _MAX_INTEGER))
    return max(_MIN_BLOCK, 1 << (_LAYOUT_AT + len(layout) - 1).bit_length())


def seal_shard(
    header: Header, columns: dict[str, NDArray[Any]], offsets: dict[str, int], body: bytes
) -> bytes:
    """Return a whole shard: the user block, then its HDF5 part ``body``.

    Args:
        header: Of the dataset.
        columns: The content of ``body``.
        offsets: Where in the file each column begins.
        body: Made with a user block of ``block_size``.
    """
    size = block_size(header, columns)
    shapes = {name: values.shape for name, values in columns.items()}
    layout = _layout(header, columns, shapes, offsets)
    return with_digest(layout.ljust(size - _LAYOUT_AT, b"\0") + body)


def with_digest(rest: bytes) -> bytes:
    """Return a shard: two lines with the format and the digest of ``rest``, then ``rest``."""
    return b"".join((SHARD_MAGIC, _DIGEST, sha256_of(rest).encode(), b"\n", rest))


def _layout(
    header: Header,
    columns: dict[str, NDArray[Any]],
    shapes: dict[str, tuple[int, ...]],
    offsets: dict[str, int],
) -> bytes:
    listed = {
        name: {"dtype": str(values.dtype), "shape": list(shapes[name]), "offset": offsets[name]}
        for name, values in columns.items()
    }
    text = json.dumps({"header": header.to_json(), "columns": listed}, allow_nan=False)
    return text.encode() + b"\n"


def is_sealed(image: bytes) -> bool:
    """Return whether a shard's bytes are those that ``seal_shard`` gave."""
    digest = sha256_of(memoryview(image)[_LAYOUT_AT:]).encode()
    return image[:_LAYOUT_AT] == SHARD_MAGIC + _DIGEST + digest + b"\n"


def open_shard(image: bytes, source: str) -> tuple[Header, dict[str, NDArray[Any]]]:
    """Return the header and the columns of a shard, views of ``image``.

    Args:
        image: Bytes whose digest was checked.
        source: The file, for errors.

    Raises:
        DatasetError: If it is not of this format, or claims more than it holds.
    """
    if not image.startswith(SHARD_MAGIC):
        found = image[: len(SHARD_MAGIC)].split(b"\n")[0].decode("utf-8", "backslashreplace")
        raise DatasetError(
            f"{source}: begins with {found!r}; this version reads {SHARD_MAGIC.decode().rstrip()!r}"
        )
    end = image.find(b"\n", _LAYOUT_AT)
    layout = parse_json(image[_LAYOUT_AT : max(end, 0)], source, DatasetError)
    header = Header.from_json(layout.get("header"), source)
    listed = layout.get("columns")
    if not isinstance(listed, dict) or not listed:
        raise DatasetError(f"{source}: its user block lists no columns")
    if len(listed) > _MAX_COLUMNS:
        raise DatasetError(f"{source}: its user block lists {len(listed)} columns; refused")
    columns = {name: _column(image, name, entry, source) for name, entry in listed.items()}
    if sum(values.nbytes for values in columns.values()) > len(image):
        raise DatasetError(f"{source}: its columns claim more than the file holds; refused")
    return header, columns


def _column(image: bytes, name: str, entry: Any, source: str) -> NDArray[Any]:
    try:
        dtype, shape, offset = _DTYPES[entry["dtype"]], entry["shape"], entry["offset"]
        numbers = [*shape, offset]
    except (TypeError, KeyError) as error:
        raise DatasetError(f"{source}: column {name!r} is described as {entry!r:.80}") from error
    if not shape or not all(type(n) is int and n >= 0 for n in numbers) or 0 in shape:
        raise DatasetError(f"{source}: column {name!r} has shape {shape} at {offset}; no array")
    count = math.prod(shape)
    if offset + count * dtype.itemsize > len(image):
        raise DatasetError(f"{source}: column {name!r} claims more than the file holds; refused")
    return np.frombuffer(image, dtype, count, offset).reshape(shape)
