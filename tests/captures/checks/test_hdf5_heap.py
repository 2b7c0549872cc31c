"""Texts of an HDF5 file whose heap HDF5 would walk without end are refused before it does."""

import struct

import h5py
import numpy as np
import pytest

from radarseq.captures.errors import RecordingError
from radarseq.captures.readers.hdf5 import open_hdf5, text_at

TEXTS = {"mode": "iq", "empty": "", "long": "x" * 5000, "accents": "é" * 13}


@pytest.fixture(params=[0, 512], ids=["plain", "userblock"])
def path(request, tmp_path):
    file_path = tmp_path / "a.h5"
    with h5py.File(file_path, "w", userblock_size=request.param) as file:
        for name, text in TEXTS.items():
            file[name] = text
        file["fixed"] = np.bytes_("as it is")
        file["number"] = 7
        file.create_dataset("unwritten", (), h5py.string_dtype())
        layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        layout.set_layout(h5py.h5d.COMPACT)
        kind = h5py.h5t.py_create(h5py.string_dtype(), logical=True)
        scalar = h5py.h5s.create(h5py.h5s.SCALAR)
        held = h5py.h5d.create(file.id, b"held", kind, scalar, layout)
        h5py.Dataset(held)[()] = "within"
    return file_path


def texts(path, *names):
    with open_hdf5(path) as file:
        return [text_at(path, file, name) for name in names]


def changed(path, offset, number):
    """Write a number of eight bytes at an offset from the file's first heap."""
    content = bytearray(path.read_bytes())
    at = content.index(b"GCOL") + offset
    content[at : at + 8] = struct.pack("<Q", number)
    path.write_bytes(content)


def test_texts_of_every_kind_are_read(path):
    assert texts(path, *TEXTS) == list(TEXTS.values())
    assert texts(path, "fixed", "number", "held") == ["as it is", "7", "within"]
    assert texts(path, "unwritten", "absent") == ["", ""]


HEAP_SIZE, FIRST_OBJECT_SIZE = 8, 24  # offsets from the heap's signature


@pytest.mark.parametrize(
    ("offset", "number", "words"),
    [
        (0, 0, "not at its declared address"),
        (HEAP_SIZE, 1 << 40, "not at its declared address"),
        (HEAP_SIZE, 3, "not at its declared address"),
        (FIRST_OBJECT_SIZE, 1 << 20, "do not lead to its end"),
    ],
)
def test_a_damaged_heap_is_refused(path, offset, number, words):
    changed(path, offset, number)
    with pytest.raises(RecordingError, match=words):
        texts(path, "mode")


def test_free_space_of_no_size_is_refused(path):
    """HDF5 would look at it again and again."""
    changed(path, 16, 0)  # the first object's number: it is free space now
    changed(path, FIRST_OBJECT_SIZE, 0)
    with pytest.raises(RecordingError, match="do not lead to its end"):
        texts(path, "mode")
