"""Table of tasks, one row per figure, cached with its runs so that a second call continues."""

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
    """One figure of a task, with its baselines and its goal.

    Attributes:
        task: Such as ``series, 1 step``.
        model: Name of the model, or of the baseline.
        measure: Name and unit of the metric, such as ``MSE`` or ``accuracy [%]``.
        ours: One value per seed, all on the same rows; one value if nothing depends on a seed.
        goal: Value to reach; None if there is none.
        published: Published figures, by source.
        baselines: Figures of simpler methods on the same rows, by name.
        more_is_better: True for an accuracy, False for an error.
        digits: Digits after the decimal point.
        note: Remark below the table.
    """

    task: str
    model: str
    measure: str
    ours: Sequence[float]
    goal: float | None = None
    published: dict[str, float] = field(default_factory=dict)
    baselines: dict[str, float] = field(default_factory=dict)
    more_is_better: bool = False
    digits: int = 4
    note: str = ""

    @property
    def meets_goal(self) -> bool | None:
        """True if the mean over the seeds meets the goal; None if there is no goal."""
        if self.goal is None:
            return None
        mean = float(np.mean(self.ours))
        return mean >= self.goal if self.more_is_better else mean <= self.goal


def seed_runs(
    data: Path, folder: Path, seeds: int, *, trained_on: Path | None = None, **settings: Any
) -> tuple[list[dict[str, Any]], list[Path]]:
    """Return the metrics of a model on the test rows, one for each seed, and the run folders.

    Existing runs and evaluations are reused. Interrupted ones are resumed.

    Args:
        data: Dataset whose test rows are evaluated.
        folder: Folder of runs and evaluations.
        seeds: Number of seeds.
        trained_on: Recipe for training on fresh pairs; None trains on the dataset.
        **settings: Settings of model and training, as in ``radarseq.train``.
    """
    import radarseq

    metrics, runs = [], []
    for seed in range(seeds):
        run, evaluation = folder / f"seed-{seed}", folder / f"evaluation-{seed}"
        if not (run / "metrics.json").exists():
            resume = (run / "config.toml").exists()
            source = trained_on or data
            radarseq.train(source, run, device="cpu", resume=resume, seed=seed, **settings)
        result = radarseq.evaluate(run, data, evaluation, device="cpu", resume=evaluation.exists())
        metrics.append(result.metrics)
        runs.append(run)
    return metrics, runs


def evaluate_ensemble(data: Path, runs: Sequence[Path]) -> dict[str, Any]:
    """Return the metrics of the ensemble of runs on the test rows.

    Args:
        data: Dataset whose test rows are evaluated.
        runs: Two or more runs from ``seed_runs``.
    """
    import radarseq
    from radarseq.inference.build_ensemble import form_ensemble

    folder = runs[0].parent
    form_ensemble(folder, [run.name for run in runs], device="cpu")
    evaluation = folder / f"evaluation-ensemble-{len(runs)}"
    return radarseq.evaluate(
        folder, data, evaluation, device="cpu", resume=evaluation.exists()
    ).metrics


def accuracy_row(metrics: Sequence[dict[str, Any]], *, task: str, model: str, **fields: Any) -> Row:
    """Return the row of a classifier: the accuracy of each seed, and the baselines of the first.

    Args:
        metrics: Metrics from ``seed_runs``.
        task: See ``Row``.
        model: See ``Row``.
        **fields: Other fields of ``Row``; ``baselines`` are added to those of the evaluation.
    """
    parts = [one["classification"] for one in metrics]
    simple = {name: 100 * part["accuracy"] for name, part in parts[0]["baselines"].items()}
    return Row(
        task=task,
        model=model,
        measure="accuracy [%]",
        ours=[100 * part["model"]["accuracy"] for part in parts],
        baselines=fields.pop("baselines", {}) | simple,
        more_is_better=True,
        digits=1,
        **fields,
    )


def cached_rows(folder: Path, seeds: int, make: Callable[[], list[Row]]) -> list[Row]:
    """Return the rows cached in ``folder`` for this number of seeds; make and cache missing ones.

    Another number of seeds makes them anew, from the existing runs where possible.
    """
    path = folder / ROWS_NAME
    cached = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if cached.get("seeds") != seeds:
        folder.mkdir(parents=True, exist_ok=True)
        cached = {"seeds": seeds, "rows": [asdict(row) for row in make()]}
        path.with_suffix(".tmp").write_text(json.dumps(cached, indent=1), encoding="utf-8")
        path.with_suffix(".tmp").replace(path)
    return [Row(**content) for content in cached["rows"]]


def as_table(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table."""
    head = ("task", "model", "measure", "ours", "baselines", "published", "goal", "reached")
    cells = [head, tuple("---" for _ in head), *(_cells(row) for row in rows)]
    notes = [f"- {row.task}, {row.model}: {row.note}" for row in rows if row.note]
    lines = ["| " + " | ".join(line) + " |" for line in cells]
    return "\n".join(lines + ([""] if notes else []) + notes)


def _cells(row: Row) -> tuple[str, ...]:
    def text(value: float) -> str:
        return f"{value:.{row.digits}f}"

    def listed(figures: dict[str, float]) -> str:
        return ", ".join(f"{name} {text(value)}" for name, value in figures.items())

    ours = text(float(np.mean(row.ours)))
    if len(row.ours) > 1:
        ours += f" ({text(min(row.ours))} to {text(max(row.ours))}, {len(row.ours)} seeds)"
    sign = "\N{GREATER-THAN OR EQUAL TO}" if row.more_is_better else "\N{LESS-THAN OR EQUAL TO}"
    goal = "" if row.goal is None else f"{sign} {text(row.goal)}"
    reached = {None: "", True: "yes", False: "no"}[row.meets_goal]
    simple, others = listed(row.baselines), listed(row.published)
    return (row.task, row.model, row.measure, ours, simple, others, goal, reached)
