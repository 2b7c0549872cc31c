"""Augmentation: impairments added to training batches, drawn anew in every epoch.

The draws depend on the seed and the epoch's number alone. The impairments are those of
``simulators.impairments.corruptions``, which a stress sweep measures: there each comes by itself in
every row, here all of them come together, at random.
"""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from radarseq.models.features.radar import valid_steps
from radarseq.training.data.batches import Batch, BatchSource, epoch_seed
from radarseq.training.settings import TrainSettings
from simulators.impairments.corruptions import (
    CLIP_TO_RMS,
    OCCLUDED_SHARES,
    SPIKE_TO_SIGNAL_DB,
)

_SEED_OFFSET = 0x5EED  # keeps these draws apart from those of order and noise


class AugmentedBatches:
    """The batches of another source, augmented.

    Args:
        source: Of the batches; its sample, on which statistics are fitted, stays clean.
        settings: How often each impairment occurs, and the seed.
    """

    def __init__(self, source: BatchSource, settings: TrainSettings) -> None:
        self._source, self._settings = source, settings

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return len(self._source)

    def epoch(self, number: int) -> Iterator[Batch]:
        """Yield the batches of epoch ``number``, augmented with the draws of that epoch."""
        seed = epoch_seed(self._settings.seed ^ _SEED_OFFSET, number)
        generator = None
        for batch in self._source.epoch(number):
            if generator is None:
                generator = torch.Generator(batch.signal.device).manual_seed(seed)
            yield augment(batch, self._settings, generator)

    def sample(self) -> Batch:
        """Return clean examples to fit statistics on."""
        return self._source.sample()


def augment(batch: Batch, settings: TrainSettings, generator: torch.Generator) -> Batch:
    """Return the batch with impaired samples; targets and labels stay as they are.

    Args:
        batch: Of samples, not of symbols.
        settings: ``noise`` is a share of the rms, ``dropped`` and ``spikes`` are shares of the
            steps, ``saturation`` and ``occlusion`` shares of the examples, and ``time_stretch``
            is the largest change of pace.
        generator: Of the draws.
    """
    shape, device = batch.signal.shape[:2], batch.signal.device

    def uniform(*size: int) -> Tensor:
        return torch.rand(size, generator=generator, device=generator.device).to(device)

    if settings.time_stretch:
        batch = time_stretch(batch, settings.time_stretch, uniform(len(batch)))
    signal = batch.signal if batch.signal.ndim == 3 else batch.signal[..., None]
    if settings.noise:
        noise = torch.randn(
            signal.shape, dtype=signal.dtype, generator=generator, device=generator.device
        )
        signal = signal + settings.noise * _rms(signal, batch.length) * noise.to(device)
    if settings.occlusion:
        occurs = uniform(shape[0]) < settings.occlusion
        run = _runs(shape[0], shape[1], uniform(shape[0]), uniform(shape[0])) & occurs[:, None]
        # The echo is hidden and the noise stays; all is hidden where the echo is not known.
        echo = signal
        if batch.noise_power is not None and batch.target is not None:
            echo = batch.target.reshape(signal.shape)
        signal = torch.where(run[..., None], signal - echo, signal)
    if settings.spikes:
        hit = uniform(*shape) < settings.spikes
        size = 10.0 ** (SPIKE_TO_SIGNAL_DB / 20) * _rms(signal, batch.length)
        signal = signal + hit[..., None] * size * _unit(uniform(*shape), signal)
    if settings.saturation:
        occurs = (uniform(shape[0]) < settings.saturation)[:, None, None]
        full_scale = CLIP_TO_RMS * _rms(signal, batch.length)
        signal = torch.where(occurs, _clip(signal, full_scale), signal)
    if settings.dropped:
        signal = signal * (uniform(*shape) >= settings.dropped)[..., None]
    return replace(batch, signal=signal.reshape(batch.signal.shape))


def time_stretch(batch: Batch, largest: float, draw: Tensor) -> Batch:
    """Return the batch played faster or slower, from its first step on.

    The arrays stay as long as they are: a sequence that has become shorter is followed by zeros,
    and one that has become longer is cut off. Samples are interpolated linearly.

    Args:
        batch: Without a target, which would have to change with it.
        largest: Largest change of pace, as a share.
        draw: Uniform numbers ``(batch,)``: 0 is slowest, 1 fastest.
    """
    signal = batch.signal if batch.signal.ndim == 3 else batch.signal[..., None]
    steps = signal.shape[1]
    pace = (1 + largest) ** (2 * draw - 1)  # as often faster as slower
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
    low, high = OCCLUDED_SHARES
    count = ((low + (high - low) * length) * steps).round().clamp(min=1)
    start = (first * (steps - count + 1)).floor()
    step = torch.arange(steps, device=length.device).expand(examples, -1)
    return (step >= start[:, None]) & (step < (start + count)[:, None])


def _rms(signal: Tensor, length: Tensor | None) -> Tensor:
    """Return each example's rms over its valid steps, ``(batch, 1, 1)``."""
    power = signal.abs().double().square().mean(dim=2)
    if length is None:
        mean = power.mean(dim=1)
    else:
        valid = valid_steps(length, signal.shape[1])
        mean = power.masked_fill(~valid, 0.0).sum(dim=1) / length.clamp(min=1)
    return mean.sqrt().float()[:, None, None]


def _unit(draw: Tensor, signal: Tensor) -> Tensor:
    """Return numbers of size 1, of uniform phase or sign, ``(batch, step, 1)``."""
    if signal.is_complex():
        return torch.polar(torch.ones_like(draw), 2 * torch.pi * draw)[..., None]
    return torch.where(draw < 0.5, -1.0, 1.0)[..., None]


def _clip(signal: Tensor, full_scale: Tensor) -> Tensor:
    """Return the samples with I and Q each clipped to +-``full_scale`` ``(batch, 1, 1)``."""
    if not signal.is_complex():
        return torch.maximum(torch.minimum(signal, full_scale), -full_scale)
    parts, full_scale = torch.view_as_real(signal), full_scale[..., None]
    clipped = torch.maximum(torch.minimum(parts, full_scale), -full_scale)
    return torch.view_as_complex(clipped.contiguous())
