"""Class baselines: majority class and boosted trees, fitted on the training rows of the model."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from radarseq.baselines.names import BOOSTING, MAJORITY
from radarseq.baselines.signal_statistics import sequence_statistics
from radarseq.dataset.schema import Examples

_MAX_ROWS = 20_000  # boosting gains little beyond, and takes minutes


def labelled(examples: Examples) -> Examples:
    """Return the rows whose label is known; none without labels."""
    return examples.take(examples["label"] >= 0 if "label" in examples else slice(0))


def class_shares(training: Examples) -> NDArray[np.float64]:
    """Return the share of each class in the labelled training rows, ``(class,)``."""
    counts = np.bincount(
        labelled(training)["label"], minlength=len(training.header.class_names)
    ).astype(float)
    return counts / max(1.0, counts.sum())


class ClassBaseline(Protocol):
    """A fitted baseline."""

    def probabilities(self, signal: NDArray, tx: NDArray | None = None) -> NDArray[np.float64]:
        """Return class probabilities ``(n, class)`` of samples ``(n, step[, channel])``."""
        ...


@dataclass(frozen=True)
class Majority:
    """The shares of the classes in the training rows, whatever the samples.

    Attributes:
        share: Of each class ``(class,)``.
    """

    share: NDArray[np.float64]

    def probabilities(self, signal: NDArray, tx: NDArray | None = None) -> NDArray[np.float64]:
        """Return the shares for each of the samples, ``(n, class)``."""
        return np.broadcast_to(self.share, (len(signal), len(self.share)))


@dataclass(frozen=True)
class Boosting:
    """Boosted trees, fitted on statistics of the sequences.

    Attributes:
        model: The trees; None where the training rows have one class.
        share: Of each class in the training rows ``(class,)``.
    """

    model: HistGradientBoostingClassifier | None
    share: NDArray[np.float64]

    def probabilities(self, signal: NDArray, tx: NDArray | None = None) -> NDArray[np.float64]:
        """Return class probabilities ``(n, class)`` of samples ``(n, step[, channel])``."""
        if self.model is None:
            return np.tile(self.share, (len(signal), 1))
        found = np.zeros((len(signal), len(self.share)))
        found[:, np.asarray(self.model.classes_)] = self.model.predict_proba(
            sequence_statistics(signal, tx)
        )
        return found


def fit_boosting(training: Examples, seed: int = 0) -> Boosting:
    """Return boosted trees fitted on the statistics of training rows.

    Reference:
        Friedman, "Greedy function approximation: a gradient boosting machine", 2001.
    """
    share = class_shares(training)
    training = labelled(training)
    if len(np.unique(training["label"])) < 2:
        return Boosting(None, share)
    if len(training) > _MAX_ROWS:
        sample = np.random.default_rng(seed).permutation(len(training))[:_MAX_ROWS]
        training = training.take(np.sort(sample))
    model = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.1, max_leaf_nodes=31, min_samples_leaf=10, random_state=seed
    )
    statistics = sequence_statistics(training.input, training.code)
    return Boosting(model.fit(statistics, training["label"]), share)


def fit_class_baselines(training: Examples) -> dict[str, ClassBaseline]:
    """Return each baseline, fitted on the training rows, by its name."""
    return {MAJORITY: Majority(class_shares(training)), BOOSTING: fit_boosting(training)}


class ClassBaselines:
    """Class baselines of one model, fitted when they are first needed, on any thread.

    Pickling fits them first, so that other processes do not need the training data.

    Args:
        load_training: Returns the training rows; None where they are gone.
    """

    def __init__(self, load_training: Callable[[], Examples | None]) -> None:
        self._load_training = load_training
        self._fitted: dict[str, ClassBaseline] | None = None
        self._lock = Lock()

    @property
    def fitted(self) -> dict[str, ClassBaseline]:
        """The fitted baselines by name; empty without labelled training rows."""
        with self._lock:
            if self._fitted is None:
                training = self._load_training()
                self._fitted = {}
                if training is not None and "label" in training:
                    self._fitted = fit_class_baselines(training)
            return self._fitted

    def probabilities(self, signal: NDArray, tx: NDArray | None) -> dict[str, NDArray[np.float64]]:
        """Return the class probabilities ``(n, class)`` of each baseline, by its name."""
        return {name: one.probabilities(signal, tx) for name, one in self.fitted.items()}

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the fitted baselines."""
        return {"_fitted": self.fitted}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the fitted baselines."""
        self._fitted, self._lock = state["_fitted"], Lock()
