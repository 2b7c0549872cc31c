"""``metrics.csv``: a row an epoch, read only where it is what training wrote."""

import csv
import io
from pathlib import Path

from radarseq.errors import CheckpointError
from radarseq.files import read_json, read_plain, sha256_of, standing_folder
from radarseq.training.checkpoint import MANIFEST
from radarseq.training.loop import EpochRow

METRICS_CSV, METRICS = "metrics.csv", "metrics.json"


def history_csv(history: list[EpochRow]) -> bytes:
    """Return the content of ``metrics.csv`` after these epochs."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(history[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: int(v) if k == "epoch" else v for k, v in row.items()} for row in history)
    return text.getvalue().encode()


def read_history(run: Path) -> list[EpochRow]:
    """Return the rows of a run's ``metrics.csv``; none where there is no such file.

    Of a run that has ended, ``metrics.json`` vouches for them; of one that has not, the manifest of
    its last checkpoint, which is one epoch ahead where a kill came between the two.

    Raises:
        CheckpointError: If the file is not what training wrote, or what vouches for it is damaged.
    """
    path = run / METRICS_CSV
    try:
        content = read_plain(path)
    except FileNotFoundError:
        return []
    except OSError as fault:
        raise CheckpointError(f"{path}: cannot be read ({fault.strerror})") from fault
    if not _is_vouched_for(run, content):
        raise CheckpointError(f"{path}: altered or truncated; restore it from a copy")
    rows = csv.DictReader(io.StringIO(content.decode(), newline=""))
    return [{key: float(value) for key, value in row.items()} for row in rows]


def _is_vouched_for(run: Path, content: bytes) -> bool:
    if (run / METRICS).exists():
        files = read_json(run / METRICS, CheckpointError).get("files")
        return isinstance(files, dict) and files.get(METRICS_CSV) == sha256_of(content)
    last = standing_folder(run / "checkpoints" / "last") / MANIFEST
    history = read_json(last, CheckpointError).get("history") or []
    written = [history_csv(history[:n]) for n in (len(history), len(history) - 1) if n > 0]
    return content in written
