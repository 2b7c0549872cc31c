"""Fill the disk under each command; nothing half may stay, and what can go on must end the same.

    python -m benchmarks.faults.disk_full [--quick] [--only COMMAND]

The disk is filled twice: by a limit to the size of a file (RLIMIT_FSIZE), and by a tmpfs that is
too small, where mounting one is permitted. Each time the command must end in status 1 and name the
path; then there is room again, and the command, run again, must end in the bytes of an undisturbed
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
    good,
    leftovers,
    print_table,
    small_world,
)
from benchmarks.faults.kills import equal_part
from radarseq.errors import RadarseqError
from radarseq.inference.checkpoint import load_checkpoint, load_state

PAGE = 4096


@dataclass(frozen=True)
class Case:
    """A command, whether it goes on with --resume, and what it writes undisturbed."""

    name: str
    words: Callable[[Path], list[object]]
    resumes: bool
    expected: dict[str, bytes]

    def limits(self, shares: tuple[float, ...]) -> list[int]:
        """Return limits to the size of a file that the largest files pass."""
        return [
            int(share * max(len(value) for value in self.expected.values())) for share in shares
        ]

    def rooms(self, shares: tuple[float, ...]) -> list[int]:
        """Return sizes of a disk that is too small; of size 0 a tmpfs would have no limit."""
        pages = sum(-(-len(value) // PAGE) for value in self.expected.values())
        return [max(1, int(share * pages)) * PAGE for share in shares]


def faults_after(case: Case, out: Path, ended: Ended) -> list[str]:
    """Return what is wrong after the disk was full."""
    wrong = []
    if ended.status != 1:
        wrong.append(f"status {ended.status}")
    if str(out) not in ended.said or "Traceback" in ended.said:
        wrong.append(f"said {ended.said!r}")
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


def go_on(case: Case, out: Path) -> list[str]:
    """Run a command again, with room, and return what is wrong at its end."""
    begun = case.resumes and any(out.iterdir())
    ended = Command(*case.words(out), *(["--resume"] if begun else [])).end()
    if ended.status:
        return [f"did not go on: {ended.status} {ended.said}"]
    found = equal_part(out)
    names = sorted(n for n in found | case.expected if found.get(n) != case.expected.get(n))
    return [f"{name} differs" for name in names] + leftovers(out)


def with_small_files(case: Case, base: Path, limit: int) -> list[str]:
    """Run a command that may write no file above ``limit`` bytes, then one that may."""
    out = base / "small"
    ended = Command(*case.words(out), largest_file=limit).end()
    wrong = faults_after(case, out, ended) + go_on(case, out)
    shutil.rmtree(out)
    return wrong


def with_small_disk(case: Case, base: Path, room: int) -> list[str]:
    """Run a command on a disk of ``room`` bytes, then on the same one grown."""
    disk = base / "disk"
    disk.mkdir()
    _call("mount", "-t", "tmpfs", "-o", f"size={room}", "tmpfs", disk)
    try:
        out = disk / "out"
        ended = Command(*case.words(out)).end()
        wrong = faults_after(case, out, ended)
        _call("mount", "-o", "remount,size=256m", disk)
        return wrong + go_on(case, out)
    finally:
        _call("umount", disk)
        disk.rmdir()


def _call(*words: object) -> None:
    try:
        subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as fault:
        raise OSError(f"{' '.join(map(str, words))}: {fault.stderr.strip()}") from fault


def may_mount(base: Path) -> bool:
    """Return whether a tmpfs can be mounted here."""
    disk = base / "probe"
    disk.mkdir()
    try:
        _call("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk)
    except OSError:
        return False
    _call("umount", disk)
    return True


def row_of(how: str, case: Case, tries: list[list[str]]) -> dict[str, object]:
    """Return a row of the table from what was wrong in each try."""
    bad = [wrong for wrong in tries if wrong]
    for wrong in bad:
        print(f"{case.name}, {how}: {wrong}", flush=True)
    survived = len(tries) - len(bad)
    return {"command": case.name, "full by": how, "tries": len(tries), "survived": survived}


def main() -> None:
    """Fill the disk under every command, and print the table."""
    parser = argparse.ArgumentParser(description="Fill the disk under each command.")
    parser.add_argument("--quick", action="store_true", help="one try each")
    parser.add_argument("--only", default="", help="one command")
    options = parser.parse_args()
    shares = (0.6,) if options.quick else (0.05, 0.3, 0.6, 0.8, 0.95)
    rows = []
    with small_world() as world:
        mounts = may_mount(world.base)
        for name, words, resumes in (
            ("simulate", world.simulate, True),
            ("train", world.train, True),
            ("evaluate", world.evaluate, False),
            ("import", world.import_, False),
            ("export", world.export, False),
        ):
            if options.only not in ("", name):
                continue
            straight = world.base / f"straight-{name}"
            good(*words(straight))
            case = Case(name, words, resumes, equal_part(straight))
            small = [with_small_files(case, world.base, n) for n in case.limits(shares)]
            rows.append(row_of("RLIMIT_FSIZE", case, small))
            if mounts:
                disks = [with_small_disk(case, world.base, n) for n in case.rooms(shares)]
                rows.append(row_of("tmpfs", case, disks))
    print_table(rows)
    if not mounts:
        print("\nA tmpfs could not be mounted here: only the limit was tried.")


if __name__ == "__main__":
    main()
