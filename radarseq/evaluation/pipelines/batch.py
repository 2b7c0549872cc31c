"""Batch of recordings on any number of workers; a bad recording does not stop the others.

The part of a recording depends on the recording alone, so that neither the number of workers nor
an interruption changes the results.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from radarseq.captures.errors import Failure, RecordingError
from radarseq.captures.sources.open_recordings import Recording
from radarseq.errors import CaptureError, MismatchError
from radarseq.evaluation.output.partial_results import Part, key_of, load_part
from radarseq.evaluation.pipelines.recording_evaluator import RecordingEvaluator
from radarseq.execution.pool import Workers, map_unordered
from radarseq.storage.atomic import printable

BatchProgress = Callable[[int, int], None]  # recordings done, windows evaluated
_MAX_LISTED = 10  # failures in one message


class Mismatch(Failure):
    """A recording that is not of the kind that the model was trained on."""


@dataclass(frozen=True)
class Item:
    """One recording of a batch: its index, itself, and ``key_of`` its file."""

    index: int
    recording: Recording
    key: list[int]


@dataclass(frozen=True)
class BatchResult:
    """Results of a batch.

    Attributes:
        parts: Index and part of each recording that was evaluated, in the order of the files.
        failures: The other recordings, in the order of the files.
    """

    parts: list[tuple[int, Part]]
    failures: list[Failure]


def evaluate_item(
    shared: tuple[RecordingEvaluator, Path], item: Item
) -> tuple[int, Part | Failure]:
    """Evaluate one recording and write its part; the task that workers run.

    Args:
        shared: The evaluator, and the absolute path of the evaluation folder.
        item: The recording.
    """
    # One thread inside torch for each worker: sums are then done in the same order for any number
    # of workers, and the workers do not compete for the cores.
    torch.set_num_threads(1)
    evaluator, folder = shared
    path = item.recording.path
    try:
        return item.index, evaluator.evaluate(item.recording, folder, item.index, item.key)
    except RecordingError as error:
        return item.index, error.failure._replace(path=path)
    except MismatchError as error:
        reason, _, hint = str(error).rpartition(". ")
        return item.index, Mismatch(path, reason, hint)


def evaluate_batch(
    evaluator: RecordingEvaluator,
    recordings: Iterable[Recording | Failure],
    folder: Path,
    *,
    workers: Workers,
    progress: BatchProgress | None = None,
) -> BatchResult:
    """Evaluate recordings, each into a part of the folder; complete parts are not made again.

    Args:
        evaluator: Evaluates one recording.
        recordings: The recordings, opened one after the other.
        folder: The evaluation folder.
        workers: Threads, which compute outside the interpreter lock, or a cluster.
        progress: Called a few times a second.

    Raises:
        CaptureError: If not one recording can be evaluated.
        MismatchError: If none is of the kind that the model was trained on.
        ClusterError: If a worker of the cluster cannot take part.
    """
    done: dict[int, Part | Failure] = {}
    state = evaluator.state

    def items() -> Iterator[Item]:
        for index, recording in enumerate(recordings):
            if isinstance(recording, Failure):
                done[index] = recording
            elif (part := load_part(folder, index, recording.path)) is not None:
                done[index] = part
                state.windows += part.windows
            else:
                yield Item(index, recording, key_of(recording.path))

    def tick() -> None:
        if progress:
            progress(len(done), state.windows)

    shared = evaluator, folder.absolute()
    threads = torch.get_num_threads()
    try:
        for index, found in map_unordered(
            workers, evaluate_item, items(), shared=shared, tick=tick
        ):
            done[index] = found
            if not workers.is_here and isinstance(found, Part):
                state.windows += found.windows
    finally:
        state.stopped.set()
        torch.set_num_threads(threads)
    results = sorted(done.items())
    batch = BatchResult(
        [(index, part) for index, part in results if isinstance(part, Part)],
        [failure for _, failure in results if isinstance(failure, Failure)],
    )
    if not batch.parts:
        _raise_failures(batch.failures)
    return batch


def _raise_failures(failures: list[Failure]) -> None:
    """Raise the error of a batch without a single part."""
    if not failures:
        raise CaptureError(
            "there are no recordings of a known kind among the given paths. Check the paths"
        )
    if all(isinstance(failure, Mismatch) for failure in failures):
        raise MismatchError(f"{failures[0].reason}. {failures[0].hint}")
    lines = [f"{printable(f.path)}: {f.reason}. {f.hint}" for f in failures[:_MAX_LISTED]]
    more = len(failures) - len(lines)
    raise CaptureError(
        "\n".join(
            ["none of the recordings can be used:", *lines] + [f"and {more} more"] * (more > 0)
        )
    )
