"""Windows a second of a WaveNet that judges many windows at once, beside Conv1d, same weights.

Operations are those of all steps, so that leaving steps out can pass the peak of a matrix product.

``python benchmarks/infer.py --threads 1 2``
"""

import argparse

import torch
from plain_models import FEATURES, STEPS, pair_of, wavenet_flops
from side_by_side import gemm_peak_flops, interleaved, machine

from radarseq.models.fast_wavenet import FastWaveNet
from radarseq.models.wavenet import WaveNet

WINDOWS = 2048


def compare(batch: int, *, pooled: bool) -> None:
    """Print the rows of one job with the threads in force."""
    plain, ours, _ = pair_of("wavenet", pooled=pooled)
    plain.eval()
    ours.eval()
    backbone = ours.hidden
    assert isinstance(backbone, WaveNet)
    engine, peak = FastWaveNet(backbone), gemm_peak_flops()
    x = torch.randn(WINDOWS, STEPS, FEATURES)

    def run(network: torch.nn.Module, by: FastWaveNet | None) -> list[torch.Tensor]:
        backbone.engine = by
        return [network(part)[0] for part in x.split(batch)]

    expected = torch.cat(run(plain, None))
    for by in (None, engine):
        difference = (torch.cat(run(ours, by)) - expected).abs().max().item()
        if difference > 1e-5:
            raise SystemExit(f"ours differs by {difference:.1e}")
    times = interleaved(
        {
            "Conv1d": lambda: run(plain, None),
            "ours, engine torch": lambda: run(ours, None),
            "ours, engine fused": lambda: run(ours, engine),
        },
        rounds=5,
    )
    base, flops = times["Conv1d"].median_s, wavenet_flops(backbone)
    job = "pooled class and echo" if pooled else "class from the last step"
    print(f"{job}; batches of {batch}, {torch.get_num_threads()} threads; {flops / 1e6:.2f} MFLOP")
    for name, taken in times.items():
        rate = WINDOWS / taken.median_s
        low, high = WINDOWS / taken.high_s, WINDOWS / taken.low_s
        print(
            f"  {name:<20} {rate:>9,.0f} windows/s ({low:,.0f} to {high:,.0f}) "
            f"{base / taken.median_s:>6.2f}x {rate * flops / peak:>6.0%} of the product's peak"
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
            for pooled in (False, True):
                compare(options.batch, pooled=pooled)


if __name__ == "__main__":
    main()
