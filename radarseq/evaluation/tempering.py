"""How much a further window of the same capture says: measured on captures of known class."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.errors import UsageError
from radarseq.evaluation.fusion import log_likelihood

LEAST_GROUPS = 10  # captures of several windows, below which nothing is measured
_GRID = np.linspace(0.0, 1.0, 101)
VALIDATION, OVERLAP, GIVEN = "validation", "overlap", "given"


@dataclass(frozen=True)
class Tempering:
    """The exponent that the evidence of every window but the first is raised to.

    Attributes:
        exponent: 0 to 1, see ``Fusion``.
        source: Where it comes from: measured on ``validation``; from the ``overlap`` of the
            windows, where there was nothing to measure on; or ``given``.
        groups: How many captures it was measured on.
        log_loss: Of these captures' posteriors [nats]; None if it was not measured.
        log_loss_untempered: The same with the exponent 1.
    """

    exponent: float
    source: str
    groups: int = 0
    log_loss: float | None = None
    log_loss_untempered: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)

    def for_overlap(self, fresh: float) -> "Tempering":
        """Return the exponent for windows of which only the share ``fresh`` is new to each."""
        if self.source == GIVEN or fresh >= 1.0:
            return self
        return Tempering(
            self.exponent * fresh, self.source, self.groups, self.log_loss, self.log_loss_untempered
        )


UNMEASURED = Tempering(1.0, OVERLAP)


def given_tempering(exponent: float) -> Tempering:
    """Return the exponent that the user gives.

    Raises:
        UsageError: If it is not within 0 to 1.
    """
    if not 0.0 <= exponent <= 1.0:
        raise UsageError(
            f"tempering is {exponent}; expected 0 (windows repeat each other) to 1 (independent)"
        )
    return Tempering(float(exponent), GIVEN)


def measure_tempering(
    probabilities: NDArray, label: NDArray, group: NDArray, prior: NDArray
) -> Tempering:
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
    if used.sum() < LEAST_GROUPS:
        return UNMEASURED
    steps = log_likelihood(probabilities[order], prior)
    first = steps[starts][used] + np.log(np.maximum(prior, 1e-12))
    rest = np.add.reduceat(steps, starts, axis=0)[used] - steps[starts][used]
    true = sorted_label[starts][used]
    losses = [_log_loss(first + exponent * rest, true) for exponent in _GRID]
    best = int(np.argmin(losses))  # of equals the smallest: it claims the least
    return Tempering(
        float(_GRID[best]), VALIDATION, int(used.sum()), float(losses[best]), float(losses[-1])
    )


def _log_loss(score: NDArray, label: NDArray) -> float:
    top = score.max(axis=1, keepdims=True)
    total = np.log(np.exp(score - top).sum(axis=1)) + top[:, 0]
    return float((total - score[np.arange(len(label)), label]).mean())
