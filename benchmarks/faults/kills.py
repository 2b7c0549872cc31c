"""Kills commands at random moments, runs them again, and compares with an undisturbed result.

    python -m benchmarks.faults.kills [--quick] [--only COMMAND] [--seed 0]

Each command is killed with SIGKILL at 50 moments drawn over its length, each time in a new folder,
and run again to its end. Then 200 kills hit commands that continue in the same folders. A file
under a final name must be whole at every moment, and no temporary file may remain at the end.
"""

import argparse
import random
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from benchmarks.faults.commands import (
    LEFTOVERS,
    Command,
    Ended,
    Workspace,
    content,
    leftovers,
    print_table,
    run_successfully,
    small_workspace,
)
from radarseq.inference.checkpoint import load_checkpoint, load_state
from radarseq.training.history import read_history

Arguments = Callable[[Path], list[object]]
# This file has durations, which differ from run to run.
UNEQUAL = "environment.json"
ALL = "all"


class Job:
    """A command and its undisturbed result.

    Args:
        name: Name in the table.
        arguments: The command for an output folder.
        resumes: Whether it is continued with ``--resume``; otherwise it starts anew.
        base: Folder for its output.
    """

    def __init__(self, name: str, arguments: Arguments, resumes: bool, base: Path) -> None:
        self.name, self.arguments, self.resumes, self.base = name, arguments, resumes, base
        run_successfully(*arguments(base / "warm"))  # compiles what is compiled at first use
        self.seconds = run_successfully(*arguments(base / "straight")).seconds
        self.expected = equal_part(base / "straight")
        shutil.rmtree(base / "warm")
        shutil.rmtree(base / "straight")

    def signalled(self, out: Path, number: int, chance: random.Random) -> Ended:
        """Start the command and send it a signal at a random moment before its end."""
        while True:
            ended = Command(*self.arguments(out)).signal_after(
                chance.random() * self.seconds, number
            )
            if ended.status != 0:
                return ended
            # It ended before the signal, perhaps faster than when it was timed: draw another.
            self.seconds = min(self.seconds, ended.seconds)
            shutil.rmtree(out)

    def again(self, out: Path) -> list[object]:
        """Return the arguments that continue in a folder after a kill."""
        begun = (out / "config.toml").exists() if self.name != "simulate" else out.exists()
        return [*self.arguments(out), *(["--resume"] if self.resumes and begun else [])]

    def has_ended(self, out: Path) -> bool:
        """Return True if a kill came when all was done except removing the lock."""
        if self.resumes or not out.exists():
            return False
        ended = equal_part(out) in (self.expected, self.expected | {".lock": b""})
        if ended:
            (out / ".lock").unlink(missing_ok=True)
        return ended

    def invalid(self, out: Path) -> list[str]:
        """Return the files under final names that are not whole."""
        if not out.exists():
            return []
        if self.name.startswith("train"):
            return _invalid_run(out, self.expected)
        found = {n: c for n, c in content(out).items() if not n.endswith(LEFTOVERS)}
        return [name for name, value in found.items() if self.expected.get(name) != value]


def equal_part(folder: Path) -> dict[str, bytes]:
    """Return what must be the same whenever a command has ended well."""
    return {n: value for n, value in content(folder).items() if n != UNEQUAL}


def _invalid_run(out: Path, expected: dict[str, bytes]) -> list[str]:
    """Return what of a run under way cannot be loaded, or is no beginning of what is expected."""
    bad = []
    for name, load in (("best", load_checkpoint), ("last", load_checkpoint), ("last", load_state)):
        folder = out / "checkpoints" / name
        if folder.exists():
            try:
                load(folder)
            except Exception as fault:
                bad.append(f"{name}: {fault!r}")
    try:
        read_history(out)
    except Exception as fault:
        bad.append(f"metrics.csv: {fault!r}")
    for name in ("config.toml", "metrics.csv"):
        if (out / name).exists() and not expected[name].startswith((out / name).read_bytes()):
            bad.append(name)
    return bad


def _done(out: Path) -> dict[str, int]:
    """Return when each shard was written, and how many epochs are kept."""
    shards = {path.name: path.stat().st_mtime_ns for path in out.glob("shard-*.h5")}
    last = out / "checkpoints" / "last"
    return shards | ({"epochs": _epochs(last)} if last.exists() else {})


