"""Many recordings, judged one at a time on any number of workers; a bad one does not stop the rest.

What is left of each is a function of the recording alone, so that the number of workers, and an
interruption, change nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from radarseq.captures.faults import Failure
from radarseq.captures.opening import Opened
from radarseq.errors import CaptureError, DataError, MismatchError, OutputError
from radarseq.evaluation.capture_judge import CaptureJudge
from radarseq.evaluation.judging import Item, Judging, Misfit, at_hand, judge_one
from radarseq.evaluation.parts import FOLDER, Part, key_of, whole_part
from radarseq.files import printable, read_json, write_json
from radarseq.workers import AtHand, Workers, in_any_order

PLAN = "batch.json"
BatchProgress = Callable[[int, int], None]  # recordings done, windows judged
_NAMED_FAILURES = 10


@dataclass(frozen=True)
class Batch:
    """What became of a number of recordings.

    Attributes:
        parts: Index and content of each recording that was judged, in the order of the files.
        failures: The others, in the order of the files.
    """

    parts: list[tuple[int, Part]]
    failures: list[Failure]


def take_plan(folder: Path, plan: dict[str, Any], *, resume: bool) -> None:
    """Note what is being judged and how, or check that an interrupted batch was of the same plan.

    Raises:
        OutputError: If the folder holds part of a batch of another plan.
    """
    path = folder / PLAN
    (folder / FOLDER).mkdir(exist_ok=True)
    if resume and path.exists():
        earlier = read_json(path, DataError)
        if differing := sorted(k for k in earlier | plan if earlier.get(k) != plan.get(k)):
            raise OutputError(
                f"{folder}: holds a batch that differs in {', '.join(differing)}. "
                "Give the same settings to resume, or choose another folder"
            )
        return
    write_json(path, plan)


def judge_batch(
    judge: AtHand[CaptureJudge],
    openings: Iterable[Opened | Failure],
    folder: Path,
    *,
    stride: int,
    workers: Workers,
    progress: BatchProgress | None = None,
) -> Batch:
    """Judge recordings, a part of the folder each; parts that are whole are kept.

    Args:
        judge: What each worker does.
        openings: The recordings, opened one after the other.
        folder: The evaluation folder.
        stride: A window takes every ``stride``-th sample.
        workers: Who does the work; the model's own is done outside the interpreter lock.
        progress: Called a few times a second.

    Raises:
        CaptureError: If not one recording can be judged.
        MismatchError: If none is of the kind that the model was trained on.
        ClusterError: If a cluster's worker cannot take part.
    """
    done: dict[int, Part | Failure | Misfit] = {}
    counted = judge().counted

    def to_judge() -> Iterator[Item]:
        for index, opened in enumerate(openings):
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
        for index, found in in_any_order(workers, judge_one, to_judge(), shared=shared, tick=tell):
            done[index] = found
            if not workers.is_here and isinstance(found, Part):
                counted[0] += found.windows
    finally:
        judge().stopped.set()
        torch.set_num_threads(threads)
    return _checked(done)


def _checked(done: dict[int, Part | Failure | Misfit]) -> Batch:
    parts = [(i, p) for i, p in sorted(done.items()) if isinstance(p, Part)]
    others = [f for _, f in sorted(done.items()) if not isinstance(f, Part)]
    failures = [f.failure if isinstance(f, Misfit) else f for f in others]
    if parts:
        return Batch(parts, failures)
    misfits = [f for f in others if isinstance(f, Misfit)]
    if misfits and len(misfits) == len(failures):
        raise MismatchError(misfits[0].message)
    if not failures:
        raise CaptureError(
            "there are no recordings of a known kind among the given paths. Check the paths"
        )
    lines = [f"{printable(f.path)}: {f.reason}. {f.remedy}" for f in failures[:_NAMED_FAILURES]]
    more = len(failures) - len(lines)
    raise CaptureError(
        "\n".join(
            ["none of the recordings can be used:", *lines] + [f"and {more} more"] * (more > 0)
        )
    )
