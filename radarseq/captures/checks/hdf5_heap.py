"""Checks the heap of an HDF5 file, which holds texts of variable length, before HDF5 walks it.

HDF5 goes from one object of a heap to the next by its size, and never ends at one of size 0. The
sandbox alone would end it only after its time limit, 10 s for each such file, without the reason.

Source:
    The HDF Group, "HDF5 File Format Specification", section III.E, "Disk Format: Level 1E -
    Global Heap".
"""

from pathlib import Path

import h5py

from radarseq.captures.errors import RecordingError

_SIGNATURE = b"GCOL"
_MAX_HEAP = 64 << 20
_HINT = "Restore it from a copy"


def check_heap(path: Path, dataset: h5py.Dataset) -> None:
    """Check the heap that holds a single value of variable length.

    Raises:
        RecordingError: If HDF5 could not walk it to its end.
    """
    if dataset.id.get_storage_size() == 0:
        return  # never written
    offset = dataset.id.get_offset()
    if offset is None:
        return  # stored with the name
    address_bytes, size_bytes = dataset.file.id.get_create_plist().get_sizes()
    with path.open("rb") as file:
        file.seek(offset + 4)  # past the length
        address = int.from_bytes(file.read(address_bytes), "little")
        if address == 0:
            return  # an empty text
        file.seek(min(dataset.file.userblock_size + address, path.stat().st_size))
        start = file.read(8 + size_bytes)
        size = int.from_bytes(start[8:], "little")
        if start[:4] != _SIGNATURE or not len(start) <= size <= _MAX_HEAP:
            raise RecordingError(path, "is damaged: a text is not at its declared address", _HINT)
        heap = start + file.read(size - len(start))
    if not _has_end(heap, len(start), size_bytes):
        raise RecordingError(
            path, "is damaged: the objects of a heap of texts do not lead to its end", _HINT
        )


def _has_end(heap: bytes, here: int, size_bytes: int) -> bool:
    """Return whether the sizes of the objects lead to the heap's end."""
    header = 8 + size_bytes
    while here + header <= len(heap):
        size = int.from_bytes(heap[here + 8 : here + header], "little")
        is_free = heap[here : here + 2] == b"\0\0"
        # The size of free space counts its own header; what follows an object is aligned.
        step = size if is_free else header + size + -size % 8
        if step < header:
            return False
        here += step
    return here <= len(heap)
