"""Fusion of the windows of one recording or object by Bayes' rule, and the weight of a window."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.errors import UsageError

_FLOOR = 1e-12
MIN_GROUPS = 10  # of several windows; a weight measured on fewer would be chance
_GRID = np.linspace(0.0, 1.0, 101)
VALIDATION, OVERLAP, GIVEN = "validation", "overlap", "given"


class Fusion:
    """Recursive Bayes over windows that come block by block.

    The first window of a group counts in full; each later one counts ``exponent`` times as much,
    because it repeats part of the evidence of earlier ones: n windows are worth
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
        """Add windows; return the posterior of the group of each after it, ``(n, class)``.

        Args:
            probabilities: Of each window ``(n, class)``, given the prior.
            group: Of each window ``(n,)``; the windows of a group are in order.
            accepted: Windows that count ``(n,)``; the others leave the posterior as it is.
        """
        if not len(group):
            return np.zeros((0, len(self.prior)), np.float32)
        accepted = np.ones(len(group), bool) if accepted is None else accepted
        order = np.argsort(group, kind="stable")
        sorted_group, counts = group[order], accepted[order]
        starts = np.append(0, np.flatnonzero(np.diff(sorted_group)) + 1)
        present = sorted_group[starts]
        sizes = np.diff(np.append(starts, len(order)))
        nth = _cumulative_sums(counts.astype(np.float64)[:, None], starts, sizes)[:, 0]
        is_first = (nth == 1) & ~np.repeat(self._counted[present], sizes)
        weight = counts * np.where(is_first, 1.0, self.exponent)
        added = weight[:, None] * _log_likelihood(probabilities[order], self.prior)
        evidence = _cumulative_sums(added, starts, sizes)
        evidence = evidence + np.repeat(self._evidence[present], sizes, axis=0)
        last = starts + sizes - 1
        self._evidence[present] = evidence[last]
        self._counted[present] |= nth[last] > 0
        track = np.empty((len(group), len(self.prior)), np.float32)
        track[order] = self._normalise(evidence)
        return track

    def posterior(self) -> NDArray[np.float64]:
        """Return each group's posterior given all windows so far, ``(group, class)``."""
        return self._normalise(self._evidence)

    def _normalise(self, evidence: NDArray[np.float64]) -> NDArray[np.float64]:
        score = evidence + np.log(np.maximum(self.prior, _FLOOR))
        score[:, self.prior <= 0] = -np.inf  # never decide on a class without training rows
        posterior = np.exp(score - score.max(axis=1, keepdims=True))
        return posterior / posterior.sum(axis=1, keepdims=True)


def _log_likelihood(probabilities: NDArray, prior: NDArray) -> NDArray[np.float64]:
    """Return the log-likelihood of each class, up to a constant of each window, ``(n, class)``."""
    wide = np.maximum(probabilities.astype(np.float64), _FLOOR)
    return np.log(wide) - np.log(np.maximum(prior, _FLOOR))


def _cumulative_sums(values: NDArray, starts: NDArray, sizes: NDArray) -> NDArray[np.float64]:
    """Return cumulative sums along axis 0 that begin again at every start."""
    total = np.cumsum(values, axis=0)
    before = total[starts] - values[starts]
    return total - np.repeat(before, sizes, axis=0)


@dataclass(frozen=True)
class FusionWeight:
    """Exponent of the likelihood of every window of a group but the first.

    Attributes:
        exponent: 0 to 1, see ``Fusion``.
        source: ``validation`` where it was measured; ``overlap`` of the windows where there was
            nothing to measure on; or ``given``.
        groups: Number of recordings or objects that it was measured on.
        log_loss: Of their posteriors [nats]; None if it was not measured.
        log_loss_unweighted: The same with the exponent 1.
    """

    exponent: float
    source: str
    groups: int = 0
    log_loss: float | None = None
    log_loss_unweighted: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)

    def for_overlap(self, fresh: float) -> "FusionWeight":
        """Return the weight for windows of which the share ``fresh`` is new to each."""
        if self.source == GIVEN or fresh >= 1.0:
            return self
        return replace(self, exponent=self.exponent * fresh)


UNMEASURED = FusionWeight(1.0, OVERLAP)


def given_fusion_weight(exponent: float) -> FusionWeight:
    """Return the weight that the user gives.

    Raises:
        UsageError: If it is not within 0 to 1.
    """
    if not 0.0 <= exponent <= 1.0:
        raise UsageError(
            f"fusion_weight is {exponent}; expected 0 (repeated windows) to 1 (independent)"
        )
    return FusionWeight(float(exponent), GIVEN)


def measure_fusion_weight(
    probabilities: NDArray, label: NDArray, group: NDArray, prior: NDArray
) -> FusionWeight:
    """Return the weight with the least log loss of the fused posteriors.

    Groups of one window do not depend on the weight, and groups of several classes are tables,
    which are not fused: both are skipped.

    Args:
        probabilities: Of each window ``(n, class)``.
        label: The true classes ``(n,)``.
        group: Recording or object of each window ``(n,)``.
        prior: Share of each class in the training data ``(class,)``.
    """
    order = np.argsort(group, kind="stable")
    starts = np.append(0, np.flatnonzero(np.diff(group[order])) + 1)
    sizes = np.diff(np.append(starts, len(order)))
    sorted_label = label[order]
    lowest, highest = (f.reduceat(sorted_label, starts) for f in (np.minimum, np.maximum))
    used = (sizes > 1) & (lowest == highest)
    if used.sum() < MIN_GROUPS:
        return UNMEASURED
    evidence = _log_likelihood(probabilities[order], prior)
    first = evidence[starts][used] + np.log(np.maximum(prior, _FLOOR))
    rest = np.add.reduceat(evidence, starts, axis=0)[used] - evidence[starts][used]
    true = sorted_label[starts][used]

    def log_loss(exponent: float) -> float:
        score = first + exponent * rest
        top = score.max(axis=1, keepdims=True)
        total = np.log(np.exp(score - top).sum(axis=1)) + top[:, 0]
        return float((total - score[np.arange(len(true)), true]).mean())

    losses = [log_loss(exponent) for exponent in _GRID]
    best = int(np.argmin(losses))  # of equals the smallest, which makes the least sure decisions
    return FusionWeight(float(_GRID[best]), VALIDATION, int(used.sum()), losses[best], losses[-1])
