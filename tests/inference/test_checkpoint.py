"""Checkpoints: read as they were written, or refused; nothing in one ever runs."""

import hashlib
import io
import json
import os
import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from radarseq.artifacts.validation import validate
from radarseq.errors import CheckpointError, DataError, RadarseqError
from radarseq.inference.checkpoint import load_checkpoint, load_state, save_checkpoint
from radarseq.inference.predictor import load
from radarseq.storage.atomic import recover_folder
from radarseq.storage.sealed import write_json
from radarseq.training.train import train

FILES = ("manifest.json", "model.safetensors", "state.pt")


@pytest.fixture
def last(space_run, tmp_path):
    """A copy of a last checkpoint, with weights, manifest and state."""
    return shutil.copytree(space_run / "checkpoints/last", tmp_path / "last")


def load_all(folder):
    return load_checkpoint(folder), load_state(folder)


def change(folder, **fields):
    """Change what the manifest says, and seal it again, as an attacker would."""
    path = folder / "manifest.json"
    write_json(path, json.loads(path.read_text()) | fields)


def vouch(folder, name, content):
    """Put other content in a file, and its digest into the manifest, as an attacker would."""
    (folder / name).write_bytes(content)
    files = json.loads((folder / "manifest.json").read_text())["files"]
    change(folder, files=files | {name: hashlib.sha256(content).hexdigest()})


def flip(path, share, bit):
    content = bytearray(path.read_bytes())
    content[min(int(share * len(content)), len(content) - 1)] ^= 1 << bit
    path.write_bytes(content)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("model", ["wavenet", "lstm", "gru", "rnn"])
def test_a_reloaded_model_predicts_the_same_bits(space_examples, tmp_path, model, causal):
    from radarseq.dataset.write import write_dataset

    few = space_examples.take(slice(100))
    write_dataset(tmp_path / "data", few)
    run = tmp_path / "run"
    settings = {"width": 8, "device": "cpu", "epochs": 1, "causal": causal}
    train(tmp_path / "data", run, model=model, **settings)
    one = load_checkpoint(run / "checkpoints/best")
    save_checkpoint(tmp_path / "again", one.network, one.header, {"temperature": one.temperature})
    other = load_checkpoint(tmp_path / "again")
    first, second = (load(folder).predict_examples(few) for folder in (run, tmp_path / "again"))
    assert np.array_equal(first.probabilities, second.probabilities)
    assert np.array_equal(first.echo, second.echo)
    assert one.header == other.header == few.header
    weights = one.network.state_dict()
    assert all(torch.equal(value, weights[n]) for n, value in other.network.state_dict().items())


def test_the_trained_network_and_the_loaded_one_predict_the_same_bits(space_examples, tmp_path):
    from radarseq.inference.task_targets import spec_of
    from radarseq.models.network import Network
    from radarseq.models.settings import ModelSettings

    network = Network(ModelSettings(), spec_of(space_examples)).eval()
    rx, tx = (torch.from_numpy(space_examples[name]) for name in ("rx", "tx"))
    network.features.fit(rx, tx)
    save_checkpoint(tmp_path / "made", network, space_examples.header, {"epoch": 5})
    loaded = load_checkpoint(tmp_path / "made")
    with torch.no_grad():
        for name in ("sequence", "logits"):
            one, other = (getattr(n(rx, tx), name) for n in (network, loaded.network))
            assert torch.equal(one, other)
    assert loaded.manifest["epoch"] == 5
    assert not loaded.network.training


def test_saving_replaces_what_is_there_and_leaves_nothing_beside(last):
    network = load_checkpoint(last).network
    with torch.no_grad():
        network.features.mean += 1
    save_checkpoint(last, network, load_checkpoint(last).header, {})
    assert torch.equal(load_checkpoint(last).network.features.mean, network.features.mean)
    assert sorted(p.name for p in last.iterdir()) == ["manifest.json", "model.safetensors"]
    assert [p.name for p in last.parent.iterdir()] == ["last"]


def test_a_failed_save_leaves_the_old_checkpoint(last, monkeypatch):
    checkpoint = load_checkpoint(last)
    before = {p.name: p.read_bytes() for p in last.iterdir()}

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(last, checkpoint.network, checkpoint.header, {})
    assert {p.name: p.read_bytes() for p in last.iterdir()} == before


@pytest.mark.parametrize("name", FILES[1:])
@pytest.mark.parametrize("bit", [0, 7])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.2, 0.5, 0.9, 1.0])
def test_a_flipped_bit_is_found_and_the_file_named(last, name, share, bit):
    flip(last / name, share, bit)
    with pytest.raises(CheckpointError, match=f"{name}: altered or truncated"):
        load_all(last)
    assert not validate(last).is_valid


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.999])
def test_a_truncated_file_is_found_and_named(last, name, share):
    content = (last / name).read_bytes()
    (last / name).write_bytes(content[: int(share * len(content))])
    with pytest.raises(CheckpointError, match=name) as caught:
        load_all(last)
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("name", FILES)
def test_an_absent_file_is_found_and_named(last, name):
    (last / name).unlink()
    with pytest.raises(CheckpointError, match=name):
        load_all(last)


