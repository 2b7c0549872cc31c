"""Spoken digits of a speaker who is left out, learnt from one, three and five others."""

from pathlib import Path

from deck.digits import REACH, SETTINGS, SPEAKERS, without
from task_data import thinned
from task_table import Row, seed_runs

VOICES = (1, 3, 5)


def rows(folder: Path, seeds: int, threads: int) -> list[Row]:
    """Return the accuracy for each number of voices, a mean over the speakers left out."""
    return [_row(folder, voices, seeds) for voices in VOICES]


def _row(folder: Path, voices: int, seeds: int) -> Row:
    by_speaker: dict[str, list[float]] = {}
    for place, speaker in enumerate(SPEAKERS):
        whole = without(speaker, folder / f"without-{speaker}")
        # Those who follow in the alphabet, so that each is known as often as the others.
        known = [(place + 1 + other) % len(SPEAKERS) for other in range(voices)]
        at = folder / f"{voices}-without-{speaker}"
        data, share = thinned(whole, at / "data", known)
        settings = SETTINGS | {"epochs": round(SETTINGS["epochs"] / share)}
        metrics, _ = seed_runs(data, at / "runs", seeds, **settings)
        by_speaker[speaker] = [100 * one["classification"]["model"]["accuracy"] for one in metrics]
    return Row(
        task="spoken digits, one speaker left out",
        who=f"from {voices} other{'s' * (voices > 1)}",
        measure="accuracy [%]",
        ours=[sum(each) / len(each) for each in zip(*by_speaker.values(), strict=True)],
        reach=REACH,
        more_is_better=True,
        digits=1,
        note=", ".join(f"{speaker} {each[0]:.1f}" for speaker, each in by_speaker.items()),
    )
