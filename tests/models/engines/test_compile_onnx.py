"""Answers by ONNX Runtime and torch.compile: those of torch, kept beside the checkpoint."""

import sys

import pytest
import torch
from networks import network_of, signal_of, spec_of

from radarseq.errors import UsageError
from radarseq.models.engines import compile_onnx
from radarseq.models.engines.select import set_engine

TINY = {"width": 8, "skip": 8, "dilations": (1, 2), "layers": 1}


def answers(network, batch=5):
    signal, tx = signal_of(network.spec, batch=batch)
    with torch.inference_mode():
        return [part for part in network(signal, tx) if part is not None]


def check_same(given, expected):
    for one, other in zip(given, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("settings", [{"layer_norm": True}, {"model": "lstm"}])
def test_onnx_answers_as_torch_does_and_is_kept_by_the_weights(settings, tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    pytest.importorskip("onnxscript", reason="the extra onnx is not installed")
    folder = tmp_path / "best.onnx"
    network = network_of(spec_of(), **TINY | settings).eval()
    expected, alone = answers(network), answers(network, 1)
    assert set_engine(network, "onnx", folder) == "onnx"
    check_same(answers(network), expected)
    check_same(answers(network, 1), alone)

    (kept,) = folder.iterdir()
    image, made = kept.read_bytes(), []
    monkeypatch.setattr(compile_onnx, "_export", lambda *_: made.append(1) or image)
    set_engine(network, "onnx", folder)  # found, and not made again
    check_same(answers(network), expected)
    assert not made
    kept.write_bytes(image[: len(image) // 2])  # damaged
    set_engine(network, "onnx", folder)
    check_same(answers(network), expected)
    assert len(made) == 1 and kept.read_bytes() == image

    with torch.no_grad():
        list(network.backbone.parameters())[-1].add_(0.5)
    digest = compile_onnx._digest(compile_onnx.TraceableBackbone(network.backbone, last=False))
    kept.rename(folder / f"{digest}-32.onnx")  # of other weights than it says
    set_engine(network, "onnx", folder)
    with pytest.raises(UsageError, match="differ from those of torch"):
        answers(network)
    assert len(made) == 2


@pytest.mark.parametrize(
    "settings", [{}, {"model": "gru"}, {"task": "classify", "pool": "last"}, {"causal": False}]
)
def test_compile_is_handed_the_backbone_by_plain_operations(settings, monkeypatch):
    handed = []

    def compile(plain, dynamic):
        handed.append(dynamic)
        return plain

    monkeypatch.setattr(torch, "compile", compile)
    network = network_of(spec_of(), **TINY | settings).eval()
    expected = answers(network)
    assert set_engine(network, "compile") == "compile"
    check_same(answers(network), expected)
    assert handed == [True] * (2 if settings.get("causal") is False else 1)
    signal, tx = signal_of(network.spec)
    network(signal, tx).logits.sum().backward()  # gradients are torch's own
    assert next(network.backbone.parameters()).grad is not None


def test_what_is_missing_is_named(monkeypatch):
    network = network_of(spec_of(), **TINY).eval()
    monkeypatch.setattr(compile_onnx.shutil, "which", lambda _: None)
    set_engine(network, "compile")
    with pytest.raises(UsageError, match=r"needs a C\+\+ compiler"):
        answers(network)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UsageError, match=r"pip install 'radarseq\[onnx\]'"):
        set_engine(network, "onnx")
