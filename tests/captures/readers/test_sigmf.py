"""SigMF recordings against the reference package."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import sigmf
from recordings import blocks, error_of, noise, whole

from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.registry import read_capture


def write_sigmf(base: Path, data: bytes, text: dict, captures=None, annotations=()) -> Path:
    meta = {
        "global": {"core:version": "1.2.0"} | text,
        "captures": captures if captures is not None else [{"core:sample_start": 0}],
        "annotations": list(annotations),
    }
    base.with_suffix(".sigmf-data").write_bytes(data)
    path = base.with_suffix(".sigmf-meta")
    path.write_text(json.dumps(meta))
    return path


KINDS = ["f32", "f64", "i32", "i16", "u32", "u16", "i8", "u8"]
DATATYPES = [
    f"{numbers}{kind}{end}"
    for numbers in "rc"
    for kind in KINDS
    for end in (("",) if kind[1:] == "8" else ("_le", "_be"))
]


@pytest.mark.parametrize("datatype", DATATYPES)
def test_every_sigmf_datatype_is_read_as_the_reference_package_reads_it(tmp_path, datatype):
    generator = np.random.default_rng(1)
    item = np.dtype((">" if datatype.endswith("_be") else "<") + datatype[1] + str(
        int(datatype[2:].split("_")[0]) // 8))  # fmt: skip
    if item.kind == "f":
        values = generator.normal(size=24).astype(item)
    else:
        ends = np.iinfo(item)
        values = generator.integers(ends.min, ends.max, 24, dtype=item.newbyteorder("="))
    text = {"core:datatype": datatype, "core:num_channels": 3, "core:sample_rate": 2e6}
    path = write_sigmf(tmp_path / "a", values.astype(item).tobytes(), text)
    capture = read_capture(path)
    expected = sigmf.fromfile(path, autoscale=False).read_samples()
    # Offset binary: the middle of 0..255 is 127.5; the package hands out the integers.
    middle = np.iinfo(item).max / 2 if item.kind == "u" else 0.0
    shift = middle * (1 + 1j) if datatype[0] == "c" else middle
    np.testing.assert_allclose(whole(capture), expected - shift, rtol=1e-6)
    assert capture.samples.shape == (24 // 3 // (2 if datatype[0] == "c" else 1), 3)
    assert (capture.axes, capture.sample_interval_s) == (("step", "channel"), 5e-7)


def test_sigmf_segments_headers_and_gaps(tmp_path):
    item = struct.pack("<20h", *range(20))  # ten complex samples
    data = b"HEAD" + item[:24] + b"MIDDLE" + item[24:] + b"END"
    text = {"core:datatype": "ci16_le", "core:trailing_bytes": 3}
    captures = [
        {"core:sample_start": 0, "core:header_bytes": 4, "core:global_index": 100},
        {"core:sample_start": 6, "core:header_bytes": 6, "core:global_index": 106},
    ]
    path = write_sigmf(tmp_path / "a", data, text, captures)
    capture = read_capture(path)
    expected = np.arange(0, 20, 2) + 1j * np.arange(1, 20, 2)
    np.testing.assert_array_equal(whole(capture), expected)
    np.testing.assert_array_equal(capture.samples[4:8], expected[4:8])
    assert capture.breaks == ()  # the global indices join
    captures[1]["core:global_index"] = 107
    capture = read_capture(write_sigmf(tmp_path / "a", data, text, captures))
    assert capture.breaks == (6,)
    codes = [b.codes.tolist() for b in blocks(capture, ReadOptions(steps=2, hop=1))]
    assert codes == [[0, 0, 0, 0, 0, 5, 0, 0, 0]]  # only the window over the gap


@pytest.mark.parametrize(
    ("text", "captures", "word"),
    [
        ({"core:datatype": "cf32"}, None, "core:datatype is 'cf32'"),
        ({}, None, "core:datatype is 'None'"),
        ({"core:dataset": "../secret.bin"}, None, "outside its folder; refused"),
        ({"core:dataset": "/etc/passwd"}, None, "outside its folder; refused"),
        ({"core:num_channels": True}, None, "core:num_channels"),
        ({"core:num_channels": 0}, None, "core:num_channels is 0"),
        ({"core:num_channels": 3}, None, "expected a multiple of 24"),
        ({"core:sample_rate": "2e6"}, None, "core:sample_rate"),
        ({"core:sample_rate": 1e30}, None, "sample interval of 1e-30 s"),
        ({"core:metadata_only": True}, None, "metadata only"),
        ({"core:trailing_bytes": 800}, None, "holds no samples"),
        ({"core:sha512": "00"}, None, "checksum"),
        ({}, "none", "captures is str"),
        ({"core:datatype": "cf32_le"}, [{"core:frequency": f} for f in (1e9, 2e9)], "2 frequenc"),
        ({}, [{"core:header_bytes": 801}], "no samples"),
        ({}, [{"core:sample_start": -1}], "core:sample_start is '-1'"),
    ],
)
def test_sigmf_that_does_not_conform_is_named(tmp_path, text, captures, word):
    if text != {} or captures is not None:
        text = text if "core:datatype" in text else {"core:datatype": "cf32_le"} | text
    (tmp_path / "secret.bin").write_bytes(bytes(800))
    folder = tmp_path / "in"
    folder.mkdir()
    path = write_sigmf(folder / "a", noise(100).tobytes(), text, captures)
    assert word in error_of(path)


def test_sigmf_without_its_other_half_or_with_a_link_out(tmp_path):
    path = write_sigmf(tmp_path / "a", noise(10).tobytes(), {"core:datatype": "cf32_le"})
    data = path.with_suffix(".sigmf-data")
    np.testing.assert_array_equal(whole(read_capture(data)), noise(10))  # by either half
    data.rename(tmp_path / "moved")
    assert "a.sigmf-data is missing" in error_of(path)
    folder = tmp_path / "in"
    folder.mkdir()
    path = path.rename(folder / "a.sigmf-meta")
    (folder / "a.sigmf-data").symlink_to(tmp_path / "moved")
    assert "leads out of the folder; refused" in error_of(path)
