"""The heap of an HDF5 file that texts of variable length stand in, checked before HDF5 walks it.

HDF5 goes from one object of a heap to the next by its size, and never ends at one of size 0.

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
    """Check the heap that a single value of variable length stands in.

    Raises:
        RecordingError: If HDF5 could not walk it to its end.
    """
    if dataset.id.get_storage_size() == 0:
        return  # never written
    place = dataset.id.get_offset()
    if place is None:
        return  # held with the name
    address_bytes, size_bytes = dataset.file.id.get_create_plist().get_sizes()
    with path.open("rb") as file:
        file.seek(place + 4)  # past the length
        address = int.from_bytes(file.read(address_bytes), "little")
        if address == 0:
            return  # an empty text
        file.seek(min(dataset.file.userblock_size + address, path.stat().st_size))
        start = file.read(8 + size_bytes)
        size = int.from_bytes(start[8:], "little")
        if start[:4] != _SIGNATURE or not len(start) <= size <= _MAX_HEAP:
            raise RecordingError(path, "is damaged: a text is not where it is said to be", _HINT)
        heap = start + file.read(size - len(start))
    if not _ends(heap, len(start), size_bytes):
        raise RecordingError(
            path, "is damaged: the objects of a heap of texts do not lead to its end", _HINT
        )


def _ends(heap: bytes, here: int, size_bytes: int) -> bool:
    """Return whether every object leads on, up to the heap's end."""
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
