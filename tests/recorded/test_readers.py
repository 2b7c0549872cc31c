"""Every public recording in the table of docs/recordings.md is read as the table says."""

import json
import re
import shlex
import zipfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from paths import ROOT
from paths import SHARED as DATA

from radarseq.captures.conversion.stack_examples import stack_examples
from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.registry import read_capture
from radarseq.captures.sources.find_files import find_recordings
from radarseq.captures.sources.open_recordings import Recording, iter_recordings
from radarseq.cli import app

NEEDS_RECORDINGS = pytest.mark.skipif(
    not DATA.is_dir(), reason="the public recordings are not at hand (see docs/recordings.md)"
)
# References by the method of moments lie in the same folder: echoes over aspect, not over time.
REFERENCES = "fullwave"
# Tables of other things in the same folder, which are no recordings: reading them is refused.
NOT_RECORDINGS = (
    "ridership",
    "sp500",
    "JSB_Chorales_pianoroll88_quarter.mat",
    "eiscat/labels.csv",
)


def table() -> list[tuple[str, str, str]]:
    """Return the rows of the table: file, options, what is understood."""
    text = (ROOT / "docs" / "recordings.md").read_text(encoding="utf-8")
    part = text.split("| file | options | what is understood |", 1)[1].split("\n\n", 1)[0]
    rows = [[cell.strip(" `") for cell in line.split("|")[1:4]] for line in part.splitlines()]
    return [(a, b, c) for a, b, c in rows[2:] if a]


ROWS = table()


def inspected(path: Path, options: str) -> dict:
    summary = StringIO()
    with redirect_stdout(summary):
        app(["inspect", str(path), "--json", *shlex.split(options)], standalone_mode=False)
    return json.loads(summary.getvalue())


def lengths(text: str) -> dict[str, tuple[int, int]]:
    found = re.findall(r"(\w+) (\d+)(?: to (\d+))?", text)
    return {axis: (int(least), int(most or least)) for axis, least, most in found}


@NEEDS_RECORDINGS
@pytest.mark.parametrize(("name", "options", "understood"), ROWS, ids=[row[0] for row in ROWS])
def test_a_public_recording_is_read_as_the_table_says(tmp_path, name, options, understood):
    folder = DATA
    if name.startswith("gestures/"):
        with zipfile.ZipFile(DATA / "gestures" / "records.zip") as archive:
            archive.extractall(tmp_path / "gestures")
        folder = tmp_path
    paths = sorted(folder.glob(name))
    assert paths
    summary = inspected(paths[0], options)
    words = shlex.split(options)  # the others only name axes and rates
    options = ReadOptions(
        layout=words[words.index("--layout") + 1] if "--layout" in words else "",
        wrapped="--wrapped" in words,
        interleaved="--interleaved" in words,
        label_column=-1 if "--label-column" in words else None,
        dtype="cu8" if "--dtype" in words else "",
    )
    expected = lengths(understood)
    shapes = [read_capture(path, options).samples.shape for path in paths[:400]]
    assert list(summary["shape"]) == list(expected)
    for place, (least, most) in enumerate(expected.values()):
        found = [shape[place] for shape in shapes]
        assert least <= min(found) <= max(found) <= most


@NEEDS_RECORDINGS
def test_no_recording_is_left_out_of_the_table():
    covered = {path for name, _, _ in ROWS for path in DATA.glob(name)}
    for path in find_recordings([DATA])[0]:
        if not any(word in str(path.relative_to(DATA)) for word in (*NOT_RECORDINGS, REFERENCES)):
            assert path in covered, path
    for name in NOT_RECORDINGS:
        (path,) = [p for p in DATA.rglob("*") if name in str(p) and p.suffix in (".csv", ".mat")]
        (found,) = iter_recordings([path], ReadOptions(), sandboxed=False)
        assert not isinstance(found, Recording)
        assert found.reason


@NEEDS_RECORDINGS
def test_mode_s_replies_have_the_amplitudes_of_their_bytes():
    path = DATA / "modes" / "modes1.bin"
    capture = read_capture(path, ReadOptions(dtype="cu8"))
    samples = np.asarray(capture.samples)
    assert samples.shape == (356_868,)
    pairs = np.fromfile(path, np.uint8).reshape(-1, 2) - 127.5
    amplitude = np.hypot(pairs[:, 0], pairs[:, 1])
    np.testing.assert_allclose(np.abs(samples), amplitude, rtol=1e-6)
    summary = inspected(path, "--dtype cu8")["values"]
    assert summary["rms"] == pytest.approx(np.sqrt((amplitude**2).mean()))
    assert summary["mean"] == pytest.approx(pairs.mean(axis=0).tolist())
    assert summary["at_full_scale"] == (np.abs(pairs) == 127.5).any(axis=1).sum()


@NEEDS_RECORDINGS
def test_the_missing_sample_of_digital_rf_is_flagged():
    summary = inspected(DATA / "digital_rf", "--steps 32")
    assert summary["windows"] == {"total": 312, "dropped samples": 1}
    assert summary["carrier_hz"] == pytest.approx(440e6)
    assert summary["sample_rate_hz"] == 10_000
    (recording,) = iter_recordings([DATA / "digital_rf"], ReadOptions(steps=32))
    assert isinstance(recording, Recording)
    block = next(recording.blocks())
    assert np.flatnonzero(block.codes).tolist() == [0]
    assert np.abs(block.rows.samples[1:].real).max() <= 38


@NEEDS_RECORDINGS
def test_fmcw_frames_unwrap_to_small_signed_numbers():
    for name in ("simple_frame_1", "doppler_example"):
        path = DATA / "fmcw_frames" / f"{name}.npy"
        stored = np.load(path)
        summary = inspected(path, "--wrapped --layout step,point")["values"]
        assert max(stored.real.max(), stored.imag.max()) == 65535
        assert -265 <= summary["min"] < 0 < summary["max"] <= 265
        whole = np.asarray(
            read_capture(path, ReadOptions(wrapped=True, layout="step,point")).samples
        )
        assert ((stored.real - whole.real) % 65536 == 0).all()
        assert ((stored.imag - whole.imag) % 65536 == 0).all()


@NEEDS_RECORDINGS
def test_silent_rows_of_cones_are_reported_and_left_out():
    found = stack_examples(
        [DATA / "space_debris" / "cones"], ReadOptions(name="{label}/object_noise_{group}.mat")
    )
    assert found.rejected == {"all zero": 508}
    assert len(found.examples) == 4000 - 508
    assert np.abs(found.examples["x"]).max(axis=(1, 2)).min() > 0
