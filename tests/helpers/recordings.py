"""Recordings that tests make, write and read."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from radarseq.captures.capture import Capture
from radarseq.captures.conversion.stack_examples import stack_examples
from radarseq.captures.errors import Failure, RecordingError
from radarseq.captures.options.quality_limits import QualityLimits
from radarseq.captures.options.read_options import AS_WRITTEN, ReadOptions
from radarseq.captures.readers.registry import read_capture
from radarseq.captures.windowing.quality import REASONS
from radarseq.captures.windowing.windows import Block, Rows, concatenate_rows, plan_windows
from radarseq.dataset.schema import Examples

IQ = np.dtype([("real", "<i2"), ("imag", "<i2")])


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return (generator.normal(size=shape) + 1j * generator.normal(size=shape)).astype(np.complex64)


def save(path: Path, array: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, array)
    return path


def write_a121(path: Path, entries: dict[str, np.ndarray], sweep_rate: float | None = None) -> Path:
    with h5py.File(path, "w") as file:
        for name, frames in entries.items():
            session, group = name.split("/")[:2]
            raw = np.zeros(frames.shape, IQ)
            raw["real"], raw["imag"] = frames.real, frames.imag
            entry = file.create_group(f"sessions/{name}")
            entry.create_dataset("result/frame", data=raw, compression="gzip", chunks=True)
            entry["sensor_id"] = 2
            entry["metadata"] = json.dumps({"max_sweep_rate": 2000.0})
            config = {"2": {"sweep_rate": sweep_rate, "frame_rate": 10.0}}
            text = json.dumps({"groups": [config] * (int(group[-1]) + 1)})
            if "session_config" not in file[f"sessions/{session}"]:
                file[f"sessions/{session}/session_config"] = text
    return path


def frames(count: int, sweeps: int = 4, points: int = 3, seed: int = 0) -> np.ndarray:
    return np.round(100 * noise(count, sweeps, points, seed=seed))


def objects(folder: Path, rows: int = 10) -> Path:
    """Two classes, four objects each, as (row, step) files {label}/object_{group}.npy."""
    for i, label in enumerate(("cone", "plate")):
        for group in range(4):
            save(folder / label / f"object_{group}.npy", noise(rows, 8, seed=10 * i + group))
    return folder


OBJECTS = ReadOptions(name="{label}/object_{group}.npy", sample_interval_s=1e-3, stride=2)


def a_capture(samples: np.ndarray, *axes: str, **more: object) -> Capture:
    return Capture(samples, axes, "step", 0.0, 0.0, Path("made.npy"), **more)  # type: ignore[arg-type]


def blocks(capture: Capture, options: ReadOptions, max_bytes: int = 1 << 24) -> Iterator[Block]:
    return plan_windows(capture, options).blocks(max_bytes)


def cut_rows(capture: Capture, options: ReadOptions) -> Rows:
    plan = plan_windows(capture, options)
    plan.check_memory()
    return concatenate_rows([block.rows for block in plan.blocks()])


def collect(
    paths: Iterable[Path], options: ReadOptions = AS_WRITTEN, **more: object
) -> tuple[Examples, list[Failure]]:
    found = stack_examples(paths, options, **more)  # type: ignore[arg-type]
    return found.examples, found.failures


def codes(capture: Capture, options: ReadOptions, max_bytes: int = 1 << 24) -> list[str]:
    found = [block.codes for block in blocks(capture, options, max_bytes)]
    return [REASONS[code] for code in np.concatenate(found)]


def limits(**values: object) -> ReadOptions:
    return ReadOptions(steps=8, quality=QualityLimits(**values))  # type: ignore[arg-type]


def whole(capture: Capture) -> np.ndarray:
    return np.asarray(capture.samples)


def error_of(path: Path, options: ReadOptions | None = None) -> str:
    with pytest.raises(RecordingError) as caught:
        read_capture(path, options or ReadOptions())
    assert str(path) in str(caught.value)
    return str(caught.value)
