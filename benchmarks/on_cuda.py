"""Measures training, inference and simulation on a CUDA device, against plain eager torch.

    python benchmarks/on_cuda.py [--out TABLE] [--compile]
    python benchmarks/on_cuda.py --dry-run      # tiny, on the CPU: shows that every section runs

The reference is plain eager torch: Conv1d with padding, autocast, AdamW, one operation after the
other. A section that fails prints the reason, and the others run. The table is printed last and
written to a file. The network is W: width 32, skip 64, two stacks of 1 to 16, the class from the
last step; eight classes. (A script named cuda.py would hide the package that torch imports under
that name.)
"""

import argparse
import os
import time
import traceback
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from side_by_side import machine
from torch import Tensor, nn
from torch.nn import functional

from radarseq.models.engines import select
from radarseq.models.input_spec import InputSpec
from radarseq.models.network import Network
from radarseq.models.settings import ModelSettings
from radarseq.training.data.batches import Batch
from radarseq.training.data.training_data import load_training_data
from radarseq.training.optimisation.divergence import DivergenceCheck
from radarseq.training.optimisation.losses import Objective
from radarseq.training.optimisation.precision import backend_precision, set_precision
from radarseq.training.optimisation.train_step import build_train_step
from radarseq.training.optimisation.trainer import build_optimiser
from radarseq.training.settings import Precision, TrainSettings

RECIPE = Path(__file__).parents[1] / "datasets" / "four_shapes.toml"
LEARNT_RECIPE = Path(__file__).parents[1] / "datasets" / "space_objects.toml"
CLASSES, STEPS = 8, 32
MODEL = ModelSettings(stacks=2, task="classify", pool="last", dropout=0.0, features=("iq", "level"))
SPEC = InputSpec(
    is_complex=True, channels=1, steps=STEPS, target="", target_channels=1, classes=CLASSES,
    coded=False,
)  # fmt: skip


@dataclass(frozen=True)
class Size:
    """Amount of work, for a device or for a dry run.

    Attributes:
        batches: Batch sizes of training.
        windows: Number of windows of inference.
        min_s: Shortest duration of a timing [s].
        learning: Iterations after which precisions are compared.
        warm_up: Calls before a timing; an iteration is recorded after three.
    """

    batches: tuple[int, ...] = (1_024, 65_536)
    windows: int = 262_144
    min_s: float = 1.0
    learning: int = 1_000
    warm_up: int = 5


TINY = Size((16, 32), 32, 0.003, 4, 1)


class PlainWaveNet(nn.Module):
    """W in plain torch code, (batch, channel, step), all steps computed."""

    def __init__(self, inputs: int, width: int = 32, skip: int = 64) -> None:
        super().__init__()
        self.first = nn.Conv1d(inputs, width, 1)
        dilations = [1, 2, 4, 8, 16] * 2
        self.gates = nn.ModuleList(nn.Conv1d(width, 2 * width, 2, dilation=d) for d in dilations)
        self.outs = nn.ModuleList(nn.Conv1d(width, width + skip, 1) for _ in dilations)
        self.split, self.dilations = (width, skip), dilations
        self.decide = nn.Sequential(
            nn.GELU(), nn.Linear(skip, skip), nn.GELU(), nn.Linear(skip, 64), nn.GELU(),
            nn.Linear(64, CLASSES),
        )  # fmt: skip

    def forward(self, signal: Tensor) -> Tensor:
        """Return the class scores of complex samples (batch, step)."""
        level = signal.abs().square().mean(dim=1, keepdim=True).sqrt().clamp(min=1e-30)
        parts = torch.view_as_real(signal / level).transpose(1, 2)
        x = self.first(torch.cat((parts, level.log()[:, None].expand(-1, -1, STEPS)), dim=1))
        total = torch.zeros((), device=x.device)
        for dilation, gates, out in zip(self.dilations, self.gates, self.outs, strict=True):
            filtered, gate = gates(functional.pad(x, (dilation, 0))).chunk(2, dim=1)
            more, skip = out(filtered.tanh() * gate.sigmoid()).split(self.split, dim=1)
            x, total = x + more, total + skip
        return self.decide(total[:, :, -1])


def a_batch(rows: int, device: torch.device) -> Batch:
    """Return random samples; the time of an iteration does not depend on their values."""
    signal = torch.randn(rows, STEPS, dtype=torch.complex64, device=device)
    return Batch(signal, None, None, torch.randint(CLASSES, (rows,), device=device), None)


def rate(work: Callable[[], object], examples: int, size: Size, device: torch.device) -> float:
    """Return examples per second, the median of three timings after a warm-up."""

    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    for _ in range(size.warm_up):
        work()
    wait()
    rates = []
    for _ in range(3):
        calls, started = 0, time.perf_counter()
        while time.perf_counter() - started < size.min_s / 3:
            for _ in range(10 if device.type == "cuda" else 1):
                work()
                calls += 1
            wait()
        rates.append(calls * examples / (time.perf_counter() - started))
    return sorted(rates)[1]


