"""How to judge: the settings of an evaluation, each with its default and its limits."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from radarseq.errors import UsageError
from radarseq.evaluation.decisions.fusion import given_fusion_weight
from radarseq.evaluation.decisions.ood_scores import check_settings
from radarseq.execution.pool import check_workers

_HOW = ("workers", "scheduler", "resume")  # what the results do not depend on


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings:
    """How to judge.

    Attributes:
        split: Which rows of a dataset: ``test``, ``validation``, ``train`` or ``all``.
        false_reject: Share of the windows of known objects that may be called unknown.
        unknown_score: ``energy``, ``mahalanobis`` or ``max_probability``; ``auto`` takes the one
            that finds the held-out objects best, or ``mahalanobis`` where there are none.
        unknown_class: Classes of the judged dataset that the model was not trained on: they are
            left out of it, and show how well unknown objects are found.
        fusion_weight: What each window but the first counts when a capture is decided on, 0 to 1;
            None for what was measured on validation.
        resample: Whether a dataset of another sampling interval is brought to the model's.
        stress: Whether to judge the rows again under corruptions.
        annotate: Whether annotations go into the SigMF recordings themselves, and not into copies
            of their metadata in the evaluation folder.
        parquet: Whether to write the tables as Parquet too.
        workers: Threads that judge recordings; the results are the same for any number.
        scheduler: Address of a dask scheduler, whose workers judge recordings instead; they must
            see the recordings, the run and the evaluation folder under the same paths.
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
        """Return what the results depend on, as plain JSON types."""
        content = asdict(self) | {"unknown_class": list(self.unknown_class)}
        return {key: content[key] for key in content if key not in _HOW}
