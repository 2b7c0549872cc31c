"""``metrics.csv``: one row per epoch, read only if its content is what training wrote."""

import csv
import io
from pathlib import Path

from radarseq.errors import CheckpointError
from radarseq.inference.checkpoint import MANIFEST
from radarseq.storage.atomic import current_folder, read_plain, sha256_of
from radarseq.storage.sealed import read_json

METRICS_CSV, METRICS = "metrics.csv", "metrics.json"
EpochRow = dict[str, float]


def history_csv(history: list[EpochRow]) -> bytes:
    """Return the content of ``metrics.csv`` after these epochs."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(history[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: int(v) if k == "epoch" else v for k, v in row.items()} for row in history)
    return text.getvalue().encode()


def read_history(run: Path) -> list[EpochRow]:
    """Return the rows of a run's ``metrics.csv``; none where there is no such file.

    The digest in ``metrics.json`` verifies the rows of a run that has ended. Those of another run
    must be in the manifest of its last checkpoint, or be one epoch behind: a kill can come between
    the two.

    Raises:
        CheckpointError: If the file is not what training wrote, or what verifies it is damaged.
    """
    path = run / METRICS_CSV
    try:
        content = read_plain(path)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror})") from error
    if (run / METRICS).exists():
        files = read_json(run / METRICS, CheckpointError).get("files")
        is_intact = isinstance(files, dict) and files.get(METRICS_CSV) == sha256_of(content)
        rows = csv.DictReader(io.StringIO(content.decode("utf-8", "replace"), newline=""))
    else:
        last = current_folder(run / "checkpoints" / "last") / MANIFEST
        rows = read_json(last, CheckpointError).get("history") or []
        is_intact = content in [history_csv(rows[:n]) for n in (len(rows), len(rows) - 1) if n > 0]
    if not is_intact:
        raise CheckpointError(f"{path}: altered or truncated; restore it from a copy")
    return [{key: float(value) for key, value in row.items()} for row in rows]
