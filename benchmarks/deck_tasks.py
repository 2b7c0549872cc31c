"""Trains every task of the deck from several seeds; compares baselines and the book's figures.

    python benchmarks/deck_tasks.py --out runs/deck --workers 2
    python benchmarks/deck_tasks.py --out runs/deck --only series_one chorales

The rows of a task are stored in the output folder. A second call continues where the first ended.
"""

from task_runner import run_tasks

# Number of seeds; the longest tasks first, so that two processes end at about the same time. One
# network does not reach the goal for an unknown speaker, an ensemble of three does.
TASKS = {
    "digits_apart": 3,
    "series_many": 2,
    "digits": 3,
    "series_one": 2,
    "chorales": 2,
    "piano_roll": 2,
    "frames": 2,
    "daily": 2,
    "sketches": 2,
}

if __name__ == "__main__":
    run_tasks((__doc__ or "").partition("\n")[0], "deck", TASKS)
