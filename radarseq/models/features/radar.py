"""Features of radar samples and plain sequences, computed inside the network from raw samples.

Complex samples are decoded with the transmitted code. The features at a step are I and Q over the
level so far, the logarithm of their magnitude, the phase increment since the step before, and the
logarithm of the level. They depend on the past alone, so that a causal network stays causal. The
Doppler spectrum depends on the whole sequence and serves the class alone. Plain sequences have no
radar level to remove: their feature is the standardised value itself.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

_FLOOR = 1e-30  # of a level, so that silence has a finite logarithm
_MIN_STD = 1e-3  # of relative features: below this they are constant


class Features(NamedTuple):
    """Inputs of the backbone and the heads.

    Attributes:
        steps: Features at each step, float32 ``(batch, step, feature)``, standardised.
        decoded: The samples without code over the level, ``(batch, step, channel)``.
        level: Root mean square of the samples up to each step (of all samples, if the features
            are not causal), float32 ``(batch, step, 1)``.
        spectrum: Logarithm of the Doppler power spectrum over its mean, float32
            ``(batch, channel, bin)``, or None.
        correlation: Magnitude of the autocorrelation over lags, 1 at lag 0, float32
            ``(batch, channel, lag)``, or None.
    """

    steps: Tensor
    decoded: Tensor
    level: Tensor
    spectrum: Tensor | None = None
    correlation: Tensor | None = None


class _Samples(NamedTuple):
    """Decoded samples, the same over the level, the level, and the relative sample before."""

    decoded: Tensor
    relative: Tensor
    level: Tensor
    before: Tensor | None


class _Feature(NamedTuple):
    """A feature at each step.

    Attributes:
        complex_width: Values per channel of complex samples.
        real_width: Values per channel of real samples.
        shared_width: Values for all channels together.
        compute: Returns ``(batch, step, value)``.
    """

    complex_width: int
    real_width: int
    shared_width: int
    compute: Callable[[_Samples], Tensor]


_STEP_FEATURES = {  # in the order in which they are concatenated
    "iq": _Feature(2, 1, 0, lambda x: _as_real(x.relative)),
    "log_magnitude": _Feature(1, 1, 0, lambda x: 0.5 * (_power(x.relative) + 1e-4).log()),
    "increment": _Feature(2, 1, 0, lambda x: _increment(x.relative, x.before)),
    "level": _Feature(0, 0, 1, lambda x: x.level.log()),
    "value": _Feature(2, 1, 0, lambda x: _as_real(x.decoded)),
}


def decode(rx: Tensor, tx: Tensor | None) -> Tensor:
    """Return received samples with the transmitted code removed, in the shape of ``rx``.

    Args:
        rx: Received samples ``(batch, step)`` or ``(batch, step, channel)``, complex.
        tx: Transmitted samples ``(batch, step)``, complex; None leaves ``rx`` as it is. A sample at
            which nothing was transmitted decodes to zero.
    """
    if tx is None:
        return rx
    power = tx.real.square() + tx.imag.square()
    weight = torch.where(power > 0, tx.conj() / power, torch.zeros_like(tx))
    return rx * (weight if rx.ndim == tx.ndim else weight[..., None])


class RadarFeatures(nn.Module):
    """Features of complex or real sequences, standardised by statistics of the training data.

    Args:
        names: Some of ``FEATURE_NAMES``. For real samples ``iq`` is the value over the level, and
            ``increment`` the difference from the step before.
        channels: Channels (features, range bins) of the samples.
        is_complex: Whether the samples are complex.
        causal: Whether the level at a step is that of the samples so far, or of all samples.
    """

    def __init__(
        self, names: tuple[str, ...], channels: int, *, is_complex: bool, causal: bool
    ) -> None:
        super().__init__()
        self.names, self.causal = names, causal
        used = [feature for name, feature in _STEP_FEATURES.items() if name in names]
        per_channel = [f.complex_width if is_complex else f.real_width for f in used]
        self._values = channels * per_channel[-1] if "value" in names else 0
        self.width = channels * sum(per_channel) + sum(f.shared_width for f in used)
        self.mean = nn.Buffer(torch.zeros(self.width))
        self.std = nn.Buffer(torch.ones(self.width))

    def forward(
        self, signal: Tensor, tx: Tensor | None = None, length: Tensor | None = None
    ) -> Features:
        """Return the features of ``signal``, ``(batch, step)`` or ``(batch, step, channel)``.

        Samples at and after ``length`` ``(batch,)`` are padding and count as zero.
        """
        decoded = self.decode(signal, tx, length)
        features = self.standardise(decoded, self._level(decoded, length))
        if "spectrum" not in self.names:
            return features
        spectrum, correlation = _spectrum(decoded)
        return features._replace(spectrum=spectrum, correlation=correlation)

    @torch.no_grad()
    def fit(self, signal: Tensor, tx: Tensor | None, length: Tensor | None = None) -> None:
        """Set mean and standard deviation of the features from training data, without padding."""
        decoded = self.decode(signal, tx, length)
        level = self._level(decoded, length)
        steps = self._steps(_Samples(decoded, decoded / level, level, None))
        flat = (steps if length is None else steps[valid_steps(length, steps.shape[1])]).double()
        flat = flat.reshape(-1, self.width)
        mean, std = flat.mean(dim=0), flat.std(dim=0)
        relative = self.width - self._values
        std[:relative].clamp_(min=_MIN_STD)
        # A value has a scale of its own, 1e-30 as well as 1e30; a constant one is left as it is.
        constant = std[relative:] <= 1e-6 * mean[relative:].abs()
        std[relative:] = std[relative:].masked_fill(constant, 1.0)
        self.mean.copy_(mean)
        self.std.copy_(std)

    def decode(self, signal: Tensor, tx: Tensor | None, length: Tensor | None) -> Tensor:
        """Return the samples without code and padding, ``(batch, step, channel)``, in double.

        In double precision squares of samples from 1e-30 to 1e30 neither vanish nor overflow; the
        network that follows costs many times more.
        """
        wide = signal.to(torch.complex128 if signal.is_complex() else torch.float64)
        decoded = decode(wide, None if tx is None else tx.to(torch.complex128))
        if decoded.ndim == 2:
            decoded = decoded[..., None]
        if length is not None:
            padding = ~valid_steps(length, decoded.shape[1])[..., None]
            decoded = decoded.masked_fill(padding, 0.0)
        return decoded

    def standardise(self, decoded: Tensor, level: Tensor, before: Tensor | None = None) -> Features:
        """Return the standardised features at each step, without the spectrum.

        Args:
            decoded: What ``decode`` returns.
            level: Root mean square up to each step, ``(batch, step, 1)``.
            before: Samples over the level at the step before the first, ``(batch, 1, channel)``;
                None where the sequence starts.
        """
        relative = decoded / level
        steps = self._steps(_Samples(decoded, relative, level, before))
        compute_dtype = relative.to(torch.complex64 if relative.is_complex() else torch.float32)
        return Features((steps - self.mean) / self.std, compute_dtype, level.float())

    def _steps(self, samples: _Samples) -> Tensor:
        used = [feature for name, feature in _STEP_FEATURES.items() if name in self.names]
        return torch.cat([feature.compute(samples) for feature in used], dim=2).float()

    def _level(self, decoded: Tensor, length: Tensor | None) -> Tensor:
        power = _power(decoded).mean(dim=2, keepdim=True)  # (batch, step, 1)
        if self.causal:
            count = torch.arange(1, power.shape[1] + 1, device=power.device)
            return root_mean_square(power.cumsum(dim=1), count[:, None])
        steps = power.new_tensor(power.shape[1]) if length is None else length.clamp(min=1)
        total = power.sum(dim=1, keepdim=True)
        return root_mean_square(total, steps.view(-1, 1, 1)).expand_as(power)


class RadarFeatureStream:
    """Features of the next sample, from the level and the sample before."""

    def __init__(self, features: RadarFeatures) -> None:
        self._features = features
        self._count, self._power_sum = 0, torch.zeros(())
        self._before: Tensor | None = None

    def step(self, signal: Tensor, tx: Tensor | None) -> Features:
        """Return the features of one step (batch, 1, feature)."""
        decoded = self._features.decode(signal, tx, None)
        self._count += 1
        self._power_sum = self._power_sum + _power(decoded).mean(dim=2, keepdim=True)
        level = root_mean_square(self._power_sum, self._power_sum.new_tensor(self._count))
        features = self._features.standardise(decoded, level, self._before)
        self._before = decoded / level
        return features


def root_mean_square(power_sum: Tensor, count: Tensor) -> Tensor:
    """Return the root mean square of ``count`` samples from the sum of their powers."""
    return (power_sum / count).sqrt().clamp(min=_FLOOR)


def valid_steps(length: Tensor, steps: int) -> Tensor:
    """Return whether each step is data rather than padding, bool ``(batch, step)``."""
    return torch.arange(steps, device=length.device) < length[:, None]


def _power(samples: Tensor) -> Tensor:
    if samples.is_complex():
        return samples.real.square() + samples.imag.square()
    return samples.square()


def _as_real(samples: Tensor) -> Tensor:
    """Return complex channels as twice as many real ones, (batch, step, 2 channel)."""
    return torch.view_as_real(samples).flatten(2) if samples.is_complex() else samples


def _increment(relative: Tensor, before: Tensor | None) -> Tensor:
    """Return the change since the step before: a unit phasor, or a difference; 0 at step 0."""
    first = relative[:, :1] if before is None else before
    earlier = torch.cat((first, relative[:, :-1]), dim=1)
    if relative.is_complex():
        product = relative * earlier.conj()
        change = product / product.abs().clamp(min=1e-12)
    else:
        change = relative - earlier
    if before is None:
        change = functional.pad(change[:, 1:], (0, 0, 1, 0))
    return _as_real(change)


def _spectrum(decoded: Tensor) -> tuple[Tensor, Tensor]:
    """Return the log power spectrum over its mean, and the autocorrelation's magnitude.

    Both are ``(batch, channel, step)``; the autocorrelation is the transform of the power spectrum
    of the sequence padded to twice its length (Wiener and Khinchin).
    """
    steps = decoded.shape[1]
    peak = decoded.abs().amax(dim=(1, 2), keepdim=True).clamp(min=_FLOOR)
    unit = (decoded / peak).to(torch.complex64)
    power = _power(torch.fft.fft(unit, dim=1))
    relative = power / power.mean(dim=(1, 2), keepdim=True).clamp(min=_FLOOR)
    padded = torch.fft.ifft(_power(torch.fft.fft(unit, n=2 * steps, dim=1)), dim=1)[:, :steps]
    correlation = padded.abs() / padded[:, :1].abs().clamp(min=_FLOOR)
    return (relative + 1e-3).log().transpose(1, 2), correlation.transpose(1, 2)
