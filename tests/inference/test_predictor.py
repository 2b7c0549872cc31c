"""Predictions of a loaded model, and samples that do not fit it."""

import numpy as np
import pytest
import torch
from small_runs import SMALL

from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.write import write_dataset
from radarseq.errors import MismatchError
from radarseq.inference.predictor import load
from radarseq.training.train import train


@pytest.fixture(scope="module")
def model(space_run):
    return load(space_run, device="cpu")


@pytest.fixture(scope="module")
def test_rows(space_examples):
    return space_examples.part("test")


def test_a_model_predicts_many(model, test_rows):
    rx, tx = test_rows["rx"][:7], test_rows["tx"][:7]
    many = model.predict(rx, tx)
    assert many.probabilities.shape == (7, 4)
    assert many.probabilities.dtype == np.float32
    assert many.echo.shape == (7, 32)
    assert many.echo.dtype == np.complex64
    np.testing.assert_allclose(many.probabilities.sum(axis=1), 1.0, rtol=1e-5)
    assert np.array_equal(many.label, many.probabilities.argmax(axis=1))
    listed = model.predict(rx.astype(np.complex128).tolist(), tx[0])
    same_code = model.predict(rx, tx[:1].repeat(7, axis=0))
    assert np.array_equal(listed.probabilities, same_code.probabilities)


@pytest.fixture
def every_warning():
    """Torch gives most of its warnings once a process."""
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(False)


@pytest.mark.parametrize("name", ["rx", "tx"])
def test_arrays_that_may_not_be_written_are_read(model, test_rows, name, every_warning):
    columns = {n: test_rows[n][:7].copy() for n in ("rx", "tx")}
    expected = model.predict(columns["rx"], columns["tx"])
    columns[name].flags.writeable = False
    found = model.predict(columns["rx"], columns["tx"])
    assert np.array_equal(found.probabilities, expected.probabilities)


def test_a_model_predicts_one(model, test_rows, every_warning):
    rx, tx = test_rows["rx"][:7].copy(), test_rows["tx"][:7].copy()
    many, one = model.predict(rx, tx), model.predict(rx[2], tx[2])
    assert one.probabilities.shape == (1, 4)
    np.testing.assert_allclose(one.probabilities[0], many.probabilities[2], rtol=0, atol=1e-6)


def test_batches_do_not_show(model, test_rows, monkeypatch):
    whole = model.predict_examples(test_rows)
    monkeypatch.setattr("radarseq.inference.predictor.BATCH_SIZE", 13)
    pieces = model.predict_examples(test_rows)
    np.testing.assert_allclose(pieces.probabilities, whole.probabilities, rtol=0, atol=1e-6)


def test_samples_that_do_not_fit_the_model_are_refused(model, test_rows):
    rx, tx = test_rows["rx"][:4].copy(), test_rows["tx"][:4]
    for wrong in (rx[:, :31], rx.T, rx[0, :31], rx[..., None, None], np.complex64(1)):
        with pytest.raises(MismatchError, match=r"expected samples \(n, 32\)"):
            model.predict(wrong, tx)
    for wrong in (rx.real, rx[..., None].repeat(2, 2)):
        with pytest.raises(MismatchError, match="expected"):
            model.predict(wrong, tx)
    for wrong in (None, tx[:, :31], tx[:3], tx[0, :31]):
        with pytest.raises(MismatchError, match="tx"):
            model.predict(rx, wrong)
    for bad in (np.nan, np.inf, complex(0, -np.inf)):
        rx[2, 5] = bad
        with pytest.raises(MismatchError, match="not finite, first in row 2"):
            model.predict(rx, tx)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_code_that_is_not_finite_is_refused(model, test_rows, bad):
    rx, tx = test_rows["rx"][:4], test_rows["tx"][:4].copy()
    tx[2, 5] = bad
    with pytest.raises(MismatchError, match="row 2"):
        model.predict(rx, tx)


def test_no_rows_give_no_rows(model):
    none = np.zeros((0, 32), np.complex64)
    found = model.predict(none, none)
    assert found.probabilities.shape == (0, 4)


def test_samples_beyond_float32_are_refused_in_words(model):
    with pytest.raises(MismatchError, match="finite"):
        model.predict(np.full((1, 32), 1e300 + 0j), np.ones(32))


def test_lengths_reach_the_network(toy, tmp_path):
    header = Header(sample_axis="step", class_names=("down", "up"))
    length = np.full(len(toy), 5, np.int32)
    columns = {"x": toy["x"], "label": toy["label"], "length": length, "split": toy["split"]}
    write_dataset(tmp_path / "d", Examples(header, columns))
    train(tmp_path / "d", tmp_path / "run", epochs=1, width=4, features=("iq",), device="cpu")
    model = load(tmp_path / "run")
    changed = toy["x"][:6].copy()
    changed[:, 5:] = 100.0
    one, other = (model.predict(x, length=length[:6]) for x in (toy["x"][:6], changed))
    assert np.array_equal(one.probabilities, other.probabilities)
    assert not np.array_equal(model.predict(changed).probabilities, one.probabilities)


def test_answers_that_are_no_numbers_are_refused(space_run, space_examples):
    few = space_examples.take(slice(3))
    tiny = few["tx"] * np.float32(1e-30)
    model = load(space_run, device="cpu")
    with pytest.raises(MismatchError, match="row 0 is not finite"):
        model.predict(few["rx"] * np.float32(1e15), tiny)


def test_other_feature_counts_and_empty_sequences_are_refused(toy_data, toy, tmp_path):
    train(toy_data, tmp_path / "run", epochs=1, **SMALL)
    model = load(tmp_path / "run", device="cpu")
    with pytest.raises(
        MismatchError, match=r"expected samples \(batch, step, 2\), got \(5, 8, 3\)"
    ):
        model.predict(np.zeros((5, 8, 3)))
    with pytest.raises(MismatchError, match=r"expected samples \(n, 8\)"):
        model.predict(np.zeros((5, 0, 2)))
    with pytest.raises(MismatchError, match="not finite, first in row 2"):
        model.predict(np.where(np.arange(5)[:, None, None] == 2, np.nan, toy["x"][:5]))
