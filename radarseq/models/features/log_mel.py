"""Log-mel features of real sound, computed inside the network from samples as recorded.

A frame every ``hop`` samples holds the logarithm of the power in bands as wide as the ear's. The
mean of each band over a recording is subtracted, and with it the effects of microphone and
loudness. The change of the bands from frame to frame can be added: it differs less from speaker to
speaker than the bands do.

By hand, since torchaudio is not among the dependencies, and since padding must be left out.

Reference:
    Davis and Mermelstein (1980), IEEE Trans. ASSP 28(4); mel scale of O'Shaughnessy (1987),
    2595 log10(1 + f / 700 Hz). Furui (1986), IEEE Trans. ASSP 34(1), "Speaker-independent isolated
    word recognition using dynamic features of speech spectrum".
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from radarseq.models.features.radar import Features, valid_steps

BANDS = 40
_MIN_HZ = 60.0  # below are hum and wind
_OVERLAP = 2.5  # length of a frame's taper in hops
_FLOOR = 1e-4  # of a band's power, over the mean power of all bands
_MIN_STD = 1e-3


def count_frames(samples: Tensor, hop: int) -> Tensor:
    """Return the number of frames of so many samples: one for each hop that has begun."""
    return (samples + hop - 1) // hop


def mel_filters(sample_rate_hz: float, points: int, bands: int = BANDS) -> Tensor:
    """Return triangular filters at equal distances in mel, ``(bin, band)``, each of sum 1.

    Args:
        sample_rate_hz: Of the samples.
        points: Of the Fourier transform.
        bands: Number of filters, from 60 Hz to half the sample rate.
    """
    low, high = (2595 * math.log10(1 + f / 700) for f in (_MIN_HZ, sample_rate_hz / 2))
    mel = torch.linspace(low, high, bands + 2, dtype=torch.float64)
    edge_hz = 700 * (10 ** (mel / 2595) - 1)
    bin_hz = torch.arange(points // 2 + 1, dtype=torch.float64)[:, None] * sample_rate_hz / points
    rising = (bin_hz - edge_hz[:-2]) / (edge_hz[1:-1] - edge_hz[:-2])
    falling = (edge_hz[2:] - bin_hz) / (edge_hz[2:] - edge_hz[1:-1])
    filters = torch.minimum(rising, falling).clamp(min=0)
    return (filters / filters.sum(dim=0).clamp(min=1e-12)).float()


class LogMel(nn.Module):
    """Log-mel features of real samples, a frame every ``hop`` of them.

    Args:
        sample_rate_hz: Of the samples.
        hop: Samples from frame to frame.
        changes: Whether the change of each band over the neighbouring frames is added.
    """

    def __init__(self, sample_rate_hz: float, hop: int, *, changes: bool = False) -> None:
        super().__init__()
        self.hop, self.changes = hop, changes
        self.width = 2 * BANDS if changes else BANDS
        self._taper = round(_OVERLAP * hop)
        # So many points that no band is narrower than a bin, which would leave it empty.
        self._points = max(256, 2 ** math.ceil(math.log2(self._taper)))
        self.taper = nn.Buffer(torch.hann_window(self._taper), persistent=False)
        self.filters = nn.Buffer(mel_filters(sample_rate_hz, self._points), persistent=False)
        self.mean = nn.Buffer(torch.zeros(self.width))
        self.std = nn.Buffer(torch.ones(self.width))

    def forward(
        self, signal: Tensor, tx: Tensor | None = None, length: Tensor | None = None
    ) -> Features:
        """Return features ``(batch, frame, width)`` of ``signal`` (batch, step) or with a channel.

        Samples at and after ``length`` ``(batch,)`` are padding: they count as zero, and the frames
        that begin in them are left out of the mean.
        """
        sound = signal.float() if signal.ndim == 2 else signal.float().mean(dim=2)
        if length is not None:
            sound = sound.masked_fill(~valid_steps(length, sound.shape[1]), 0.0)
        steps = (self._log_bands(sound, length) - self.mean) / self.std
        level = sound.new_ones(len(sound), 1, 1)
        return Features(steps, sound[..., None], level)

    @torch.no_grad()
    def fit(self, signal: Tensor, tx: Tensor | None, length: Tensor | None = None) -> None:
        """Set mean and deviation of the bands from training data, without padding."""
        steps = self(signal, tx, length).steps * self.std + self.mean
        if length is None:
            flat = steps.flatten(0, 1).double()
        else:
            flat = steps[valid_steps(count_frames(length, self.hop), steps.shape[1])].double()
        self.mean.copy_(flat.mean(dim=0))
        self.std.copy_(flat.std(dim=0).clamp(min=_MIN_STD))

    def _log_bands(self, sound: Tensor, length: Tensor | None) -> Tensor:
        frames = int(count_frames(torch.tensor(sound.shape[1]), self.hop))
        before = (self._taper - self.hop) // 2  # a frame's taper is around its hop's middle
        after = (frames - 1) * self.hop + self._taper - before - sound.shape[1]
        peak = sound.abs().amax(dim=1, keepdim=True).clamp(min=1e-30)
        blocks = functional.pad(sound / peak, (before, after)).unfold(1, self._taper, self.hop)
        spectrum = torch.fft.rfft(blocks * self.taper, n=self._points, dim=2)
        power = (spectrum.real.square() + spectrum.imag.square()) @ self.filters
        valid = power.new_ones(*power.shape[:2], 1, dtype=torch.bool)
        if length is not None:
            valid = valid_steps(count_frames(length, self.hop), frames)[..., None]
        share = 1.0 / valid.sum(dim=1, keepdim=True).clamp(min=1)
        mean_power = (power * valid * share).sum(dim=1).mean(dim=1)[:, None, None]
        logs = (power / mean_power.clamp(min=1e-30) + _FLOOR).log()
        logs = (logs - (logs * valid * share).sum(dim=1, keepdim=True)) * valid
        return torch.cat((logs, _changes(logs, valid)), dim=2) if self.changes else logs


def _changes(logs: Tensor, valid: Tensor) -> Tensor:
    """Return the next frame less the one before, 0 where either lies outside the recording."""
    whole = valid[:, 2:] & valid[:, :-2]
    return functional.pad((logs[:, 2:] - logs[:, :-2]) * whole, (0, 0, 1, 1))
