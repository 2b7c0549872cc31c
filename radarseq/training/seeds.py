"""Training from several seeds, which shows how much of a result is chance."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from radarseq.errors import UsageError
from radarseq.storage.atomic import printable, write_atomically
from radarseq.training.distributed import read_process_group
from radarseq.training.history import EpochRow
from radarseq.training.train import TrainResult, train

SEEDS_CSV = "seeds.csv"


@dataclass(frozen=True)
class SeedsResult:
    """Results of the runs of several seeds.

    Attributes:
        folder: It holds ``seed-0``, ``seed-1`` and so on, and ``seeds.csv``, one row per run.
        runs: Of each seed, in order.
        seeds: Their seeds.
    """

    folder: Path
    runs: tuple[TrainResult, ...]
    seeds: tuple[int, ...]

    @property
    def spread(self) -> dict[str, dict[str, float]]:
        """Mean, deviation (of a sample), lowest and highest of each metric over the runs."""
        spread = {}
        for name in self.runs[0].metrics:
            values = np.array([run.metrics[name] for run in self.runs])
            spread[name] = {
                "mean": float(values.mean()),
                "deviation": float(values.std(ddof=1)) if len(values) > 1 else 0.0,
                "lowest": float(values.min()),
                "highest": float(values.max()),
            }
        return spread


def train_seeds(
    data: Path | str,
    out: Path | str,
    *,
    seeds: int,
    device: str = "auto",
    resume: bool = False,
    on_epoch: Callable[[EpochRow], None] | None = None,
    **settings: Any,
) -> SeedsResult:
    """Train the same model from several seeds, one after the other.

    Each run equals that of ``train`` with its seed. With ``resume``, runs that have ended are left
    as they are.

    Args:
        data: As for ``train``.
        out: The folder of the runs.
        seeds: Number of seeds; from the setting ``seed`` upwards.
        device: As for ``train``.
        resume: Continue where an earlier call was interrupted.
        on_epoch: Called with each epoch's row of metrics.
        **settings: As for ``train``.

    Raises:
        UsageError: If ``seeds`` is below 1; and what ``train`` raises.
    """
    if seeds < 1:
        raise UsageError(f"seeds is {seeds}; expected 1 or more")
    out, first = Path(out), settings.pop("seed", 0)
    runs = []
    for seed in range(first, first + seeds):
        folder = out / f"seed-{seed}"
        goes_on = resume and (folder / "config.toml").exists()
        # A resumed run has its seed in its configuration.
        own = settings if goes_on else settings | {"seed": seed}
        runs.append(train(data, folder, device=device, resume=goes_on, on_epoch=on_epoch, **own))
    result = SeedsResult(out, tuple(runs), tuple(range(first, first + seeds)))
    if read_process_group().is_rank_zero:
        text = io.StringIO()
        names = ["seed", "run", "epochs", *runs[0].metrics]
        writer = csv.DictWriter(text, fieldnames=names, lineterminator="\n")
        writer.writeheader()
        for seed, run in zip(result.seeds, runs, strict=True):
            row = {"seed": seed, "run": printable(run.run), "epochs": run.epochs}
            writer.writerow(row | run.metrics)
        write_atomically(out / SEEDS_CSV, text.getvalue().encode())
    return result


def as_text(result: SeedsResult) -> str:
    """Return the runs as a table, with mean and spread below."""
    names = [name for name in result.runs[0].metrics if name.startswith("validation_")]
    names = names or [name for name in result.runs[0].metrics if name != "epoch"]
    titles = [name.removeprefix("validation_").replace("_", " ") for name in names]
    lines = [f"{result.folder}: {len(result.runs)} seeds"]
    lines.append(f"  {'seed':<12}{'best epoch':>12}" + "".join(f"{title:>16}" for title in titles))
    for seed, run in zip(result.seeds, result.runs, strict=True):
        cells = "".join(f"{run.metrics[name]:>16.4f}" for name in names)
        lines.append(f"  {seed:<12}{run.best_epoch:>12}{cells}")
    for key in ("mean", "deviation", "lowest", "highest"):
        cells = "".join(f"{result.spread[name][key]:>16.4f}" for name in names)
        lines.append(f"  {key:<24}{cells}")
    return "\n".join(lines)
