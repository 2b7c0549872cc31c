"""Streaming: a causal network that takes one sample and returns one output.

The state is that of the whole chain (level, previous sample, layers, pooling), so that the outputs
are those of the whole sequence, at the cost of one step each.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from radarseq.errors import MismatchError, UsageError
from radarseq.models.ensemble import Ensemble, Trained, mean_output
from radarseq.models.features.radar import Described, Features, level_of
from radarseq.models.heads import ClassHead, ClassScores
from radarseq.models.input_spec import Output
from radarseq.models.network import Network


class NetworkStream:
    """A causal network that is fed step by step.

    The class is given after every step, from the steps so far; not where the network reads it from
    the spectrum, which is of the whole sequence.

    Args:
        network: In evaluation mode; its weights must not change meanwhile.
        batch: How many sequences run side by side.

    Raises:
        UsageError: If the network is not causal.
    """

    def __init__(self, network: Network, batch: int = 1) -> None:
        if not network.settings.causal:
            raise UsageError(
                "a network with causal=false needs the whole sequence before its first output, so "
                "that it cannot be streamed. Train one with causal=true"
            )
        if network.settings.has_frames:
            raise UsageError(
                "a network with the feature log_mel reads the whole recording before its first "
                "output, so that it cannot be streamed. Train without log_mel"
            )
        self._network, self._batch = network, batch
        self._backbone = network.backbone.stream(batch)
        features = network.features
        self._features = FeatureStream(features) if isinstance(features, Features) else None
        head = network.classes
        self._decision = None if head is None or head.spectrum is not None else _Decision(head)

    @torch.no_grad()
    def step(self, sample: Tensor, tx: Tensor | None = None) -> Output:
        """Return the outputs of the next step: those of the batch, without the step axis.

        Args:
            sample: ``(batch,)``, or ``(batch, channel)``.
            tx: What was sent ``(batch,)``, for coded data.

        Raises:
            MismatchError: If the samples do not have the shape that the network was built for.
        """
        if len(sample) != self._batch:
            raise MismatchError(
                f"expected a sample of each of {self._batch} sequences, got {len(sample)}"
            )
        signal, code = sample[:, None], None if tx is None else tx[:, None]
        self._network.check(signal, code)
        if self._features is None:
            described = self._network.features(signal)
        else:
            described = self._features.step(signal, code)
        hidden = self._backbone.step(described.steps[:, 0])[None]  # (1, batch, channel)
        heads = self._network
        sequence = None if heads.sequence is None else heads.sequence(hidden, described, code)
        symbols = None if heads.symbols is None else heads.symbols(hidden)
        scores = None if self._decision is None else self._decision.step(hidden, described)
        return Output(
            None if sequence is None else sequence[:, 0],
            None if scores is None else scores.logits,
            None if symbols is None else symbols[:, 0],
            None if scores is None else scores.hidden,
        )


class EnsembleStream:
    """The streams of the members of an ensemble, fed side by side."""

    def __init__(self, streams: Sequence[NetworkStream]) -> None:
        self._streams = streams

    def step(self, sample: Tensor, tx: Tensor | None = None) -> Output:
        """Return the mean of the members' outputs of the next step, see ``NetworkStream.step``."""
        return mean_output([stream.step(sample, tx) for stream in self._streams])


def open_stream(network: Trained, batch: int = 1) -> NetworkStream | EnsembleStream:
    """Return a stream of ``batch`` sequences side by side through a network or an ensemble.

    Raises:
        UsageError: If a network is not causal.
    """
    if isinstance(network, Ensemble):
        return EnsembleStream([NetworkStream(member, batch) for member in network.networks()])
    return NetworkStream(network, batch)


class FeatureStream:
    """The features of the next sample, from the level and the sample before."""

    def __init__(self, features: Features) -> None:
        self._features = features
        self._count, self._power_sum = 0, torch.zeros(())
        self._before: Tensor | None = None

    def step(self, signal: Tensor, tx: Tensor | None) -> Described:
        """Return the features of one step (batch, 1, feature)."""
        decoded = self._features.decoded(signal, tx, None)
        power = decoded.real.square() if decoded.is_complex() else decoded.square()
        if decoded.is_complex():
            power = power + decoded.imag.square()
        self._count += 1
        self._power_sum = self._power_sum + power.mean(dim=2, keepdim=True)
        level = level_of(self._power_sum, self._power_sum.new_tensor(self._count))
        described = self._features.describe(decoded, level, self._before)
        self._before = decoded / level
        return described


class _Decision:
    """The class scores from the steps so far."""

    def __init__(self, head: ClassHead) -> None:
        self._head, self._count = head, 0
        self._sum = self._most = torch.zeros(())

    def step(self, hidden: Tensor, described: Described) -> ClassScores:
        """Return the class scores after one more step (1, batch, channel)."""
        last = hidden[0]
        if self._head.pool == "last":
            return self._head.decide(last, described)
        self._most = torch.maximum(self._most, last) if self._count else last
        self._count += 1
        self._sum = self._sum + last
        pooled = torch.cat((self._sum / self._count, self._most), dim=1)
        return self._head.decide(pooled, described)