def _epochs(last: Path) -> int:
    return len(load_state(last)["progress"]["history"])


def kill_each_time_anew(job: Job, base: Path, kills: int, chance: random.Random) -> dict:
    """Kill a command once, run it again, ``kills`` times; return a row of the table."""
    row = dict.fromkeys(("survived", "invalid", "differs", "left over", "redone, most"), 0)
    for attempt in range(kills):
        out = base / f"{job.name}-{attempt}".replace(" ", "-")
        ended = job.signalled(out, signal.SIGKILL, chance)
        invalid = job.invalid(out)
        before = _done(out)
        if not job.has_ended(out):
            ended = Command(*job.again(out)).wait()
        after = _done(out)
        found = equal_part(out)
        differs = found != job.expected
        left = leftovers(out)
        redone = sum(after.get(n) != t for n, t in before.items() if n.startswith("shard"))
        is_well = ended.status in (0, -signal.SIGKILL) and not (invalid or differs or left)
        row["survived"] += is_well
        row["invalid"] += bool(invalid)
        row["differs"] += differs
        row["left over"] += bool(left)
        row["redone, most"] = max(row["redone, most"], redone)
        if not is_well:
            names = [n for n in found | job.expected if found.get(n) != job.expected.get(n)]
            print(
                f"{job.name}: {ended.status} {invalid} {names} {left}\n{ended.output}", flush=True
            )
        shutil.rmtree(out)
    return {"command": job.name, "kills": kills, **row}


def kill_again_and_again(jobs: list[Job], base: Path, kills: int, chance: random.Random) -> dict:
    """Kill commands in folders that they go on in; return a row of the table."""
    done = dict.fromkeys(("survived", "invalid", "differs", "left over"), 0)
    attempts = 0
    while attempts < kills:
        job = jobs[attempts % len(jobs)]
        out = base / f"often-{attempts}"
        for _ in range(5):
            ended = Command(*job.again(out)).signal_after(
                chance.random() * job.seconds, signal.SIGKILL
            )
            attempts += ended.status != 0
            invalid = job.invalid(out)
            done["invalid"] += bool(invalid)
            done["survived"] += ended.status != 0 and not invalid
            if invalid or ended.status > 0:
                print(f"{job.name}: {invalid} {ended.output}", flush=True)
            if ended.status == 0 or job.has_ended(out):
                break
        else:
            run_successfully(*job.again(out))
        done["differs"] += equal_part(out) != job.expected
        done["left over"] += bool(leftovers(out))
        shutil.rmtree(out)
    return {"command": "all, again and again", "kills": attempts, **done, "redone, most": "-"}


def jobs_of(workspace: Workspace, only: str = "") -> list[Job]:
    """Return the commands to kill, or the one that is to be killed alone."""
    listed = [
        ("simulate", workspace.simulate, True),
        ("train", workspace.train, True),
        ("train with EMA", workspace.train_averaged, True),
        ("train on fresh pairs", workspace.train_fresh, True),
        ("train on fresh pairs with EMA", workspace.train_fresh_averaged, True),
        ("evaluate", workspace.evaluate, False),
        ("import", workspace.import_, False),
        ("export", workspace.export, False),
    ]
    return [
        Job(name, arguments, resumes, workspace.base)
        for name, arguments, resumes in listed
        if only in ("", ALL, name)
    ]


def main() -> None:
    """Kill, and print the table."""
    parser = argparse.ArgumentParser(description="Kill commands at random moments.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the kills")
    parser.add_argument("--only", default="", help="one command; all: only the kills of all")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    share = 10 if options.quick else 1
    chance = random.Random(options.seed)
    rows = []
    with small_workspace() as workspace:
        jobs = jobs_of(workspace, options.only)
        if options.only != ALL:
            rows = [kill_each_time_anew(job, workspace.base, 50 // share, chance) for job in jobs]
        if options.only in ("", ALL):
            rows.append(kill_again_and_again(jobs, workspace.base, 200 // share, chance))
    print_table(rows)


if __name__ == "__main__":
    main()
