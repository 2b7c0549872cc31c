"""Measures the time of one window and of one sample of a stream, against Conv1d on the window.

``python benchmarks/latency.py --threads 1 2``
"""

import argparse
from collections.abc import Callable
from functools import partial

import torch
from plain_models import FEATURES, STEPS, pair_of
from side_by_side import Times, interleaved, machine

from radarseq.models.backbones.wavenet import WaveNet
from radarseq.models.engines.cpu.wavenet_inference import WaveNetInferenceEngine
from radarseq.models.engines.select import set_engine
from radarseq.models.network import InputSpec, Network
from radarseq.models.settings import ModelSettings
from radarseq.models.streaming import NetworkStream


def layers() -> dict[str, Times]:
    """Return the times of the network from features to class scores."""
    plain, ours, _ = pair_of("wavenet", pooled=False)
    plain.eval()
    ours.eval()
    backbone = ours.hidden
    assert isinstance(backbone, WaveNet)
    engine, x = WaveNetInferenceEngine(backbone), torch.randn(1, STEPS, FEATURES)
    slow, fast = backbone.stream(1), engine.stream(1)
    stepped = [torch.stack([s.step(v) for v in x.transpose(0, 1)])[-1] for s in (slow, fast)]

    def run(network: torch.nn.Module, by: WaveNetInferenceEngine | None) -> torch.Tensor:
        backbone.engine = by
        return network(x)[0]

    expected = run(plain, None)
    given = [run(ours, None), run(ours, engine), *(ours.classify(last) for last in stepped)]
    if max((one - expected).abs().max().item() for one in given) > 1e-5:
        raise SystemExit("ours differs")
    return interleaved(
        {
            "Conv1d, the whole window": lambda: run(plain, None),
            "ours, engine torch": lambda: run(ours, None),
            "ours, engine fused": lambda: run(ours, engine),
            "one sample, torch": lambda: ours.classify(slow.step(x[:, 0])),
            "one sample, fused": lambda: ours.classify(fast.step(x[:, 0])),
        }
    )


def whole() -> dict[str, Times]:
    """Return the times of the network from samples, features and heads included."""
    settings = ModelSettings(features=("iq", "increment", "level"), width=32, skip=64, stacks=2)
    spec = InputSpec(
        is_complex=True, channels=1, steps=STEPS, target="complex", target_channels=1, classes=8,
        coded=True,
    )  # fmt: skip
    signal = torch.randn(1, STEPS, dtype=torch.complex64)
    code = torch.polar(torch.ones(1, STEPS), torch.rand(1, STEPS))
    work: dict[str, Callable[[], object]] = {}
    for name in ("torch", "fused"):
        torch.manual_seed(0)
        network = Network(settings, spec).eval()
        set_engine(network, name)
        stream = NetworkStream(network)
        work[f"the window, {name}"] = partial(network, signal, code)
        work[f"one sample, {name}"] = partial(stream.step, signal[:, 0], code[:, 0])
    return interleaved(work)


def show(title: str, times: dict[str, Times], base: str) -> None:
    """Print a table."""
    print(title)
    for name, elapsed in times.items():
        print(
            f"  {name:<26} {1e6 * elapsed.median_s:>9,.1f} us "
            f"({1e6 * elapsed.low_s:,.1f} to {1e6 * elapsed.high_s:,.1f}) "
            f"{times[base].median_s / elapsed.median_s:>7.1f}x"
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    print(machine())
    options = parser.parse_args()
    with torch.inference_mode():
        for threads in options.threads:
            torch.set_num_threads(threads)
            title = f"features to class scores, {threads} threads"
            show(title, layers(), "Conv1d, the whole window")
            title = f"samples to class and echo, {threads} threads"
            show(title, whole(), "the window, torch")


if __name__ == "__main__":
    main()
