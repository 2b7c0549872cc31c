"""Generates sound for a video, with one label for each image frame.

    python examples/video_frames.py data/frames
    radarseq train data/frames --model conv_gru --task step_label --set strides='[4,4,4,5]' \
        --set features='["value"]' --out runs/frames
    radarseq evaluate runs/frames data/frames --out eval/frames

At 25 frames per second and 8 kHz, 320 samples go with a frame. The strides of ``conv_gru``, whose
product is 320, make one step of them. The resulting state is known at the frame's last sample. The
label stands there; the other samples have none (-1) and do not count. To read the frames of a
prediction, take every 320th step, as ``at_frames`` does.

The sound is generated, so the labels are exact: silence, a hum, a whistle or a rattle, in noise of
the same strength. A sound continues into the next frame with a probability of 0.85.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radarseq.dataset.schema import UNKNOWN_LABEL, Examples, Header
from radarseq.dataset.write import write_dataset

RATE_HZ = 8000
SAMPLES_PER_FRAME = 320
NAMES = ("silence", "hum", "whistle", "rattle")
STAYS = 0.85
PITCH_HZ = {1: (80.0, 200.0), 2: (900.0, 2500.0), 3: (30.0, 80.0)}  # minimum and maximum
NOISE = 1.0  # rms, over that of a sound


def at_frames(steps: NDArray, samples_per_frame: int = SAMPLES_PER_FRAME) -> NDArray:
    """Return the steps at the last sample of each frame, ``(n, frame, ...)``."""
    return steps[:, samples_per_frame - 1 :: samples_per_frame]


def labels_of(numbers: np.random.Generator, frames: int) -> NDArray[np.int64]:
    """Return the sound of each frame: that of the frame before, or one drawn anew."""
    labels = numbers.integers(len(NAMES), size=frames)
    stays = numbers.random(frames) < STAYS
    for frame in range(1, frames):
        if stays[frame]:
            labels[frame] = labels[frame - 1]
    return labels


def sound_of(numbers: np.random.Generator, labels: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the samples of the frames: sounds of rms 1, in noise."""
    sound = NOISE * numbers.standard_normal(len(labels) * SAMPLES_PER_FRAME)
    pitch = {label: numbers.uniform(*span) for label, span in PITCH_HZ.items()}
    time_s = np.arange(len(sound)) / RATE_HZ
    heard = labels.repeat(SAMPLES_PER_FRAME)
    for label, hz in pitch.items():
        phase = hz * time_s + numbers.random()
        wave = np.sqrt(2) * np.sin(2 * np.pi * phase)
        if label == 3:  # short bursts of noise, a tenth of the period
            wave = np.sqrt(10) * numbers.standard_normal(len(sound)) * (phase % 1 < 0.1)
        sound += wave * (heard == label)
    return sound.astype(np.float32)


def generate_frames(out: Path, *, count: int = 400, frames: int = 32, seed: int = 0) -> Examples:
    """Write the dataset: of every five recordings, one validates and one tests."""
    steps = frames * SAMPLES_PER_FRAME
    x = np.zeros((count, steps, 1), dtype=np.float32)
    target = np.full((count, steps, 1), UNKNOWN_LABEL, dtype=np.float32)
    for row in range(count):
        numbers = np.random.default_rng((seed, row))
        labels = labels_of(numbers, frames)
        x[row, :, 0] = sound_of(numbers, labels)
        at_frames(target)[row, :, 0] = labels
    header = Header(
        sample_axis="step",
        sample_interval_s=1 / RATE_HZ,
        class_names=NAMES,
        feature_names=("sound_pressure",),
    )
    columns = {
        "x": x,
        "target": target,
        "group": np.arange(count, dtype=np.int64),
        "split": np.array([0, 0, 0, 1, 2], dtype=np.uint8)[np.arange(count) % 5],
    }
    examples = Examples(header, columns)
    write_dataset(out, examples)
    return examples


def main() -> None:
    """Read the command line and write the dataset."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", type=Path, help="dataset to write")
    parser.add_argument("--count", type=int, default=400, help="number of recordings")
    parser.add_argument("--frames", type=int, default=32, help="image frames per recording")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.count < 5 or options.frames < 1:
        parser.error("expected 5 or more recordings of 1 or more frames")
    examples = generate_frames(
        options.out, count=options.count, frames=options.frames, seed=options.seed
    )
    print(
        f"{options.out}: {len(examples):,} recordings of {options.frames} frames, "
        f"{SAMPLES_PER_FRAME} samples per frame"
    )


if __name__ == "__main__":
    main()
