"""The whole network: features, a same-length backbone, and the heads for what is asked."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn import functional

from radarseq.errors import MismatchError, UsageError
from radarseq.models.backbones.factory import at_every_step, at_last_step, backbone_of
from radarseq.models.features.log_mel import LOG_MEL_CHANGE, LogMel, frames_in
from radarseq.models.features.radar import Features
from radarseq.models.features.symbol_embedding import SymbolEmbedding
from radarseq.models.heads import CLASS_VALUES, ClassHead, SequenceHead, SymbolHead
from radarseq.models.input_spec import InputSpec, Output
from radarseq.models.settings import ModelSettings

SHORTEST_SPECTRUM = 2  # steps

__all__ = ["InputSpec", "Network", "Output"]


class Network(nn.Module):
    """Raw samples in; the same-length sequence, symbols, the class, or both out.

    Args:
        settings: The model's settings.
        spec: What goes in and out.

    Attributes:
        compute_dtype: Type in which the backbone computes while it is trained, such as
            ``bfloat16``; None is that of its weights. Features, heads and losses keep theirs: a
            level spans more decades than 8 bits can hold.

    Raises:
        UsageError: If the settings cannot serve such data.
    """

    def __init__(self, settings: ModelSettings, spec: InputSpec) -> None:
        super().__init__()
        self.settings, self.spec = settings, spec
        self.compute_dtype: torch.dtype | None = None
        if "spectrum" in settings.features and spec.steps < SHORTEST_SPECTRUM:
            raise UsageError(
                f"sequences of {spec.steps} step have no spectrum; leave the feature spectrum out, "
                """such as by --set features='["iq", "level"]'"""
            )
        self.features: Features | SymbolEmbedding | LogMel
        if spec.symbols:
            self.features = SymbolEmbedding(spec.symbols, spec.channels, settings.embedding)
        elif settings.has_frames:
            self.features = _log_mel(settings, spec)
        else:
            self.features = Features(
                settings.features, spec.channels, is_complex=spec.is_complex, causal=settings.causal
            )
        self.backbone = backbone_of(settings, self.features.width)
        self.backwards, outputs = None, self.backbone.outputs
        if not settings.causal:
            self.backwards = backbone_of(settings, self.features.width + outputs)
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
        """What the network is called in tables and verdicts."""
        return self.settings.model

    @property
    def hidden_values(self) -> int:
        """How many hidden values the class scores are made of; 0 if it does not classify."""
        return CLASS_VALUES if self.settings.classifies else 0

    @property
    def has_spectrum(self) -> bool:
        """Whether the class is told from a spectrum too, of as many steps as were trained on."""
        return self.classes is not None and self.classes.spectrum is not None

    @property
    def receptive_field(self) -> int | None:
        """How many samples a sequence output depends on; None where there is no limit."""
        return self.backbone.receptive_field

    def fit(
        self, signal: Tensor, tx: Tensor | None, target: Tensor | None, length: Tensor | None
    ) -> None:
        """Take the statistics of features and target from training data."""
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
            length: Valid steps of each example ``(batch,)``, else all are. What is given at and
                after an example's length means nothing.

        Raises:
            MismatchError: If the samples do not have the shape that the network was built for.
        """
        self.check(signal, tx)
        described = self.features(signal, tx, length)
        steps = described.steps.transpose(0, 1)  # (step, batch, feature)
        if self.training and self.settings.input_dropout:
            steps = functional.dropout(steps, self.settings.input_dropout)
        if isinstance(self.features, LogMel) and length is not None:
            length = frames_in(length, self.features.hop)
        if self.settings.task == "classify" and self.settings.pool == "last" and length is None:
            assert self.classes is not None
            with self._arithmetic(steps):
                last = at_last_step(self.backbone, steps)
            scores = self.classes.decide(last.to(steps.dtype), described)
            return Output(None, scores.logits, hidden=scores.hidden)
        hidden = self._hidden(steps, length)  # (step, batch, channel)
        sequence = None if self.sequence is None else self.sequence(hidden, described, tx)
        # After the sequence: gradients are summed in the order of the heads, to the bit.
        scores = None if self.classes is None else self.classes(hidden, described, length)
        return Output(
            sequence,
            None if scores is None else scores.logits,
            None if self.symbols is None else self.symbols(hidden),
            None if scores is None else scores.hidden,
        )

    def step_logits(self, signal: Tensor, tx: Tensor | None = None) -> Tensor:
        """Return what the steps up to each one come to, class scores ``(batch, step, class)``.

        Those of the last step are the class scores of the whole sequence.

        Raises:
            UsageError: If the network has no class, or its class needs the sequence as a whole.
            MismatchError: If the samples do not have the shape that the network was built for.
        """
        self.check_steps_decide()
        assert self.classes is not None
        self.check(signal, tx)
        hidden = self._hidden(self.features(signal, tx).steps.transpose(0, 1))
        return self.classes.at_each_step(hidden).transpose(0, 1)

    def check_steps_decide(self) -> None:
        """Refuse to decide step by step where that cannot be.

        Raises:
            UsageError: If there is no class, or it needs the sequence as a whole.
        """
        if self.classes is None:
            raise UsageError(f"task {self.settings.task!r} has no class; train with task=classify")
        if self.settings.has_frames:
            raise UsageError(
                "the class of this model reads frames of log_mel, less the mean of the recording, "
                "so that single steps do not decide. Train without the feature log_mel"
            )
        if self.classes.spectrum is not None or not self.settings.causal:
            raise UsageError(
                "the class of this model reads the sequence as a whole, so that single steps do "
                "not decide: it was trained with the feature spectrum or without causal. Train "
                """with --set features='["iq", "level"]' or the like"""
            )

    def _hidden(self, steps: Tensor, length: Tensor | None = None) -> Tensor:
        with self._arithmetic(steps):
            hidden = at_every_step(self.backbone, steps, length)
            if self.backwards is not None:
                seen = torch.cat((steps, hidden), dim=2)  # so that past and future meet in it
                turned = at_every_step(self.backwards, _reverse(seen, length), length)
                backwards = _reverse(turned, length)
                hidden = torch.cat((hidden, backwards), dim=2)
        return hidden.to(steps.dtype)

    def _arithmetic(self, steps: Tensor) -> AbstractContextManager[object]:
        if self.compute_dtype is None:
            return nullcontext()
        return torch.autocast(steps.device.type, dtype=self.compute_dtype)

    def check(self, signal: Tensor, tx: Tensor | None) -> None:
        """Refuse samples of another shape or kind than the network was built for.

        Raises:
            MismatchError: Naming what was expected and what came.
        """
        channels = 1 if signal.ndim == 2 else signal.shape[-1]
        wanted = self.spec.channels
        if signal.ndim not in (2, 3) or channels != wanted:
            raise MismatchError(
                f"expected samples (batch, step{f', {wanted}' if wanted > 1 else ''}), "
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
            wanted = "samples and their transmitted code" if self.spec.coded else "no code"
            raise MismatchError(f"expected {wanted}; tx is {'given' if tx is not None else 'not'}")
        if tx is not None and tx.shape != signal.shape[:2]:
            raise MismatchError(f"expected tx {tuple(signal.shape[:2])}, got {tuple(tx.shape)}")


def _log_mel(settings: ModelSettings, spec: InputSpec) -> LogMel:
    """Return the features of sound, refused where there is none."""
    if spec.is_complex or spec.coded or settings.task != "classify":
        raise UsageError(
            f"the feature log_mel takes real sound and names a class; here are "
            f"{'complex' if spec.is_complex or spec.coded else 'real'} samples and task "
            f"{settings.task!r}. Use other features, or task=classify"
        )
    if not spec.sample_interval_s > 0:
        raise UsageError(
            "the feature log_mel is told in hertz, and the data do not say their sample interval "
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
