"""Commands on a full disk: what is whole stays."""

import signal
from pathlib import Path

from command_processes import Ran
from datasets_made import content
from small_runs import TRAINED, checkpoint_written, shards, weights

from radarseq.dataset.read import open_dataset


def is_disk_full(ran: Ran, folder: Path) -> None:
    assert ran.status == 1, ran
    assert str(folder) in ran.stderr, ran.stderr
    assert "File too large" in ran.stderr


def test_a_full_disk_stops_a_simulation_and_it_resumes(cli, recipe, tiny, tmp_path):
    out = tmp_path / "out"
    words = ("simulate", recipe, "--examples", 400, "--rows-per-shard", 100, "--out", out)
    ran = cli(*words, largest_file=50_000)  # a shard has about 100,000 bytes
    assert shards(out) == []
    assert not list(out.rglob("*.part"))
    assert not (out / "manifest.json").exists()
    cli.good(*words, "--resume")
    assert open_dataset(out).digest == open_dataset(tiny).digest
    is_disk_full(ran, out)


def test_a_full_disk_stops_a_training_and_the_last_checkpoint_is_good(cli, run, tiny, tmp_path):
    out = tmp_path / "run"
    command = cli.start("train", tiny, *TRAINED, "--out", out)
    command.wait_until(checkpoint_written(out))
    command.signal(signal.SIGTERM)
    before = content(out / "checkpoints" / "last")
    largest = len(before["model.safetensors"]) // 2
    ran = cli("train", tiny, "--out", out, "--resume", largest_file=largest)
    assert content(out / "checkpoints" / "last") == before
    assert not list(out.rglob("*.part"))
    cli.good("validate", out)
    cli.good("train", tiny, "--out", out, "--resume")
    assert weights(out) == weights(run)
    is_disk_full(ran, out)


def test_a_full_disk_stops_an_evaluation(cli, run, tiny, tmp_path):
    out = tmp_path / "out"
    cli.good("evaluate", run, tiny, "--out", tmp_path / "first")  # what is kept beside the run
    ran = cli("evaluate", run, tiny, "--out", out, largest_file=5_000)
    assert [path.name for path in out.iterdir() if path.name == "metrics.json"] == []
    assert not list(out.rglob("*.part"))
    is_disk_full(ran, out)
