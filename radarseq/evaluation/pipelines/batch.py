"""Many recordings, judged one at a time on any number of workers; a bad one does not stop the rest.

What is left of each is a function of the recording alone, so that the number of workers, and an
interruption, change nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch

from radarseq.baselines.classifiers import Boosting
from radarseq.captures.errors import Failure, RecordingError
from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.registry import read_capture
from radarseq.captures.sources.open_recordings import Recording
from radarseq.errors import CaptureError, CheckpointError, MismatchError
from radarseq.evaluation.decisions.calibration_file import weights_sha256
from radarseq.evaluation.decisions.ood_scores import OodDetector
from radarseq.evaluation.output.partial_results import Part, key_of, whole_part
from radarseq.evaluation.pipelines.recording_evaluator import RecordingEvaluator
from radarseq.execution.pool import AtHand, Workers, map_unordered
from radarseq.inference.predictor import Predictor, load
from radarseq.storage.atomic import printable

BatchProgress = Callable[[int, int], None]  # recordings done, windows judged
_NAMED_FAILURES = 10


class Mismatch(NamedTuple):
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

    judge: AtHand[RecordingEvaluator]
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
    opened: AtHand[Recording]


def judge_one(judging: Judging, item: Item) -> tuple[int, Part | Failure | Mismatch]:
    """Judge a recording, and leave its part in the folder; return what became of it."""
    # One thread inside torch for each worker: sums are then done in the same order for any number
    # of workers, and the workers do not fight for the cores.
    torch.set_num_threads(1)
    try:
        part = judging.judge().judge(
            item.opened(), judging.folder, item.index, judging.stride, item.key
        )
    except RecordingError as fault:
        return item.index, fault.failure._replace(path=item.source)
    except MismatchError as fault:
        reason, _, hint = str(fault).rpartition(". ")
        return item.index, Mismatch(Failure(item.source, reason, hint), str(fault))
    return item.index, part


def at_hand(opened: Recording) -> AtHand[Recording]:
    """Return an open recording as what another process opens again."""
    source = opened.capture.source
    again = partial(
        _reopened, source, source.absolute(), opened.options, opened.label, opened.group
    )
    return AtHand(again, opened)


def _reopened(
    given: Path, path: Path, reading: ReadOptions, label: str | None, group: str
) -> Recording:
    return Recording(replace(read_capture(path, reading), source=given), reading, label, group)


class _Model(NamedTuple):
    """Where a model lies, how it computes, and which one it is."""

    path: Path
    device: str
    engine: str
    weights: str


def judge_at_hand(
    judge: RecordingEvaluator, score: tuple[OodDetector, str] | None, boosting: Boosting | None
) -> AtHand[RecordingEvaluator]:
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
    score: tuple[OodDetector, str] | None,
    boosting: Boosting | None,
) -> RecordingEvaluator:
    others = {name: _loaded(other) for name, other in beside.items()}
    describe = None if score is None else score[0].scorer(score[1])
    return RecordingEvaluator(_loaded(model), describe, others, lambda: boosting)


def _loaded(model: _Model) -> Predictor:
    predictor = load(model.path, device=model.device, engine=model.engine)
    if weights_sha256(predictor) != model.weights:
        raise CheckpointError(
            f"{model.path}: a worker finds another model there than this process has loaded. "
            "Wait until training has ended, and see that all machines share the folder"
        )
    return predictor


@dataclass(frozen=True)
class Batch:
    """What became of a number of recordings.

    Attributes:
        parts: Index and content of each recording that was judged, in the order of the files.
        failures: The others, in the order of the files.
    """

    parts: list[tuple[int, Part]]
    failures: list[Failure]


def evaluate_batch(
    judge: AtHand[RecordingEvaluator],
    iter_recordings: Iterable[Recording | Failure],
    folder: Path,
    *,
    stride: int,
    workers: Workers,
    progress: BatchProgress | None = None,
) -> Batch:
    """Judge recordings, a part of the folder each; parts that are whole are kept.

    Args:
        judge: What each worker does.
        iter_recordings: The recordings, opened one after the other.
        folder: The evaluation folder.
        stride: A window takes every ``stride``-th sample.
        workers: Who does the work; the model's own is done outside the interpreter lock.
        progress: Called a few times a second.

    Raises:
        CaptureError: If not one recording can be judged.
        MismatchError: If none is of the kind that the model was trained on.
        ClusterError: If a cluster's worker cannot take part.
    """
    done: dict[int, Part | Failure | Mismatch] = {}
    counted = judge().counted

    def to_judge() -> Iterator[Item]:
        for index, opened in enumerate(iter_recordings):
            if isinstance(opened, Failure):
                done[index] = opened
            elif (part := whole_part(folder, index, opened.capture.source)) is not None:
                done[index] = part
                counted[0] += part.windows
            else:
                source = opened.capture.source
                yield Item(index, source, key_of(source), at_hand(opened))

    def tell() -> None:
        if progress:
            progress(len(done), counted[0])

    shared = Judging(judge, folder.absolute(), stride)
    threads = torch.get_num_threads()
    try:
        for index, found in map_unordered(workers, judge_one, to_judge(), shared=shared, tick=tell):
            done[index] = found
            if not workers.is_here and isinstance(found, Part):
                counted[0] += found.windows
    finally:
        judge().stopped.set()
        torch.set_num_threads(threads)
    return _checked(done)


def _checked(done: dict[int, Part | Failure | Mismatch]) -> Batch:
    parts = [(i, p) for i, p in sorted(done.items()) if isinstance(p, Part)]
    others = [f for _, f in sorted(done.items()) if not isinstance(f, Part)]
    failures = [f.failure if isinstance(f, Mismatch) else f for f in others]
    if parts:
        return Batch(parts, failures)
    misfits = [f for f in others if isinstance(f, Mismatch)]
    if misfits and len(misfits) == len(failures):
        raise MismatchError(misfits[0].message)
    if not failures:
        raise CaptureError(
            "there are no recordings of a known kind among the given paths. Check the paths"
        )
    lines = [f"{printable(f.path)}: {f.reason}. {f.hint}" for f in failures[:_NAMED_FAILURES]]
    more = len(failures) - len(lines)
    raise CaptureError(
        "\n".join(
            ["none of the recordings can be used:", *lines] + [f"and {more} more"] * (more > 0)
        )
    )
