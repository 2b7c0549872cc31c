"""Out-of-distribution detector: three scores of a window, high for objects unknown to the model."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.special import logsumexp, softmax
from sklearn.covariance import ledoit_wolf

from radarseq.errors import CheckpointError, UsageError

SCORES = ("energy", "mahalanobis", "max_probability")
DEFAULT_SCORE = "mahalanobis"  # by measurement, the others score noise and plates as known
QUANTILES = 1001
MIN_ROWS = 40  # of validation; a threshold from fewer would be chance


@dataclass(frozen=True)
class Gaussians:
    """Normal distributions of the hidden values of the classes, with one covariance for all.

    Attributes:
        means: Of each class, whitened ``(class, value)``; no row for a class without examples.
        whitening: Matrix that makes the covariance the identity ``(value, value)``.
    """

    means: NDArray[np.float64]
    whitening: NDArray[np.float64]

    def distance(self, hidden: NDArray) -> NDArray[np.float64]:
        """Return the Mahalanobis distance to the nearest class, ``(n,)``."""
        white = hidden.astype(np.float64) @ self.whitening
        return np.sqrt(np.min([((white - mean) ** 2).sum(axis=1) for mean in self.means], axis=0))


def fit_gaussians(hidden: NDArray, label: NDArray) -> Gaussians:
    """Return the classes' distributions, from hidden values ``(n, value)`` and labels ``(n,)``.

    Reference:
        Lee, Lee, Lee and Shin, "A simple unified framework for detecting out-of-distribution
        samples and adversarial attacks", 2018, section 2.1; Ledoit and Wolf, "A well-conditioned
        estimator for large-dimensional covariance matrices", 2004 (the shrinkage).
    """
    wide = hidden.astype(np.float64)
    scale = np.maximum(wide.std(axis=0), 1e-9 * max(1.0, float(np.abs(wide).max())))
    classes, index = np.unique(label, return_inverse=True)
    means = np.stack([wide[index == c].mean(axis=0) for c in range(len(classes))]) / scale
    covariance, _ = ledoit_wolf(wide / scale - means[index])
    covariance += 1e-9 * np.eye(len(covariance))  # a value that never varies
    lower = np.linalg.cholesky(covariance)
    whitening = solve_triangular(lower, np.eye(len(lower)), lower=True).T
    return Gaussians(means @ whitening, whitening / scale[:, None])


@dataclass(frozen=True)
class OodDetector:
    """Fitted out-of-distribution detector.

    Attributes:
        gaussians: Of the training rows' hidden values.
        quantiles: Of each score, over the validation rows ``(QUANTILES,)``, rising.
        rows: Number of validation rows.
    """

    gaussians: Gaussians
    quantiles: dict[str, NDArray[np.float64]]
    rows: int

    def scorer(self, name: str) -> Callable[[NDArray, NDArray], NDArray[np.float32]]:
        """Return the function of logits and hidden values that gives a score."""
        function = _functions(self.gaussians)[name]
        return lambda logits, hidden: function(logits, hidden).astype(np.float32)

    def threshold(self, name: str, false_reject: float) -> float:
        """Return the score that the share ``false_reject`` of the known windows exceeds."""
        grid = np.linspace(0.0, 1.0, QUANTILES)
        return float(np.interp(1.0 - false_reject, grid, self.quantiles[name]))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "means": self.gaussians.means.tolist(),
            "whitening": self.gaussians.whitening.tolist(),
            "quantiles": {name: values.tolist() for name, values in self.quantiles.items()},
            "rows": self.rows,
        }

    @classmethod
    def from_json(cls, content: Any, values: int, source: str) -> "OodDetector":
        """Return the detector that ``to_json`` extra, for a model of ``values`` hidden values.

        Raises:
            CheckpointError: If it is not of that form.
        """
        try:
            means = np.array(content["means"], np.float64)
            whitening = np.array(content["whitening"], np.float64)
            quantiles = {name: np.array(content["quantiles"][name], float) for name in SCORES}
            rows = int(content["rows"])
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"{source}: has no out-of-distribution detector ({error!r}); remove the file"
            ) from error
        shapes = [q.shape == (QUANTILES,) for q in quantiles.values()]
        if whitening.shape != (values, values) or means.shape[1:] != (values,) or not all(shapes):
            raise CheckpointError(
                f"{source}: the arrays of its detector do not fit the model; remove the file"
            )
        return cls(Gaussians(means, whitening), quantiles, rows)


def all_scores(gaussians: Gaussians, logits: NDArray, hidden: NDArray) -> NDArray[np.float32]:
    """Return every score of every window, ``(n, score)`` in the order of ``SCORES``."""
    functions = _functions(gaussians)
    return np.column_stack([functions[name](logits, hidden) for name in SCORES]).astype(np.float32)


def _functions(gaussians: Gaussians) -> dict[str, Callable[[NDArray, NDArray], NDArray]]:
    """Return the function of logits and hidden values of each score.

    Reference:
        Liu, Wang, Owens and Li, "Energy-based out-of-distribution detection", 2020, equation 4;
        Hendrycks and Gimpel, "A baseline for detecting misclassified and out-of-distribution
        examples in neural networks", 2017.
    """
    return {
        "energy": lambda logits, _: -logsumexp(logits.astype(np.float64), axis=1),
        "mahalanobis": lambda _, hidden: gaussians.distance(hidden),
        "max_probability": lambda logits, _: -softmax(logits.astype(float), axis=1).max(axis=1),
    }


def fit_ood_detector(gaussians: Gaussians, validation_scores: NDArray) -> OodDetector | None:
    """Return a detector with thresholds from validation rows; None from too few rows.

    Args:
        gaussians: From the training rows.
        validation_scores: Of validation rows of known classes ``(n, score)``.
    """
    if len(validation_scores) < MIN_ROWS:
        return None
    grid = np.linspace(0.0, 1.0, QUANTILES)
    quantiles = {
        name: np.quantile(validation_scores[:, i].astype(np.float64), grid)
        for i, name in enumerate(SCORES)
    }
    return OodDetector(gaussians, quantiles, len(validation_scores))


def check_settings(false_reject: float, score: str) -> None:
    """Refuse a share out of range, and a score that does not exist.

    Raises:
        UsageError: If one of them does not fit.
    """
    if not 0.0 < false_reject < 1.0:
        raise UsageError(f"false_reject is {false_reject}; expected above 0 and below 1")
    if score not in ("auto", *SCORES):
        raise UsageError(f"unknown_score is {score!r}; expected auto, {', '.join(SCORES)}")
