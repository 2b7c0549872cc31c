"""What is to be judged, and what an evaluation came to, whether of a dataset or of recordings."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from radarseq.captures.options.read_options import ReadOptions
from radarseq.dataset.schema import Examples
from radarseq.evaluation.decisions.calibration_file import (
    weights_sha256,
)
from radarseq.evaluation.output.partial_results import Part
from radarseq.evaluation.settings import EvaluationSettings
from radarseq.inference.predictor import Prediction, Predictor
from radarseq.storage.atomic import printable
from radarseq.storage.sealed import canonical_sha256


@dataclass(frozen=True)
class Task:
    """What is to be judged, and how.

    Attributes:
        run: The run folder.
        predictor: Its model.
        beside: Other models, by name.
        paths: One dataset, or recordings.
        unknown: A dataset, or recordings, of objects that the model does not know.
        reading: How recordings are read.
        settings: How to judge.
    """

    run: Path
    predictor: Predictor
    beside: dict[str, Predictor]
    paths: list[Path]
    unknown: list[Path]
    reading: ReadOptions
    settings: EvaluationSettings

    @property
    def name(self) -> str:
        """The model's name, for verdicts."""
        return self.predictor.name

    @property
    def models(self) -> dict[str, Any]:
        """What tells the models from others.

        So do engines, which round differently: what one began, another must not end.
        """
        return {
            "weights": weights_sha256(self.predictor),
            "engine": self.predictor.engine,
            "beside": {n: [weights_sha256(p), p.engine] for n, p in self.beside.items()},
        }

    @property
    def digest(self) -> str:
        """The same for the same model, data and settings; files are told by their paths."""
        return canonical_sha256(
            {
                **self.models,
                "paths": [printable(path) for path in self.paths],
                "unknown": [printable(path) for path in self.unknown],
                "reading": self.reading.to_json(),
                "settings": self.settings.to_json(),
            }
        )


@dataclass(frozen=True, kw_only=True)
class EvaluationResult:
    """What an evaluation came to.

    Attributes:
        metrics: The content of ``metrics.json``.
        captures: A row a capture.
        failures: Recordings that could not be judged: capture, reason, hint.
        examples: Rows to show; None where there are none.
        prediction: What the model says of them.
        recordings: The recordings that were judged, with the number of each one's first window in
            ``predictions.h5``; none for a dataset.
    """

    metrics: dict[str, Any]
    captures: list[dict[str, Any]]
    failures: list[dict[str, str]]
    examples: Examples | None
    prediction: Prediction | None
    recordings: list[tuple[int, Part]] = field(default_factory=list)