def test_no_flipped_bit_of_the_manifest_changes_what_the_model_computes(last, space_examples):
    """Or the model is refused, in words."""
    content, rows = (last / "manifest.json").read_bytes(), space_examples.take(slice(8))
    expected = load(last).predict_examples(rows)
    refused = 0
    for position in np.random.default_rng(0).integers(0, 8 * len(content), 250):
        damaged = bytearray(content)
        damaged[position // 8] ^= 1 << (position % 8)
        (last / "manifest.json").write_bytes(damaged)
        try:
            found = load(last).predict_examples(rows)
        except DataError as fault:
            refused += 1
            assert "manifest.json" in str(fault) or "model.safetensors" in str(fault)
        else:
            assert np.array_equal(found.probabilities, expected.probabilities)
    assert refused > 80


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"sphere"', b'"qphere"'),  # class_names: every decision gets a wrong name
        (b'"carrier_hz": 1', b'"carrier_hz": 3'),
        (b'"dropout": 0.1', b'"dropout": 0.3'),
        (b'"epoch": 2', b'"epoch": 3'),
        (b'"metrics"', b'"mdtrics"'),
        (b'"digest": "', b'"digest":"0'),  # of the data
    ],
)
def test_an_altered_manifest_is_refused(last, old, new):
    path = last / "manifest.json"
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
    with pytest.raises(DataError):
        load_all(last)


def test_a_state_that_the_manifest_does_not_list_is_not_valid(last):
    files = json.loads((last / "manifest.json").read_text())["files"]
    change(last, files={"model.safetensors": files["model.safetensors"]})
    with pytest.raises(CheckpointError, match=r"state\.pt"):
        load_state(last)
    assert not validate(last).is_valid


def test_other_dilations_are_refused(last):
    """The weights would fit: nothing but the seal tells."""
    path = last / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["model"]["dilations"] = [1, 2, 4, 8, 17]
    path.write_text(json.dumps(manifest))
    with pytest.raises(CheckpointError, match="altered"):
        load_checkpoint(last)


