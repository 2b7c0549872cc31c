"""Datasets by the scripts in ``examples``, run as a newcomer runs them."""

import subprocess
import sys
from pathlib import Path

from .table import RECORDINGS

_ROOT = Path(__file__).parents[2]


def imported(script: str, recordings: str, out: Path, *before: str, options: str = "") -> Path:
    """Return the dataset ``out``, written by ``examples/script`` unless it is there.

    Args:
        script: Its name, without ``.py``.
        recordings: Where the files are, below ``RECORDINGS``.
        out: The dataset.
        *before: What comes before the files on the command line.
        options: What comes last.

    Raises:
        SystemExit: If the recordings are not there, or the script fails.
    """
    if (out / "manifest.json").exists():
        return out
    source = RECORDINGS / recordings
    if not source.exists():
        raise SystemExit(
            f"{source}: not there; docs/deck_tasks.md says where these files are had from"
        )
    file = _ROOT / "examples" / f"{script}.py"
    command = [sys.executable, str(file), *before, str(source), str(out), *options.split()]
    if code := subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
        raise SystemExit(f"{' '.join(command)} ended with status {code}")
    return out
