"""Straight lines to forecast."""

import numpy as np

from radarseq.dataset.schema import Examples, Header
from radarseq.inference.task_targets import task_examples
from radarseq.models.settings import ModelSettings

STEP = Header(sample_axis="step")


def ramps(rows=40, steps=12, horizon=3):
    """Straight lines: the drift is right, the last value is wrong by the steps ahead."""
    slope = np.linspace(1, 2, rows)[:, None]
    line = (slope * np.arange(steps + horizon)).astype(np.float32)
    return task_examples(
        Examples(STEP, {"x": line[..., None]}),
        ModelSettings(task="forecast", horizon=horizon),
    )
