"""Mini-batches for training: of stored examples in memory, or of fresh simulated pairs."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from radarseq.dataset.schema import Examples
from radarseq.inference.task_targets import NOISE_POWER
from radarseq.training.data.cuda_pairs import DevicePairs
from radarseq.training.distributed import SINGLE_PROCESS, ProcessGroup
from simulators.pairs import PairGenerator

_WINDOW = 8  # batches whose examples are put in the order of their lengths together


@dataclass(frozen=True)
class Batch:
    """Examples as tensors on the device; absent columns are None.

    Attributes:
        signal: ``(batch, step)`` or ``(batch, step, channel)``.
        tx: Transmitted samples ``(batch, step)``.
        target: Target of each step.
        label: Class indices, int64 ``(batch,)``.
        length: Valid steps ``(batch,)``.
        noise_power: Of the receiver noise in ``signal``, ``(batch,)``; known of simulated pairs
            whose target is the echo without noise.
        index: Row of each example in the data or the stream, int64 ``(batch,)``.
    """

    signal: Tensor
    tx: Tensor | None
    target: Tensor | None
    label: Tensor | None
    length: Tensor | None
    noise_power: Tensor | None = None
    index: Tensor | None = None

    def __len__(self) -> int:
        """Return the number of examples."""
        return self.signal.shape[0]

    def take(self, rows: Tensor | slice) -> "Batch":
        """Return some of the examples."""
        signal, *others = vars(self).values()
        return Batch(signal[rows], *(None if v is None else v[rows] for v in others))

    def trimmed(self) -> "Batch":
        """Return the batch without the steps that are padding in all of its examples."""
        if self.length is None:
            return self
        longest = int(self.length.max())
        columns = {"signal": self.signal, "tx": self.tx, "target": self.target}
        return replace(
            self, **{n: None if v is None else v[:, :longest] for n, v in columns.items()}
        )


def as_batch(columns: Examples, device: torch.device, index: NDArray[Any] | None = None) -> Batch:
    """Return examples as one batch on ``device``; ``index`` holds their rows in the data."""

    def tensor(name: str) -> Tensor | None:
        return to_tensor(columns[name], device) if name in columns else None

    label, length = tensor("label"), tensor("length")
    return Batch(
        to_tensor(columns.input, device),
        None if columns.code is None else to_tensor(columns.code, device),
        tensor("target"),
        None if label is None else label.long(),
        None if length is None else length.long(),
        tensor(NOISE_POWER) if _is_noisy_target(columns) else None,
        None if index is None else to_tensor(index, device).long(),
    )


def _is_noisy_target(columns: Examples) -> bool:
    """Return whether the input is the target plus white noise of a known power alone."""
    target = columns.columns.get("target")
    if target is None or target.dtype.kind != "c" or target.shape != columns.input.shape:
        return False
    return NOISE_POWER in columns and bool(np.isfinite(columns[NOISE_POWER]).all())


def to_tensor(values: NDArray[Any] | Tensor, device: torch.device) -> Tensor:
    """Return an array as a tensor on ``device``; memory is shared where that can be."""
    return torch.as_tensor(values).to(device)


class BatchSource(Protocol):
    """A source of the training batches of each epoch."""

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        ...

    def epoch(self, number: int) -> Iterator[Batch]:
        """Yield the batches of epoch ``number``: a function of the seed and the number."""
        ...

    def sample(self) -> Batch:
        """Return examples to fit the features' statistics on."""
        ...


