"""What limits the tasks that fall short: the same training from fewer objects and speakers.

    python benchmarks/learning_curves.py --out runs/curves --workers 2
    python benchmarks/learning_curves.py --out runs/curves --only digits

From fewer rows a model is trained for as many more epochs: the steps stay what they are. Tasks and
settings are those of ``radar_tasks.py`` and ``deck_tasks.py``, and the last figure of each curve is
theirs. A task's rows are kept in the output folder: a rerun goes on where an earlier one ended.
"""

from task_runner import run_tasks

# The longest first; one seed each.
TASKS = {"digits": 1, "space_debris": 1}

if __name__ == "__main__":
    run_tasks((__doc__ or "").partition("\n")[0], "curves", TASKS)
