"""Every task of the deck: trained from several seeds, beside baselines and the book's figures.

    python benchmarks/deck_tasks.py --out runs/deck --workers 2
    python benchmarks/deck_tasks.py --out runs/deck --only series_one chorales

A task's rows are kept in the output folder: a rerun goes on where an earlier one ended.
"""

from task_runner import run_tasks

# The longest first, so that two processes end at about the same time. One net does not reach an
# unheard speaker, three that answer as one do.
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
