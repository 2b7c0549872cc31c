"""The network: features, a backbone as long out as in, and the heads that the task needs."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn import functional

from radarseq.errors import MismatchError, UsageError
from radarseq.models.backbones.factory import create_backbone
from radarseq.models.features.log_mel import LogMel, count_frames
from radarseq.models.features.names import LOG_MEL_CHANGE
from radarseq.models.features.radar import RadarFeatures
from radarseq.models.features.symbol_embedding import SymbolEmbedding
from radarseq.models.heads import HIDDEN_VALUES, ClassHead, SequenceHead, SymbolHead
from radarseq.models.input_spec import InputSpec, Output
from radarseq.models.settings import ModelSettings

MIN_SPECTRUM_STEPS = 2

__all__ = ["InputSpec", "Network", "Output"]


class Network(nn.Module):
    """Network from raw samples to a sequence of the same length, symbols, a class, or several.

    Args:
        settings: The model's settings.
        spec: Inputs and outputs.

    Attributes:
        compute_dtype: Type in which the backbone computes in training, such as ``bfloat16``; None
            for that of its weights. Features, heads and losses keep theirs: a level spans more
            decades than 8 bits can hold.

    Raises:
        UsageError: If the settings cannot serve such data.
    """

    def __init__(self, settings: ModelSettings, spec: InputSpec) -> None:
        super().__init__()
        self.settings, self.spec = settings, spec
        self.compute_dtype: torch.dtype | None = None
        if "spectrum" in settings.features and spec.steps < MIN_SPECTRUM_STEPS:
            raise UsageError(
                f"sequences of {spec.steps} step have no spectrum; leave the feature spectrum out, "
                """such as by --set features='["iq", "level"]'"""
            )
        self.features: RadarFeatures | SymbolEmbedding | LogMel
        if spec.symbols:
            self.features = SymbolEmbedding(spec.symbols, spec.channels, settings.embedding)
        elif settings.has_frames:
            self.features = _log_mel(settings, spec)
        else:
            self.features = RadarFeatures(
                settings.features, spec.channels, is_complex=spec.is_complex, causal=settings.causal
            )
        self.backbone = create_backbone(settings, self.features.width)
        self.backwards, outputs = None, self.backbone.outputs
        if not settings.causal:
            self.backwards = create_backbone(settings, self.features.width + outputs)
            outputs += self.backwards.outputs
        self.sequence = self.symbols = self.classes = None
        if settings.gives_symbols:
            self.symbols = SymbolHead(outputs, spec)
        if settings.gives_sequence:
            self.sequence = SequenceHead(outputs, spec)
        if settings.classifies:
            self.classes = ClassHead(outputs, spec, settings)

    @property
    def name(self) -> str:
        """Name of the network in tables and verdicts."""
        return self.settings.model

    @property
    def hidden_values(self) -> int:
        """Number of inputs of the layer that gives the class scores; 0 without a class."""
        return HIDDEN_VALUES if self.settings.classifies else 0

    @property
    def has_spectrum(self) -> bool:
        """True if the class depends on a spectrum too, of as many steps as in training."""
        return self.classes is not None and self.classes.spectrum is not None

    @property
    def receptive_field(self) -> int | None:
        """Samples that a sequence output depends on; None if unlimited."""
        return self.backbone.receptive_field

    def fit(
        self, signal: Tensor, tx: Tensor | None, target: Tensor | None, length: Tensor | None
    ) -> None:
        """Set the statistics of features and target from training data."""
        self.features.fit(signal, tx, length)
        if self.sequence is not None and target is not None:
            self.sequence.fit(target, length)

    def forward(
        self, signal: Tensor, tx: Tensor | None = None, length: Tensor | None = None
    ) -> Output:
        """Return the network's estimates.

        Args:
            signal: Samples ``(batch, step)`` or ``(batch, step, channel)``.
            tx: Transmitted samples ``(batch, step)`` of coded data, else None.
            length: Valid steps of each example ``(batch,)``, else all are. Outputs at and after an
                example's length are meaningless.

        Raises:
            MismatchError: If the samples do not have the shape that the network was built for.
        """
        self.check(signal, tx)
        features = self.features(signal, tx, length)
        steps = features.steps.transpose(0, 1)  # (step, batch, feature)
        if self.training and self.settings.input_dropout:
            steps = functional.dropout(steps, self.settings.input_dropout)
        if isinstance(self.features, LogMel) and length is not None:
            length = count_frames(length, self.features.hop)
        if self.settings.task == "classify" and self.settings.pool == "last" and length is None:
            assert self.classes is not None
            with self._autocast(steps):
                last = self.backbone.at_last_step(steps)
            scores = self.classes.score(last.to(steps.dtype), features)
            return Output(None, scores.logits, hidden=scores.hidden)
        hidden = self._hidden(steps, length)  # (step, batch, channel)
        sequence = None if self.sequence is None else self.sequence(hidden, features, tx)
        # After the sequence: the order of the heads is that in which gradients are summed.
        scores = None if self.classes is None else self.classes(hidden, features, length)
        return Output(
            sequence,
            None if scores is None else scores.logits,
            None if self.symbols is None else self.symbols(hidden),
            None if scores is None else scores.hidden,
        )

    def step_logits(self, signal: Tensor, tx: Tensor | None = None) -> Tensor:
        """Return the class scores of the steps up to each one, ``(batch, step, class)``.

        Those of the last step are the class scores of the whole sequence.

        Raises:
            UsageError: If the network has no class, or its class needs the sequence as a whole.
            MismatchError: If the samples do not have the shape that the network was built for.
        """
        self.check_step_logits()
        assert self.classes is not None
        self.check(signal, tx)
        hidden = self._hidden(self.features(signal, tx).steps.transpose(0, 1))
        return self.classes.running_logits(hidden).transpose(0, 1)

    def check_step_logits(self) -> None:
        """Refuse class scores at each step where the network has none.

        Raises:
            UsageError: If there is no class, or it needs the sequence as a whole.
        """
        if self.classes is None:
            raise UsageError(f"task {self.settings.task!r} has no class; train with task=classify")
        if self.settings.has_frames:
            raise UsageError(
                "the class of this model depends on frames of log_mel, less the mean of the "
                "recording, so that it has no score at each step. Train without the feature log_mel"
            )
        if self.classes.spectrum is not None or not self.settings.causal:
            raise UsageError(
                "the class of this model depends on the whole sequence, so that it has no score at "
                "each step: it was trained with the feature spectrum or without causal. Train "
                """with --set features='["iq", "level"]' or the like"""
            )

    def _hidden(self, steps: Tensor, length: Tensor | None = None) -> Tensor:
        with self._autocast(steps):
            hidden = self.backbone(steps, length)
            if self.backwards is not None:
                both = torch.cat((steps, hidden), dim=2)  # so that it combines past and future
                reverse = self.backwards(_reverse(both, length), length)
                hidden = torch.cat((hidden, _reverse(reverse, length)), dim=2)
        return hidden.to(steps.dtype)

    def _autocast(self, steps: Tensor) -> AbstractContextManager[object]:
        if self.compute_dtype is None:
            return nullcontext()
        return torch.autocast(steps.device.type, dtype=self.compute_dtype)

    def check(self, signal: Tensor, tx: Tensor | None) -> None:
        """Refuse samples of another shape or kind than the network was built for.

        Raises:
            MismatchError: If they differ; the message names the expected and the found.
        """
        channels = 1 if signal.ndim == 2 else signal.shape[-1]
        expected = self.spec.channels
        if signal.ndim not in (2, 3) or channels != expected:
            raise MismatchError(
                f"expected samples (batch, step{f', {expected}' if expected > 1 else ''}), "
                f"got {tuple(signal.shape)}; the step axis comes second"
            )
        if not signal.shape[1]:
            raise MismatchError(f"the sequences have no step: got {tuple(signal.shape)}")
        if signal.is_complex() != self.spec.is_complex:
            raise MismatchError(
                f"expected {'complex' if self.spec.is_complex else 'real'} samples, "
                f"got {signal.dtype}"
            )
        if (tx is not None) != self.spec.coded:
            kind = "samples and their transmitted code" if self.spec.coded else "no code"
            raise MismatchError(f"expected {kind}; tx is {'given' if tx is not None else 'not'}")
        if tx is not None and tx.shape != signal.shape[:2]:
            raise MismatchError(f"expected tx {tuple(signal.shape[:2])}, got {tuple(tx.shape)}")


def _log_mel(settings: ModelSettings, spec: InputSpec) -> LogMel:
    """Return the features of sound; refuse other data."""
    if spec.is_complex or spec.coded or settings.task != "classify":
        raise UsageError(
            f"the feature log_mel is for real sound and a class; found "
            f"{'complex' if spec.is_complex or spec.coded else 'real'} samples and task "
            f"{settings.task!r}. Use other features, or task=classify"
        )
    if not spec.sample_interval_s > 0:
        raise UsageError(
            "the feature log_mel is defined in hertz, and the data lack their sample interval "
            "(0 s found). Write sample_interval_s into the dataset, or use other features"
        )
    changes = LOG_MEL_CHANGE in settings.features
    return LogMel(1 / spec.sample_interval_s, settings.hop, changes=changes)


def _reverse(steps: Tensor, length: Tensor | None) -> Tensor:
    """Return (step, batch, feature) with the valid steps of each example in reverse order."""
    if length is None:
        return steps.flip(0)
    position = torch.arange(steps.shape[0], device=steps.device)[:, None]
    source = torch.where(position < length, length - 1 - position, position)  # (step, batch)
    rows = source * steps.shape[1] + torch.arange(steps.shape[1], device=steps.device)
    return steps.flatten(0, 1).index_select(0, rows.flatten()).view(steps.shape)
