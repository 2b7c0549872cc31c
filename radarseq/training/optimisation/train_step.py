"""One training step: forward, loss, backward, sum over processes, clip, step.

On a CUDA device a small step costs more to ask for, kernel by kernel, than to do. There it is
recorded once and then handed over whole.

Reference:
    PyTorch documentation, "CUDA semantics", section "CUDA graphs".
"""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from radarseq.models.network import Network
from radarseq.training.data.batches import Batch
from radarseq.training.distributed import ALONE, ProcessGroup
from radarseq.training.optimisation.divergence import DivergenceCheck
from radarseq.training.optimisation.losses import Objective, Parts, batch_loss
from radarseq.training.settings import TrainSettings

MAX_GRAPH_BATCH = 8192  # beyond, the work outlasts the asking
_WARM_UP = 3  # steps before the recording: what is made at first use must not fall into it


class Step:
    """A step that is asked for operation by operation.

    Args:
        network: Trained in place.
        optimiser: Of its weights.
        objective: What to make small.
        settings: How to train.
        ranks: The processes that share each batch.

    Attributes:
        trims: Whether steps that are padding in all of a batch are left out.
        note: What a user should know of how steps are taken.
    """

    def __init__(
        self,
        network: Network,
        optimiser: torch.optim.Optimizer,
        objective: Objective,
        settings: TrainSettings,
        group: ProcessGroup = ALONE,
    ) -> None:
        self._network, self._optimiser, self._group = network, optimiser, group
        self._objective = replace(objective, across=group.summed)
        self._clip = settings.clip
        # A CUDA device would have to be waited for, and a recorded step has one shape.
        on_cpu = next(network.parameters()).device.type == "cpu"
        self.trims = on_cpu and not network.has_spectrum
        self.note = ""

    def __call__(self, batch: Batch, index: int, watch: DivergenceCheck) -> Parts:
        """Take the step ``index`` of an epoch; return the parts of the loss."""
        parts, norm = self._slopes(batch)
        watch.see(index, batch.index, "loss", torch.as_tensor(parts["loss"]))
        watch.see(index, batch.index, "gradient", norm)
        self._optimiser.step()
        return parts

    def _slopes(self, batch: Batch) -> tuple[Parts, Tensor]:
        """Leave the clipped gradients of the whole batch in the weights."""
        seen = batch.trimmed() if self.trims else batch
        loss, parts = batch_loss(self._network, seen, self._objective)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        slopes = [p.grad for p in self._network.parameters() if p.grad is not None]
        if self._group.count > 1:
            self._group.all_reduce([*slopes, *parts.values()])
        return parts, clip_grad_norm_(self._network.parameters(), self._clip)


class RecordedStep(Step):
    """A step that a CUDA device is handed as a whole.

    The first steps are taken one operation at a time, on a stream of their own, as the recording
    needs it; so are batches of another size than the first, such as the last of an epoch. Whatever
    cannot be recorded stays so for good, and ``note`` says why.
    """

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._taken = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._batch: Batch | None = None
        self._given: tuple[Parts, Tensor] | None = None
        self._stream = torch.cuda.Stream()

    def __call__(self, batch: Batch, index: int, watch: DivergenceCheck) -> Parts:
        """Take the step ``index`` of an epoch; return the parts of the loss."""
        if self.note:
            return super().__call__(batch, index, watch)
        if self._batch is None:
            self._batch = _copy_of(batch)
        if not _is_alike(batch, self._batch):
            return super().__call__(batch, index, watch)
        if self._taken < _WARM_UP:
            return self._warm_up(batch, index, watch)
        if self._graph is None and not self._record():
            return super().__call__(batch, index, watch)
        assert self._graph is not None and self._given is not None
        _fill(self._batch, batch)
        self._graph.replay()
        parts, norm = self._given
        parts = {name: value.clone() for name, value in parts.items()}
        watch.see(index, batch.index, "loss", parts["loss"])
        watch.see(index, batch.index, "gradient", norm.clone())
        return parts

    def _warm_up(self, batch: Batch, index: int, watch: DivergenceCheck) -> Parts:
        self._taken += 1
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            parts = super().__call__(batch, index, watch)
        torch.cuda.current_stream().wait_stream(self._stream)
        return parts

    def _record(self) -> bool:
        """Record the step on buffers that stay; nothing is computed by that."""
        assert self._batch is not None
        graph = torch.cuda.CUDAGraph()
        self._optimiser.zero_grad(set_to_none=True)
        try:
            with torch.cuda.graph(graph):
                given = self._slopes(self._batch)
                self._optimiser.step()
        except RuntimeError as fault:
            torch.cuda.synchronize()
            self._optimiser.zero_grad(set_to_none=True)
            reason = str(fault).strip().splitlines()[0]
            self.note = f"the step could not be recorded as a CUDA graph ({reason}); it runs slower"
            return False
        self._graph, self._given = graph, given
        return True


def step_for(
    network: Network,
    optimiser: torch.optim.Optimizer,
    objective: Objective,
    settings: TrainSettings,
    group: ProcessGroup = ALONE,
) -> Step:
    """Return the step that suits the device and the size of the batches."""
    given = (network, optimiser, objective, settings, group)
    on_cuda = next(network.parameters()).device.type == "cuda"
    small = settings.examples_per_iteration <= MAX_GRAPH_BATCH
    if on_cuda and small and settings.cuda_graph and group.count == 1:
        return RecordedStep(*given)
    return Step(*given)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of the next step, also of one that was recorded."""
    for group in optimiser.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate


def _columns(batch: Batch) -> dict[str, Tensor]:
    """Return what a step reads of a batch."""
    return {n: v for n, v in vars(batch).items() if v is not None and n != "index"}


def _copy_of(batch: Batch) -> Batch:
    return replace(batch, index=None, **{n: v.clone() for n, v in _columns(batch).items()})


def _is_alike(one: Batch, other: Batch) -> bool:
    return all(
        (a is None) == (b is None) and (a is None or b is None or a.shape == b.shape)
        for name, a in vars(one).items()
        if name != "index"
        for b in [getattr(other, name)]
    )


def _fill(static: Batch, batch: Batch) -> None:
    for name, values in _columns(static).items():
        values.copy_(getattr(batch, name))
