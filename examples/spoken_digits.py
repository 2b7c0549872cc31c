"""Imports spoken digits: thousands of raw audio samples, one label each.

    python examples/spoken_digits.py RECORDINGS data/digits
    radarseq train data/digits --model conv_gru --task classify \
        --set features='["log_mel", "log_mel_change"]' --set causal=false --set layers=1 \
        --set dropout=0.3 --set batch_size=64 --set time_stretch=0.2 --set occlusion=0.3 \
        --out runs/digits
    radarseq evaluate runs/digits data/digits --out eval/digits

``RECORDINGS`` holds WAV files ``digit_speaker_index.wav`` at 8 kHz
(github.com/Jakobovski/free-spoken-digit-dataset). The feature ``log_mel`` turns 80 samples into a
frame. ``log_mel_change`` is its change to the next frame. A strided convolution halves the number
of frames, and a bidirectional GRU reads the result. With ``strides='[5,4,4,4]'`` and the features
``iq`` and ``level`` convolutions alone shorten the raw samples, 320 times. The official split tests
on the indices 0 to 4; ``--leave-out SPEAKER`` tests on one speaker instead.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import wavfile

from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.write import write_dataset

RATE_HZ = 8000
MAX_SAMPLES = 8000  # one second; 1 % of the recordings are longer, and are cut
VALIDATION_INDICES = (5, 6, 7)
TEST_INDICES = (0, 1, 2, 3, 4)


def read_digit(path: Path) -> NDArray[np.float32]:
    """Return a recording's samples, peak 1, at most ``MAX_SAMPLES`` of them.

    Raises:
        ValueError: If it is not at 8 kHz.
    """
    rate, samples = wavfile.read(path)
    if rate != RATE_HZ:
        raise ValueError(f"{path}: {rate} Hz; expected {RATE_HZ}")
    mono = samples.astype(np.float32).reshape(len(samples), -1).mean(axis=1)[:MAX_SAMPLES]
    return mono / max(1.0, float(np.abs(mono).max()))


def import_digits(folder: Path, out: Path, leave_out: str = "") -> Examples:
    """Write the dataset, one group per speaker."""
    paths = sorted(folder.glob("*_*_*.wav"))
    if not paths:
        raise SystemExit(
            f"{folder}: no digit_speaker_index.wav found; give the folder of these files"
        )
    named = [path.stem.split("_") for path in paths]
    speakers = sorted({speaker for _, speaker, _ in named})
    if leave_out and leave_out not in speakers:
        raise SystemExit(f"speaker {leave_out!r} is unknown; expected one of {', '.join(speakers)}")
    x = np.zeros((len(paths), MAX_SAMPLES, 1), dtype=np.float32)
    length = np.zeros(len(paths), dtype=np.int32)
    split = np.zeros(len(paths), dtype=np.uint8)
    for row, (path, (_, speaker, index)) in enumerate(zip(paths, named, strict=True)):
        samples = read_digit(path)
        length[row] = len(samples)
        x[row, : len(samples), 0] = samples
        is_test = speaker == leave_out if leave_out else int(index) in TEST_INDICES
        split[row] = 2 if is_test else int(int(index) in VALIDATION_INDICES)
    header = Header(
        sample_axis="step",
        sample_interval_s=1 / RATE_HZ,
        class_names=tuple("0123456789"),
        group_names=tuple(speakers),
        feature_names=("sound_pressure",),
    )
    columns = {
        "x": x,
        "length": length,
        "label": np.array([int(digit) for digit, _, _ in named], dtype=np.int32),
        "group": np.array([speakers.index(s) for _, s, _ in named], dtype=np.int64),
        "split": split,
    }
    examples = Examples(header, columns)
    write_dataset(out, examples)
    return examples


def main() -> None:
    """Read the command line and write the dataset."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="folder of WAV files")
    parser.add_argument("out", type=Path, help="dataset to write")
    parser.add_argument("--leave-out", default="", help="speaker to test on")
    options = parser.parse_args()
    examples = import_digits(options.folder, options.out, options.leave_out)
    print(f"{options.out}: {len(examples):,} recordings of at most {examples.steps:,} samples")


if __name__ == "__main__":
    main()
