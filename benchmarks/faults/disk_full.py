"""Fills the disk under each command: no partial file may stay, and a resumed one must end the same.

    python -m benchmarks.faults.disk_full [--quick] [--only COMMAND]

The disk is filled twice: by a limit to the size of a file (RLIMIT_FSIZE), and by a tmpfs that is
too small, where mounting one is permitted. Each time the command must end in status 1 and name the
path. Then the limit is removed. The command, run again, must end in the bytes of an undisturbed
one.
"""

import argparse
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults.commands import (
    LEFTOVERS,
    Command,
    Ended,
    content,
    leftovers,
    print_table,
    run_successfully,
    small_workspace,
)
from benchmarks.faults.kills import equal_part
from radarseq.errors import RadarseqError
from radarseq.inference.checkpoint import load_checkpoint, load_state

PAGE = 4096


@dataclass(frozen=True)
class Case:
    """A command, whether it continues with --resume, and its undisturbed output."""

    name: str
    arguments: Callable[[Path], list[object]]
    resumes: bool
    expected: dict[str, bytes]

    def limits(self, shares: tuple[float, ...]) -> list[int]:
        """Return limits to the size of a file that the largest files exceed."""
        return [
            int(share * max(len(value) for value in self.expected.values())) for share in shares
        ]

    def disk_sizes(self, shares: tuple[float, ...]) -> list[int]:
        """Return sizes of a disk that is too small; a tmpfs of size 0 would have no limit."""
        pages = sum(-(-len(value) // PAGE) for value in self.expected.values())
        return [max(1, int(share * pages)) * PAGE for share in shares]


def errors_after(case: Case, out: Path, ended: Ended) -> list[str]:
    """Return the errors after the disk was full."""
    wrong = []
    if ended.status != 1:
        wrong.append(f"status {ended.status}")
    if str(out) not in ended.output or "Traceback" in ended.output:
        wrong.append(f"output {ended.output!r}")
    found = content(out) if out.exists() else {}
    wrong += [f"left {name}" for name in found if ".part" in name]
    if case.name != "train":
        whole = {n: v for n, v in found.items() if not n.endswith(LEFTOVERS)}
        wrong += [f"{name} is not whole" for name, v in whole.items() if case.expected[name] != v]
    for name in ("best", "last"):
        folder = out / "checkpoints" / name
        try:
            if folder.exists():
                load_checkpoint(folder)
            if folder.exists() and name == "last":
                load_state(folder)
        except RadarseqError as fault:
            wrong.append(str(fault))
    return wrong


def continue_command(case: Case, out: Path) -> list[str]:
    """Run a command again without a limit, and return the errors at its end."""
    begun = case.resumes and any(out.iterdir())
    ended = Command(*case.arguments(out), *(["--resume"] if begun else [])).wait()
    if ended.status:
        return [f"did not continue: {ended.status} {ended.output}"]
    found = equal_part(out)
    names = sorted(n for n in found | case.expected if found.get(n) != case.expected.get(n))
    return [f"{name} differs" for name in names] + leftovers(out)


def with_small_files(case: Case, base: Path, limit: int) -> list[str]:
    """Run a command with files limited to ``limit`` bytes, then continue it without a limit."""
    out = base / "small"
    ended = Command(*case.arguments(out), max_file_bytes=limit).wait()
    wrong = errors_after(case, out, ended) + continue_command(case, out)
    shutil.rmtree(out)
    return wrong


def with_small_disk(case: Case, base: Path, size: int) -> list[str]:
    """Run a command on a disk of ``size`` bytes, then continue it on the enlarged disk."""
    disk = base / "disk"
    disk.mkdir()
    _call("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk)
    try:
        out = disk / "out"
        ended = Command(*case.arguments(out)).wait()
        wrong = errors_after(case, out, ended)
        _call("mount", "-o", "remount,size=256m", disk)
        return wrong + continue_command(case, out)
    finally:
        _call("umount", disk)
        disk.rmdir()


def _call(*arguments: object) -> None:
    try:
        subprocess.run(
            [str(word) for word in arguments], check=True, capture_output=True, text=True
        )
    except subprocess.CalledProcessError as fault:
        raise OSError(f"{' '.join(map(str, arguments))}: {fault.stderr.strip()}") from fault


def may_mount(base: Path) -> bool:
    """Return True if a tmpfs can be mounted here."""
    disk = base / "probe"
    disk.mkdir()
    try:
        _call("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk)
    except OSError:
        return False
    _call("umount", disk)
    return True


def row_of(limit: str, case: Case, tries: list[list[str]]) -> dict[str, object]:
    """Return a row of the table from the errors of each try."""
    bad = [wrong for wrong in tries if wrong]
    for wrong in bad:
        print(f"{case.name}, {limit}: {wrong}", flush=True)
    survived = len(tries) - len(bad)
    return {"command": case.name, "full by": limit, "tries": len(tries), "survived": survived}


def main() -> None:
    """Fill the disk under every command, and print the table."""
    parser = argparse.ArgumentParser(description="Fill the disk under each command.")
    parser.add_argument("--quick", action="store_true", help="one try each")
    parser.add_argument("--only", default="", help="one command")
    options = parser.parse_args()
    shares = (0.6,) if options.quick else (0.05, 0.3, 0.6, 0.8, 0.95)
    rows = []
    with small_workspace() as workspace:
        mounts = may_mount(workspace.base)
        for name, arguments, resumes in (
            ("simulate", workspace.simulate, True),
            ("train", workspace.train, True),
            ("evaluate", workspace.evaluate, False),
            ("import", workspace.import_, False),
            ("export", workspace.export, False),
        ):
            if options.only not in ("", name):
                continue
            straight = workspace.base / f"straight-{name}"
            run_successfully(*arguments(straight))
            case = Case(name, arguments, resumes, equal_part(straight))
            small = [with_small_files(case, workspace.base, n) for n in case.limits(shares)]
            rows.append(row_of("RLIMIT_FSIZE", case, small))
            if mounts:
                disks = [with_small_disk(case, workspace.base, n) for n in case.disk_sizes(shares)]
                rows.append(row_of("tmpfs", case, disks))
    print_table(rows)
    if not mounts:
        print("\nA tmpfs could not be mounted here: only the file-size limit was tested.")


if __name__ == "__main__":
    main()
