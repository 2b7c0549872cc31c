"""Trains the radar tasks from several seeds; compares baselines and published figures.

    python benchmarks/radar_tasks.py --out runs/radar --workers 2
    python benchmarks/radar_tasks.py --out runs/radar --only ionosphere gestures

The rows of a task are stored in the output folder. A second call continues where the first ended.
"""

from task_runner import run_tasks

# Number of seeds; the longest tasks first, so that two processes end at about the same time.
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