class StoredBatches:
    """All examples resident on the device; an epoch is a permutation of their indices.

    The permutation and the noise are drawn on that device, so that no iteration waits for the host.
    Devices of another kind draw other numbers from the same seed.

    Args:
        examples: The training rows.
        batch_size: Examples per iteration.
        seed: Of the order, and of the noise.
        redraw_noise: Whether to add new noise of the same power to the stored echo in every
            epoch, where echo and power are stored, against overfitting to the noise.
        by_length: Whether a batch is made of examples of about one length. Windows of several
            batches are cut from the random order; the examples of a window are sorted by length
            before they are split into batches, and the batches come in random order.
    """

    def __init__(
        self,
        examples: Batch,
        *,
        batch_size: int,
        seed: int,
        redraw_noise: bool,
        by_length: bool = False,
    ) -> None:
        self._examples, self._batch_size, self._seed = examples, batch_size, seed
        self._by_length = by_length
        self._redraw = redraw_noise and examples.noise_power is not None

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return -(-len(self._examples) // self._batch_size)

    def epoch(self, number: int) -> Iterator[Batch]:
        """Yield the examples in the order of epoch ``number``."""
        device = self._examples.signal.device
        generator = torch.Generator(device).manual_seed(epoch_seed(self._seed, number))
        order = torch.randperm(len(self._examples), generator=generator, device=device)
        for rows in self._split(order, generator):
            batch = self._examples.take(rows)
            yield redraw_noise(batch, generator) if self._redraw else batch

    def _split(self, order: Tensor, generator: torch.Generator) -> Sequence[Tensor]:
        """Return the rows of each batch, from the order of all rows."""
        lengths = self._examples.length
        if not self._by_length or lengths is None:
            return order.split(self._batch_size)
        batches = [
            rows
            for window in order.split(_WINDOW * self._batch_size)
            for rows in window[lengths[window].argsort(stable=True)].split(self._batch_size)
        ]
        turns = torch.randperm(len(batches), generator=generator, device=order.device)
        return [batches[turn] for turn in turns.tolist()]

    def sample(self) -> Batch:
        """Return the first examples; rows of a dataset are in no order."""
        return self._examples.take(slice(0, 20_000))


def redraw_noise(batch: Batch, generator: torch.Generator) -> Batch:
    """Return the batch with new receiver noise: the echo plus circular white noise."""
    if batch.target is None or batch.noise_power is None:
        return batch
    noise = torch.randn(
        batch.target.shape,
        dtype=batch.target.dtype,
        generator=generator,
        device=generator.device,
    )
    scale = batch.noise_power.sqrt().view(-1, *[1] * (batch.target.ndim - 1))
    return replace(batch, signal=batch.target + scale * noise.to(batch.target.device))


class FreshBatches:
    """Batches of pairs that are simulated for one iteration and never stored.

    The next batch is simulated on another thread while the network is trained on this one.

    Args:
        generate: Returns the examples by their number.
        batch_size: Examples per iteration, of all processes together.
        pairs_per_epoch: Examples in an epoch; a remainder that does not fill a batch is left out.
        device: Of the batches.
        process_group: The processes that share each batch; only this one's rows are simulated.
    """

    def __init__(
        self,
        generate: PairGenerator | DevicePairs,
        *,
        batch_size: int,
        pairs_per_epoch: int,
        device: torch.device,
        process_group: ProcessGroup = SINGLE_PROCESS,
    ) -> None:
        self._generate, self._batch_size, self._device = generate, batch_size, device
        self._rows = process_group.local_rows(batch_size)
        self._batches = max(1, pairs_per_epoch // batch_size)

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return self._batches

    def epoch(self, number: int) -> Iterator[Batch]:
        """Yield batches that no other epoch yields."""
        first = number * self._batches
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(self._simulate, first)
            for following in range(first + 1, first + self._batches + 1):
                batch = waiting.result()
                if following < first + self._batches:
                    waiting = pool.submit(self._simulate, following)
                yield batch

    def sample(self) -> Batch:
        """Return the first pairs of the stream."""
        return simulated_batch(self._generate, 0, 8_192, self._device)

    def _simulate(self, number: int) -> Batch:
        first = number * self._batch_size + self._rows.start
        count = self._rows.stop - self._rows.start
        return simulated_batch(self._generate, first, count, self._device)


class LocalBatches:
    """One process's rows of the batches of another source."""

    def __init__(self, source: BatchSource, process_group: ProcessGroup) -> None:
        self._source, self._process_group = source, process_group

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return len(self._source)

    def epoch(self, number: int) -> Iterator[Batch]:
        """Yield this process's rows of the batches of epoch ``number``."""
        for batch in self._source.epoch(number):
            yield batch.take(self._process_group.local_rows(len(batch)))

    def sample(self) -> Batch:
        """Return examples to fit statistics on, the same in every process."""
        return self._source.sample()


def simulated_batch(
    generate: PairGenerator | DevicePairs, first: int, count: int, device: torch.device
) -> Batch:
    """Return simulated examples ``first`` to ``first + count - 1`` as a batch."""
    pairs = generate(first, count)
    rx, tx, target, label = (
        to_tensor(values, device) for values in (pairs.rx, pairs.tx, pairs.target, pairs.label)
    )
    index = torch.arange(first, first + count)
    if pairs.target is pairs.rx:  # the received samples are estimated from the transmitted ones
        return Batch(tx, None, target, label.long(), None, index=index)
    return Batch(rx, tx, target, label.long(), None, index=index)


def epoch_seed(seed: int, epoch: int) -> int:
    """Return the seed of an epoch's order and dropout, another one for each epoch."""
    return (seed * 1_000_003 + epoch + 1) % 2**63
