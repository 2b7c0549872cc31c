"""Settings of an evaluation, each with its default and its limits."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from radarseq.errors import UsageError
from radarseq.evaluation.decisions.fusion import given_fusion_weight
from radarseq.evaluation.decisions.ood_scores import check_settings
from radarseq.execution.pool import check_workers

_WITHOUT_EFFECT = ("workers", "scheduler", "resume")  # on the results


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings:
    """Settings of an evaluation.

    Attributes:
        split: Rows of a dataset: ``test``, ``validation``, ``train`` or ``all``.
        false_reject: Share of the windows of known objects that may be called unknown.
        unknown_score: ``energy``, ``mahalanobis`` or ``max_probability``; ``auto`` takes the one
            that detects the held-out objects best, or ``mahalanobis`` where there are none.
        unknown_class: Classes of the dataset that the model was not trained on: their rows are
            held out, and measure how well unknown objects are detected.
        fusion_weight: Weight of each window but the first in the decision on a recording or
            object, 0 to 1; None for the one measured on validation.
        resample: Whether to resample a dataset to the model's sampling interval.
        stress: Whether to evaluate the rows again under corruptions.
        annotate: Whether annotations go into the SigMF recordings themselves, not into copies of
            their metadata in the evaluation folder.
        parquet: Whether to write the tables as Parquet too.
        workers: Threads that evaluate recordings; the results are the same for any number.
        scheduler: Address of a dask scheduler, whose workers evaluate recordings instead; they
            must see the recordings, the run and the evaluation folder under the same paths.
        resume: Whether to continue an interrupted batch.

    Raises:
        UsageError: If a value does not fit.
    """

    split: str = "test"
    false_reject: float = 0.05
    unknown_score: str = "auto"
    unknown_class: tuple[str, ...] = ()
    fusion_weight: float | None = None
    resample: bool = False
    stress: bool = False
    annotate: bool = False
    parquet: bool = False
    workers: int = 1
    scheduler: str = ""
    resume: bool = False

    def __post_init__(self) -> None:
        """Check each value."""
        check_settings(self.false_reject, self.unknown_score)
        if self.fusion_weight is not None:
            given_fusion_weight(self.fusion_weight)
        check_workers(self.workers, self.scheduler)

    @classmethod
    def of(cls, settings: dict[str, Any]) -> "EvaluationSettings":
        """Return settings from names and values.

        Raises:
            UsageError: If a name is unknown, or a value does not fit.
        """
        known = [field.name for field in fields(cls)]
        if unknown := sorted(set(settings) - set(known)):
            raise UsageError(f"unknown setting {unknown[0]!r}; expected one of {', '.join(known)}")
        values: dict[str, Any] = dict(settings)
        values["unknown_class"] = tuple(settings.get("unknown_class") or ())
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """Return the settings that the results depend on, as plain JSON types."""
        content = asdict(self) | {"unknown_class": list(self.unknown_class)}
        return {key: content[key] for key in content if key not in _WITHOUT_EFFECT}
