"""From windows to captures: one decision for all windows of one recording or object."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Fused:
    """The windows of one capture, taken together.

    Attributes:
        group: Which capture, an index.
        rows: Its windows' rows.
        posterior: Probability of each class given all windows, ``(class,)``.
    """

    group: int
    rows: NDArray[np.int64]
    posterior: NDArray[np.float64]

    @property
    def decision(self) -> int:
        """The most probable class."""
        return int(self.posterior.argmax())


def fuse(probabilities: NDArray, group: NDArray, prior: NDArray) -> list[Fused]:
    """Return one posterior for each group by Bayes' rule over its windows.

    The windows of a group are taken as independent given the class, which holds for separate
    dwells and overstates the certainty for overlapping ones.

    Args:
        probabilities: Of each window ``(n, class)``, given ``prior``.
        group: Of each window ``(n,)``.
        prior: Share of each class in the training data ``(class,)``.

    Reference:
        Kittler et al., "On combining classifiers", 1998, section 2 (the product rule).
    """
    log_prior = np.log(np.maximum(prior, 1e-12))
    log_likelihood = np.log(np.maximum(probabilities.astype(np.float64), 1e-12)) - log_prior
    log_likelihood[:, prior <= 0] = -np.inf  # a class that training never saw is never decided
    fused = []
    order = np.argsort(group, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        score = log_prior + log_likelihood[rows].sum(axis=0)
        posterior = np.exp(score - score.max())
        fused.append(Fused(int(group[rows[0]]), rows, posterior / posterior.sum()))
    return fused
