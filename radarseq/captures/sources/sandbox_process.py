"""The child process of ``probe``: opens and reads one file after the other, within limits."""

import json
import os
import resource
import signal
import sys
from pathlib import Path

from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.registry import read_capture, unreadable
from radarseq.captures.samples.lazy_array import read_whole
from radarseq.errors import RadarseqError

MEMORY_BYTES = 1536 << 20  # of which a file that is read as a whole may take a third
_READ_BYTES = 256 << 20  # of a file that is read in parts


def serve() -> None:
    """Answer each request on stdin, a JSON object a line, until there are no more."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    for line in sys.stdin.buffer:
        request = json.loads(line)
        path = Path(request["path"])
        signal.setitimer(signal.ITIMER_REAL, request["limit_s"])  # which ends the process
        answer = _answer(path, ReadOptions.from_json(request["reading"]))
        signal.setitimer(signal.ITIMER_REAL, 0)
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _answer(path: Path, reading: ReadOptions) -> dict[str, str]:
    try:
        _limit_memory(path)
        read_whole(read_capture(path, reading).samples, _READ_BYTES)
    except RecordingError as fault:
        if not isinstance(fault.__cause__, MemoryError):
            return {"reason": fault.failure.reason, "hint": fault.failure.hint}
    except RadarseqError as fault:
        return {"reason": str(fault), "hint": "Correct it"}
    except MemoryError:
        pass
    except Exception as fault:
        failure = unreadable(path, fault).failure
        return {"reason": failure.reason, "hint": failure.hint}
    else:
        return {}
    reason = f"needs more than {MEMORY_BYTES >> 20} MB of memory to be read"
    return {"reason": reason, "hint": "Store it as .npy, HDF5 or SigMF, or leave it out"}


def _limit_memory(path: Path) -> None:
    """Let this process grow by so much, and map the file besides."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    size = path.stat().st_size if path.is_file() else 0
    most = pages * resource.getpagesize() + MEMORY_BYTES + size
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


if __name__ == "__main__":
    serve()
