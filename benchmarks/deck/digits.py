"""Spoken digits: the official split, and each speaker in turn left out."""

from pathlib import Path
from typing import Any

from task_data import imported
from task_table import Row, seed_runs

RECORDINGS = "spoken_digits/recordings"
REACH = 88.0  # of a speaker who is left out
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
# Chosen on the validation rows of the official split; width and features on two speakers left out
# at a time, see docs/deck_tasks.md.
SETTINGS: dict[str, Any] = {
    "model": "conv_gru",
    "task": "classify",
    "features": ("log_mel", "log_mel_change"),
    "causal": False,
    "strides": (2,),
    "width": 128,
    "layers": 1,
    "dropout": 0.3,
    "batch_size": 64,
    "epochs": 30,
    "patience": 0,
    "speed": 0.2,
    "occlusion": 0.3,
    "ema": 0.99,
    "label_smoothing": 0.05,
}


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return the accuracies; those of the speakers left out are means over them, one a seed."""
    official = imported("spoken_digits", RECORDINGS, folder / "official")
    metrics, _ = seed_runs(official, folder / "official-runs", seeds, **SETTINGS)
    apart = []
    for speaker in SPEAKERS:
        data = without(speaker, folder / f"without-{speaker}")
        told, _ = seed_runs(data, folder / f"without-{speaker}-runs", 1, **SETTINGS)
        apart.append(told[0]["classification"])
    baselines = {
        who: sum(part["baselines"][who]["accuracy"] for part in apart) / len(apart) * 100
        for who in apart[0]["baselines"]
    }
    each = [part["model"]["accuracy"] * 100 for part in apart]
    parts = [one["classification"] for one in metrics]
    common: dict[str, Any] = {
        "who": "conv+GRU on log-mel and its change",
        "measure": "accuracy [%]",
        "more_is_better": True,
        "digits": 1,
    }
    return [
        Row(
            task="spoken digits, official split",
            ours=[part["model"]["accuracy"] * 100 for part in parts],
            baselines={w: t["accuracy"] * 100 for w, t in parts[0]["baselines"].items()},
            reach=97.0,
            **common,
        ),
        Row(
            task="spoken digits, leave one speaker out",
            ours=[sum(each) / len(each)],
            baselines=baselines,
            reach=REACH,
            note="one seed; "
            + ", ".join(f"{s} {value:.1f}" for s, value in zip(SPEAKERS, each, strict=True)),
            **common,
        ),
    ]


def without(speaker: str, out: Path) -> Path:
    """Return the dataset ``out``, which a speaker tests and the others train."""
    return imported("spoken_digits", RECORDINGS, out, options=f"--leave-out {speaker}")
