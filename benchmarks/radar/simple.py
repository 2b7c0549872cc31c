"""Baselines of the networks, besides those of ``radarseq evaluate``."""

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from radarseq.baselines.signal_statistics import sequence_statistics
from radarseq.dataset.schema import Examples


def svm_correct(examples: Examples) -> NDArray[np.bool_]:
    """Return which test rows a support vector machine on all samples classifies correctly."""
    training, test = examples.part("train"), examples.part("test")
    machine = make_pipeline(StandardScaler(), SVC(C=10.0))
    machine.fit(_flat(training.input), training["label"])
    return np.asarray(machine.predict(_flat(test.input)) == test["label"])


def boosting_on_raw(examples: Examples) -> float:
    """Return the accuracy [%] on test rows of gradient boosting on samples and statistics.

    The samples are decoded and divided by their rms, as in the input of a network.
    """
    training, test = examples.part("train"), examples.part("test")
    trees = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.1, max_leaf_nodes=31, min_samples_leaf=10, random_state=0
    )
    trees.fit(_raw_and_statistics(training), training["label"])
    return 100 * float(trees.score(_raw_and_statistics(test), test["label"]))


def _raw_and_statistics(examples: Examples) -> NDArray[np.float32]:
    signal = examples.input if examples.code is None else examples.input * examples.code.conj()
    rms = np.sqrt((np.abs(signal) ** 2).mean(axis=1, keepdims=True))
    statistics = sequence_statistics(examples.input, examples.code)
    return np.concatenate((_flat(signal / rms), statistics), axis=1)


def _flat(signal: NDArray) -> NDArray[np.float32]:
    """Return samples (n, step[, channel]) as one row per sequence, I before Q."""
    flat = signal.reshape(len(signal), -1)
    parts = (np.real(flat), np.imag(flat)) if np.iscomplexobj(flat) else (flat,)
    return np.concatenate(parts, axis=1).astype(np.float32)
