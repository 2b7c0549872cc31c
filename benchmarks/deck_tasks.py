"""Every task of the deck: trained from several seeds, beside baselines and the book's figures.

    python benchmarks/deck_tasks.py --out runs/deck --workers 2
    python benchmarks/deck_tasks.py --out runs/deck --only series_one chorales

A task's rows are kept in the output folder: a rerun goes on where an earlier one ended.
"""

from task_runner import run_tasks

# The longest first, so that two processes end at about the same time; from two seeds each.
TASKS: dict[str, int] = dict.fromkeys(
    (
        "digits",
        "series_many",
        "series_one",
        "chorales",
        "piano_roll",
        "frames",
        "daily",
        "sketches",
    ),
    2,
)

if __name__ == "__main__":
    run_tasks((__doc__ or "").partition("\n")[0], "deck", TASKS)
