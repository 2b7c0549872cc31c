"""Ensemble of networks of one kind: errors that each of them learnt by chance average out.

Reference:
    Lakshminarayanan, Pritzel and Blundell, "Simple and scalable predictive uncertainty estimation
    using deep ensembles", 2017, section 2.4; Hinton, "Products of experts", 1999 (the scores, not
    the probabilities, are averaged: where the networks disagree, the energy of the mean says so).
"""

from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor, nn

from radarseq.models.input_spec import InputSpec, Output
from radarseq.models.network import Network
from radarseq.models.settings import ModelSettings


class Ensemble(nn.Module):
    """Networks of the same settings and data; its outputs are the means of theirs.

    Class scores are averaged before they become probabilities; hidden values are concatenated.

    Args:
        members: In evaluation mode.
    """

    def __init__(self, members: Sequence[Network]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    @property
    def settings(self) -> ModelSettings:
        """The settings of each network."""
        return self.networks()[0].settings

    @property
    def spec(self) -> InputSpec:
        """Inputs and outputs of each network."""
        return self.networks()[0].spec

    @property
    def name(self) -> str:
        """Name of the ensemble in tables and verdicts."""
        return f"ensemble of {len(self.members)} {self.networks()[0].name}"

    @property
    def hidden_values(self) -> int:
        """Number of hidden values of all members together; 0 without a class."""
        return sum(network.hidden_values for network in self.networks())

    @property
    def receptive_field(self) -> int | None:
        """Samples that an output depends on; None if unlimited."""
        return self.networks()[0].receptive_field

    def networks(self) -> list[Network]:
        """Return the members."""
        return [member for member in self.members if isinstance(member, Network)]

    def check(self, signal: Tensor, tx: Tensor | None) -> None:
        """Refuse samples that the networks were not built for, see ``Network.check``."""
        self.networks()[0].check(signal, tx)

    def forward(
        self, signal: Tensor, tx: Tensor | None = None, length: Tensor | None = None
    ) -> Output:
        """Return the mean of the members' outputs, in the shapes of ``Network``.

        Raises:
            MismatchError: If the samples do not have the shape that the networks were built for.
        """
        return mean_output([network(signal, tx, length) for network in self.networks()])


Trained: TypeAlias = Network | Ensemble


def mean_output(outputs: Sequence[Output]) -> Output:
    """Return the mean of several networks' outputs of the same samples."""

    def mean(values: list[Tensor | None]) -> Tensor | None:
        tensors = [value for value in values if value is not None]
        return torch.stack(tensors).mean(dim=0) if tensors else None

    hidden = [output.hidden for output in outputs if output.hidden is not None]
    return Output(
        mean([output.sequence for output in outputs]),
        mean([output.logits for output in outputs]),
        mean([output.symbols for output in outputs]),
        torch.cat(hidden, dim=1) if hidden else None,
    )