def plain_step(
    rows: int, precision: Precision, device: torch.device, *, compiled: bool
) -> Callable[[], object]:
    """Return a training iteration in plain torch code."""
    network: Any = PlainWaveNet(3).to(device)
    network = torch.compile(network) if compiled else network
    optimiser = torch.optim.AdamW(network.parameters())
    batch = a_batch(rows, device)
    assert batch.label is not None
    label = batch.label

    def work() -> None:
        compute_dtype = torch.autocast(device.type, dtype=torch.bfloat16)
        with compute_dtype if precision == "bf16" else nullcontext():
            loss = functional.cross_entropy(network(batch.signal), label)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return work


def our_network(precision: Precision, device: torch.device, **changed: Any) -> Network:
    """Return radarseq's W with its initial weights."""
    torch.manual_seed(0)
    network = Network(replace(MODEL, **changed), SPEC).to(device)
    sample = a_batch(256, device)
    network.fit(sample.signal, None, None, None)
    set_precision(network, precision)
    return network


def our_step(
    rows: int, precision: Precision, device: torch.device, *, graph: bool, fused: bool
) -> Callable[[], object]:
    """Return a training iteration of radarseq; fused layers compute all steps and pool them."""
    network = our_network(precision, device, pool="mean_max" if fused else "last")
    if fused and (note := select.set_training_engine(network, "triton")[1]):
        raise RuntimeError(note)
    settings = TrainSettings(batch_size=rows, precision=precision, cuda_graph=graph)
    optimiser = build_optimiser(network, settings)
    step = build_train_step(network, optimiser, Objective(0.0), settings)
    batch, divergence, count = (
        a_batch(rows, device),
        DivergenceCheck(0, settings, None),
        iter(range(10**9)),
    )

    def work() -> None:
        step(batch, next(count), divergence)
        if step.note:
            raise RuntimeError(step.note)

    return work


class Report:
    """Lines of the table, and failures."""

    def __init__(self, size: Size, device: torch.device) -> None:
        self.size, self.device, self.lines = size, device, []

    def measure(
        self, name: str, precision: Precision, examples: int, make: Callable[[], Any],
        base: float = 0.0,
    ) -> float:  # fmt: skip
        """Time what ``make`` returns, add a line, and return the rate; 0 where it failed."""
        title = f"{name:<46} {precision:<8} {examples:>8,}"
        try:
            with backend_precision(precision, self.device):
                found = rate(make(), examples, self.size, self.device)
        except Exception as fault:
            traceback.print_exc()
            reason = (str(fault) or repr(fault)).strip().splitlines()[0]
            self.add(f"{title}   failed: {reason}")
            return 0.0
        self.add(f"{title} {found:>14,.0f}" + (f" {found / base:>8.2f}" if base else ""))
        return found

    def add(self, line: str) -> None:
        """Add a line, and show it at once."""
        print(line, flush=True)
        self.lines.append(line)


def training(report: Report, precisions: tuple[Precision, ...], *, compiled: bool) -> None:
    """Measure training with a graph and without, fused layers, and the plain reference."""
    device = report.device
    for rows in report.size.batches:
        for precision in precisions:
            base = report.measure(
                "train, plain eager", precision, rows,
                lambda r=rows, p=precision: plain_step(r, p, device, compiled=False),
            )  # fmt: skip
            methods = {"train, ours, operation by operation": (False, False)}
            methods |= {"train, ours, CUDA graph": (True, False)}
            if find_spec("triton") and precision != "bf16":
                methods |= {"train, ours, fused layers, all steps": (True, True)}
            for name, (graph, fused) in methods.items():
                report.measure(
                    name, precision, rows,
                    lambda r=rows, p=precision, g=graph, f=fused: our_step(
                        r, p, device, graph=g, fused=f
                    ),
                    base,
                )  # fmt: skip
            if compiled:
                report.measure(
                    "train, plain, torch.compile", precision, rows,
                    lambda r=rows, p=precision: plain_step(r, p, device, compiled=True), base,
                )  # fmt: skip


def inference(report: Report, precisions: tuple[Precision, ...]) -> None:
    """Measure class scores of windows: the plain network and radarseq's."""
    device, rows = report.device, report.size.windows
    batch = a_batch(rows, device)

    def ours(precision: Precision) -> Callable[[], object]:
        network = our_network(precision, device).eval()
        return torch.no_grad()(lambda: network(batch.signal))

    def plain(precision: Precision) -> Callable[[], object]:
        network = PlainWaveNet(3).to(device).eval()

        def work() -> Tensor:
            compute_dtype = torch.autocast(device.type, dtype=torch.bfloat16)
            with torch.no_grad(), compute_dtype if precision == "bf16" else nullcontext():
                return network(batch.signal)

        return work

    for precision in precisions:
        base = report.measure("infer, plain eager", precision, rows, lambda p=precision: plain(p))
        report.measure("infer, ours", precision, rows, lambda p=precision: ours(p), base)


