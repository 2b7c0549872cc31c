"""Sends SIGINT and SIGTERM to commands; each must end within five seconds, in 130 or 143.

    python -m benchmarks.faults.signals [--quick] [--only COMMAND]

Each command that writes gets both signals twenty times, at random moments. Files under final names
must be whole. The command, run again, must end in the bytes of an undisturbed one.
"""

import argparse
import random
import shutil
import signal
from pathlib import Path

from benchmarks.faults.commands import print_table, run_successfully, small_workspace
from benchmarks.faults.kills import Job, equal_part, jobs_of

MAX_S = 5.0
# A signal before the command has begun ends the process as the kernel does.
STATUS = {signal.SIGINT: (130, -signal.SIGINT), signal.SIGTERM: (143, -signal.SIGTERM)}


def row_of(job: Job, number: signal.Signals, tries: int, chance: random.Random) -> dict:
    """Signal a command ``tries`` times, and return a row of the table."""
    counts: dict[str, int] = dict.fromkeys(
        ("ended well", "other status", "late", "invalid", "differs"), 0
    )
    out, slowest = job.base / "signalled", 0.0
    for _ in range(tries):
        ended = job.signalled(out, number, chance)
        slowest = max(slowest, ended.seconds)
        errors = {
            "other status": ended.status not in STATUS[number] or "Traceback" in ended.output,
            "late": ended.seconds > MAX_S,
            "invalid": bool(job.invalid(out)),
            "differs": not _continues(job, out),
        }
        for name, failed in errors.items():
            counts[name] += failed
        counts["ended well"] += not any(errors.values())
        if any(errors.values()):
            print(f"{job.name}, {number.name}: {errors}\n{ended.output}", flush=True)
        shutil.rmtree(out, ignore_errors=True)
    info = {"command": job.name, "signal": number.name, "tries": tries}
    row = info | counts | {"slowest, s": round(slowest, 2)}
    print(row, flush=True)
    return row


def _continues(job: Job, out: Path) -> bool:
    if not job.has_ended(out) and equal_part(out) != job.expected:
        run_successfully(*job.again(out))
    return equal_part(out) == job.expected


def main() -> None:
    """Signal every command, and print the table."""
    parser = argparse.ArgumentParser(description="Send signals to commands at random moments.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the tries")
    parser.add_argument("--only", default="", help="one command")
    options = parser.parse_args()
    tries = 2 if options.quick else 20
    chance = random.Random(1)
    with small_workspace() as workspace:
        rows = [
            row_of(job, number, tries, chance)
            for job in jobs_of(workspace, options.only)
            for number in (signal.SIGINT, signal.SIGTERM)
        ]
    print_table(rows)


if __name__ == "__main__":
    main()
