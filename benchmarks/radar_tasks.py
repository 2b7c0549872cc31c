"""The radar tasks: trained from several seeds, beside baselines and published figures.

    python benchmarks/radar_tasks.py --out runs/radar --workers 2
    python benchmarks/radar_tasks.py --out runs/radar --only ionosphere gestures

A task's rows are kept in the output folder: a rerun goes on where an earlier one ended.
"""

from task_runner import run_tasks

# The longest first, so that two processes end at about the same time; and how many seeds each.
TASKS = {
    "space_wavenet": 2,
    "space_lstm": 2,
    "echo": 1,
    "space_debris": 3,
    "gestures": 1,
    "ionosphere": 5,
}

if __name__ == "__main__":
    run_tasks((__doc__ or "").partition("\n")[0], "radar", TASKS)
