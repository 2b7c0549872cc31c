"""Settings and files of the tiny dataset and its runs."""

import shutil
from collections.abc import Callable
from pathlib import Path

from stored_files import sha256

SHARDED = ("--examples", "12000", "--rows-per-shard", "200", "--seed", "7")
TRAINED = ("--set", "width=8", "--set", "skip=8", "--batch-size", "50", "--epochs", "10")
RECIPE = """
name = "tiny"
objects_per_class = 20

[radar]
carrier_hz = 10e9
pulse_interval_s = 2e-3
steps = 32

[[objects]]
name = "rod"
shape = "cylinder"
radius_m = [0.05, 0.3]
length_m = [0.4, 0.8]

[[objects]]
name = "plate"
shape = "plate"
width_m = [0.1, 0.5]
height_m = [0.1, 0.5]
tumble_rad_per_s = [0.2, 4.0]
"""


def weights(run: Path) -> tuple[str, str, bytes]:
    """Return what must be the same of two runs with the same settings."""
    checkpoints = run / "checkpoints"
    return (
        sha256(checkpoints / "best" / "model.safetensors"),
        sha256(checkpoints / "last" / "model.safetensors"),
        (run / "metrics.csv").read_bytes(),
    )


def command_on(kind: str, data: Path, run: Path, out: Path) -> tuple[object, ...]:
    return {
        "validate": ("validate", data),
        "inspect": ("inspect", data),
        "train": ("train", data, "--out", out),
        "evaluate": ("evaluate", run, data, "--out", out),
        "export": ("export", data, "--out", out),
    }[kind]


def a_run_like(run: Path, out: Path) -> Path:
    return Path(shutil.copytree(run, out))


def shards(folder: Path) -> list[Path]:
    return sorted(folder.glob("shard-*.h5"))


def has_more_than(folder: Path, count: int) -> Callable[[], bool]:
    return lambda: len(shards(folder)) > count


def checkpoint_written(run: Path) -> Callable[[], bool]:
    return (run / "checkpoints" / "last" / "manifest.json").exists
