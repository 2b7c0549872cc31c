"""Many recordings, judged one at a time on any number of workers; a bad one does not stop the rest.

What is left of each is a function of the recording alone, so that the number of workers, and an
interruption, change nothing.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from radarseq.captures.faults import CaptureFault, Failure
from radarseq.captures.opening import Opened
from radarseq.errors import CaptureError, DataError, MismatchError, OutputError, UsageError
from radarseq.evaluation.capture_judge import CaptureJudge
from radarseq.evaluation.parts import FOLDER, Part, whole_part
from radarseq.files import printable, read_json, write_json

PLAN = "batch.json"
BatchProgress = Callable[[int, int], None]  # recordings done, windows judged
_TICK_S = 0.2
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
    judge: CaptureJudge,
    openings: Iterable[Opened | Failure],
    folder: Path,
    *,
    stride: int,
    workers: int,
    progress: BatchProgress | None = None,
) -> Batch:
    """Judge recordings, a part of the folder each; parts that are whole are kept.

    Args:
        judge: What each worker does.
        openings: The recordings, opened one after the other.
        folder: The evaluation folder.
        stride: A window takes every ``stride``-th sample.
        workers: Threads; the model's own work is done outside the interpreter lock.
        progress: Called a few times a second.

    Raises:
        CaptureError: If not one recording can be judged.
        MismatchError: If none is of the kind that the model was trained on.
        UsageError: If ``workers`` is below 1.
    """
    if workers < 1:
        raise UsageError(f"workers is {workers}; expected 1 or more")
    done: dict[int, Part | Failure] = {}
    misfits: list[MismatchError] = []
    running: dict[Future[Part | Failure], int] = {}

    def one(opened: Opened, index: int) -> Part | Failure:
        try:
            return judge.judge(opened, folder, index, stride)
        except CaptureFault as fault:
            return fault.failure
        except MismatchError as fault:
            misfits.append(fault)
            reason, _, remedy = str(fault).rpartition(". ")
            return Failure(opened.capture.source, reason, remedy)

    def collect(most: int) -> None:
        while len(running) > most:
            finished, _ = wait(running, timeout=_TICK_S, return_when=FIRST_COMPLETED)
            for future in finished:
                done[running.pop(future)] = future.result()
            if progress:
                progress(len(done), judge.counted[0])

    # One thread inside torch for each worker: sums are then done in the same order for any number
    # of workers, and the workers do not fight for the cores.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))
    try:
        for index, opened in enumerate(openings):
            if isinstance(opened, Failure):
                done[index] = opened
            elif (part := whole_part(folder, index, opened.capture.source)) is not None:
                done[index] = part
                judge.counted[0] += part.windows
            else:
                running[pool.submit(one, opened, index)] = index
                collect(workers)  # one more is opened while they work
        collect(0)
    finally:
        judge.stopped.set()
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)
    return _checked(done, misfits)


def _checked(done: dict[int, Part | Failure], misfits: list[MismatchError]) -> Batch:
    parts = [(i, p) for i, p in sorted(done.items()) if isinstance(p, Part)]
    failures = [f for _, f in sorted(done.items()) if isinstance(f, Failure)]
    if parts:
        return Batch(parts, failures)
    if misfits and len(misfits) == len(failures):
        raise misfits[0]
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
