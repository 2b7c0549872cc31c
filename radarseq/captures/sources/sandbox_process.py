"""The child process of ``sandbox``: opens and reads one file after the other, within limits."""

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
    """Answer each request on stdin, one JSON object per line, until there are no more."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is not an answer
    for line in sys.stdin.buffer:
        request = json.loads(line)
        path = Path(request["path"])
        signal.setitimer(signal.ITIMER_REAL, request["limit_s"])  # which ends the process
        answer = _answer(path, ReadOptions.from_json(request["options"]))
        signal.setitimer(signal.ITIMER_REAL, 0)
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _answer(path: Path, options: ReadOptions) -> dict[str, str]:
    try:
        _limit_memory(path)
        read_whole(read_capture(path, options).samples, _READ_BYTES)
    except RecordingError as error:
        if not isinstance(error.__cause__, MemoryError):
            return {"reason": error.failure.reason, "hint": error.failure.hint}
    except RadarseqError as error:
        return {"reason": str(error), "hint": "Correct it"}
    except MemoryError:
        pass
    except Exception as error:
        failure = unreadable(path, error).failure
        return {"reason": failure.reason, "hint": failure.hint}
    else:
        return {}
    reason = f"needs more than {MEMORY_BYTES >> 20} MB of memory to be read"
    return {"reason": reason, "hint": "Store it as .npy, HDF5 or SigMF, or leave it out"}


def _limit_memory(path: Path) -> None:
    """Let this process grow by ``MEMORY_BYTES``, and map the file."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    size = path.stat().st_size if path.is_file() else 0
    most = pages * resource.getpagesize() + MEMORY_BYTES + size
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


if __name__ == "__main__":
    serve()
