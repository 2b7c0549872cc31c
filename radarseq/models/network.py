"""The whole network: features, a same-length backbone, and the heads for echo and class."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from radarseq.errors import MismatchError
from radarseq.features import Described, Features
from radarseq.models.recurrent import Recurrent
from radarseq.models.settings import ModelSettings
from radarseq.models.wavenet import WaveNet


@dataclass(frozen=True, kw_only=True)
class InputSpec:
    """What a network takes and gives: fixed by the data it is trained on.

    Attributes:
        is_complex: Whether samples are complex.
        channels: Channels (range bins, features) at each step.
        steps: Length of the sequences in training.
        target: ``"complex"``, ``"real"``, or ``""`` where there is no target sequence.
        target_channels: Channels of the target at each step.
        classes: How many classes; 0 where there are no labels.
        coded: Whether a transmitted code goes with the samples.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": True}

    is_complex: bool
    channels: int
    steps: int
    target: str
    target_channels: int
    classes: int
    coded: bool


class Output(NamedTuple):
    """What a network gives.

    Attributes:
        sequence: The target's estimate, as long as the input: ``(batch, step)`` where the target
            has one channel, else ``(batch, step, channel)``; None if not asked for.
        logits: Class scores ``(batch, class)``; None if not asked for.
    """

    sequence: Tensor | None
    logits: Tensor | None


class Network(nn.Module):
    """Raw samples in; the same-length sequence, the class, or both out.

    Args:
        settings: The model's settings.
        spec: What goes in and out.
    """

    def __init__(self, settings: ModelSettings, spec: InputSpec) -> None:
        super().__init__()
        self.settings, self.spec = settings, spec
        self.features = Features(
            settings.features, spec.channels, is_complex=spec.is_complex, causal=settings.causal
        )
        self.backbone = _backbone(settings, self.features.width)
        self.backwards = None if settings.causal else _backbone(settings, self.features.width)
        outputs = self.backbone.outputs * (1 if settings.causal else 2)
        self.sequence = SequenceHead(outputs, spec) if settings.task != "classify" else None
        self.classes = None
        if settings.task != "echo":
            has_spectrum = "spectrum" in settings.features
            self.classes = ClassHead(outputs, spec, settings.dropout, has_spectrum=has_spectrum)

    @property
    def receptive_field(self) -> int | None:
        """How many samples a sequence output depends on; None where there is no limit."""
        return self.backbone.receptive_field

    def forward(
        self, signal: Tensor, tx: Tensor | None = None, length: Tensor | None = None
    ) -> Output:
        """Return the network's estimates.

        Args:
            signal: Samples ``(batch, step)`` or ``(batch, step, channel)``.
            tx: Transmitted samples ``(batch, step)`` of coded data, else None.
            length: Valid steps of each example ``(batch,)``, else all are.

        Raises:
            MismatchError: If the samples do not have the shape that the network was built for.
        """
        self._check(signal, tx)
        described = self.features(signal, tx, length)
        hidden = self._hidden(described.steps.transpose(0, 1), length)  # (step, batch, channel)
        sequence = logits = None
        if self.sequence is not None:
            sequence = self.sequence(hidden, described, tx)
        if self.classes is not None:
            logits = self.classes(hidden, described, length)
        return Output(sequence, logits)

    def _hidden(self, steps: Tensor, length: Tensor | None = None) -> Tensor:
        forwards = self.backbone(steps)
        if self.backwards is None:
            return forwards
        backwards = _reverse(self.backwards(_reverse(steps, length)), length)
        return torch.cat((forwards, backwards), dim=2)

    def _check(self, signal: Tensor, tx: Tensor | None) -> None:
        channels = 1 if signal.ndim == 2 else signal.shape[-1]
        wanted = self.spec.channels
        if signal.ndim not in (2, 3) or channels != wanted:
            raise MismatchError(
                f"expected samples (batch, step{f', {wanted}' if wanted > 1 else ''}), "
                f"got {tuple(signal.shape)}; the step axis comes second"
            )
        if signal.is_complex() != self.spec.is_complex:
            raise MismatchError(
                f"expected {'complex' if self.spec.is_complex else 'real'} samples, "
                f"got {signal.dtype}"
            )
        if (tx is not None) != self.spec.coded:
            wanted = "samples and their transmitted code" if self.spec.coded else "no code"
            raise MismatchError(f"expected {wanted}; tx is {'given' if tx is not None else 'not'}")
        if tx is not None and tx.shape != signal.shape[:2]:
            raise MismatchError(f"expected tx {tuple(signal.shape[:2])}, got {tuple(tx.shape)}")


def _backbone(settings: ModelSettings, inputs: int) -> WaveNet | Recurrent:
    if settings.model == "wavenet":
        return WaveNet(
            inputs,
            width=settings.width,
            skip=settings.skip,
            dilations=settings.dilations,
            stacks=settings.stacks,
        )
    return Recurrent(
        settings.model,
        inputs,
        width=settings.width,
        layers=settings.layers,
        dropout=settings.dropout,
    )


