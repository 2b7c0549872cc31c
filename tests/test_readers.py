"""Each format against an independent writer, or against bytes laid out by its specification."""

import io
import json
import struct
import tarfile
import wave
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
import sigmf

from radarseq.captures.capture import Capture
from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.registry import READERS, read_capture
from radarseq.captures.sources.find_files import walk_captures
from radarseq.captures.windowing.windows import blocks
from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.write import write_dataset
from radarseq.errors import UsageError


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return (generator.normal(size=shape) + 1j * generator.normal(size=shape)).astype(np.complex64)


def whole(capture: Capture) -> np.ndarray:
    return np.asarray(capture.samples)


def error_of(path: Path, reading: ReadOptions | None = None) -> str:
    with pytest.raises(RecordingError) as caught:
        read_capture(path, reading or ReadOptions())
    assert str(path) in str(caught.value)
    return str(caught.value)


# --- raw


@pytest.mark.parametrize(
    ("suffix", "stored", "expected"),
    [
        (".cu8", bytes([0, 255, 127, 128]), [-127.5 + 127.5j, -0.5 + 0.5j]),
        (".cs8", bytes([0x80, 0x7F, 0xFF, 0x01]), [-128 + 127j, -1 + 1j]),
        (".cs16", struct.pack("<4h", -32768, 32767, 5, -6), [-32768 + 32767j, 5 - 6j]),
        (".cf32", struct.pack("<4f", 0.5, -1.5, 2, 3), [0.5 - 1.5j, 2 + 3j]),
        (".cf64", struct.pack("<4d", 0.1, -1.5, 2, 3), [0.1 - 1.5j, 2 + 3j]),
    ],
)
def test_raw_files_are_what_their_suffix_says(tmp_path, suffix, stored, expected):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(stored)
    capture = read_capture(path)
    assert (capture.axes, whole(capture).tolist()) == (("step",), expected)
    path.write_bytes(stored[:-1])
    assert "expected a multiple of" in error_of(path)
    path.write_bytes(b"")
    assert "is empty" in error_of(path)


