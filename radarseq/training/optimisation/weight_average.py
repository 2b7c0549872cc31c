"""An exponential moving average of the weights: less noise than the last step's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from radarseq.models.backbones.masked_batch_norm import MaskedBatchNorm


class Average:
    """The average of a network's weights over the latest steps, and of the moments of its norms.

    In the first steps it forgets faster, so that the initial weights do not linger.

    Args:
        network: Whose weights.
        decay: Share that is kept at each step, such as 0.999; below 1.

    Reference:
        Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992;
        Tarvainen and Valpola, "Mean teachers are better role models", 2017 (the ramp).
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._network, self._decay, self._steps = network, decay, 0
        self._weights = {name: p.detach().clone() for name, p in _moving(network).items()}

    @torch.no_grad()
    def update(self) -> None:
        """Take in the network's present weights."""
        self._steps += 1
        share = 1.0 - min(self._decay, self._steps / (self._steps + 9.0))
        own = _moving(self._network)
        names = list(self._weights)
        together = [self._weights[name] for name in names], [own[name] for name in names]
        # All of them in one call: on CUDA that is as many times cheaper.
        torch._foreach_lerp_(*together, share)  # type: ignore[attr-defined]

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Have the network carry the averaged weights for a while."""
        own = _moving(self._network)
        kept = {name: p.detach().clone() for name, p in own.items()}
        _copy(self._weights, own)
        try:
            yield
        finally:
            _copy(kept, own)

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs."""
        return {"steps": self._steps, "weights": self._weights}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a state.

        Raises:
            KeyError, ValueError: If it is not the state of such an average.
        """
        weights = state["weights"]
        found, expected = ({n: t.shape for n, t in w.items()} for w in (weights, self._weights))
        if found != expected:
            raise ValueError("the averaged weights are not those of this network")
        self._steps = int(state["steps"])
        _copy(weights, self._weights)


def _moving(network: nn.Module) -> dict[str, Tensor]:
    """Return by name what training moves; the statistics of features and target stay."""
    moving: dict[str, Tensor] = dict(network.named_parameters())
    for name, part in network.named_modules():
        if isinstance(part, MaskedBatchNorm):
            moving |= {f"{name}.{own}": buffer for own, buffer in part.named_buffers()}
    return moving


@torch.no_grad()
def _copy(source: dict[str, Tensor], target: dict[str, Any]) -> None:
    for name, value in source.items():
        target[name].copy_(value)
