"""Writes the book's ten thousand series, from the book's seed, as a dataset."""

from pathlib import Path

import numpy as np

from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.write import write_dataset
from simulators.series import two_waves

STEPS, SEED = 50, 42
SHARES = {0: 7000, 2: 2000, 1: 1000}  # train, then the rows of the book's figures
MODELS = {
    "wavenet": "WaveNet",
    "rnn": "deep RNN",
    "lstm": "LSTM",
    "gru": "GRU",
    "conv_gru": "Conv1D + GRU",
}


def write_series(out: Path, horizon: int) -> Path:
    """Write the series if missing, with the ``horizon`` values after each step as target.

    The book evaluates on its validation rows, 7,000 to 8,999. They test here. Its test rows, for
    which it gives no figures, choose the epoch.
    """
    if (out / "manifest.json").exists():
        return out
    count, points = sum(SHARES.values()), STEPS + horizon
    draws = np.random.RandomState(SEED)  # the book's generator, so that the rows are its rows
    f1, f2, o1, o2 = draws.rand(4, count, 1)
    time = np.linspace(0, 1, points)
    values = two_waves(time, f1, f2, o1, o2) + 0.1 * (draws.rand(count, points) - 0.5)
    values = values.astype(np.float32)
    ahead = np.lib.stride_tricks.sliding_window_view(values[:, 1:], horizon, axis=1)
    columns = {
        "x": values[:, :STEPS, None],
        "target": np.ascontiguousarray(ahead),
        "split": np.repeat(list(SHARES), list(SHARES.values())).astype(np.uint8),
    }
    header = Header(
        sample_axis="step", sample_interval_s=1 / (points - 1), feature_names=("value",)
    )
    write_dataset(out, Examples(header, columns))
    return out
