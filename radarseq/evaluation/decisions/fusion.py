"""From windows to captures: Bayes' rule over the windows of one recording or object, in order."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.errors import UsageError

_FLOOR = 1e-12

MIN_GROUPS = 10  # captures of several windows, below which nothing is measured
_GRID = np.linspace(0.0, 1.0, 101)
VALIDATION, OVERLAP, GIVEN = "validation", "overlap", "given"


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


@dataclass(frozen=True)
class FusionWeight:
    """The exponent that the evidence of every window but the first is raised to.

    Attributes:
        exponent: 0 to 1, see ``Fusion``.
        source: Where it comes from: measured on ``validation``; from the ``overlap`` of the
            windows, where there was nothing to measure on; or ``given``.
        groups: How many captures it was measured on.
        log_loss: Of these captures' posteriors [nats]; None if it was not measured.
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
        """Return the exponent for windows of which only the share ``fresh`` is new to each."""
        if self.source == GIVEN or fresh >= 1.0:
            return self
        return FusionWeight(
            self.exponent * fresh,
            self.source,
            self.groups,
            self.log_loss,
            self.log_loss_unweighted,
        )


UNMEASURED = FusionWeight(1.0, OVERLAP)


def given_fusion_weight(exponent: float) -> FusionWeight:
    """Return the exponent that the user gives.

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
    """Return the exponent of the least log loss of whole captures.

    Captures of one window say nothing of the exponent, and those of several classes are tables.

    Args:
        probabilities: Of each window ``(n, class)``.
        label: The true classes ``(n,)``.
        group: Which capture each window belongs to ``(n,)``.
        prior: Share of each class in the training data ``(class,)``.
    """
    order = np.argsort(group, kind="stable")
    starts = np.append(0, np.flatnonzero(np.diff(group[order])) + 1)
    sizes = np.diff(np.append(starts, len(order)))
    sorted_label = label[order]
    one_class = np.minimum.reduceat(sorted_label, starts) == np.maximum.reduceat(
        sorted_label, starts
    )
    used = (sizes > 1) & one_class
    if used.sum() < MIN_GROUPS:
        return UNMEASURED
    steps = log_likelihood(probabilities[order], prior)
    first = steps[starts][used] + np.log(np.maximum(prior, 1e-12))
    rest = np.add.reduceat(steps, starts, axis=0)[used] - steps[starts][used]
    true = sorted_label[starts][used]
    losses = [_log_loss(first + exponent * rest, true) for exponent in _GRID]
    best = int(np.argmin(losses))  # of equals the smallest: it claims the least
    return FusionWeight(
        float(_GRID[best]), VALIDATION, int(used.sum()), float(losses[best]), float(losses[-1])
    )


def _log_loss(score: NDArray, label: NDArray) -> float:
    top = score.max(axis=1, keepdims=True)
    total = np.log(np.exp(score - top).sum(axis=1)) + top[:, 0]
    return float((total - score[np.arange(len(label)), label]).mean())
