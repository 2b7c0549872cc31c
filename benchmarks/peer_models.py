"""Classifiers of ``peers.py``, each in its usual form, trained until its CPU-seconds are used."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from radarseq.baselines.signal_statistics import sequence_statistics
from radarseq.dataset.schema import Examples

CLASSES, CHANNELS = 8, 3
Labels = NDArray[np.int64]


class Data(NamedTuple):
    """Training data of a classifier.

    Attributes:
        folder: Folder of the dataset.
        train: Training rows, in memory.
        validation: Rows on which the best state is chosen.
    """

    folder: Path
    train: Examples
    validation: Examples


class Trained(NamedTuple):
    """A trained classifier.

    Attributes:
        predict: Returns the labels of rows.
        rows: Number of training rows, each counted as often as it was used.
        note: Progress of the training.
    """

    predict: Callable[[Examples], Labels]
    rows: int
    note: str


@dataclass
class Budget:
    """CPU-seconds of this process, of all its threads.

    Attributes:
        seconds: Number of CPU-seconds.
    """

    seconds: float
    _started: float = field(default_factory=time.process_time)

    @property
    def used_s(self) -> float:
        """CPU-seconds that are used."""
        return time.process_time() - self._started

    @property
    def is_up(self) -> bool:
        """True if no CPU-seconds are left."""
        return self.used_s >= self.seconds


def series(examples: Examples) -> NDArray[np.float32]:
    """Return decoded samples divided by their level, I and Q, and the level, as input channels.

    The networks of radarseq have the same input, ``(n, channel, step)``.
    """
    decoded = examples.input * examples["tx"].conj() / np.abs(examples["tx"]) ** 2
    level = np.sqrt(np.mean(np.abs(decoded) ** 2, axis=1, keepdims=True))
    relative = decoded / level
    level_db = np.broadcast_to(np.log10(level) * 2, relative.shape)  # of about the same spread
    return np.stack([relative.real, relative.imag, level_db], axis=1).astype(np.float32)


def minirocket(data: Data, budget: Budget) -> Trained:
    """Fit MiniRocket and a ridge classifier on as many rows as the time allows.

    Reference:
        Dempster, Schmidt and Webb, "MiniRocket: a very fast (almost) deterministic transform for
        time series classification", 2021.
    """
    from aeon.classification.convolution_based import MiniRocketClassifier  # type: ignore

    train, model = data.train, None
    count, fitted, rows, last_s = 1_000, 0, 0, 0.0
    while not fitted or budget.used_s + 3 * last_s < budget.seconds:  # twice the rows, or more
        before = budget.used_s
        model = MiniRocketClassifier(random_state=0, n_jobs=1)
        model.fit(series(train.take(slice(count))), train["label"][:count])
        last_s, fitted = budget.used_s - before, min(count, len(train))
        rows += fitted
        if fitted == len(train):
            break
        count *= 2
    fit: Any = model
    return Trained(lambda examples: fit.predict(series(examples)), rows, f"{fitted:,} rows")


def boosting_on(columns: Callable[[Examples], NDArray]) -> Callable[..., Trained]:
    """Return a function that fits gradient boosting on columns computed from the sequences."""

    def fit(data: Data, budget: Budget) -> Trained:
        from sklearn.ensemble import HistGradientBoostingClassifier

        train, validation = data.train, data.validation
        inputs, held_out = columns(train), columns(validation)
        # scikit-learn's annotation of early_stopping leaves False out.
        settings: Any = {"warm_start": True, "early_stopping": False, "max_iter": 0}
        model: Any = HistGradientBoostingClassifier(random_state=0, **settings)
        scores = [0.0]
        while len(scores) < 2 or not (
            budget.is_up or len(scores) - int(np.argmax(scores)) > 5  # 50 rounds in vain
        ):
            model.max_iter += 10
            model.fit(inputs, train["label"])
            scores.append(float(model.score(held_out, validation["label"])))
        trees = 10 * max(1, int(np.argmax(scores)))

        def predict(rows: Examples) -> Labels:
            return next(islice(model.staged_predict(columns(rows)), trees - 1, None))

        note = f"{trees} of {model.max_iter} rounds of trees"
        return Trained(predict, model.max_iter * len(train), note)

    return fit


def raw(examples: Examples) -> NDArray:
    """Return the samples themselves, and the level once, ``(n, 65)``."""
    values = series(examples)
    return np.concatenate([values[:, 0], values[:, 1], values[:, 2, :1]], axis=1)


def statistics(examples: Examples) -> NDArray:
    """Return the statistics of radarseq's own baseline."""
    return sequence_statistics(examples.input, examples.code)


