"""Class baselines: majority class and boosted trees, fitted on the training rows of the model."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

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


def majority_probabilities(training: Examples, evaluated: Examples) -> NDArray[np.float64]:
    """Return the classes' shares of the training rows for each evaluated row, ``(n, class)``."""
    counts = np.bincount(
        labelled(training)["label"], minlength=len(training.header.class_names)
    ).astype(float)
    share = counts / max(1.0, counts.sum())
    return np.broadcast_to(share, (len(evaluated), len(share)))


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
    share = np.array(majority_probabilities(training, training.take(slice(1)))[0])
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


def boosting_probabilities(
    training: Examples, evaluated: Examples, seed: int = 0
) -> NDArray[np.float64]:
    """Return class probabilities of boosted trees on ``evaluated`` rows, ``(n, class)``."""
    return fit_boosting(training, seed).probabilities(evaluated.input, evaluated.code)


class ClassBaselines:
    """Class baselines of one model, fitted when they are first needed, on any thread.

    Pickling fits them first, so that other processes do not need the training data.

    Args:
        load_training: Returns the training rows; None where they are gone.
    """

    def __init__(self, load_training: Callable[[], Examples | None]) -> None:
        self._load_training = load_training
        self._fitted: Boosting | None = None
        self._is_fitted, self._lock = False, Lock()

    @property
    def boosting(self) -> Boosting | None:
        """The boosted trees; None without labelled training rows."""
        with self._lock:
            if not self._is_fitted:
                training = self._load_training()
                if training is not None and "label" in training:
                    self._fitted = fit_boosting(training)
                self._is_fitted = True
            return self._fitted

    def probabilities(self, signal: NDArray, tx: NDArray | None) -> dict[str, NDArray[np.float64]]:
        """Return the class probabilities ``(n, class)`` of each baseline, by its name."""
        boosting = self.boosting
        if boosting is None:
            return {}
        return {
            MAJORITY: np.broadcast_to(boosting.share, (len(signal), len(boosting.share))),
            BOOSTING: boosting.probabilities(signal, tx),
        }

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the fitted trees."""
        return {"_fitted": self.boosting}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the fitted trees."""
        self._fitted, self._is_fitted, self._lock = state["_fitted"], True, Lock()
