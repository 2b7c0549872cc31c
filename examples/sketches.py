"""Imports sketches: sequences of pen strokes of different lengths, one label each.

    python examples/sketches.py SKETCHES.ndjson data/sketches --words cat airplane basketball
    radarseq train data/sketches --model lstm --task classify --set features='["iq"]' \
        --out runs/sketches
    radarseq evaluate runs/sketches data/sketches --out eval/sketches

``SKETCHES.ndjson`` is the simplified form of the Quick, Draw! data, one drawing per line
(github.com/googlecreativelab/quickdraw-dataset). A step is the movement of the pen since the step
before, as a share of the drawing's size, and a flag that is 1 if the pen then left the paper.
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.write import write_dataset

MAX_STEPS = 128  # 98 % of the drawings are shorter; the others are cut
SIZE = 255.0  # of a drawing, in its own units


def steps_of(drawing: list[list[list[float]]]) -> NDArray[np.float32]:
    """Return the pen's track, ``(step, 3)``: dx, dy, and 1 where it leaves the paper."""
    points = np.concatenate([np.array(stroke[:2], dtype=np.float32).T for stroke in drawing])
    leaves = np.zeros(len(points), dtype=np.float32)
    leaves[np.cumsum([len(stroke[0]) for stroke in drawing]) - 1] = 1.0
    moved = np.diff(points, axis=0, prepend=points[:1]) / SIZE
    return np.column_stack([moved, leaves])[:MAX_STEPS]


def import_sketches(files: Iterable[Path], out: Path, words: list[str]) -> Examples:
    """Write the dataset: of every five drawings of a word, one tests and one validates."""
    tracks: list[NDArray[np.float32]] = []
    labels: list[int] = []
    for path in files:
        for line in path.read_text(encoding="utf-8").splitlines():
            sketch = json.loads(line)
            if sketch["word"] in words:
                tracks.append(steps_of(sketch["drawing"]))
                labels.append(words.index(sketch["word"]))
    missing = [word for number, word in enumerate(words) if number not in labels]
    if missing:
        raise SystemExit(f"no drawing of {', '.join(missing)} in {', '.join(map(str, files))}")
    x = np.zeros((len(tracks), MAX_STEPS, 3), dtype=np.float32)
    for row, track in enumerate(tracks):
        x[row, : len(track)] = track
    label = np.array(labels, dtype=np.int32)
    turn = np.zeros(len(label), dtype=np.int64)  # number of the drawing within its word
    for number in range(len(words)):
        turn[label == number] = np.arange((label == number).sum())
    header = Header(
        sample_axis="step", class_names=tuple(words), feature_names=("dx", "dy", "leaves_paper")
    )
    columns = {
        "x": x,
        "length": np.array([len(track) for track in tracks], dtype=np.int32),
        "label": label,
        "group": np.arange(len(tracks), dtype=np.int64),
        "split": np.array([0, 0, 0, 1, 2], dtype=np.uint8)[turn % 5],
    }
    examples = Examples(header, columns)
    write_dataset(out, examples)
    return examples


def main() -> None:
    """Read the command line and write the dataset."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", type=Path, nargs="+", help=".ndjson, the last one is the dataset")
    parser.add_argument("--words", nargs="+", required=True, help="words of the drawings to use")
    options = parser.parse_args()
    *files, out = options.files
    if not files:
        parser.error("expected one or more .ndjson files, then the dataset to write")
    examples = import_sketches(files, out, options.words)
    print(f"{out}: {len(examples):,} drawings of at most {examples.steps} steps")


if __name__ == "__main__":
    main()