class SequenceHead(nn.Module):
    """The target's estimate at each step, in the units and with the code of the input.

    Where the target is as wide as the input, the estimate is a share of the sample itself plus a
    correction: at a high signal-to-noise ratio the sample is nearly the answer already.
    """

    def __init__(self, inputs: int, spec: InputSpec) -> None:
        super().__init__()
        self.spec = spec
        self.is_complex = spec.target == "complex"
        self.has_share = (
            spec.target_channels == spec.channels and self.is_complex == spec.is_complex
        )
        self.correction = nn.Linear(inputs, spec.target_channels * (2 if self.is_complex else 1))
        self.share = nn.Linear(inputs, spec.target_channels) if self.has_share else None

    def forward(self, hidden: Tensor, described: Described, tx: Tensor | None) -> Tensor:
        """Return the estimate from ``hidden`` (step, batch, channel), in units of the level."""
        estimate = self.correction(hidden).transpose(0, 1)  # (batch, step, channel)
        if self.is_complex:
            estimate = torch.view_as_complex(estimate.unflatten(2, (-1, 2)).contiguous())
        if self.share is not None:
            estimate = estimate + self.share(hidden).transpose(0, 1) * described.decoded
        estimate = estimate * described.level
        if self.is_complex and tx is not None:
            estimate = estimate * tx[..., None]
        return estimate[..., 0] if self.spec.target_channels == 1 else estimate


class ClassHead(nn.Module):
    """Class scores from the mean and the maximum over the steps, and from the spectrum.

    A residual Doppler shifts the spectrum around and the class must not depend on that: it passes
    circular convolutions and a pooling, and comes a second time as the magnitude of the
    autocorrelation, which a shift leaves alone.
    """

    def __init__(self, inputs: int, spec: InputSpec, dropout: float, *, has_spectrum: bool) -> None:
        super().__init__()
        self.spectrum = self.correlation = None
        if has_spectrum:
            self.spectrum = nn.Sequential(
                nn.Conv1d(spec.channels, 32, 5, padding=2, padding_mode="circular"),
                nn.GELU(),
                nn.Conv1d(32, 32, 5, padding=2, padding_mode="circular"),
                nn.GELU(),
            )
            self.correlation = nn.Sequential(nn.Linear(spec.channels * spec.steps, 64), nn.GELU())
        pooled = 2 * inputs + (128 if has_spectrum else 0)
        self.classify = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(pooled, 64), nn.GELU(), nn.Linear(64, spec.classes)
        )

    def forward(self, hidden: Tensor, described: Described, length: Tensor | None) -> Tensor:
        """Return logits (batch, class) from ``hidden`` (step, batch, channel)."""
        pooled = [*_pool(hidden, length)]
        if self.spectrum is not None and self.correlation is not None:
            assert described.spectrum is not None and described.correlation is not None
            seen = self.spectrum(described.spectrum)
            pooled += [seen.mean(dim=2), seen.amax(dim=2)]
            pooled.append(self.correlation(described.correlation.flatten(1)))
        return self.classify(torch.cat(pooled, dim=1))


def _reverse(steps: Tensor, length: Tensor | None) -> Tensor:
    """Return (step, batch, feature) with the valid steps of each example in reverse order."""
    if length is None:
        return steps.flip(0)
    position = torch.arange(steps.shape[0], device=steps.device)[:, None]
    source = torch.where(position < length, length - 1 - position, position)  # (step, batch)
    return steps.gather(0, source[..., None].expand_as(steps))


def _pool(hidden: Tensor, length: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return mean and maximum over the valid steps, (batch, channel) each."""
    if length is None:
        return hidden.mean(dim=0), hidden.amax(dim=0)
    step = torch.arange(hidden.shape[0], device=hidden.device)
    valid = (step[:, None] < length[None, :])[..., None]  # (step, batch, 1)
    mean = torch.where(valid, hidden, 0.0).sum(dim=0) / length.clamp(min=1)[:, None]
    return mean, torch.where(valid, hidden, -torch.inf).amax(dim=0)


def sequence_error(estimate: Tensor, target: Tensor) -> Tensor:
    """Return each example's squared error, summed over steps and channels, ``(batch,)``."""
    difference = estimate - target
    squared = (
        difference.real.square() + difference.imag.square()
        if difference.is_complex()
        else difference.square()
    )
    return squared.flatten(1).sum(dim=1)


def class_loss(logits: Tensor, label: Tensor) -> Tensor:
    """Return the mean cross-entropy [nats]; examples labelled -1 do not count, none gives 0."""
    total = functional.cross_entropy(logits, label, ignore_index=-1, reduction="sum")
    return total / (label >= 0).sum().clamp(min=1)