class StackedLstm(nn.Module):
    """Two LSTM layers with the class from the last step, as in Keras' example."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(CHANNELS, 64, num_layers=2, batch_first=True)
        self.classify = nn.Linear(64, CLASSES)
        with torch.no_grad():  # initial weights of Keras: orthogonal, and forget gates open
            for layer in range(2):
                nn.init.xavier_uniform_(getattr(self.lstm, f"weight_ih_l{layer}"))
                nn.init.orthogonal_(getattr(self.lstm, f"weight_hh_l{layer}"))
                getattr(self.lstm, f"bias_hh_l{layer}").zero_()
                bias = getattr(self.lstm, f"bias_ih_l{layer}").zero_()
                bias[64:128] = 1.0

    def forward(self, x: Tensor) -> Tensor:
        """Return the class scores of ``x`` (batch, channel, step)."""
        return self.classify(self.lstm(x.transpose(1, 2))[0][:, -1])


def temporal_convolutions() -> nn.Module:
    """Return pytorch-tcn's causal network, dilations 1 to 16, and a last layer on its last step."""
    from pytorch_tcn import TCN  # type: ignore

    class Classifier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tcn = TCN(CHANNELS, [32] * 5, kernel_size=2, causal=True)
            self.classify = nn.Linear(32, CLASSES)

        def forward(self, x: Tensor) -> Tensor:
            return self.classify(self.tcn(x)[:, :, -1])

    return Classifier()


def network(make: Callable[[], nn.Module], batch: int) -> Callable[..., Trained]:
    """Return a function that trains a network by Adam at 1e-3 and keeps the best epoch."""

    def fit(data: Data, budget: Budget) -> Trained:
        train, validation = data.train, data.validation
        torch.manual_seed(0)
        model = make()
        optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
        inputs, labels = torch.from_numpy(series(train)), torch.from_numpy(train["label"]).long()
        best, weights, rows, epochs = -1.0, model.state_dict(), 0, 0
        while not budget.is_up:
            model.train()
            for index in torch.randperm(len(inputs)).split(batch):
                optimiser.zero_grad()
                functional.cross_entropy(model(inputs[index]), labels[index]).backward()
                optimiser.step()
                rows += len(index)
                if budget.is_up:
                    break
            epochs += 1
            accuracy = float(np.mean(_predict_labels(model, validation) == validation["label"]))
            if accuracy > best:
                best, weights = accuracy, {k: v.clone() for k, v in model.state_dict().items()}
        model.load_state_dict(weights)
        return Trained(lambda examples: _predict_labels(model, examples), rows, f"{epochs} epochs")

    return fit


@torch.inference_mode()
def _predict_labels(model: nn.Module, examples: Examples) -> Labels:
    model.eval()
    batches = torch.from_numpy(series(examples)).split(1024)
    return torch.cat([model(batch).argmax(dim=1) for batch in batches]).numpy()


# By name: the package, and the function that trains.
PEERS: dict[str, tuple[str, Callable[..., Trained]]] = {
    "MiniRocket and ridge (aeon)": ("aeon", minirocket),
    "boosted trees, samples": ("sklearn", boosting_on(raw)),
    "boosted trees, statistics": ("sklearn", boosting_on(statistics)),
    "LSTM 2x64 as Keras has it": ("torch", network(StackedLstm, 32)),
    "TCN (pytorch-tcn)": ("pytorch_tcn", network(temporal_convolutions, 64)),
}
