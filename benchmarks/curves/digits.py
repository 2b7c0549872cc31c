"""Spoken digits of a speaker who is left out, with one, three and five others in training."""

from pathlib import Path

from deck.digits import SETTINGS
from deck.digits_apart import SPEAKERS, apart_row, without
from task_data import thinned
from task_table import Row, seed_runs

COUNTS = (1, 3, 5)


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return the accuracy for each number of speakers, a mean over the speakers left out."""
    return [_row(folder, count, seeds) for count in COUNTS]


def _row(folder: Path, count: int, seeds: int) -> Row:
    by_speaker = {}
    for place, speaker in enumerate(SPEAKERS):
        whole = without(speaker, folder / f"without-{speaker}")
        # The next ones in the alphabet, so that each speaker trains equally often.
        trained = [(place + 1 + other) % len(SPEAKERS) for other in range(count)]
        at = folder / f"{count}-without-{speaker}"
        data, share = thinned(whole, at / "data", trained)
        settings = SETTINGS | {"epochs": round(SETTINGS["epochs"] / share)}
        by_speaker[speaker], _ = seed_runs(data, at / "runs", seeds, **settings)
    return apart_row(by_speaker, f"from {count} other{'s' * (count > 1)}")
