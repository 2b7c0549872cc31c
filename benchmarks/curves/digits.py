"""Spoken digits of a speaker who is left out, learnt from one, three and five others."""

from pathlib import Path

from deck.digits import SETTINGS
from deck.digits_apart import SPEAKERS, apart_row, without
from task_data import thinned
from task_table import Row, seed_runs

VOICES = (1, 3, 5)


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return the accuracy for each number of voices, a mean over the speakers left out."""
    return [_row(folder, voices, seeds) for voices in VOICES]


def _row(folder: Path, voices: int, seeds: int) -> Row:
    by_speaker = {}
    for place, speaker in enumerate(SPEAKERS):
        whole = without(speaker, folder / f"without-{speaker}")
        # Those who follow in the alphabet, so that each is known as often as the others.
        known = [(place + 1 + other) % len(SPEAKERS) for other in range(voices)]
        at = folder / f"{voices}-without-{speaker}"
        data, share = thinned(whole, at / "data", known)
        settings = SETTINGS | {"epochs": round(SETTINGS["epochs"] / share)}
        by_speaker[speaker], _ = seed_runs(data, at / "runs", seeds, **settings)
    return apart_row(by_speaker, f"from {voices} other{'s' * (voices > 1)}")
