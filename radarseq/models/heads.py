"""Heads on the hidden steps: a target sequence, symbols, or one class for all steps."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from radarseq.models.features.radar import Features, valid_steps
from radarseq.models.input_spec import InputSpec
from radarseq.models.settings import ModelSettings

HIDDEN_VALUES = 64  # inputs of the layer that gives the class scores


class SequenceHead(nn.Module):
    """Estimate of the target at each step, in the units of the target.

    A complex target is estimated in units of the level, with the code of the input; a real one is
    standardised by statistics of the training data. Where the target is as wide as the input, or
    a forecast of it, the estimate is a share of the sample itself plus a correction: at a high
    signal-to-noise ratio, or a few steps ahead, the sample is nearly the target already.
    """

    def __init__(self, inputs: int, spec: InputSpec) -> None:
        super().__init__()
        self.spec = spec
        self.is_complex = spec.target == "complex"
        self._copies = spec.horizon or 1
        has_share = (
            spec.target_channels == self._copies * spec.channels
            and self.is_complex == spec.is_complex
            and not spec.symbols
        )
        self.correction = nn.Linear(inputs, spec.target_channels * (2 if self.is_complex else 1))
        self.share = nn.Linear(inputs, spec.target_channels) if has_share else None
        width = spec.target_channels if spec.standardised else None
        self.mean = None if width is None else nn.Buffer(torch.zeros(width))
        self.std = None if width is None else nn.Buffer(torch.ones(width))

    @torch.no_grad()
    def fit(self, target: Tensor, length: Tensor | None) -> None:
        """Set mean and deviation of a real target from training data, without padding."""
        if self.mean is None or self.std is None:
            return
        valid = target if length is None else target[valid_steps(length, target.shape[1])]
        flat = valid.reshape(-1, self.spec.target_channels).double()
        std = flat.std(dim=0)
        self.mean.copy_(flat.mean(dim=0))
        self.std.copy_(std.masked_fill(std <= 1e-6 * self.mean.abs(), 1.0))

    def forward(self, hidden: Tensor, features: Features, tx: Tensor | None) -> Tensor:
        """Return the estimate from ``hidden`` (step, batch, channel)."""
        estimate = self.correction(hidden).transpose(0, 1)  # (batch, step, channel)
        if self.is_complex:
            estimate = torch.view_as_complex(estimate.unflatten(2, (-1, 2)).contiguous())
        share = 0.0
        if self.share is not None:
            sample = features.decoded.repeat(1, 1, self._copies)
            share = self.share(hidden).transpose(0, 1) * sample
        if self.mean is not None and self.std is not None:
            estimate = estimate * self.std + self.mean + share * features.level
        else:
            estimate = (estimate + share) * features.level
        if self.is_complex and tx is not None and not self.spec.horizon:
            estimate = estimate * tx[..., None]
        return estimate[..., 0] if self.spec.target_channels == 1 else estimate


class SymbolHead(nn.Module):
    """Scores of every symbol at each step and voice."""

    def __init__(self, inputs: int, spec: InputSpec) -> None:
        super().__init__()
        self._shape = (spec.target_channels, spec.target_symbols)
        self.scores = nn.Linear(inputs, spec.target_channels * spec.target_symbols)

    def forward(self, hidden: Tensor) -> Tensor:
        """Return logits (batch, step, voice, symbol) from ``hidden`` (step, batch, channel)."""
        return self.scores(hidden).transpose(0, 1).unflatten(2, self._shape)


class ClassScores(NamedTuple):
    """Class scores of each sequence.

    Attributes:
        logits: Class scores ``(batch, class)``.
        hidden: Inputs of the layer that gives them ``(batch, value)``.
    """

    logits: Tensor
    hidden: Tensor


class ClassHead(nn.Module):
    """Class scores from the pooled steps or the last one, and from the spectrum.

    The class must not depend on a residual Doppler shift, which rotates the spectrum. The spectrum
    therefore passes circular convolutions and a pooling, and is given a second time as the
    magnitude of the autocorrelation, which does not change with the shift.
    """

    def __init__(self, inputs: int, spec: InputSpec, settings: ModelSettings) -> None:
        super().__init__()
        self.pool = settings.pool
        self.spectrum = self.correlation = None
        has_spectrum = "spectrum" in settings.features and not spec.symbols
        if has_spectrum:
            self.spectrum = nn.Sequential(
                nn.Conv1d(spec.channels, 32, 5, padding=2, padding_mode="circular"),
                nn.GELU(),
                nn.Conv1d(32, 32, 5, padding=2, padding_mode="circular"),
                nn.GELU(),
            )
            self.correlation = nn.Sequential(nn.Linear(spec.channels * spec.steps, 64), nn.GELU())
        pooled = inputs * (2 if self.pool == "mean_max" else 1) + (128 if has_spectrum else 0)
        self.classify = nn.Sequential(
            nn.Dropout(settings.dropout),
            nn.Linear(pooled, HIDDEN_VALUES),
            nn.GELU(),
            nn.Linear(HIDDEN_VALUES, spec.classes),
        )

    def forward(self, hidden: Tensor, features: Features, length: Tensor | None) -> ClassScores:
        """Return the class scores from ``hidden`` (step, batch, channel)."""
        return self.score(_pool(hidden, length, self.pool), features)

    def score(self, pooled: Tensor, features: Features) -> ClassScores:
        """Return the class scores from steps pooled to (batch, channel)."""
        parts = [pooled]
        if self.spectrum is not None and self.correlation is not None:
            assert features.spectrum is not None and features.correlation is not None
            spectrum = self.spectrum(features.spectrum)
            parts += [spectrum.mean(dim=2), spectrum.amax(dim=2)]
            parts.append(self.correlation(features.correlation.flatten(1)))
        hidden = torch.cat(parts, dim=1)
        *before, last = self.classify
        for layer in before:
            hidden = layer(hidden)
        return ClassScores(last(hidden), hidden)

    def running_logits(self, hidden: Tensor) -> Tensor:
        """Return the logits (step, batch, class) of the steps up to each one."""
        if self.pool == "last":
            return self.classify(hidden)
        count = torch.arange(1, len(hidden) + 1, device=hidden.device)[:, None, None]
        mean, maximum = hidden.cumsum(dim=0) / count, hidden.cummax(dim=0).values
        return self.classify(torch.cat((mean, maximum), dim=2))


def _pool(hidden: Tensor, length: Tensor | None, pool: str) -> Tensor:
    """Return the mean and maximum of the valid steps, or the last of them, (batch, channel)."""
    if pool == "last":
        if length is None:
            return hidden[-1]
        return hidden[length.clamp(min=1) - 1, torch.arange(hidden.shape[1], device=hidden.device)]
    if length is None:
        return torch.cat((hidden.mean(dim=0), hidden.amax(dim=0)), dim=1)
    valid = valid_steps(length, len(hidden)).T[..., None]  # (step, batch, 1)
    mean = torch.where(valid, hidden, 0.0).sum(dim=0) / length.clamp(min=1)[:, None]
    return torch.cat((mean, torch.where(valid, hidden, -torch.inf).amax(dim=0)), dim=1)