def fresh_pairs(report: Report) -> None:
    """Measure pairs simulated for training: alone, and with the network that trains on them."""
    device, rows = report.device, report.size.batches[0]
    recipe = RECIPE if report.size is TINY else LEARNT_RECIPE
    settings = TrainSettings(batch_size=rows, pairs_per_epoch=rows * 10**6, validation_pairs=rows)
    prepared = load_training_data(recipe, MODEL, settings, device)

    def simulate() -> Callable[[], object]:
        batches = prepared.source.epoch(0)
        return lambda: next(batches)

    def train(*, fresh: bool) -> Callable[[], object]:
        network = Network(MODEL, prepared.spec).to(device)
        sample = prepared.source.sample()
        network.fit(sample.signal, sample.tx, sample.target, sample.length)
        step = build_train_step(
            network, build_optimiser(network, settings), Objective(0.0), settings
        )
        batches, divergence = prepared.source.epoch(0), DivergenceCheck(0, settings, None)
        kept, count = next(batches), iter(range(10**9))
        return lambda: step(next(batches) if fresh else kept, next(count), divergence)

    report.measure("simulate, as training does", "float32", rows, simulate)
    base = report.measure(
        "train on one batch of pairs", "float32", rows, lambda: train(fresh=False)
    )
    report.measure("simulate + train", "float32", rows, lambda: train(fresh=True), base)


def learning(report: Report, precisions: tuple[Precision, ...]) -> None:
    """Compare the precisions after the same iterations on the same fresh pairs."""
    device, size = report.device, report.size
    rows = min(size.batches[0], 1_024)
    recipe = RECIPE if size is TINY else LEARNT_RECIPE
    for precision in precisions:
        settings = TrainSettings(batch_size=rows, pairs_per_epoch=rows * size.learning)
        with backend_precision(precision, device):
            prepared = load_training_data(recipe, MODEL, settings, device)
            torch.manual_seed(0)
            network = Network(MODEL, prepared.spec).to(device)
            sample, validation = prepared.source.sample(), prepared.validation
            network.fit(sample.signal, sample.tx, sample.target, sample.length)
            set_precision(network, precision)
            step = build_train_step(
                network, build_optimiser(network, settings), Objective(0.0), settings
            )
            divergence = DivergenceCheck(0, settings, None)
            for index, batch in enumerate(prepared.source.epoch(0)):
                step(batch, index, divergence)
            divergence.check()
            assert validation is not None and validation.label is not None
            set_precision(network, "float32")
            with torch.no_grad():
                logits = network.eval()(validation.signal, validation.tx).logits
            assert logits is not None
            share = (logits.argmax(dim=1) == validation.label).double().mean().item()
            nats = functional.cross_entropy(logits, validation.label).item()
        report.add(
            f"after {size.learning:,} iterations of {rows:,}: {precision:<8} "
            f"accuracy {share:.1%}, {nats:.4f} nats, on {len(validation):,} unseen pairs"
        )


def main() -> None:
    """Run all sections and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("cuda.txt"), help="file for the table")
    parser.add_argument("--compile", action="store_true", help="also torch.compile; takes minutes")
    parser.add_argument("--dry-run", action="store_true", help="tiny sizes, on the CPU")
    options = parser.parse_args()
    if not options.dry_run and not torch.cuda.is_available():
        parser.error("this machine has no CUDA device for torch; try --dry-run")
    if options.dry_run:
        os.environ[select.INTERPRETED] = "1"  # before Triton is imported, which is when it looks
    device = torch.device("cpu" if options.dry_run else "cuda")
    report = Report(TINY if options.dry_run else Size(), device)
    precisions: tuple[Precision, ...] = ("float32", "bf16")
    precisions = precisions if options.dry_run else ("float32", "tf32", "bf16")
    report.add(machine())
    report.add("dry run on the CPU: no figure means anything" if options.dry_run else device_name())
    report.add(f"{'what':<46} {'precision':<9} {'batch':>7} {'examples/s':>14} {'ratio':>8}")
    sections: dict[str, Callable[[], None]] = {
        "training": lambda: training(report, precisions, compiled=options.compile),
        "inference": lambda: inference(report, precisions),
        "fresh pairs": lambda: fresh_pairs(report),
        "learning": lambda: learning(report, precisions),
    }
    for name, section in sections.items():
        try:
            section()
        except Exception as fault:
            traceback.print_exc()
            report.add(f"{name} failed: {(str(fault) or repr(fault)).strip().splitlines()[0]}")
    table = "\n".join(report.lines)
    options.out.write_text(table + "\n", encoding="utf-8")
    print(f"\n{table}\n\nwritten to {options.out}")


def device_name() -> str:
    """Return the device, its driver's version of CUDA and Triton's."""
    memory_gb = torch.cuda.get_device_properties(0).total_memory / 1e9
    version = torch.version.cuda  # type: ignore[attr-defined]
    return f"{torch.cuda.get_device_name()}, {memory_gb:.0f} GB; CUDA {version}"


if __name__ == "__main__":
    main()
