"""Makes datasets by the commands of radarseq and by the scripts in ``examples``."""

import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import numpy as np
from task_table import RECORDINGS

_ROOT = Path(__file__).parents[1]


def run_command(out: Path, *command: str | Path | int) -> Path:
    """Return the dataset ``out``; write it by ``radarseq COMMAND`` if it is missing.

    Raises:
        SystemExit: If the command fails.
    """
    if not (out / "manifest.json").exists():
        _run([sys.executable, "-m", "radarseq", *map(str, command), "--out", str(out)])
    return out


def import_by_example(
    script: str, recordings: str, out: Path, *before: str, options: str = ""
) -> Path:
    """Return the dataset ``out``; write it by a script in ``examples`` if it is missing.

    Args:
        script: Name of the script, without ``.py``.
        recordings: Path of the files below ``RECORDINGS``.
        out: Dataset to write.
        *before: Arguments before the files on the command line.
        options: Arguments after the output.

    Raises:
        SystemExit: If the recordings are missing, or the script fails.
    """
    if (out / "manifest.json").exists():
        return out
    file, source = _ROOT / "examples" / f"{script}.py", RECORDINGS / recordings
    if not source.exists():
        raise SystemExit(
            f"{source}: not found; the head of {file.name} names the source of these files"
        )
    _run([sys.executable, str(file), *before, str(source), str(out), *options.split()])
    return out


def generate_by_example(script: str, out: Path, options: str) -> Path:
    """Return the dataset ``out``; generate it by a script in ``examples`` if it is missing.

    Raises:
        SystemExit: If the script fails.
    """
    if not (out / "manifest.json").exists():
        file = _ROOT / "examples" / f"{script}.py"
        _run([sys.executable, str(file), str(out), *options.split()])
    return out


def thinned(data: Path, out: Path, groups: Collection[int]) -> tuple[Path, float]:
    """Return the dataset ``out`` of some groups, and its share of the training rows of ``data``.

    Training and validation rows of other groups are left out. All test rows stay.
    """
    import radarseq
    from radarseq.dataset.schema import SPLIT_NAMES
    from radarseq.dataset.write import write_dataset

    examples = radarseq.open_dataset(data).load()
    is_train = examples["split"] == SPLIT_NAMES.index("train")
    is_test = examples["split"] == SPLIT_NAMES.index("test")
    stays = is_test | np.isin(examples["group"], list(groups))
    if not (out / "manifest.json").exists():
        write_dataset(out, examples.take(np.flatnonzero(stays)))
    return out, float((is_train & stays).sum() / is_train.sum())


def _run(command: list[str]) -> None:
    if code := subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
        raise SystemExit(f"{' '.join(command)} ended with status {code}")
