"""Faults of the simulator's kind put on training batches, so that a model has seen them.

Drawn anew in every epoch from the seed and the epoch's number alone. What the faults are is told in
``simulators``: lost pulses are zero, a spike adds something strong of any phase, a converter clips
I and Q each, and what hides an object leaves the noise.
"""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from radarseq.models.features.radar import valid_steps
from radarseq.training.data.batches import Batch, BatchSource, epoch_seed
from radarseq.training.settings import TrainSettings

SPIKE_TO_SIGNAL_DB = 20.0
CLIP_OVER_RMS = 1.0
HIDDEN_SHARES = (0.1, 0.3)  # of the steps, shortest and longest
_OWN_DRAWS = 0x5EED  # keeps these draws apart from those of order and noise


class AugmentedBatches:
    """The batches of another source, with faults.

    Args:
        source: Where the batches come from; its sample, of which statistics are made, is clean.
        settings: How often each fault comes, and the seed.
    """

    def __init__(self, source: BatchSource, settings: TrainSettings) -> None:
        self._source, self._settings = source, settings

    def __len__(self) -> int:
        """Return the number of steps in an epoch."""
        return len(self._source)

    def epoch(self, number: int) -> Iterator[Batch]:
        """Yield the batches of epoch ``number``, with the faults of that epoch."""
        seed = epoch_seed(self._settings.seed ^ _OWN_DRAWS, number)
        generator = None
        for batch in self._source.epoch(number):
            if generator is None:
                generator = torch.Generator(batch.signal.device).manual_seed(seed)
            yield augment(batch, self._settings, generator)

    def sample(self) -> Batch:
        """Return clean examples to fit statistics on."""
        return self._source.sample()


def augment(batch: Batch, settings: TrainSettings, generator: torch.Generator) -> Batch:
    """Return the batch with faults in its samples; targets and labels stay what they are.

    Args:
        batch: Of samples, no symbols.
        settings: ``noise`` is a share of the rms, ``dropped`` and ``spikes`` are shares of the
            steps, ``saturation`` and ``occlusion`` shares of the examples, and ``speed`` the
            largest change of pace.
        generator: Of the draws, on the device of its own.
    """
    shape, device = batch.signal.shape[:2], batch.signal.device

    def uniform(*size: int) -> Tensor:
        return torch.rand(size, generator=generator, device=generator.device).to(device)

    if settings.speed:
        batch = time_stretch(batch, settings.speed, uniform(len(batch)))
    signal = batch.signal if batch.signal.ndim == 3 else batch.signal[..., None]
    if settings.noise:
        drawn = torch.randn(
            signal.shape, dtype=signal.dtype, generator=generator, device=generator.device
        )
        signal = signal + settings.noise * _rms(signal, batch.length) * drawn.to(device)
    if settings.occlusion:
        hides = uniform(shape[0]) < settings.occlusion
        run = _runs(shape[0], shape[1], uniform(shape[0]), uniform(shape[0])) & hides[:, None]
        signal = torch.where(run[..., None], signal - _echo_of(batch, signal), signal)
    if settings.spikes:
        hit = uniform(*shape) < settings.spikes
        size = 10.0 ** (SPIKE_TO_SIGNAL_DB / 20) * _rms(signal, batch.length)
        signal = signal + hit[..., None] * size * _unit(uniform(*shape), signal)
    if settings.saturation:
        hit = (uniform(shape[0]) < settings.saturation)[:, None, None]
        signal = torch.where(hit, _clipped(signal, CLIP_OVER_RMS, batch.length), signal)
    if settings.dropped:
        signal = signal * (uniform(*shape) >= settings.dropped)[..., None]
    return replace(batch, signal=signal.reshape(batch.signal.shape))


def time_stretch(batch: Batch, most: float, turn: Tensor) -> Batch:
    """Return the batch played faster or slower, from its first step on.

    What has come too early is followed by silence, and what comes too late is cut off: the arrays
    stay as long as they are. Between samples it is interpolated linearly.

    Args:
        batch: Without a target, which would have to change with it.
        most: Largest change of pace, as a share.
        turn: Uniform numbers ``(batch,)``: 0 is slowest, 1 fastest.
    """
    signal = batch.signal if batch.signal.ndim == 3 else batch.signal[..., None]
    steps = signal.shape[1]
    pace = (1 + most) ** (2 * turn - 1)  # as often faster as slower
    last = torch.full_like(pace, steps) if batch.length is None else batch.length.to(pace.dtype)
    place = torch.arange(steps, device=signal.device) * pace[:, None]  # (batch, step)
    inside = place <= (last - 1)[:, None]
    low = place.floor().long().clamp(max=steps - 1)
    high = (low + 1).clamp(max=steps - 1)
    row = torch.arange(len(signal), device=signal.device)[:, None]
    share = (place - low)[..., None].to(signal.real.dtype)
    played = signal[row, low] * (1 - share) + signal[row, high] * share
    length = batch.length
    if length is not None:
        length = ((last - 1) / pace + 1).floor().long().clamp(1, steps)
    played = played.masked_fill(~inside[..., None], 0.0).reshape(batch.signal.shape)
    return replace(batch, signal=played, length=length)


def _runs(examples: int, steps: int, length: Tensor, first: Tensor) -> Tensor:
    """Return one run of steps in each example, bool ``(batch, step)``, from uniform numbers."""
    low, high = HIDDEN_SHARES
    count = ((low + (high - low) * length) * steps).round().clamp(min=1)
    start = (first * (steps - count + 1)).floor()
    step = torch.arange(steps, device=length.device).expand(examples, -1)
    return (step >= start[:, None]) & (step < (start + count)[:, None])


def _echo_of(batch: Batch, signal: Tensor) -> Tensor:
    """Return what hiding the object takes away: its echo where that is known, else all."""
    if batch.noise_power is None or batch.target is None:
        return signal
    return batch.target.reshape(signal.shape)


def _rms(signal: Tensor, length: Tensor | None) -> Tensor:
    """Return each example's rms over its valid steps, ``(batch, 1, 1)``."""
    power = signal.abs().double().square().mean(dim=2)
    if length is None:
        mean = power.mean(dim=1)
    else:
        valid = valid_steps(length, signal.shape[1])
        mean = power.masked_fill(~valid, 0.0).sum(dim=1) / length.clamp(min=1)
    return mean.sqrt().float()[:, None, None]


def _unit(turn: Tensor, signal: Tensor) -> Tensor:
    """Return numbers of size 1, of uniform phase or sign, ``(batch, step, 1)``."""
    if signal.is_complex():
        return torch.polar(torch.ones_like(turn), 2 * torch.pi * turn)[..., None]
    return torch.where(turn < 0.5, -1.0, 1.0)[..., None]


def _clipped(signal: Tensor, over_rms: float, length: Tensor | None) -> Tensor:
    """Return the samples with I and Q each cut at a share of the example's rms."""
    most = over_rms * _rms(signal, length)
    if not signal.is_complex():
        return torch.maximum(torch.minimum(signal, most), -most)
    parts, most = torch.view_as_real(signal), most[..., None]
    return torch.view_as_complex(torch.maximum(torch.minimum(parts, most), -most).contiguous())
