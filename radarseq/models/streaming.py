"""Streams through a causal network: one sample in, one output out.

A stream holds the state of features, layers and pooling, so that its outputs are those of the whole
sequence, at the cost of one step each.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from radarseq.errors import MismatchError, UsageError
from radarseq.models.ensemble import Ensemble, Trained, mean_output
from radarseq.models.features.radar import Features, RadarFeatures, RadarFeatureStream
from radarseq.models.heads import ClassHead, ClassScores
from radarseq.models.input_spec import Output
from radarseq.models.network import Network


class NetworkStream:
    """Stream through a causal network.

    Class scores are given after every step, from the steps so far, unless they depend on the
    spectrum, which is that of the whole sequence.

    Args:
        network: In evaluation mode; its weights must not change meanwhile.
        batch: Number of parallel sequences.

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
        is_radar = isinstance(features, RadarFeatures)
        self._features = RadarFeatureStream(features) if is_radar else None
        head = network.classes
        self._class = None if head is None or head.spectrum is not None else _ClassStream(head)

    @torch.no_grad()
    def step(self, sample: Tensor, tx: Tensor | None = None) -> Output:
        """Return the outputs of the next step, for the batch, without the step axis.

        Args:
            sample: ``(batch,)``, or ``(batch, channel)``.
            tx: Transmitted samples ``(batch,)``, for coded data.

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
            features = self._network.features(signal)
        else:
            features = self._features.step(signal, code)
        hidden = self._backbone.step(features.steps[:, 0])[None]  # (1, batch, channel)
        heads = self._network
        sequence = None if heads.sequence is None else heads.sequence(hidden, features, code)
        symbols = None if heads.symbols is None else heads.symbols(hidden)
        scores = None if self._class is None else self._class.step(hidden, features)
        return Output(
            None if sequence is None else sequence[:, 0],
            None if scores is None else scores.logits,
            None if symbols is None else symbols[:, 0],
            None if scores is None else scores.hidden,
        )


class EnsembleStream:
    """Streams through the members of an ensemble, averaged."""

    def __init__(self, streams: Sequence[NetworkStream]) -> None:
        self._streams = streams

    def step(self, sample: Tensor, tx: Tensor | None = None) -> Output:
        """Return the mean of the members' outputs of the next step, see ``NetworkStream.step``."""
        return mean_output([stream.step(sample, tx) for stream in self._streams])


def open_stream(network: Trained, batch: int = 1) -> NetworkStream | EnsembleStream:
    """Return a stream of ``batch`` parallel sequences through a network or an ensemble.

    Raises:
        UsageError: If a network is not causal.
    """
    if isinstance(network, Ensemble):
        return EnsembleStream([NetworkStream(member, batch) for member in network.networks()])
    return NetworkStream(network, batch)


class _ClassStream:
    """Class scores from the steps so far."""

    def __init__(self, head: ClassHead) -> None:
        self._head, self._count = head, 0
        self._sum = self._maximum = torch.zeros(())

    def step(self, hidden: Tensor, features: Features) -> ClassScores:
        """Return the class scores after one more step (1, batch, channel)."""
        last = hidden[0]
        if self._head.pool == "last":
            return self._head.score(last, features)
        self._maximum = torch.maximum(self._maximum, last) if self._count else last
        self._count += 1
        self._sum = self._sum + last
        pooled = torch.cat((self._sum / self._count, self._maximum), dim=1)
        return self._head.score(pooled, features)
