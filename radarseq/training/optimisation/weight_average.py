"""Exponential moving average of the weights, which is less noisy than the last iteration's."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from radarseq.models.backbones.masked_batch_norm import MaskedBatchNorm


class WeightAverage:
    """Average of a network's weights, and of its norms' moments, over the latest iterations.

    In the first iterations it forgets faster, so that the initial weights do not linger.

    Args:
        network: Whose weights.
        decay: Share of the old average in the new one, such as 0.999; below 1.

    Reference:
        Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992;
        Tarvainen and Valpola, "Mean teachers are better role models", 2017 (the ramp).
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._network, self._decay, self._iterations = network, decay, 0
        self._average = {n: v.detach().clone() for n, v in _trained_tensors(network).items()}

    @torch.no_grad()
    def update(self) -> None:
        """Add the network's present weights to the average."""
        self._iterations += 1
        share = 1.0 - min(self._decay, self._iterations / (self._iterations + 9.0))
        present = _trained_tensors(self._network)
        # All of them in one call: on CUDA that is as many times cheaper.
        torch._foreach_lerp_(  # type: ignore[attr-defined]
            list(self._average.values()), [present[name] for name in self._average], share
        )

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Replace the network's weights by their average within the context."""
        present = _trained_tensors(self._network)
        saved = {name: values.detach().clone() for name, values in present.items()}
        _copy(self._average, present)
        try:
            yield
        finally:
            _copy(saved, present)

    def state_dict(self) -> dict[str, Any]:
        """Return the state that a resumed run needs."""
        return {"iterations": self._iterations, "weights": self._average}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore a state.

        Raises:
            KeyError, ValueError: If it is not the state of such an average.
        """
        weights = state["weights"]
        found, expected = ({n: t.shape for n, t in w.items()} for w in (weights, self._average))
        if found != expected:
            raise ValueError("the averaged weights are not those of this network")
        self._iterations = int(state["iterations"])
        _copy(weights, self._average)


def _trained_tensors(network: nn.Module) -> dict[str, Tensor]:
    """Return by name what training changes; the statistics of features and target stay."""
    tensors: dict[str, Tensor] = dict(network.named_parameters())
    for prefix, module in network.named_modules():
        if isinstance(module, MaskedBatchNorm):
            tensors |= {f"{prefix}.{name}": buffer for name, buffer in module.named_buffers()}
    return tensors


@torch.no_grad()
def _copy(source: dict[str, Tensor], target: dict[str, Any]) -> None:
    for name, value in source.items():
        target[name].copy_(value)
