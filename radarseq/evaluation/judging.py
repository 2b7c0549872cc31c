"""What one task of a batch does: it judges one recording, here or in a process elsewhere.

Models and recordings are not sent: what is sent says where they lie, and they are opened there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch

from radarseq.captures.faults import CaptureFault, Failure
from radarseq.captures.opening import Opened
from radarseq.captures.reading import Reading
from radarseq.captures.registry import read_capture
from radarseq.errors import CheckpointError, MismatchError
from radarseq.evaluation.capture_judge import CaptureJudge
from radarseq.evaluation.fitted import weights_sha256
from radarseq.evaluation.parts import Part
from radarseq.evaluation.predict import Predictor, load
from radarseq.evaluation.rejection import Rejection
from radarseq.models.baselines import Boosting
from radarseq.workers import AtHand


class Misfit(NamedTuple):
    """A recording that is not of the kind that the model was trained on."""

    failure: Failure
    message: str


@dataclass(frozen=True)
class Judging:
    """What all tasks of a batch share.

    Attributes:
        judge: Judges a recording.
        folder: The evaluation folder, an absolute path.
        stride: A window takes every ``stride``-th sample.
    """

    judge: AtHand[CaptureJudge]
    folder: Path
    stride: int


@dataclass(frozen=True)
class Item:
    """A recording to judge.

    Attributes:
        index: Among those of the batch.
        source: Its path, as it was given.
        key: What tells it from a later one under the same name.
        opened: The recording.
    """

    index: int
    source: Path
    key: list[int]
    opened: AtHand[Opened]


def judge_one(judging: Judging, item: Item) -> tuple[int, Part | Failure | Misfit]:
    """Judge a recording, and leave its part in the folder; return what became of it."""
    # One thread inside torch for each worker: sums are then done in the same order for any number
    # of workers, and the workers do not fight for the cores.
    torch.set_num_threads(1)
    try:
        part = judging.judge().judge(
            item.opened(), judging.folder, item.index, judging.stride, item.key
        )
    except CaptureFault as fault:
        return item.index, fault.failure._replace(path=item.source)
    except MismatchError as fault:
        reason, _, remedy = str(fault).rpartition(". ")
        return item.index, Misfit(Failure(item.source, reason, remedy), str(fault))
    return item.index, part


def at_hand(opened: Opened) -> AtHand[Opened]:
    """Return an open recording as what another process opens again."""
    source = opened.capture.source
    again = partial(
        _reopened, source, source.absolute(), opened.reading, opened.label, opened.group
    )
    return AtHand(again, opened)


def _reopened(given: Path, path: Path, reading: Reading, label: str | None, group: str) -> Opened:
    return Opened(replace(read_capture(path, reading), source=given), reading, label, group)


class _Model(NamedTuple):
    """Where a model lies, how it computes, and which one it is."""

    path: Path
    device: str
    engine: str
    weights: str


def judge_at_hand(
    judge: CaptureJudge, score: tuple[Rejection, str] | None, boosting: Boosting | None
) -> AtHand[CaptureJudge]:
    """Return a judge as what another process makes again.

    Args:
        judge: As it is here.
        score: What gives the unknown score, and which one; None without one.
        boosting: The baseline for the others, fitted already: they need not see the training data.
    """
    beside = {name: _model(other) for name, other in judge.beside.items()}
    return AtHand(partial(_remade, _model(judge.predictor), beside, score, boosting), judge)


def _model(predictor: Predictor) -> _Model:
    return _Model(
        predictor.path.absolute(),
        predictor.device.type,
        predictor.engine,
        weights_sha256(predictor),
    )


def _remade(
    model: _Model,
    beside: Mapping[str, _Model],
    score: tuple[Rejection, str] | None,
    boosting: Boosting | None,
) -> CaptureJudge:
    others = {name: _loaded(other) for name, other in beside.items()}
    describe = None if score is None else score[0].scorer(score[1])
    return CaptureJudge(_loaded(model), describe, others, lambda: boosting)


def _loaded(model: _Model) -> Predictor:
    predictor = load(model.path, device=model.device, engine=model.engine)
    if weights_sha256(predictor) != model.weights:
        raise CheckpointError(
            f"{model.path}: a worker finds another model there than this process has loaded. "
            "Wait until training has ended, and see that all machines share the folder"
        )
    return predictor
