"""Classifies sketches of three words from few sequences of strokes of different lengths."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from task_table import RECORDINGS, Row, seed_runs

from radarseq.dataset.read import open_dataset

WORDS = ("cat", "airplane", "basketball")
SETTINGS: dict[str, Any] = {
    "model": "gru",
    "task": "classify",
    "features": ("value",),
    "causal": False,
    "width": 32,
    "layers": 1,
    "dropout": 0.3,
    "batch_size": 16,
    "epochs": 60,
    "patience": 0,
    "ema": 0.9,
}
_SCRIPT = Path(__file__).parents[2] / "examples" / "sketches.py"


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return the balanced accuracy on the few test drawings, with the baselines."""
    data = folder / "data"
    if not (data / "manifest.json").exists():
        files = sorted((RECORDINGS / "sketches").rglob("*.ndjson"))
        if not files:
            raise SystemExit(
                f"{RECORDINGS / 'sketches'}: no .ndjson files found; see docs/deck_tasks.md"
            )
        command = [sys.executable, str(_SCRIPT), *map(str, files), str(data), "--words", *WORDS]
        if code := subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
            raise SystemExit(f"{_SCRIPT.name} ended with status {code}")
    metrics, _ = seed_runs(data, folder / "runs", seeds, **SETTINGS)
    parts = [one["classification"] for one in metrics]
    first = parts[0]["model"]
    drawings = open_dataset(data).load().part("test")
    tested = np.bincount(drawings["label"], minlength=len(WORDS))
    counts = ", ".join(f"{n} {word}" for n, word in zip(tested, WORDS, strict=True))
    return [
        Row(
            task="sketches, 3 words",
            model="GRU",
            measure="balanced accuracy [%]",
            ours=[part["model"]["balanced_accuracy"] * 100 for part in parts],
            baselines={w: t["balanced_accuracy"] * 100 for w, t in parts[0]["baselines"].items()},
            more_is_better=True,
            digits=1,
            note=f"{len(drawings)} drawings test: {counts}. Accuracy of seed 0: "
            f"{first['accuracy']:.1%} ({first['accuracy_low']:.1%} to "
            f"{first['accuracy_high']:.1%}, 95 %). {parts[0]['verdict']}",
        )
    ]
