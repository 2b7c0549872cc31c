"""Bach's chorales as a dataset of symbols, and a new one from a trained model.

    python examples/chorales.py import CHORALES data/chorales
    radarseq train data/chorales --model wavenet --task next_symbol --out runs/chorales
    radarseq evaluate runs/chorales data/chorales --out eval/chorales

``CHORALES`` holds the folders ``train``, ``valid`` and ``test`` of CSV files, four MIDI notes a
row, 0 for silence (github.com/ageron/handson-ml2, ``datasets/jsb_chorales``). A sequence is 33
chords, their notes one after the other from the highest voice down, so that a note is foretold
from all before it, those of its own chord included. Sequences start 16 chords apart.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.write import write_dataset

LOWEST_NOTE, HIGHEST_NOTE = 36, 81  # of the whole corpus
CHORDS, HOP = 33, 16
SPLITS = {"train": 0, "valid": 1, "test": 2}


def read_chorale(path: Path) -> NDArray[np.int64]:
    """Return the chords of a chorale as symbols, ``(chord, voice)``: 0 silence, 1 the lowest note.

    Raises:
        ValueError: If a note lies outside the corpus's range.
    """
    notes = np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.int64, ndmin=2)
    sounding = notes[notes > 0]
    if sounding.min() < LOWEST_NOTE or sounding.max() > HIGHEST_NOTE:
        raise ValueError(f"{path}: notes {sounding.min()} to {sounding.max()}; expected 36 to 81")
    return np.where(notes > 0, notes - LOWEST_NOTE + 1, 0)


def windows_of(chords: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the sequences of a chorale, ``(window, note)``."""
    firsts = range(0, len(chords) - CHORDS + 1, HOP)
    return np.stack([chords[first : first + CHORDS].ravel() for first in firsts])


def import_chorales(folder: Path, out: Path) -> Examples:
    """Write the dataset, its split that of the folders, a chorale a group."""
    rows, groups, splits, names = [], [], [], []
    for split, number in SPLITS.items():
        for path in sorted((folder / split).glob("*.csv")):
            windows = windows_of(read_chorale(path))
            rows.append(windows)
            groups += [len(names)] * len(windows)
            splits += [number] * len(windows)
            names.append(path.stem)
    header = Header(sample_axis="step", feature_names=("note",), group_names=tuple(names))
    columns = {
        "x": np.concatenate(rows)[:, :, None].astype(np.float32),
        "group": np.array(groups, dtype=np.int64),
        "split": np.array(splits, dtype=np.uint8),
    }
    examples = Examples(header, columns)
    write_dataset(out, examples)
    return examples


def main() -> None:
    """Read the command line and write the dataset."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("command", choices=["import"])
    parser.add_argument("folder", type=Path, help="with train/, valid/ and test/")
    parser.add_argument("out", type=Path, help="dataset to write")
    given = parser.parse_args()
    examples = import_chorales(given.folder, given.out)
    print(f"{given.out}: {len(examples):,} sequences of {examples.steps} notes")


if __name__ == "__main__":
    main()