def test_raw_files_by_dtype_ends_and_channels(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(struct.pack(">8h", 1, 2, 3, 4, 5, 6, 7, 8))
    assert "Give dtype" in error_of(path)
    assert whole(read_capture(path, ReadOptions(dtype="ri16_be"))).tolist() == list(range(1, 9))
    two = read_capture(path, ReadOptions(dtype="ci16_be", channels=2))
    assert two.axes == ("step", "channel")
    assert whole(two).tolist() == [[1 + 2j, 3 + 4j], [5 + 6j, 7 + 8j]]
    assert any("--dtype" in text for text in two.assumed)
    assert "multiple of 12" in error_of(path, ReadOptions(dtype="ci16_be", channels=3))
    assert whole(read_capture(path, ReadOptions(dtype="ru8")))[:2].tolist() == [-127.5, -126.5]
    with pytest.raises(UsageError, match="dtype 'cx16'"):
        ReadOptions(dtype="cx16")


# --- SigMF, against the reference package


def write_sigmf(base: Path, data: bytes, said: dict, captures=None, annotations=()) -> Path:
    meta = {
        "global": {"core:version": "1.2.0"} | said,
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
    said = {"core:datatype": datatype, "core:num_channels": 3, "core:sample_rate": 2e6}
    path = write_sigmf(tmp_path / "a", values.astype(item).tobytes(), said)
    capture = read_capture(path)
    expected = sigmf.fromfile(path, autoscale=False).read_samples()
    # Offset binary: the middle of 0..255 is 127.5; the package hands out the integers.
    middle = np.iinfo(item).max / 2 if item.kind == "u" else 0.0
    shift = middle * (1 + 1j) if datatype[0] == "c" else middle
    np.testing.assert_allclose(whole(capture), expected - shift, rtol=1e-6)
    assert capture.samples.shape == (24 // 3 // (2 if datatype[0] == "c" else 1), 3)
    assert (capture.axes, capture.sample_interval_s) == (("step", "channel"), 5e-7)


def test_sigmf_archives_are_mapped_and_read_as_the_package_wrote_them(tmp_path):
    samples = noise(500)
    samples.tofile(tmp_path / "b.sigmf-data")
    made = sigmf.SigMFFile(
        data_file=tmp_path / "b.sigmf-data",
        global_info={"core:datatype": "cf32_le", "core:sample_rate": 1e6},
    )
    made.add_capture(0, metadata={"core:frequency": 440e6})
    made.add_annotation(100, 50, metadata={"core:label": "meteor"})
    made.tofile(tmp_path / "archive.sigmf", toarchive=True)
    capture = read_capture(tmp_path / "archive.sigmf")
    np.testing.assert_array_equal(whole(capture), samples)
    np.testing.assert_array_equal(capture.samples[490:], samples[490:])
    assert (capture.carrier_hz, capture.marks) == (440e6, ((100, 150, "meteor"),))
    made.tofile(tmp_path / "b.sigmf-meta")
    beside = read_capture(tmp_path / "b.sigmf-meta")  # with the package's checksum
    np.testing.assert_array_equal(whole(beside), samples)
    assert walk_captures([tmp_path])[0] == [
        tmp_path / "archive.sigmf", tmp_path / "b.sigmf-meta",
    ]  # fmt: skip
    altered = bytearray((tmp_path / "b.sigmf-data").read_bytes())
    altered[77] ^= 1
    (tmp_path / "b.sigmf-data").write_bytes(altered)
    assert "core:sha512" in error_of(tmp_path / "b.sigmf-meta")


def test_sigmf_segments_headers_and_gaps(tmp_path):
    item = struct.pack("<20h", *range(20))  # ten complex samples
    data = b"HEAD" + item[:24] + b"MIDDLE" + item[24:] + b"END"
    said = {"core:datatype": "ci16_le", "core:trailing_bytes": 3}
    captures = [
        {"core:sample_start": 0, "core:header_bytes": 4, "core:global_index": 100},
        {"core:sample_start": 6, "core:header_bytes": 6, "core:global_index": 106},
    ]
    path = write_sigmf(tmp_path / "a", data, said, captures)
    capture = read_capture(path)
    expected = np.arange(0, 20, 2) + 1j * np.arange(1, 20, 2)
    np.testing.assert_array_equal(whole(capture), expected)
    np.testing.assert_array_equal(capture.samples[4:8], expected[4:8])
    assert capture.breaks == ()  # the global indices join
    captures[1]["core:global_index"] = 107
    capture = read_capture(write_sigmf(tmp_path / "a", data, said, captures))
    assert capture.breaks == (6,)
    codes = [b.codes.tolist() for b in blocks(capture, ReadOptions(steps=2, hop=1))]
    assert codes == [[0, 0, 0, 0, 0, 5, 0, 0, 0]]  # only the window over the gap


@pytest.mark.parametrize(
    ("said", "captures", "word"),
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
def test_sigmf_that_does_not_conform_is_named(tmp_path, said, captures, word):
    if said != {} or captures is not None:
        said = said if "core:datatype" in said else {"core:datatype": "cf32_le"} | said
    (tmp_path / "secret.bin").write_bytes(bytes(800))
    folder = tmp_path / "in"
    folder.mkdir()
    path = write_sigmf(folder / "a", noise(100).tobytes(), said, captures)
    assert word in error_of(path)


def test_sigmf_without_its_other_half_or_with_a_link_out(tmp_path):
    path = write_sigmf(tmp_path / "a", noise(10).tobytes(), {"core:datatype": "cf32_le"})
    data = path.with_suffix(".sigmf-data")
    np.testing.assert_array_equal(whole(read_capture(data)), noise(10))  # by either half
    data.rename(tmp_path / "moved")
    assert "a.sigmf-data is not there" in error_of(path)
    folder = tmp_path / "in"
    folder.mkdir()
    path = path.rename(folder / "a.sigmf-meta")
    (folder / "a.sigmf-data").symlink_to(tmp_path / "moved")
    assert "leads out of the folder; refused" in error_of(path)


def test_sigmf_archives_that_reach_out_are_refused(tmp_path):
    meta = json.dumps({"global": {"core:datatype": "cf32_le"}, "captures": []}).encode()

    def archive(**members: bytes | tarfile.TarInfo) -> Path:
        path = tmp_path / "a.sigmf"
        with tarfile.open(path, "w") as file:
            for name, content in members.items():
                if isinstance(content, tarfile.TarInfo):
                    file.addfile(content)
                    continue
                info = tarfile.TarInfo(name.replace("_", "."))
                info.size = len(content)
                file.addfile(info, io.BytesIO(content))
        return path

    def named(name: str, **kinds: object) -> tarfile.TarInfo:
        info = tarfile.TarInfo(name)
        for key, value in kinds.items():
            setattr(info, key, value)
        return info

    link = named("a.sigmf-data", type=tarfile.SYMTYPE, linkname="/etc/passwd")
    good = {"a/a.sigmf-meta": meta, "a/a.sigmf-data": noise(8).tobytes()}
    np.testing.assert_array_equal(whole(read_capture(archive(**good))), noise(8))
    assert "no plain file; refused" in error_of(archive(**{"a.sigmf-meta": meta, "x": link}))
    assert "outside itself; refused" in error_of(archive(**good, x=named("../../out")))
    assert "outside itself; refused" in error_of(archive(**good, x=named("/etc/passwd")))
    assert "holds 1 metadata and 0 sample files" in error_of(archive(**{"a.sigmf-meta": meta}))
    many = {f"n{i}": b"" for i in range(100)}
    assert "more than 64 files" in error_of(archive(**many))
    path = archive(**good)
    path.write_bytes(path.read_bytes()[: -tarfile.RECORDSIZE])
    error_of(path)


# --- WAV


def test_wav_against_the_standard_library(tmp_path):
    path = tmp_path / "a.wav"

    def write(channels: int, width: int, content: bytes) -> Path:
        with wave.open(str(path), "wb") as file:
            file.setnchannels(channels)
            file.setsampwidth(width)
            file.setframerate(8000)
            file.writeframes(content)
        return path

    values = np.array([1, -2, 3, 32767, -32768, 6], np.int16)
    capture = read_capture(write(1, 2, values.tobytes()))
    assert (whole(capture).tolist(), capture.sample_interval_s) == (values.tolist(), 1 / 8000)
    capture = read_capture(write(2, 2, values.tobytes()))
    assert whole(capture).tolist() == [1 - 2j, 3 + 32767j, -32768 + 6j]
    assert "I and Q" in capture.assumed[0]
    real = read_capture(path, ReadOptions(layout="step,channel"))
    assert whole(real).tolist() == values.reshape(3, 2).tolist()
    assert read_capture(write(3, 2, values.tobytes())).axes == ("step", "channel")
    assert whole(read_capture(write(1, 1, bytes([0, 128, 255])))).tolist() == [-128, 0, 127]
    assert whole(read_capture(write(1, 3, b"\x01\x00\x00\xff\xff\xff"))).tolist() == [256, -256]
    write(1, 2, values.tobytes())
    path.write_bytes(path.read_bytes()[:-3])
    error_of(path)


# --- numbers that wrapped


def test_wrapped_integers_are_signed_again(tmp_path):
    signed = np.array([0, 1, -1, 265, -265, -32768], np.int16)
    wrapped = signed.view(np.uint16).astype(np.float64)
    np.save(tmp_path / "a.npy", wrapped[:3] + 1j * wrapped[3:])
    capture = read_capture(tmp_path / "a.npy", ReadOptions(wrapped=True, layout="step"))
    assert whole(capture).tolist() == [265j, 1 - 265j, -1 - 32768j]
    np.save(tmp_path / "a.npy", signed.view(np.uint16))
    capture = read_capture(tmp_path / "a.npy", ReadOptions(wrapped=True))
    assert (whole(capture) == signed).all()
    assert capture.full_scale == (-32768, 32767)
    np.save(tmp_path / "a.npy", np.array([0.5, 3]))
    with pytest.raises(RecordingError, match="no unsigned 16-bit integers"):
        whole(read_capture(tmp_path / "a.npy", ReadOptions(wrapped=True)))


# --- structs of MATLAB


def test_fields_of_matlab_structs_by_path(tmp_path):
    echo = noise(3, 5).astype(np.complex128)
    path = tmp_path / "a.mat"
    scipy.io.savemat(path, {"radar": {"rx": {"echo": echo}, "name": "x"}})
    np.testing.assert_allclose(
        whole(read_capture(path, ReadOptions(variable="radar.rx.echo"))), echo
    )
    assert "no field 'radar.tx'" in error_of(path, ReadOptions(variable="radar.tx"))
    assert "no numeric array" in error_of(path, ReadOptions(variable="radar.name"))
    assert "0 numeric arrays" in error_of(path)
    with h5py.File(path, "w", userblock_size=512) as file:
        file["radar/rx/echo"] = np.arange(15.0).reshape(5, 3)
    capture = read_capture(path, ReadOptions(variable="radar.rx.echo"))
    assert whole(capture).tolist() == np.arange(15.0).reshape(5, 3).T.tolist()
    assert capture.samples[1:, 2:4].tolist() == [[7, 10], [8, 11]]
    assert "has no 'radar/tx'" in error_of(path, ReadOptions(variable="radar.tx"))


# --- Digital RF


def write_channel(folder: Path, stretches: list[tuple[int, int]], total: int) -> np.ndarray:
    """Write two files of one channel; stretches are (sample number, row) over both."""
    values = np.zeros((total, 1), [("r", "<i2"), ("i", "<i2")])
    values["r"], values["i"] = np.arange(total)[:, None], 7
    half = total // 2
    folder.mkdir(exist_ok=True)
    (folder / "drf_properties.h5").write_bytes(b"")
    for number, (first, last) in enumerate([(0, half), (half, total)]):
        with h5py.File(folder / f"rf@{100 + number}.000.h5", "w") as file:
            data = file.create_dataset("rf_data", data=values[first:last])
            data.attrs["sample_rate_numerator"] = np.uint64(30_000)
            data.attrs["sample_rate_denominator"] = np.uint64(3)
            own = [(n, row - first) for n, row in stretches if first <= row < last]
            file["rf_data_index"] = np.array(own, np.uint64)
    return values["r"][:, 0] + 7j


def test_digital_rf_channels_their_gaps_and_their_fill(tmp_path):
    channel = tmp_path / "ch0"
    samples = write_channel(channel, [(1000, 0), (1020, 20)], 40)
    assert walk_captures([tmp_path])[0] == [channel]
    capture = read_capture(channel)
    np.testing.assert_array_equal(whole(capture), samples)
    assert (capture.axes, capture.sample_interval_s) == (("step",), 1e-4)
    assert (capture.breaks, capture.fill) == ((), -32768 - 32768j)
    write_channel(channel, [(1000, 0), (1015, 10), (1025, 20), (1100, 30)], 40)
    assert read_capture(channel).breaks == (10, 30)  # and none where the second file goes on
    write_channel(channel, [(1000, 0), (1021, 20)], 40)
    assert read_capture(channel).breaks == (20,)
    with h5py.File(channel / "metadata@100.h5", "w") as file:
        file["1000/center_frequencies"] = [440e6]
    assert read_capture(channel).carrier_hz == 440e6
    one = read_capture(channel / "rf@101.000.h5")
    np.testing.assert_array_equal(whole(one), samples[20:])
    with h5py.File(channel / "rf@101.000.h5", "r+") as file:
        file["rf_data_index"][0, 1] = 99
    assert "does not fit" in error_of(channel / "rf@101.000.h5")
    path = channel / "rf@102.000.h5"  # real samples, of which one is missing
    with h5py.File(path, "w") as file:
        file["rf_data"] = np.array([[1], [2], [-32768], [4], [5], [6]], np.int16)
        file["rf_data_index"] = np.array([(1000, 0)], np.uint64)
    (block,) = blocks(read_capture(path), ReadOptions(steps=2))
    assert block.codes.tolist() == [0, 5, 0]


# --- Acconeer's other layouts


def test_a121_sessions_without_data_are_named_and_left_out(tmp_path):
    iq = np.dtype([("real", "<i2"), ("imag", "<i2")])
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        for number, frame in enumerate([np.ones((2, 4, 3), iq), h5py.Empty(iq)]):
            file[f"sessions/session_{number}/group_0/entry_0/result/frame"] = frame
            file[f"sessions/session_{number}/group_0/entry_0/sensor_id"] = 1
    capture = read_capture(path)
    assert capture.samples.shape == (2, 4, 3)
    assert "session_1/group_0/entry_0 has no data" in capture.assumed[0]
    with h5py.File(path, "w") as file:
        file["session/group_0/entry_0/result/frame"] = np.ones((2, 4, 3), iq)
        file["session/group_0/entry_0/sensor_id"] = 1
    assert read_capture(path).samples.shape == (2, 4, 3)


def test_a111_sparse_is_real_around_zero(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["data"] = np.arange(32760, 32760 + 24, dtype=np.uint16).reshape(2, 1, 4, 3)
        file["mode"] = "sparse"
        file["session_info"] = json.dumps({"sweep_rate": 2000.0})
    capture = read_capture(path)
    assert whole(capture).reshape(-1).tolist() == list(range(-8, 16))
    assert (capture.axes[2], capture.sample_interval_s) == ("step", 1 / 2000)


# --- DCA1000


FRAMES, CHIRPS, RECEIVERS, SAMPLES = 2, 3, 4, 6


def adc_value(frame, chirp, receiver, sample) -> int:
    return ((frame * CHIRPS + chirp) * RECEIVERS + receiver) * SAMPLES + sample


def adc_bytes(lanes: int, is_complex: bool) -> bytes:
    """Write the stream value by value, as the capture guide describes it; Q is I + 1000."""
    stream: list[int] = []
    for frame in range(FRAMES):
        for chirp in range(CHIRPS):
            if lanes == 4:
                for sample in range(SAMPLES):
                    row = [adc_value(frame, chirp, r, sample) for r in range(RECEIVERS)]
                    stream += row + ([v + 1000 for v in row] if is_complex else [])
                continue
            for receiver in range(RECEIVERS):
                values = [adc_value(frame, chirp, receiver, s) for s in range(SAMPLES)]
                if not is_complex:
                    stream += values
                    continue
                for first in range(0, SAMPLES, 2):
                    pair = values[first : first + 2]
                    stream += pair + [v + 1000 for v in pair]
    return struct.pack(f"<{len(stream)}h", *stream)


@pytest.mark.parametrize("lanes", [2, 4])
@pytest.mark.parametrize("is_complex", [True, False])
def test_dca1000_streams_by_lanes(tmp_path, lanes, is_complex):
    path = tmp_path / "adc.bin"
    path.write_bytes(adc_bytes(lanes, is_complex))
    adc = f"samples={SAMPLES},chirps={CHIRPS},receivers={RECEIVERS},lanes={lanes}"
    adc += f",complex={'true' if is_complex else 'false'}"
    capture = read_capture(path, ReadOptions(adc=adc))
    assert capture.axes == ("frame", "step", "receiver", "point")
    expected = np.arange(FRAMES * CHIRPS * RECEIVERS * SAMPLES).reshape(
        FRAMES, CHIRPS, RECEIVERS, SAMPLES
    )
    expected = expected + 1j * (expected + 1000) if is_complex else expected
    np.testing.assert_array_equal(whole(capture), expected)
    np.testing.assert_array_equal(capture.samples[1:, :2, 1:3, 3:6], expected[1:, :2, 1:3, 3:6])
    path.write_bytes(path.read_bytes()[:-2])
    assert "the last frame is cut short" in error_of(path, ReadOptions(adc=adc))


def test_dca1000_takes_its_configuration_from_a_file_beside(tmp_path):
    path = tmp_path / "adc.bin"
    path.write_bytes(adc_bytes(2, True))
    beside = tmp_path / "adc.bin.toml"
    beside.write_text(
        f"samples = {SAMPLES}\nchirps = {CHIRPS}\nchirp_interval_s = 50e-6\ncarrier_hz = 77e9\n"
        "sample_rate_hz = 5e6\nq_first = true\n"
    )
    capture = read_capture(path)
    assert (capture.sample_axis, capture.sample_interval_s) == ("slow_time", 50e-6)
    assert (whole(capture)[0, 0, 0, 0], capture.carrier_hz) == (1000, 77e9)
    fast = read_capture(path, ReadOptions(layout="frame,chirp,receiver,step"))
    assert (fast.sample_axis, fast.sample_interval_s) == ("fast_time", 2e-7)
    for text, word in [
        ("samples = 6", "does not give ['chirps']"),
        ("samples = 6\nchirps = 3\nlane = 2", "unknown keys ['lane']"),
        ("samples = 6\nchirps = 0", "chirps is '0'"),
        ("samples = 5\nchirps = 3", "an even number of samples"),
        ("samples = ", "not readable"),
    ]:
        beside.write_text(text)
        assert word in error_of(path)


# --- our own


def test_shards_of_our_own_datasets_are_captures(tmp_path):
    header = Header(
        sample_axis="slow_time", sample_interval_s=1e-3, carrier_hz=1e10, class_names=("a", "b")
    )
    columns = {
        "rx": noise(4, 8),
        "tx": noise(4, 8, seed=1),
        "label": np.array([0, 1, -1, 1], np.int32),
    }
    write_dataset(tmp_path / "set", Examples(header, columns))
    capture = read_capture(tmp_path / "set" / "shard-00000.h5")
    np.testing.assert_array_equal(whole(capture), columns["rx"])
    assert (capture.row_labels, capture.carrier_hz) == (["a", "b", "", "b"], 1e10)
    assert capture.tx is not None


def test_every_suffix_has_a_reader_that_names_rubbish(tmp_path):
    for suffix in READERS:
        path = tmp_path / f"rubbish{suffix}"
        path.write_bytes(b"\x00\xff\x93NUMPY" + bytes(range(251)))
        if suffix in (".cu8", ".cs8", ".cs16", ".cf32", ".cf64"):
            continue  # any bytes are samples, if there are enough of them
        error_of(path)
