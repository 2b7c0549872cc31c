"""The examples make datasets of files: small ones with known answers, and real ones."""

import csv
import importlib.util
import io
import json
import sys
import zipfile

import mido
import numpy as np
import pytest
from paths import ROOT, SHARED
from scipy.io import savemat, wavfile

from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.write import write_dataset
from radarseq.training.train import train

NEEDS_RECORDINGS = pytest.mark.skipif(
    not SHARED.is_dir(), reason=f"the recordings are not there: {SHARED.name}/"
)


@pytest.fixture(autouse=True)
def examples_folder(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "examples")


def example(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(module, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", [module.__name__, *map(str, arguments)])
    module.main()


def test_chorales_become_notes_one_after_the_other_from_the_highest_voice(tmp_path, monkeypatch):
    for split in ("train", "valid", "test"):
        (tmp_path / split).mkdir()
        rows = [[60 + i % 10, 55, 48, 0] for i in range(50)]
        with (tmp_path / split / "chorale_0.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["note0", "note1", "note2", "note3"], *rows])
    run(example("chorales"), monkeypatch, "notes", tmp_path, tmp_path / "out")
    data = open_dataset(tmp_path / "out").load()
    assert data["x"].shape == (6, 132, 1)  # two windows, of chords 0 to 32 and 16 to 48, a file
    assert data["x"][0, :8, 0].tolist() == [25, 20, 13, 0, 26, 20, 13, 0]
    assert data["x"][1, 0, 0] == 60 + 16 % 10 - 35
    assert data["split"].tolist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize(("leave_out", "tested"), [("", [0, 1, 1, 0]), ("bo", [0, 0, 0, 1])])
def test_digits_are_split_by_index_or_by_speaker(tmp_path, monkeypatch, leave_out, tested):
    folder = tmp_path / "recordings"
    folder.mkdir()
    names = ["3_al_9", "4_al_0", "4_al_4", "5_bo_8"]
    for count, name in enumerate(names, start=1):
        samples = np.zeros(4000 * count, dtype=np.int16)
        samples[5] = -800
        wavfile.write(folder / f"{name}.wav", 8000, samples)
    out = tmp_path / "out"
    run(example("spoken_digits"), monkeypatch, folder, out, "--leave-out", leave_out)
    data = open_dataset(out).load()
    assert data["length"].tolist() == [4000, 8000, 8000, 8000]
    assert data["label"].tolist() == [3, 4, 4, 5]
    assert (data["split"] == 2).astype(int).tolist() == tested
    assert data["x"][:, 5, 0].tolist() == [-1.0] * 4


def test_sketches_become_the_way_of_the_pen(tmp_path, monkeypatch):
    drawing = [[[0, 255, 255], [0, 0, 51]], [[0, 51], [255, 255]]]
    lines = [{"word": word, "drawing": drawing} for word in ("cat", "dog", "cat")]
    file = tmp_path / "few.ndjson"
    file.write_text("\n".join(json.dumps(line) for line in lines))
    run(example("sketches"), monkeypatch, file, tmp_path / "out", "--words", "cat")
    data = open_dataset(tmp_path / "out").load()
    assert len(data) == 2
    assert data["length"].tolist() == [5, 5]
    expected = [[0, 0, 0], [1, 0, 0], [0, 0.2, 1], [-1, 0.8, 0], [0.2, 0, 1]]
    np.testing.assert_allclose(data["x"][0, :5], expected, atol=1e-7)


def test_a_word_that_nobody_drew_is_named(tmp_path, monkeypatch):
    file = tmp_path / "few.ndjson"
    file.write_text(json.dumps({"word": "cat", "drawing": [[[0, 1], [0, 1]]]}))
    with pytest.raises(SystemExit, match="no drawing of unicorn"):
        run(example("sketches"), monkeypatch, file, tmp_path / "o", "--words", "cat", "unicorn")


def test_days_are_sorted_taken_once_and_never_shared_between_the_splits(tmp_path, monkeypatch):
    rows = [(f"2001-{m:02}-{d:02}", m * 31 + d) for m in range(1, 5) for d in range(1, 26)]
    file = tmp_path / "days.csv"
    with file.open("w", newline="") as handle:
        csv.writer(handle).writerows([("day", "value"), *reversed(rows), rows[0]])
    arguments = (file, tmp_path / "out", "--date", "day", "--columns", "value", "--steps", 10)
    run(example("daily_series"), monkeypatch, *arguments)
    data = open_dataset(tmp_path / "out").load()
    counts = np.bincount(data["split"])
    assert counts.tolist() == [70 - 9, 15 - 9, 15 - 9]
    value = np.array([v for _, v in rows], dtype=float)
    scaled = (value - value[:70].mean()) / value[:70].std()
    np.testing.assert_allclose(data["x"][:61, 0, 0], scaled[:61], rtol=1e-6)
    np.testing.assert_allclose(data["x"][61, :, 0], scaled[70:80], rtol=1e-6)


def test_chorales_are_transposed_in_training_alone_and_silence_stays(tmp_path, monkeypatch):
    for split in ("train", "valid", "test"):
        (tmp_path / split).mkdir()
        with (tmp_path / split / "chorale_0.csv").open("w", newline="") as file:
            rows = [[80, 55, 48, 0]] * 33  # 81 is the highest note: two semitones up would leave
            csv.writer(file).writerows([["note0", "note1", "note2", "note3"], *rows])
    options = ("--transpose", 2)
    run(example("chorales"), monkeypatch, "notes", tmp_path, tmp_path / "out", *options)
    data = open_dataset(tmp_path / "out").load()
    assert data["split"].tolist() == [0, 0, 0, 0, 1, 2]
    assert data["x"][:4, 0, 0].tolist() == [43, 44, 45, 46]
    assert data["x"][:, 3, 0].tolist() == [0] * 6


def test_piano_rolls_are_padded_and_no_key_leaves_the_keyboard(tmp_path, monkeypatch):
    low, high = np.zeros((3, 88), np.uint8), np.zeros((5, 88), np.uint8)
    low[:, 0], high[:, 40] = 1, 1
    rolls = np.empty((1, 2), object)
    rolls[0, 0], rolls[0, 1] = low, high
    named = {f"{split}data": rolls for split in ("train", "valid", "test")}
    savemat(tmp_path / "rolls.mat", named)
    arguments = ("piano-roll", tmp_path / "rolls.mat", tmp_path / "out", "--transpose", 1)
    run(example("chorales"), monkeypatch, *arguments)
    data = open_dataset(tmp_path / "out").load()
    assert data["x"].shape == (9, 5, 88)
    assert data["length"].tolist() == [3, 3, 5, 5, 5, 3, 5, 3, 5]
    assert data["x"][:, 0].argmax(axis=1).tolist() == [0, 1, 39, 40, 41, 0, 40, 0, 40]
    assert data["group"].tolist() == [0, 0, 1, 1, 1, 2, 3, 4, 5]


def test_a_midi_file_says_to_another_reader_what_was_written(tmp_path):
    """Mido reads back which voice sounds which note in every chord, of notes held and repeated."""
    generator = np.random.default_rng(0)
    notes = np.repeat(generator.integers(36, 82, size=(40, 4)), generator.integers(1, 70, 40), 0)
    notes[generator.random(notes.shape) < 0.1] = 0
    path = tmp_path / "a.mid"
    path.write_bytes(example("midi").midi_of(notes))
    file = mido.MidiFile(path)
    assert (file.type, len(file.tracks)) == (0, 1)
    assert file.length == pytest.approx(np.flatnonzero(notes.any(axis=1))[-1] * 0.1875 + 0.1875)
    found, sounding, chord = np.zeros_like(notes), np.zeros(4, int), 0
    for message in file.tracks[0]:
        until = chord + message.time // 120
        assert message.time % 120 == 0
        found[chord:until], chord = sounding, until
        if message.type == "note_on":
            assert sounding[message.channel] == 0
            sounding[message.channel] = message.note
        elif message.type == "note_off":
            assert sounding[message.channel] == message.note
            sounding[message.channel] = 0
    np.testing.assert_array_equal(found, notes)


def test_a_chorale_is_made_up_and_written_twice(tmp_path, monkeypatch):
    chorales = example("chorales")
    x = np.random.default_rng(0).integers(1, 46, size=(40, 132, 1)).astype(np.float32)
    x[0, 0], x[0, 1] = 0, 46
    split = np.repeat(np.array([0, 1, 2], np.uint8), [30, 5, 5])
    header = Header(sample_axis="step", feature_names=("note",))
    write_dataset(tmp_path / "data", Examples(header, {"x": x, "split": split}))
    settings = {"model": "gru", "task": "next_symbol", "width": 8, "layers": 1, "epochs": 1}
    train(tmp_path / "data", tmp_path / "run", device="cpu", **settings)
    arguments = ("compose", tmp_path / "run", tmp_path / "data", tmp_path / "new", "--chords", 20)
    run(chorales, monkeypatch, *arguments)
    notes = np.loadtxt(tmp_path / "new.csv", delimiter=",", skiprows=1, dtype=int)
    assert notes.shape == (28, 4)
    known = x[35, :32, 0].astype(int).reshape(8, 4)  # the first of the test rows
    np.testing.assert_array_equal(notes[:8], np.where(known > 0, known + 35, 0))
    assert set(notes.ravel()) <= {0, *range(36, 82)}
    assert (tmp_path / "new.mid").read_bytes() == example("midi").midi_of(notes)


@NEEDS_RECORDINGS
def test_all_chorales_are_read(tmp_path, monkeypatch):
    run(example("chorales"), monkeypatch, "notes", SHARED / "chorales", tmp_path / "out")
    data = open_dataset(tmp_path / "out").load()
    assert len(data.header.group_names) == 229 + 76 + 77
    assert set(np.unique(data["x"])) <= set(range(47))


@NEEDS_RECORDINGS
def test_ridership_days_that_occur_twice_are_taken_once(tmp_path):
    daily = example("daily_series")
    (file,) = (SHARED / "ridership").glob("*.csv")
    days = daily.read_days(file, "service_date", ["total_rides"])
    assert len(days) == 7701 - 62


def test_a_video_frame_has_its_label_at_its_last_sample(tmp_path):
    frames = example("video_frames")
    data = frames.generate_frames(tmp_path / "out", count=40, frames=6)
    assert open_dataset(tmp_path / "out").load()["x"].shape == (40, 6 * 320, 1)
    assert (data["target"] >= 0).sum(axis=1).tolist() == [[6]] * 40
    labels = frames.at_frames(data["target"])[..., 0]
    assert labels.shape == (40, 6) and (labels >= 0).all()
    sound = data["x"].reshape(40, 6, 320)
    loud = (sound**2).mean(axis=2)
    assert loud[labels == 0].max() < 1.4 < loud[labels == 2].min()  # noise of 1, and 1 more


def test_frames_of_samples_come_aligned_out_of_conv_gru(tmp_path):
    import torch

    from radarseq.inference.task_targets import spec_of
    from radarseq.models.network import Network
    from radarseq.models.settings import ModelSettings

    frames = example("video_frames")
    data = frames.generate_frames(tmp_path / "out", count=5, frames=4)
    settings = ModelSettings(
        model="conv_gru",
        task="step_label",
        strides=(4, 4, 4, 5),
        features=("value",),
        width=8,
        layers=1,
    )
    torch.manual_seed(0)
    network = Network(settings, spec_of(data, settings)).eval()
    x = torch.tensor(data["x"][:1])
    info = network(x).symbols
    assert info is not None and info.shape == (1, 4 * 320, 1, 4)
    changed = x.clone()
    changed[0, 640] += 5.0  # the first sample of the third frame
    moved = (network(changed).symbols != info).any(dim=3)[0, :, 0]
    assert frames.at_frames(moved[None])[0].tolist() == [False, False, True, True]


def test_gestures_keep_their_lengths_and_every_track_is_tested_once(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "records.zip", "w") as archive:
        for number in range(23):
            track = np.full((4 + number % 5, 2), number, np.float64)
            np.save(file := io.BytesIO(), track)
            archive.writestr(f"{'up' if number % 2 else 'down'}_{number:02}.npy", file.getvalue())
    tested = []
    for fold in range(5):
        out = tmp_path / f"fold-{fold}"
        options = ("--fold", fold, "--folds", 5)
        run(example("gestures"), monkeypatch, tmp_path / "records.zip", out, *options)
        data = open_dataset(out).load()
        number = data["x"][:, 0, 0].astype(int)
        assert data["length"].tolist() == (4 + number % 5).tolist()
        assert (data["x"][np.arange(23), data["length"] - 1, 0] == number).all()
        assert not data["x"][:, -1][data["length"] < 8].any()
        assert data["label"].tolist() == (number % 2).tolist()  # down, up
        test = data.part("test")
        assert np.bincount(test["label"]).min() >= 2  # of 12 and 11 in five folds
        tested += test["group"].tolist()
    assert sorted(tested) == list(range(23))


def test_an_archive_without_gestures_is_refused(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "records.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    with pytest.raises(SystemExit, match=r"holds no \.npy file"):
        run(example("gestures"), monkeypatch, tmp_path / "records.zip", tmp_path / "out")
