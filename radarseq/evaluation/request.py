"""Request and result of an evaluation, the same for a dataset and for recordings."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from radarseq.captures.options.read_options import ReadOptions
from radarseq.evaluation.settings import EvaluationSettings
from radarseq.inference.predictor import Predictor
from radarseq.report.page import ReportContent
from radarseq.storage.atomic import printable
from radarseq.storage.sealed import canonical_sha256


@dataclass(frozen=True)
class EvaluationRequest:
    """Model, data and settings of one evaluation.

    Attributes:
        run: The run folder.
        predictor: Its model.
        compare: Other models to evaluate on the same rows, by name.
        paths: One dataset, or recordings.
        unknown: A dataset, or recordings, of objects that the model does not know.
        options: How recordings are read.
        settings: Settings of the evaluation.
    """

    run: Path
    predictor: Predictor
    compare: dict[str, Predictor]
    paths: list[Path]
    unknown: list[Path]
    options: ReadOptions
    settings: EvaluationSettings

    @property
    def models(self) -> dict[str, Any]:
        """Weights and engine of each model.

        Engines round differently: an evaluation that one engine began must not end with another.
        """
        return {
            "weights": self.predictor.weights_sha256,
            "engine": self.predictor.engine,
            "compare": {n: [p.weights_sha256, p.engine] for n, p in self.compare.items()},
        }

    @property
    def digest(self) -> str:
        """Digest of models, paths and settings; files count by their path, not their content."""
        return canonical_sha256(
            {
                **self.models,
                "paths": [printable(path) for path in self.paths],
                "unknown": [printable(path) for path in self.unknown],
                "options": self.options.to_json(),
                "settings": self.settings.to_json(),
            }
        )


@dataclass(frozen=True, kw_only=True)
class EvaluationResult:
    """Metrics and tables of an evaluation.

    Attributes:
        folder: The evaluation folder.
        metrics: The content of ``metrics.json``.
        captures: One row per recording or object, as in ``summary.csv``.
        failures: Recordings that could not be evaluated: capture, reason, hint.
        content: The rest of what the page displays.
    """

    folder: Path
    metrics: dict[str, Any]
    captures: list[dict[str, Any]]
    failures: list[dict[str, str]]
    content: ReportContent = field(default_factory=ReportContent)
