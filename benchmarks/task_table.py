"""A table of tasks: a row a figure, kept beside its runs, so that a rerun goes on."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

RECORDINGS = Path(__file__).parents[2] / "shared" / "data"
ROWS_NAME = "rows.json"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A figure of a task, beside what it has to beat.

    Attributes:
        task: Such as ``series, 1 step``.
        who: The model, or the baseline, that it is a figure of.
        measure: What is measured, with its unit, such as ``MSE`` or ``accuracy [%]``.
        ours: A value a seed, all on the same rows; one where nothing depends on a seed.
        reach: What must be reached; None where there is nothing to reach.
        published: Figures of others, by where they are from.
        baselines: Figures of simpler methods on the same rows, by name.
        more_is_better: Of an accuracy; not of an error.
        digits: After the decimal point.
        note: What else is to be said, in words.
    """

    task: str
    who: str
    measure: str
    ours: Sequence[float]
    reach: float | None = None
    published: dict[str, float] = field(default_factory=dict)
    baselines: dict[str, float] = field(default_factory=dict)
    more_is_better: bool = False
    digits: int = 4
    note: str = ""

    @property
    def is_reached(self) -> bool | None:
        """Whether the mean over the seeds is as good as must be; None if nothing must."""
        if self.reach is None:
            return None
        mean = float(np.mean(self.ours))
        return mean >= self.reach if self.more_is_better else mean <= self.reach


def seed_runs(
    data: Path, folder: Path, seeds: int, *, trained_on: Path | None = None, **settings: Any
) -> tuple[list[dict[str, Any]], list[Path]]:
    """Return the metrics of a model on the test rows, from each seed, and the run folders.

    Runs and evaluations that are there already are taken as they are; one that was interrupted
    goes on.

    Args:
        data: The dataset, whose test rows judge.
        folder: Where runs and evaluations are written.
        seeds: How many.
        trained_on: A recipe, whose fresh pairs train; None for the rows of the dataset.
        **settings: Of model and training, as of ``radarseq.train``.
    """
    import radarseq

    metrics, runs = [], []
    for seed in range(seeds):
        run, judged = folder / f"seed-{seed}", folder / f"judged-{seed}"
        if not (run / "metrics.json").exists():
            resume = (run / "config.toml").exists()
            source = trained_on or data
            radarseq.train(source, run, device="cpu", resume=resume, seed=seed, **settings)
        result = radarseq.evaluate(run, data, judged, device="cpu", resume=judged.exists())
        metrics.append(result.metrics)
        runs.append(run)
    return metrics, runs


def judged_together(data: Path, runs: Sequence[Path]) -> dict[str, Any]:
    """Return the metrics of the ensemble of runs on the test rows.

    Args:
        data: The dataset, whose test rows judge.
        runs: As ``seed_runs`` gives them, two or more.
    """
    import radarseq
    from radarseq.inference.build_ensemble import form_ensemble

    folder = runs[0].parent
    form_ensemble(folder, [run.name for run in runs], device="cpu")
    judged = folder / f"judged-together-{len(runs)}"
    return radarseq.evaluate(folder, data, judged, device="cpu", resume=judged.exists()).metrics


def accuracy_row(metrics: Sequence[dict[str, Any]], *, task: str, who: str, **told: Any) -> Row:
    """Return the row of a class: the accuracy of each seed, beside the baselines of the first.

    Args:
        metrics: Of the evaluations, as ``seed_runs`` gives them.
        task: See ``Row``, for this and the next.
        who: The model.
        **told: Other fields of ``Row``; ``baselines`` are added to those of the evaluation.
    """
    parts = [one["classification"] for one in metrics]
    simple = {who: 100 * part["accuracy"] for who, part in parts[0]["baselines"].items()}
    return Row(
        task=task,
        who=who,
        measure="accuracy [%]",
        ours=[100 * part["model"]["accuracy"] for part in parts],
        baselines=told.pop("baselines", {}) | simple,
        more_is_better=True,
        digits=1,
        **told,
    )


def kept_rows(folder: Path, seeds: int, make: Callable[[], list[Row]]) -> list[Row]:
    """Return the rows that ``folder`` keeps for so many seeds; made, and kept, if there are none.

    They are made anew from other seeds: the runs that are there already are taken for that.
    """
    path = folder / ROWS_NAME
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if kept.get("seeds") != seeds:
        folder.mkdir(parents=True, exist_ok=True)
        kept = {"seeds": seeds, "rows": [asdict(row) for row in make()]}
        path.with_suffix(".tmp").write_text(json.dumps(kept, indent=1), encoding="utf-8")
        path.with_suffix(".tmp").replace(path)
    return [Row(**content) for content in kept["rows"]]


def as_table(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table."""
    head = ("task", "model", "measure", "ours", "baselines", "published", "reach", "reached")
    cells = [head, tuple("---" for _ in head), *(_cells(row) for row in rows)]
    notes = [f"- {row.task}, {row.who}: {row.note}" for row in rows if row.note]
    lines = ["| " + " | ".join(line) + " |" for line in cells]
    return "\n".join(lines + ([""] if notes else []) + notes)


def _cells(row: Row) -> tuple[str, ...]:
    def text(value: float) -> str:
        return f"{value:.{row.digits}f}"

    def listed(figures: dict[str, float]) -> str:
        return ", ".join(f"{who} {text(value)}" for who, value in figures.items())

    ours = text(float(np.mean(row.ours)))
    if len(row.ours) > 1:
        ours += f" ({text(min(row.ours))} to {text(max(row.ours))}, {len(row.ours)} seeds)"
    sign = "\N{GREATER-THAN OR EQUAL TO}" if row.more_is_better else "\N{LESS-THAN OR EQUAL TO}"
    reach = "" if row.reach is None else f"{sign} {text(row.reach)}"
    reached = {None: "", True: "yes", False: "no"}[row.is_reached]
    simple, others = listed(row.baselines), listed(row.published)
    return (row.task, row.who, row.measure, ours, simple, others, reach, reached)
