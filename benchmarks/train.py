"""Measures training in sequences per second, against plain torch code of equal weights.

The reference is Conv1d, nn.LSTM or nn.GRU with a DataLoader and AdamW. The operations are counted
for all steps. Code that leaves steps out can therefore exceed the peak of a matrix product.

``python benchmarks/train.py --threads 1 2``
"""

import argparse
from collections.abc import Iterable, Iterator

import torch
from plain_models import CLASSES, FEATURES, JOBS, STEPS, SequenceModel, pair_of, wavenet_flops
from side_by_side import gemm_peak_flops, interleaved, machine
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from radarseq.models.backbones.recurrent import Recurrent
from radarseq.models.backbones.wavenet import WaveNet
from radarseq.models.engines.cpu.rnn import RnnEngine
from radarseq.models.engines.cpu.wavenet_training import WaveNetTrainingEngine

BATCH, BATCHES = 256, 4
Rows = tuple[Tensor, Tensor, Tensor]


def rows() -> Rows:
    """Return features, labels and echoes."""
    torch.manual_seed(1)
    count = BATCH * BATCHES
    x = torch.randn(count, STEPS, FEATURES)
    return x, torch.randint(CLASSES, (count,)), torch.randn(count, STEPS, 2)


def loss_of(network: SequenceModel, batch: Iterable[Tensor]) -> Tensor:
    """Return the loss of a batch."""
    x, label, echo = batch
    scores, estimate = network(x)
    loss = functional.cross_entropy(scores, label)
    return loss if estimate is None else loss + functional.mse_loss(estimate, echo)


def train(
    network: SequenceModel, optimiser: torch.optim.Optimizer, batches: Iterable[Iterable[Tensor]]
):
    """Train for one epoch."""
    for batch in batches:
        optimiser.zero_grad(set_to_none=True)
        loss_of(network, batch).backward()
        optimiser.step()


def by_index(data: Rows) -> Iterator[list[Tensor]]:
    """Yield the batches of an epoch, elapsed by index as radarseq does."""
    for index in torch.randperm(len(data[0])).split(BATCH):
        yield [column[index] for column in data]


def check(plain: SequenceModel, ours: SequenceModel, data: Rows) -> None:
    """Stop if the two networks differ in loss or gradient."""
    losses, gradients = [], []
    for network in (plain, ours):
        loss = loss_of(network, [column[:BATCH] for column in data])
        loss.backward()
        losses.append(loss.item())
        gradients.append(network.classify.weight.grad)
    first, second = gradients
    assert first is not None
    assert second is not None
    if abs(losses[0] - losses[1]) > 1e-5 or (first - second).abs().max() > 1e-5:
        raise SystemExit(f"the losses are {losses}")


def compare(kind: str, *, pooled: bool) -> None:
    """Print the rows of one job with the current number of threads."""
    plain, ours, _ = pair_of(kind, pooled=pooled)
    if isinstance(ours.hidden, WaveNet):
        ours.hidden.engine = WaveNetTrainingEngine(ours.hidden)
    elif isinstance(ours.hidden, Recurrent):
        ours.hidden.engine = RnnEngine(ours.hidden, training=True)
    data, peak = rows(), gemm_peak_flops()
    check(plain, ours, data)
    loader = DataLoader(TensorDataset(*data), batch_size=BATCH, shuffle=True)
    usual = torch.optim.AdamW(plain.parameters(), lr=1e-3)
    fused = torch.optim.AdamW(ours.parameters(), lr=1e-3, fused=True)
    times = interleaved(
        {
            "plain": lambda: train(plain, usual, loader),
            "ours": lambda: train(ours, fused, by_index(data)),
        },
        rounds=5,
    )
    job = "pooled class and echo" if pooled else "class from the last step"
    print(f"{kind}, {job}; batches of {BATCH}, {torch.get_num_threads()} threads")
    for name, elapsed in times.items():
        count = BATCH * BATCHES
        rate = count / elapsed.median_s
        work = ""
        if isinstance(ours.hidden, WaveNet):  # backward costs twice as much as forward
            flops = 3 * wavenet_flops(ours.hidden)
            work = f" {flops / 1e6:.2f} MFLOP each, {rate * flops / peak:.0%} of the product's peak"
        print(
            f"  {name:<6} {rate:>8,.0f} sequences/s ({count / elapsed.high_s:,.0f} to "
            f"{count / elapsed.low_s:,.0f}) "
            f"{times['plain'].median_s / elapsed.median_s:>5.2f}x{work}"
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    print(machine())
    for threads in options.threads:
        torch.set_num_threads(threads)
        for kind, pooled in JOBS:
            compare(kind, pooled=pooled)


if __name__ == "__main__":
    main()
