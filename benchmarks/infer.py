"""Measures inference in windows per second, against Conv1d, nn.LSTM and nn.GRU of equal weights.

The operations are counted for all steps. Code that leaves steps out can therefore exceed the peak
of a matrix product.

``python benchmarks/infer.py --threads 1 2``
"""

import argparse
from collections.abc import Callable
from typing import Any

import torch
from plain_models import FEATURES, JOBS, STEPS, pair_of, wavenet_flops
from side_by_side import gemm_peak_flops, interleaved, machine

from radarseq.models.backbones.wavenet import WaveNet
from radarseq.models.engines.cpu.rnn import RnnEngine
from radarseq.models.engines.cpu.wavenet_inference import WaveNetInferenceEngine

WINDOWS = 2048


def compare(kind: str, batch: int, *, pooled: bool) -> None:
    """Print the rows of one job with the current number of threads."""
    plain, ours, _ = pair_of(kind, pooled=pooled)
    plain.eval()
    ours.eval()
    backbone: Any = ours.hidden
    is_wavenet = isinstance(backbone, WaveNet)
    engine = WaveNetInferenceEngine(backbone) if is_wavenet else RnnEngine(backbone, training=False)
    peak = gemm_peak_flops()
    x = torch.randn(WINDOWS, STEPS, FEATURES)

    def run(network: torch.nn.Module, by: object) -> list[torch.Tensor]:
        backbone.engine = by
        return [network(part)[0] for part in x.split(batch)]

    expected = torch.cat(run(plain, None))
    for by in (None, engine):
        difference = (torch.cat(run(ours, by)) - expected).abs().max().item()
        if difference > 1e-5:
            raise SystemExit(f"ours differs by {difference:.1e}")
    usual = "Conv1d" if is_wavenet else f"nn.{kind.upper()}"
    methods: dict[str, Callable[[], object]] = {
        usual: lambda: run(plain, None),
        "ours, engine torch": lambda: run(ours, None),
        "ours, engine fused": lambda: run(ours, engine),
    }
    times = interleaved(methods, rounds=5)
    job = "pooled class and echo" if pooled else "class from the last step"
    print(f"{kind}, {job}; batches of {batch}, {torch.get_num_threads()} threads")
    for name, elapsed in times.items():
        rate = WINDOWS / elapsed.median_s
        low, high = WINDOWS / elapsed.high_s, WINDOWS / elapsed.low_s
        work = ""
        if is_wavenet:
            flops = wavenet_flops(backbone)
            work = f"{flops / 1e6:.2f} MFLOP each, {rate * flops / peak:.0%} of the product's peak"
        print(
            f"  {name:<20} {rate:>9,.0f} windows/s ({low:,.0f} to {high:,.0f}) "
            f"{times[usual].median_s / elapsed.median_s:>6.2f}x {work}".rstrip()
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--batch", type=int, default=1024)
    options = parser.parse_args()
    print(machine())
    with torch.inference_mode():
        for threads in options.threads:
            torch.set_num_threads(threads)
            for kind, pooled in JOBS:
                compare(kind, options.batch, pooled=pooled)


if __name__ == "__main__":
    main()
