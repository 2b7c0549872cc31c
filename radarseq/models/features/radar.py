"""From raw samples to model input, inside the model: a checkpoint takes samples as received.

Complex input is decoded with the transmitted code, then described at each step by its I and Q over
the level so far, the logarithm of its magnitude, the phase increment from the step before, and the
logarithm of the level. Each of these looks at the past alone, so a causal network stays causal.
The Doppler spectrum looks at the whole sequence and goes to the class alone. Plain sequences have
no radar level to take out: for them there is the value itself, standardised.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

RADAR_FEATURES = ("iq", "log_magnitude", "increment", "level", "spectrum")
FEATURE_NAMES = (*RADAR_FEATURES, "value")
_FLOOR = 1e-30  # of a level, so that silence has a finite logarithm
_MIN_STD = 1e-3  # of features that are relative: below this they are constant
_FEATURES_PER_CHANNEL = {"iq": 2, "log_magnitude": 1, "increment": 2, "value": 2}
_REAL_FEATURES_PER_CHANNEL = {"iq": 1, "log_magnitude": 1, "increment": 1, "value": 1}


class Described(NamedTuple):
    """A batch as the network sees it.

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
    spectrum: Tensor | None
    correlation: Tensor | None


def decode(rx: Tensor, tx: Tensor | None) -> Tensor:
    """Return received samples with the transmitted code taken off, shape of ``rx``.

    Args:
        rx: Received samples ``(batch, step)`` or ``(batch, step, channel)``, complex.
        tx: Transmitted samples ``(batch, step)``, complex; None leaves ``rx`` as it is. Where
            ``tx`` is zero nothing was sent, and the decoded sample is zero.
    """
    if tx is None:
        return rx
    power = tx.real.square() + tx.imag.square()
    weight = torch.where(power > 0, tx.conj() / power, torch.zeros_like(tx))
    return rx * (weight if rx.ndim == tx.ndim else weight[..., None])


class Features(nn.Module):
    """Features of complex or real sequences, standardised by statistics of the training data.

    Args:
        names: Which of ``FEATURE_NAMES`` to make. For real input ``iq`` is the value over the
            level, and ``increment`` the difference from the step before.
        channels: Channels (features, range bins) of the input.
        is_complex: Whether the input is complex.
        causal: Whether the level at a step is that of the samples so far, or of them all.
    """

    def __init__(
        self, names: tuple[str, ...], channels: int, *, is_complex: bool, causal: bool
    ) -> None:
        super().__init__()
        per_channel = _FEATURES_PER_CHANNEL if is_complex else _REAL_FEATURES_PER_CHANNEL
        self.names, self.causal = names, causal
        self._values = channels * per_channel["value"] if "value" in names else 0
        self.width = channels * sum(per_channel.get(name, 0) for name in names) + (
            1 if "level" in names else 0
        )
        self.mean = nn.Buffer(torch.zeros(self.width))
        self.std = nn.Buffer(torch.ones(self.width))

    def forward(
        self, signal: Tensor, tx: Tensor | None = None, length: Tensor | None = None
    ) -> Described:
        """Return the features of ``signal``, ``(batch, step)`` or ``(batch, step, channel)``.

        Samples at and after ``length`` ``(batch,)`` are padding: they are taken for zero.
        """
        decoded = self.decoded(signal, tx, length)
        power = _power(decoded).mean(dim=2, keepdim=True)  # (batch, step, 1)
        described = self.describe(decoded, self._level(power, length))
        if "spectrum" not in self.names:
            return described
        spectrum, correlation = _spectrum(decoded)
        return described._replace(spectrum=spectrum, correlation=correlation)

    @torch.no_grad()
    def fit(self, signal: Tensor, tx: Tensor | None, length: Tensor | None = None) -> None:
        """Take mean and standard deviation of the features from training data, without padding."""
        decoded = self.decoded(signal, tx, length)
        level = self._level(_power(decoded).mean(dim=2, keepdim=True), length)
        steps = self._parts(decoded, decoded / level, level, None)
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

    def decoded(self, signal: Tensor, tx: Tensor | None, length: Tensor | None) -> Tensor:
        """Return the samples without code and padding, ``(batch, step, channel)``, in double.

        In double precision squares of samples from 1e-30 to 1e30 neither vanish nor overflow; the
        network that follows is many times dearer.
        """
        wide = signal.to(torch.complex128 if signal.is_complex() else torch.float64)
        decoded = decode(wide, None if tx is None else tx.to(torch.complex128))
        if decoded.ndim == 2:
            decoded = decoded[..., None]
        if length is not None:
            padding = ~valid_steps(length, decoded.shape[1])[..., None]
            decoded = decoded.masked_fill(padding, 0.0)
        return decoded

    def describe(self, decoded: Tensor, level: Tensor, before: Tensor | None = None) -> Described:
        """Return the features at each step, the spectrum left out.

        Args:
            decoded: As ``decoded`` gives it.
            level: Root mean square up to each step, ``(batch, step, 1)``.
            before: Samples over the level at the step before the first, ``(batch, 1, channel)``;
                None where the sequence starts.
        """
        relative = decoded / level
        steps = self._parts(decoded, relative, level, before)
        compute_dtype = relative.to(torch.complex64 if relative.is_complex() else torch.float32)
        return Described((steps - self.mean) / self.std, compute_dtype, level.float(), None, None)

    def _parts(
        self, decoded: Tensor, relative: Tensor, level: Tensor, before: Tensor | None
    ) -> Tensor:
        parts = []
        if "iq" in self.names:
            parts.append(_as_real(relative))
        if "log_magnitude" in self.names:
            parts.append(0.5 * (_power(relative) + 1e-4).log())
        if "increment" in self.names:
            parts.append(_increment(relative, before))
        if "level" in self.names:
            parts.append(level.log())
        if "value" in self.names:
            parts.append(_as_real(decoded))
        return torch.cat(parts, dim=2).float()

    def _level(self, power: Tensor, length: Tensor | None) -> Tensor:
        if self.causal:
            count = torch.arange(1, power.shape[1] + 1, device=power.device)
            return level_of(power.cumsum(dim=1), count[:, None])
        steps = power.new_tensor(power.shape[1]) if length is None else length.clamp(min=1)
        return level_of(power.sum(dim=1, keepdim=True), steps.view(-1, 1, 1)).expand_as(power)


def level_of(power_sum: Tensor, count: Tensor) -> Tensor:
    """Return the root mean square of ``count`` samples from the sum of their powers."""
    return (power_sum / count).sqrt().clamp(min=_FLOOR)


def valid_steps(length: Tensor, steps: int) -> Tensor:
    """Return which steps are before the length and no padding, bool ``(batch, step)``."""
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
        turn = relative * earlier.conj()
        change = turn / turn.abs().clamp(min=1e-12)
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
