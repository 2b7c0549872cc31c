"""The same training from several seeds: how much of a result is luck."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from radarseq.errors import UsageError
from radarseq.storage.atomic import printable, write_atomically
from radarseq.training.distributed import requested_group
from radarseq.training.optimisation.losses import EpochRow
from radarseq.training.train import TrainResult, train

SEEDS_CSV = "seeds.csv"


@dataclass(frozen=True)
class SeedsResult:
    """What several runs came to.

    Attributes:
        folder: It holds ``seed-0``, ``seed-1`` and so on, and ``seeds.csv``, a row a run.
        runs: Of each seed, in order.
        seeds: Their seeds.
    """

    folder: Path
    runs: tuple[TrainResult, ...]
    seeds: tuple[int, ...]

    @property
    def spread(self) -> dict[str, dict[str, float]]:
        """Of each metric: mean, deviation (of a sample), lowest and highest over the runs."""
        told = {}
        for name in self.runs[0].metrics:
            values = np.array([run.metrics[name] for run in self.runs])
            deviation = float(values.std(ddof=1)) if len(values) > 1 else 0.0
            told[name] = {
                "mean": float(values.mean()),
                "deviation": deviation,
                "lowest": float(values.min()),
                "highest": float(values.max()),
            }
        return told


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

    Each run is as ``train`` makes it alone with that seed. With ``resume``, runs that have ended
    are left as they are.

    Args:
        data: As for ``train``.
        out: The folder of the runs.
        seeds: How many; from the setting ``seed`` upwards.
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
        again = resume and (folder / "config.toml").exists()
        # The seed of a run that goes on is its own.
        own = settings if again else settings | {"seed": seed}
        runs.append(train(data, folder, device=device, resume=again, on_epoch=on_epoch, **own))
    result = SeedsResult(out, tuple(runs), tuple(range(first, first + seeds)))
    if requested_group().is_first:
        write_atomically(out / SEEDS_CSV, _as_csv(result).encode())
    return result


def _as_csv(result: SeedsResult) -> str:
    text = io.StringIO()
    names = ["seed", "run", "epochs", *result.runs[0].metrics]
    writer = csv.DictWriter(text, fieldnames=names, lineterminator="\n")
    writer.writeheader()
    for seed, run in zip(result.seeds, result.runs, strict=True):
        folder = printable(run.run)
        writer.writerow({"seed": seed, "run": folder, "epochs": run.epochs} | run.metrics)
    return text.getvalue()


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
