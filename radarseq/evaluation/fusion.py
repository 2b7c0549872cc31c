"""From windows to captures: Bayes' rule over the windows of one recording or object, in order."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FLOOR = 1e-12


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


class Fusion:
    """Recursive Bayes over windows that come block by block.

    The first window of a group counts in full; each later one counts ``exponent`` times as much,
    because it says in part what earlier ones have said: n windows are worth
    1 + (n - 1) exponent independent ones.

    Args:
        prior: Share of each class in the training data ``(class,)``.
        groups: How many groups there are.
        exponent: 1 for windows that are independent given the class, 0 for copies of each other.

    Reference:
        Kittler et al., "On combining classifiers", 1998, section 2 (the product rule);
        Friel and Pettitt, "Marginal likelihood estimation via power posteriors", 2008, section 2
        (likelihoods raised to a power).
    """

    def __init__(self, prior: NDArray, groups: int, exponent: float = 1.0) -> None:
        self.prior = np.asarray(prior, dtype=np.float64)
        self.exponent = exponent
        self._evidence = np.zeros((groups, len(prior)))
        self._counted = np.zeros(groups, dtype=bool)

    def add(
        self, probabilities: NDArray, group: NDArray, accepted: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float32]:
        """Take more windows in; return each one's group's posterior after it, ``(n, class)``.

        Args:
            probabilities: Of each window ``(n, class)``, given the prior.
            group: Of each window ``(n,)``; the windows of a group are in order.
            accepted: Which windows say something; the others leave the posterior as it is.
        """
        if not len(group):
            return np.zeros((0, len(self.prior)), np.float32)
        accepted = np.ones(len(group), bool) if accepted is None else accepted
        order = np.argsort(group, kind="stable")
        sorted_group, counts = group[order], accepted[order]
        starts = np.append(0, np.flatnonzero(np.diff(sorted_group)) + 1)
        present = sorted_group[starts]
        sizes = np.diff(np.append(starts, len(order)))
        nth = _running(counts.astype(np.float64)[:, None], starts, sizes)[:, 0]
        is_first = (nth == 1) & ~np.repeat(self._counted[present], sizes)
        weight = counts * np.where(is_first, 1.0, self.exponent)
        steps = weight[:, None] * log_likelihood(probabilities[order], self.prior)
        evidence = _running(steps, starts, sizes) + np.repeat(
            self._evidence[present], sizes, axis=0
        )
        last = starts + sizes - 1
        self._evidence[present] = evidence[last]
        self._counted[present] |= nth[last] > 0
        track = np.empty((len(group), len(self.prior)), np.float32)
        track[order] = self._normalised(evidence)
        return track

    def posterior(self) -> NDArray[np.float64]:
        """Return each group's posterior given all windows so far, ``(group, class)``."""
        return self._normalised(self._evidence)

    def _normalised(self, evidence: NDArray[np.float64]) -> NDArray[np.float64]:
        score = evidence + np.log(np.maximum(self.prior, _FLOOR))
        score[:, self.prior <= 0] = -np.inf  # a class that training never saw is never decided
        posterior = np.exp(score - score.max(axis=1, keepdims=True))
        return posterior / posterior.sum(axis=1, keepdims=True)


def log_likelihood(probabilities: NDArray, prior: NDArray) -> NDArray[np.float64]:
    """Return the log-likelihood of each class up to a constant of the window, ``(n, class)``."""
    wide = np.maximum(probabilities.astype(np.float64), _FLOOR)
    return np.log(wide) - np.log(np.maximum(prior, _FLOOR))


def _running(values: NDArray, starts: NDArray, sizes: NDArray) -> NDArray[np.float64]:
    """Return the sums so far along axis 0, begun anew at every start."""
    total = np.cumsum(values, axis=0)
    before = total[starts] - values[starts]
    return total - np.repeat(before, sizes, axis=0)


def fuse(
    probabilities: NDArray,
    group: NDArray,
    prior: NDArray,
    *,
    exponent: float = 1.0,
    accepted: NDArray[np.bool_] | None = None,
) -> list[Fused]:
    """Return one posterior for each group that occurs, in order of the groups.

    Args:
        probabilities: Of each window ``(n, class)``, given ``prior``.
        group: Of each window ``(n,)``.
        prior: Share of each class in the training data ``(class,)``.
        exponent: See ``Fusion``.
        accepted: Which windows say something; by default all.
    """
    present, index = np.unique(group, return_inverse=True)
    fusion = Fusion(prior, len(present), exponent)
    fusion.add(probabilities, index, accepted)
    order = np.argsort(index, kind="stable")
    rows = np.split(order, np.flatnonzero(np.diff(index[order])) + 1)
    return [Fused(int(g), r, p) for g, r, p in zip(present, rows, fusion.posterior(), strict=True)]