def test_a_malformed_header_is_an_error_of_the_checkpoint(last):
    change(last, header={"sample_axis": "slow_time"})
    with pytest.raises(CheckpointError, match=r"manifest\.json"):
        load_checkpoint(last)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"kind": "radarseq dataset"}, "kind is 'radarseq dataset'"),
        ({"format_version": 2}, "format_version is 2"),
        ({"model": {"model": "wavenet", "magic": 1}}, "magic"),
        ({"model": None}, "model"),
        ({"input": {}}, "missing"),
        ({"files": None}, "model.safetensors: is not listed"),
        ({"files": {"model.safetensors": None}}, "model.safetensors: is not listed"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(last, fields, word):
    change(last, **fields)
    with pytest.raises(CheckpointError, match=word):
        load_checkpoint(last)


class Malice:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def malicious_archive(marker):
    """What torch.save writes, its pickle replaced by one that calls os.mkdir."""
    buffer = io.BytesIO()
    torch.save({"optimiser": torch.zeros(2), "progress": Malice(marker)}, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["archive", "bare pickle", "legacy"])
def test_a_malicious_state_is_refused_and_does_not_run(last, tmp_path, kind):
    marker = tmp_path / "it ran"
    content = malicious_archive(marker)
    if kind == "bare pickle":
        content = pickle.dumps(Malice(marker), protocol=2)
    if kind == "legacy":
        buffer = io.BytesIO()
        torch.save(Malice(marker), buffer, _use_new_zipfile_serialization=False)
        content = buffer.getvalue()
    vouch(last, "state.pt", content)
    with pytest.raises(CheckpointError, match=r"state\.pt: refused"):
        load_state(last)
    assert not marker.exists()
    assert not validate(last).is_valid
    assert not marker.exists()
    if kind == "archive":  # and it would have run
        torch.load(io.BytesIO(content), weights_only=False)
        assert marker.exists()


def test_a_malicious_state_does_not_run_on_resume(space, space_run, tmp_path):
    run, marker = shutil.copytree(space_run, tmp_path / "run"), tmp_path / "it ran"
    vouch(run / "checkpoints/last", "state.pt", malicious_archive(marker))
    with pytest.raises(CheckpointError, match="refused"):
        train(space, run, epochs=3, resume=True, device="cpu")
    assert not marker.exists()


@pytest.mark.parametrize("kind", ["pickle", "torch", "zip", "empty", "text"])
def test_what_is_not_safetensors_is_refused_and_does_not_run(last, tmp_path, kind):
    marker, buffer = tmp_path / "it ran", io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data.pkl", pickle.dumps(Malice(marker)))
    content = {
        "pickle": pickle.dumps(Malice(marker)),
        "torch": malicious_archive(marker),
        "zip": buffer.getvalue(),
        "empty": b"",
        "text": b"{}",
    }[kind]
    vouch(last, "model.safetensors", content)
    with pytest.raises(CheckpointError, match=r"model\.safetensors: not readable as safetensors"):
        load_checkpoint(last)
    assert not marker.exists()


@pytest.mark.filterwarnings("ignore")
def test_a_crafted_state_ends_in_words(last):
    content = (last / "state.pt").read_bytes()
    generator = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(content)
        damaged[generator.integers(2000)] ^= 1 << generator.integers(8)
        vouch(last, "state.pt", bytes(damaged))
        try:
            load_state(last)
        except CheckpointError:
            continue


@pytest.mark.parametrize("state", [[1, 2], {}, {"optimiser": {}, "progress": {}}])
def test_a_state_without_what_it_needs_ends_in_words(space, space_run, tmp_path, state):
    run, buffer = shutil.copytree(space_run, tmp_path / "run"), io.BytesIO()
    torch.save(state, buffer)
    vouch(run / "checkpoints/last", "state.pt", buffer.getvalue())
    with pytest.raises(RadarseqError, match=r"state\.pt"):
        train(space, run, epochs=3, resume=True, device="cpu")


@pytest.mark.parametrize("fault", ["shape", "missing", "extra"])
def test_weights_of_another_shape_are_refused_by_name(last, fault):
    weights = safetensors.torch.load_file(last / "model.safetensors")
    name = "backbone.first.weight"
    if fault == "extra":
        weights["surplus"] = torch.zeros(1)
    kept = weights.pop(name) if fault != "extra" else None
    if fault == "shape":
        weights[name] = kept[:, 1:].contiguous()
    vouch(last, "model.safetensors", safetensors.torch.save(weights))
    named = {"shape": rf"{name}' is \(8, 5\).*has \(8, 6\)", "missing": rf"{name}' is None"}
    with pytest.raises(CheckpointError, match=named.get(fault, "surplus")):
        load_checkpoint(last)


def test_a_replacement_that_was_killed_half_way_is_undone(last):
    expected = load_checkpoint(last).manifest
    last.rename(last.with_name("last.old"))
    last.with_name("last.part").mkdir()
    assert load_checkpoint(last).manifest == expected  # a reader moves nothing
    assert not last.exists()
    recover_folder(last)  # the run's owner does
    assert load_checkpoint(last).manifest == expected
    assert not last.with_name("last.old").exists()


def test_reading_a_checkpoint_while_it_is_replaced_does_not_stop_the_writer(last, monkeypatch):
    checkpoint, real, done = load_checkpoint(last), Path.rename, []

    def rename(self, target):
        moved = real(self, target)
        if not done:  # the old checkpoint has stepped aside, the new one is not there yet
            done.append(target)
            load_checkpoint(last)
        return moved

    monkeypatch.setattr(Path, "rename", rename)
    save_checkpoint(last, checkpoint.network, checkpoint.header, {"epoch": 9})
    assert load_checkpoint(last).manifest["epoch"] == 9


def test_a_run_whose_best_checkpoint_stepped_aside_still_loads(space_run, tmp_path):
    run = shutil.copytree(space_run, tmp_path / "run")
    (run / "checkpoints/best").rename(run / "checkpoints/best.old")
    assert load(run).class_names == ("sphere", "plate", "cylinder", "cone")


@pytest.mark.parametrize("made", ["nothing", "folder", "file"])
def test_where_there_is_no_run_it_says_so(tmp_path, made):
    run = tmp_path / "run"
    if made == "folder":
        run.mkdir()
    if made == "file":
        run.write_text("a run")
    with pytest.raises(CheckpointError, match=f"{run}: no checkpoint here") as caught:
        load(run)
    assert caught.value.exit_code == 4


def test_a_checkpoint_folder_loads_as_its_run_does(space_run, space_examples):
    one, other = load(space_run), load(space_run / "checkpoints/best")
    few = space_examples.take(slice(5))
    assert np.array_equal(
        one.predict_examples(few).probabilities, other.predict_examples(few).probabilities
    )


def test_a_checkpoint_of_before_these_settings_still_predicts_the_same(
    space_run, space_examples, tmp_path
):
    folder = shutil.copytree(space_run / "checkpoints/best", tmp_path / "best")
    manifest = json.loads((folder / "manifest.json").read_text())
    for name in ("strides", "pool", "layer_norm", "residual", "horizon", "symbols", "embedding"):
        del manifest["model"][name]
    for name in ("horizon", "symbols", "target_symbols", "standardised"):
        del manifest["input"][name]
    del manifest["temperature"]
    write_json(folder / "manifest.json", manifest)
    few = space_examples.take(slice(50))
    old, new = (load(path, device="cpu") for path in (folder, space_run))
    assert np.array_equal(old.predict_examples(few).echo, new.predict_examples(few).echo)
    assert old.temperature == 1.0
