"""Several networks of one kind that answer as one: what each of them learnt by chance averages out.

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
    """Networks of the same settings and data; the answer is the mean of theirs.

    Of scores, before they become probabilities; of sequences; hidden values stand side by side.

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
        """What each network takes and gives."""
        return self.networks()[0].spec

    @property
    def name(self) -> str:
        """What the ensemble is called in tables and verdicts."""
        return f"ensemble of {len(self.members)} {self.networks()[0].name}"

    @property
    def hidden_values(self) -> int:
        """How many hidden values all class scores are made of; 0 if it does not classify."""
        return sum(network.hidden_values for network in self.networks())

    @property
    def receptive_field(self) -> int | None:
        """How many samples a sequence output depends on; None where there is no limit."""
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
        """Return the mean of the members' answers; shapes are those of ``Network``.

        Raises:
            MismatchError: If the samples do not have the shape that the networks were built for.
        """
        return mean_output([network(signal, tx, length) for network in self.networks()])


Trained: TypeAlias = Network | Ensemble


def mean_output(answers: Sequence[Output]) -> Output:
    """Return the mean of several networks' outputs of the same samples."""
    hidden = [answer.hidden for answer in answers if answer.hidden is not None]
    return Output(
        _mean_of([answer.sequence for answer in answers]),
        _mean_of([answer.logits for answer in answers]),
        _mean_of([answer.symbols for answer in answers]),
        torch.cat(hidden, dim=1) if hidden else None,
    )


def _mean_of(values: Sequence[Tensor | None]) -> Tensor | None:
    """Return the mean of what all give; None where they give nothing."""
    given = [value for value in values if value is not None]
    return torch.stack(given).mean(dim=0) if given else None
