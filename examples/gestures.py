"""Imports hand gestures observed by a 77 GHz radar: tracks of different lengths, one label each.

    python examples/gestures.py records.zip data/gestures --fold 0
    radarseq train data/gestures --model gru --task classify --set features='["value"]' \
        --set causal=false --set patience=0 --out runs/gestures
    radarseq evaluate runs/gestures data/gestures --out eval/gestures

``records.zip`` is the file of zyx1121/mmwave-gesture-recognition on GitHub. A recording is an array
(step, 2) named ``label_time.npy``; a step is the hand's position in two coordinates. The recordings
of each gesture are distributed to the folds at random, from one seed. One fold tests, the others
train.
"""

import argparse
import io
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radarseq.dataset.schema import SPLIT_NAMES, Examples, Header
from radarseq.dataset.write import write_dataset

TRAIN, TEST = SPLIT_NAMES.index("train"), SPLIT_NAMES.index("test")
SEED = 0  # of the folds


def read_tracks(archive: Path) -> tuple[list[NDArray[np.float32]], list[str]]:
    """Return the tracks, ``(step, 2)`` each, and their labels, in the order of their names."""
    tracks, labels = [], []
    with zipfile.ZipFile(archive) as files:
        for name in sorted(n for n in files.namelist() if n.endswith(".npy")):
            track = np.load(io.BytesIO(files.read(name)), allow_pickle=False)
            if track.ndim != 2 or track.shape[1] != 2:
                raise SystemExit(f"{archive}, {name}: expected (step, 2), got {track.shape}")
            tracks.append(track.astype(np.float32))
            labels.append(Path(name).name.partition("_")[0])
    if not tracks:
        raise SystemExit(f"{archive}: holds no .npy file; expected one label_time.npy per track")
    return tracks, labels


def folds_of(label: NDArray[np.int32], folds: int) -> NDArray[np.int64]:
    """Return the fold of each recording; counts of a class in two folds differ by at most 1."""
    draws = np.random.default_rng(SEED)
    fold = np.zeros(len(label), dtype=np.int64)
    for number in np.unique(label):
        rows = draws.permutation(np.flatnonzero(label == number))
        fold[rows] = np.arange(len(rows)) % folds
    return fold


def import_gestures(archive: Path, out: Path, fold: int, folds: int) -> Examples:
    """Write the dataset in which one fold tests and the others train; padding is zero."""
    tracks, track_labels = read_tracks(archive)
    names = sorted(set(track_labels))
    label = np.array([names.index(name) for name in track_labels], dtype=np.int32)
    length = np.array([len(track) for track in tracks], dtype=np.int32)
    x = np.zeros((len(tracks), length.max(), 2), dtype=np.float32)
    for row, track in enumerate(tracks):
        x[row, : len(track)] = track
    tests = folds_of(label, folds) == fold
    header = Header(sample_axis="step", class_names=tuple(names), feature_names=("x", "y"))
    columns = {
        "x": x,
        "length": length,
        "label": label,
        "group": np.arange(len(tracks), dtype=np.int64),
        "split": np.where(tests, TEST, TRAIN).astype(np.uint8),
    }
    examples = Examples(header, columns)
    write_dataset(out, examples)
    return examples


def main() -> None:
    """Read the command line and write the dataset."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("archive", type=Path, help="records.zip")
    parser.add_argument("out", type=Path, help="the dataset to write")
    parser.add_argument("--fold", type=int, default=0, help="fold that tests, from 0 on")
    parser.add_argument("--folds", type=int, default=10)
    options = parser.parse_args()
    if not 0 <= options.fold < options.folds:
        parser.error(f"--fold is {options.fold}; expected 0 to {options.folds - 1}")
    examples = import_gestures(options.archive, options.out, options.fold, options.folds)
    tests = len(examples.part("test"))
    print(
        f"{options.out}: {len(examples):,} tracks of at most {examples.steps} steps, {tests} test"
    )


if __name__ == "__main__":
    main()
