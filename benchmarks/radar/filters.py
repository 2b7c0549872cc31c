"""Error of linear filters that know more than a receiver can: a bound for other methods.

They know the residual velocity and acceleration of each dwell, or these and the class. Like LMMSE,
they also know the signal-to-noise ratio.
"""

from dataclasses import replace

import numpy as np

from radarseq.baselines.lmmse import wiener_echo
from radarseq.dataset.schema import Examples
from radarseq.evaluation.metrics.classification import mean_db, relative_error

SPEED_OF_LIGHT_MPS = 299_792_458.0
NOISY_DB = (0.0, 5.0)


def known_travel_db(examples: Examples, *, causal: bool) -> dict[str, float]:
    """Return the errors [dB] on noisy test rows of filters with known travel, and known class."""
    still = without_travel(examples)
    training, test = still.part("train"), still.part("test")
    snr_db = test["parameters/snr_db"]
    test = test.take((snr_db >= NOISY_DB[0]) & (snr_db < NOISY_DB[1]))
    by_class = []
    for label in np.unique(test["label"]):
        parts = (rows.take(rows["label"] == label) for rows in (training, test))
        by_class.append(_error(*parts, causal=causal))
    return {
        "with known travel": mean_db(_error(training, test, causal=causal)),
        "with known travel and class": mean_db(np.concatenate(by_class)),
    }


def without_travel(examples: Examples) -> Examples:
    """Return the pairs without the objects' travel along the line of sight."""
    time_s = np.arange(examples.steps) * examples.header.sample_interval_s
    velocity = examples["parameters/velocity_mps"].astype(np.float64)[:, None]
    acceleration = examples["parameters/acceleration_mps2"].astype(np.float64)[:, None]
    travel_m = velocity * time_s + 0.5 * acceleration * time_s**2  # towards the radar
    turns = 2.0 * travel_m * examples.header.carrier_hz / SPEED_OF_LIGHT_MPS
    back = np.exp(-2j * np.pi * turns)
    columns = {n: (examples[n] * back).astype(np.complex64) for n in ("rx", "target")}
    return replace(examples, columns=examples.columns | columns)


def _error(training: Examples, test: Examples, *, causal: bool) -> np.ndarray:
    return relative_error(wiener_echo(training, test, causal=causal), test["target"])
