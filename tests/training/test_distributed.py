"""Several processes train as one: the same rows, the same weights, and none outlives another."""

import json
import os
import socket
import subprocess
import sys

import pytest
import torch
from paths import ROOT
from safetensors.torch import load_file

from radarseq.errors import UsageError
from radarseq.training.distributed import ProcessGroup, read_process_group
from radarseq.training.train import train

WORKER = ROOT / "tests" / "helpers" / "ranks_worker.py"
# No dropout, which each process draws for its own rows; no spectrum, which is single precision.
SMALL = {"width": 4, "skip": 4, "dropout": 0.0, "features": ["iq", "level"], "dilations": [1, 2]}
STORED = SMALL | {"epochs": 2, "batch_size": 75, "class_weights": "balanced", "ema": 0.9}
NORMED = STORED | {"model": "resnet"}  # moments are those of the whole batch
FRESH = SMALL | {"epochs": 1, "batch_size": 31, "pairs_per_epoch": 124, "validation_pairs": 64}


def run_two(jobs):
    """Return the exit status and the last line of stderr of two processes with the same jobs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    others = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    others |= {"RADARSEQ_RANK_TIMEOUT_S": "60", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(WORKER), json.dumps(jobs, default=str)]
    started = [
        subprocess.Popen(
            command,
            env=os.environ | others | {"RANK": str(number), "LOCAL_RANK": str(number)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    output = [process.communicate(timeout=120)[1].strip() for process in started]
    return [process.returncode for process in started], output


@pytest.fixture
def doubled():
    """Double precision, in which sums in another order differ less."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def same_weights(one, other):
    for name in ("best", "last"):
        files = [run / "checkpoints" / name / "model.safetensors" for run in (one, other)]
        first, second = (load_file(file) for file in files)
        assert first.keys() == second.keys()
        for key, values in first.items():
            assert values.dtype == torch.float64
            scale = float(values.abs().max()) or 1.0
            assert float((values - second[key]).abs().max()) <= 1e-12 * scale, key


@pytest.mark.usefixtures("doubled")
def test_two_processes_are_one_and_a_mistake_of_the_first_is_told_by_both(
    space, plate_recipe, tmp_path
):
    """75 and 31 rows a step do not halve evenly: sums over parts, not means of means, are right."""
    good = [(space, "stored", STORED), (space, "normed", NORMED), (plate_recipe, "fresh", FRESH)]
    jobs = [*good, (space, "used", STORED)]
    (tmp_path / "used").mkdir()
    (tmp_path / "used/mine.txt").touch()
    two = [(data, tmp_path / name, settings) for data, name, settings in jobs]
    statuses, output = run_two(two)
    assert statuses == [1, 1], output
    assert output[0].startswith("OutputError") and "not empty" in output[0]
    assert output[1].startswith("ProcessGroupError: process 0 failed") and "not empty" in output[1]
    for data, name, settings in good:
        train(data, tmp_path / "one" / name, device="cpu", **settings)
        same_weights(tmp_path / "one" / name, tmp_path / name)
        environment = json.loads((tmp_path / name / "environment.json").read_text())
        assert environment["processes"] == 2


@pytest.mark.usefixtures("doubled")
def test_a_process_that_dies_ends_the_other_and_the_run_goes_on(space, tmp_path):
    # Only the first process is told of epochs: it dies, and the second is left.
    statuses, output = run_two([(space, tmp_path / "two", STORED | {"dies_after": 1})])
    assert statuses == [9, 1], output
    assert (
        "ProcessGroupError: another process of this run has ended or does not answer" in output[1]
    )
    assert "--resume" in output[1]
    train(space, tmp_path / "one", device="cpu", **STORED)
    train(space, tmp_path / "two", device="cpu", resume=True)
    same_weights(tmp_path / "one", tmp_path / "two")


@pytest.mark.parametrize("count", [1, 2, 3, 7])
@pytest.mark.parametrize("rows", [7, 8, 75])
def test_the_parts_of_a_batch_are_all_of_it_and_alike_in_size(count, rows):
    parts = [
        list(range(rows))[ProcessGroup(number, count).local_rows(rows)] for number in range(count)
    ]
    assert [row for part in parts for row in part] == list(range(rows))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_batch_that_leaves_a_process_without_rows_is_refused():
    ProcessGroup(0, 2).check_batches(100, 49)
    with pytest.raises(UsageError, match="100 examples in batches of 33 leave 1 in a batch, fewer"):
        ProcessGroup(0, 2).check_batches(100, 33)


@pytest.mark.parametrize(("number", "count"), [("2", "2"), ("-1", "2"), ("x", "2")])
def test_numbers_of_processes_that_make_no_sense_are_refused(monkeypatch, number, count):
    monkeypatch.setenv("RANK", number)
    monkeypatch.setenv("WORLD_SIZE", count)
    with pytest.raises(UsageError, match="RANK is"):
        read_process_group()
