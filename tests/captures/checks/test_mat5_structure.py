"""MATLAB 5 files that scipy could not follow are refused before it does; scipy's own are taken."""

import struct
import sys
import warnings
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from radarseq.captures.checks.mat5_structure import check_tags
from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import AS_WRITTEN, ReadOptions
from radarseq.captures.readers import matlab
from radarseq.captures.sources.sandbox import Sandbox

WRITTEN_BY_MATLAB = Path(scipy.io.__file__).parent / "matlab/tests/data"


def level_5():
    """Return the MATLAB 5 files of scipy's tests: of many releases, both byte orders, damaged."""
    files = []
    for path in sorted(WRITTEN_BY_MATLAB.glob("*.mat")):
        try:
            version = scipy.io.matlab.matfile_version(path)[0]
        except (ValueError, scipy.io.matlab.MatReadError):
            continue
        if version == 1:
            files.append(path)
    return files


LEVEL_5 = level_5()
with_scipys_tests = pytest.mark.skipif(not LEVEL_5, reason="scipy is installed without its tests")


@with_scipys_tests
def test_what_scipy_reads_of_its_own_test_files_is_taken():
    refused = []
    for path in LEVEL_5:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                scipy.io.loadmat(path)
        except Exception:
            continue
        try:
            check_tags(path)
        except RecordingError as error:
            refused.append(str(error))
    assert len(LEVEL_5) > 60
    assert refused == []


@with_scipys_tests
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("bad_miuint32", "dimensions"),
        ("corrupted_zlib_checksum", "incorrect data check"),
        ("malformed1", "658840 bytes"),
    ],
)
def test_damaged_files_of_scipys_tests_are_refused(name, words):
    with pytest.raises(RecordingError, match=words):
        check_tags(WRITTEN_BY_MATLAB / f"{name}.mat")


@pytest.fixture
def plain(tmp_path):
    """A file whose tags stand in the open: complex samples, then a struct."""
    path = tmp_path / "plain.mat"
    echo = np.ones((2, 3), np.complex64)
    content = {"echo": echo, "log": {"gain": np.arange(5.0), "note": "text", "cell": ["a", 1]}}
    scipy.io.savemat(path, content, do_compression=False)
    check_tags(path)
    return path


FIRST_FLAGS, FIRST_SIZES, FIRST_TYPE = 144, 160, 176  # offsets in the file


@pytest.mark.parametrize(
    ("offset", "number", "words"),
    [
        (FIRST_TYPE, 135, "an element has type 135; expected one of"),
        (FIRST_TYPE, 8, "an element has type 8; expected one of"),
        (FIRST_TYPE + 4, 1 << 30, "an element of 1073741824 bytes does not fit"),
        (FIRST_TYPE + 4, 16, "an array of 6 holds 4 numbers"),
        (FIRST_FLAGS, 99, "class 99"),
        (FIRST_SIZES, 7, "an array of 21 holds 6 numbers"),
        (FIRST_SIZES, 0xFFFFFFFF, "dimensions"),
        (128, 3, "an element has type 3; expected an array"),
        (132, 20, "an array ends before its elements do"),
    ],
)
def test_a_tag_that_leads_nowhere_is_refused(plain, offset, number, words):
    content = bytearray(plain.read_bytes())
    content[offset : offset + 4] = struct.pack("<I", number)
    plain.write_bytes(content)
    with pytest.raises(RecordingError, match=words):
        matlab.read(plain, AS_WRITTEN)


def test_arrays_nested_without_end_are_refused(tmp_path):
    """Each level is a call of its own in whoever follows it."""
    deep = np.ones(1)
    for _level in range(50):
        box = np.empty(1, object)
        box[0] = deep
        deep = box
    path = tmp_path / "deep.mat"
    scipy.io.savemat(path, {"a": {"b": deep}}, do_compression=True)
    with pytest.raises(RecordingError, match="nested deeper than 32"):
        matlab.read(path, ReadOptions(variable="a.b"))


@pytest.mark.skipif(sys.platform != "linux", reason="the child's limits are those of Linux")
def test_a_changed_number_in_any_tag_never_ends_the_process_that_reads(plain, tmp_path):
    """A type that is none ended it once in 450 changes before tags were walked."""
    good = plain.read_bytes()
    rng = np.random.default_rng(3)
    with closing(Sandbox()) as sandbox:
        for attempt in range(200):
            content = bytearray(good)
            content[int(rng.integers(32, len(good) // 4)) * 4] = int(rng.integers(256))
            path = tmp_path / f"changed{attempt}.mat"
            path.write_bytes(content)
            try:
                sandbox.check(path, AS_WRITTEN)
            except RecordingError as error:
                assert "crashes" not in str(error), error
