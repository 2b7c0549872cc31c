"""Learning curves of the tasks that miss their goal: training with fewer objects or speakers.

    python benchmarks/learning_curves.py --out runs/curves --workers 2
    python benchmarks/learning_curves.py --out runs/curves --only digits

With fewer rows a model trains for more epochs, so that the number of iterations stays the same.
Tasks and settings are those of ``radar_tasks.py`` and ``deck_tasks.py``, and so is the last figure
of each curve. The rows of a task are stored in the output folder. A second call continues where the
first ended.
"""

from task_runner import run_tasks

# Number of seeds; the longest task first.
TASKS = {"digits": 1, "space_debris": 1}

if __name__ == "__main__":
    run_tasks((__doc__ or "").partition("\n")[0], "curves", TASKS)
