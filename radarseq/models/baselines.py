"""What a model has to beat: majority class and boosted trees; copy and the linear filter.

Each is fitted on the same training rows as the model and judged on the same rows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from radarseq.dataset.schema import Examples
from radarseq.models.statistics import sequence_statistics

_MOST_ROWS = 20_000  # boosting gains little beyond, and takes minutes


def labelled(examples: Examples) -> Examples:
    """Return the examples whose label is known; none where there are no labels."""
    return examples.take(examples["label"] >= 0 if "label" in examples else slice(0))


def majority_probabilities(training: Examples, judged: Examples) -> NDArray[np.float64]:
    """Return the classes' shares of the training rows for every judged row, ``(n, class)``."""
    counts = np.bincount(
        labelled(training)["label"], minlength=len(training.header.class_names)
    ).astype(float)
    share = counts / max(1.0, counts.sum())
    return np.broadcast_to(share, (len(judged), len(share)))


@dataclass(frozen=True)
class Boosting:
    """Boosted trees on statistics of the sequences, fitted.

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
    if len(training) > _MOST_ROWS:
        picked = np.random.default_rng(seed).permutation(len(training))[:_MOST_ROWS]
        training = training.take(np.sort(picked))
    model = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.1, max_leaf_nodes=31, min_samples_leaf=10, random_state=seed
    )
    statistics = sequence_statistics(training.input, training.code)
    return Boosting(model.fit(statistics, training["label"]), share)


def boosting_probabilities(
    training: Examples, judged: Examples, seed: int = 0
) -> NDArray[np.float64]:
    """Return class probabilities of boosted trees on ``judged`` rows, ``(n, class)``."""
    return fit_boosting(training, seed).probabilities(judged.input, judged.code)


_SNR_STEP_DB = 0.25  # filters are made on this grid of signal-to-noise ratios


def wiener_echo(training: Examples, judged: Examples, *, causal: bool) -> NDArray[np.complex128]:
    """Return the best linear estimates of the echoes, ``(n, step)``.

    With C the covariance of the decoded training echoes, each of unit power, and s2 the noise
    power over the echo's, the filter is C (C + s2 I)^-1. It is told the true signal-to-noise ratio
    of every example (to 0.25 dB), which no model is.

    Args:
        training: Rows with ``target``; their echoes give the covariance.
        judged: Rows with ``rx`` and ``parameters/snr_db``.
        causal: Whether the estimate at a step may use that step and earlier ones alone.

    Reference:
        Kay, Fundamentals of Statistical Signal Processing: Estimation Theory, section 12.5.
    """
    covariance = _echo_covariance(training)
    decoded, tx = _decoded(judged, "rx"), judged.columns.get("tx")
    estimate = np.empty_like(decoded)
    grid = np.round(judged["parameters/snr_db"].astype(np.float64) / _SNR_STEP_DB)
    for point in np.unique(grid):
        rows = grid == point
        noise = 10.0 ** (-point * _SNR_STEP_DB / 10)
        estimate[rows] = decoded[rows] @ _wiener_matrix(covariance, noise, causal=causal).T
    return estimate if tx is None else estimate * tx


def _decoded(examples: Examples, column: str) -> NDArray[np.complex128]:
    """Return samples with the transmitted code taken off."""
    samples = examples[column].astype(np.complex128)
    if "tx" not in examples:
        return samples
    tx = examples["tx"]
    return np.asarray(samples * tx.conj() / np.maximum(np.abs(tx) ** 2, 1e-30))


def _echo_covariance(training: Examples) -> NDArray[np.complex128]:
    echo = _decoded(training, "target")
    echo = echo / np.sqrt(np.maximum((np.abs(echo) ** 2).mean(axis=1, keepdims=True), 1e-60))
    return np.asarray(echo.T @ echo.conj() / len(echo), dtype=np.complex128)


def _wiener_matrix(
    covariance: NDArray[np.complex128], noise: float, *, causal: bool
) -> NDArray[np.complex128]:
    """Return W with estimate = W received; lower triangular if causal."""
    received = covariance + noise * np.eye(len(covariance))
    if not causal:
        return np.asarray(np.linalg.solve(received, covariance).conj().T, dtype=np.complex128)
    matrix = np.zeros_like(covariance)
    for n in range(len(covariance)):
        past = slice(0, n + 1)
        matrix[n, past] = np.linalg.solve(received[past, past], covariance[past, n]).conj()
    return matrix
