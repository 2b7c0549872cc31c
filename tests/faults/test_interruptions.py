"""Commands that are interrupted or killed, and resumed."""

import json
import random
import signal
import time

import pytest
from command_processes import Ran
from datasets_made import content
from small_runs import (
    SHARDED,
    TRAINED,
    a_run_like,
    checkpoint_written,
    has_more_than,
    shards,
    weights,
)

from radarseq.dataset.read import open_dataset


@pytest.fixture(scope="session")
def digest(cli, recipe, tmp_path_factory) -> str:
    """Return the digest of the many small shards, made without a disturbance."""
    out = tmp_path_factory.mktemp("undisturbed") / "data"
    return json.loads(cli.good("simulate", recipe, *SHARDED, "--out", out, "--json").stdout)[
        "digest"
    ]


def stops_cleanly(ran: Ran, status: int) -> None:
    assert ran.status == status, ran
    assert "Traceback" not in ran.stderr
    assert "--resume" in ran.stderr


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_simulation_resumes_to_the_same_bytes(
    cli, recipe, tmp_path, digest, number, status
):
    out = tmp_path / "out"
    words = ("simulate", recipe, *SHARDED, "--out", out)
    command = cli.start(*words)
    command.wait_until(has_more_than(out, 5))
    stops_cleanly(command.signal(number), status)
    kept = {path: path.stat().st_mtime_ns for path in shards(out)}
    assert not list(out.rglob("*.part"))
    cli.fails(2, *words, names=(out, "not empty", "--resume"))
    assert json.loads(cli.good(*words, "--resume", "--json").stdout)["digest"] == digest
    assert sum(path.stat().st_mtime_ns != kept[path] for path in kept) <= 1
    assert not (out / "manifest.unfinished.json").exists()
    assert json.loads(cli.good(*words, "--resume", "--json").stdout)["digest"] == digest


def test_a_killed_simulation_resumes_to_the_same_bytes(cli, recipe, tmp_path, digest):
    out, chance = tmp_path / "out", random.Random(0)
    words = ("simulate", recipe, *SHARDED, "--out", out, "--resume")
    for workers in (1, 2, 4):  # threads: what kills one kills them all
        command = cli.start(*words, "--workers", workers)
        command.wait_until(has_more_than(out, len(shards(out)) + chance.randrange(12)))
        time.sleep(chance.random() * 0.02)
        assert command.signal(signal.SIGKILL).status == -signal.SIGKILL
        for path in shards(out):
            open_dataset(path)  # raises if it is not whole
        assert not (out / "manifest.json").exists()
    (out / "shard-00059.h5.part").write_bytes(b"half of")
    assert json.loads(cli.good(*words, "--json").stdout)["digest"] == digest
    assert not list(out.rglob("*.part"))
    cli.good("validate", out)


def test_another_simulation_does_not_take_over_what_is_there(cli, recipe, tmp_path):
    out = tmp_path / "out"
    command = cli.start("simulate", recipe, *SHARDED, "--out", out)
    command.wait_until(has_more_than(out, 2))
    command.signal(signal.SIGKILL)
    words = ("simulate", recipe, *SHARDED[:-1], "8", "--out", out, "--resume")
    cli.fails(2, *words, names=(out, "another dataset", "'seed': 7", "'seed': 8"))


def test_two_simulations_do_not_share_a_folder(cli, recipe, tmp_path):
    out = tmp_path / "out"
    words = ("simulate", recipe, "--examples", 200_000, *SHARDED[2:], "--out", out)
    first = cli.start(*words)
    first.wait_until(has_more_than(out, 1))
    for extra in ((), ("--resume",)):
        cli.fails(2, *words, *extra, names=(out, "another process", "another folder"))
    first.signal(signal.SIGTERM)
    for path in shards(out):
        open_dataset(path)


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)],
)
def test_an_interrupted_training_resumes_to_the_same_weights(
    cli, tiny, run, tmp_path, number, status
):
    out = tmp_path / "run"
    command = cli.start("train", tiny, *TRAINED, "--out", out)
    command.wait_until(checkpoint_written(out))
    ran = command.signal(number)
    if status > 0:
        stops_cleanly(ran, status)
    assert ran.status == status, ran
    cli.good("validate", out)
    cli.good("train", tiny, "--out", out, "--resume")
    assert weights(out) == weights(run)
    assert not list(out.rglob("*.part"))
    assert not list(out.rglob("*.old"))


def test_a_checkpoint_that_stepped_aside_is_put_back(cli, run, tiny, tmp_path):
    """A kill between the two renames of a replacement leaves ``last.old`` and no ``last``."""
    other = a_run_like(run, tmp_path / "run")
    last = other / "checkpoints" / "last"
    last.rename(last.with_name("last.old"))
    ran = cli.good("train", tiny, "--out", other, "--resume")
    assert "nothing to do" in ran.stdout  # and not all epochs once more
    assert weights(other) == weights(run)


def test_an_interrupted_evaluation_can_be_run_again(cli, run, tiny, tmp_path):
    words = ("evaluate", run, tiny, "--out", tmp_path / "out")
    command = cli.start(*words)
    command.wait_until((tmp_path / "out" / ".lock").exists)
    ran = command.signal(signal.SIGINT)
    assert ran.status == 130, ran
    assert "Traceback" not in ran.stderr
    cli.good(*words)
    cli.good("evaluate", run, tiny, "--out", tmp_path / "undisturbed")
    assert content(tmp_path / "out") == content(tmp_path / "undisturbed")
