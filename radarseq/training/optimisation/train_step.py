"""One training iteration: forward, loss, backward, sum over processes, clip, update.

On a CUDA device a small iteration takes longer to launch, kernel by kernel, than to compute. There
it is captured once as a CUDA graph and launched as a whole.

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
from radarseq.training.distributed import SINGLE_PROCESS, ProcessGroup
from radarseq.training.optimisation.divergence import DivergenceCheck
from radarseq.training.optimisation.losses import Objective, Parts, batch_loss
from radarseq.training.settings import TrainSettings

MAX_GRAPH_BATCH = 8192  # beyond, computing takes longer than launching
_WARM_UP = 3  # iterations before the capture, which must not contain what is made at first use


class TrainStep:
    """A training iteration, launched operation by operation.

    Args:
        network: Trained in place.
        optimiser: Of its weights.
        objective: The loss to minimise.
        settings: How to train.
        process_group: The processes that share each batch.

    Attributes:
        trims: Whether steps that are padding in all of a batch are left out.
        note: Information for the user on how iterations are computed.
    """

    def __init__(
        self,
        network: Network,
        optimiser: torch.optim.Optimizer,
        objective: Objective,
        settings: TrainSettings,
        process_group: ProcessGroup = SINGLE_PROCESS,
    ) -> None:
        self._network, self._optimiser, self._process_group = network, optimiser, process_group
        self._objective = replace(objective, sum_over_ranks=process_group.sum)
        self._clip = settings.clip
        # A CUDA device would have to be waited for, and a graph has one shape.
        on_cpu = next(network.parameters()).device.type == "cpu"
        self.trims = on_cpu and not network.has_spectrum
        self.note = ""

    def __call__(self, batch: Batch, iteration: int, divergence: DivergenceCheck) -> Parts:
        """Train on one batch, iteration ``iteration`` of an epoch; return the loss's parts."""
        parts, norm = self._backward(batch)
        divergence.record(iteration, batch.index, "loss", torch.as_tensor(parts["loss"]))
        divergence.record(iteration, batch.index, "gradient", norm)
        self._optimiser.step()
        return parts

    def _backward(self, batch: Batch) -> tuple[Parts, Tensor]:
        """Leave the clipped gradients of the whole batch in the weights; return their norm too."""
        batch = batch.trimmed() if self.trims else batch
        loss, parts = batch_loss(self._network, batch, self._objective)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        grads = [p.grad for p in self._network.parameters() if p.grad is not None]
        if self._process_group.world_size > 1:
            self._process_group.all_reduce([*grads, *parts.values()])
        return parts, clip_grad_norm_(self._network.parameters(), self._clip)


class GraphTrainStep(TrainStep):
    """A training iteration that is captured as a CUDA graph and launched as a whole.

    The first iterations are launched operation by operation, on a stream of their own, as a capture
    needs it; so are batches of another size than the first, such as the last of an epoch. A network
    that cannot be captured is trained operation by operation from then on, and ``note`` says why.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._warmed_up = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._batch: Batch | None = None
        self._outputs: tuple[Parts, Tensor] | None = None
        self._stream = torch.cuda.Stream()

    def __call__(self, batch: Batch, iteration: int, divergence: DivergenceCheck) -> Parts:
        """Train on one batch, iteration ``iteration`` of an epoch; return the loss's parts."""
        if self.note:
            return super().__call__(batch, iteration, divergence)
        if self._batch is None:
            columns = {name: values.clone() for name, values in _columns(batch).items()}
            self._batch = replace(batch, index=None, **columns)
        shapes, own = ({n: v.shape for n, v in _columns(b).items()} for b in (batch, self._batch))
        if shapes != own:
            return super().__call__(batch, iteration, divergence)
        if self._warmed_up < _WARM_UP:
            return self._warm_up(batch, iteration, divergence)
        if self._graph is None and not self._capture():
            return super().__call__(batch, iteration, divergence)
        assert self._graph is not None and self._outputs is not None
        for name, values in _columns(self._batch).items():
            values.copy_(getattr(batch, name))
        self._graph.replay()
        parts, norm = self._outputs
        parts = {name: value.clone() for name, value in parts.items()}
        divergence.record(iteration, batch.index, "loss", parts["loss"])
        divergence.record(iteration, batch.index, "gradient", norm.clone())
        return parts

    def _warm_up(self, batch: Batch, iteration: int, divergence: DivergenceCheck) -> Parts:
        self._warmed_up += 1
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            parts = super().__call__(batch, iteration, divergence)
        torch.cuda.current_stream().wait_stream(self._stream)
        return parts

    def _capture(self) -> bool:
        """Capture the iteration on buffers that stay, without computing it; return the success."""
        assert self._batch is not None
        graph = torch.cuda.CUDAGraph()
        self._optimiser.zero_grad(set_to_none=True)
        try:
            with torch.cuda.graph(graph):
                outputs = self._backward(self._batch)
                self._optimiser.step()
        except RuntimeError as error:
            torch.cuda.synchronize()
            self._optimiser.zero_grad(set_to_none=True)
            reason = str(error).strip().splitlines()[0]
            self.note = f"training could not be captured as a CUDA graph ({reason}); it runs slower"
            return False
        self._graph, self._outputs = graph, outputs
        return True


def build_train_step(
    network: Network,
    optimiser: torch.optim.Optimizer,
    objective: Objective,
    settings: TrainSettings,
    process_group: ProcessGroup = SINGLE_PROCESS,
) -> TrainStep:
    """Return the training iteration that suits the device and the size of the batches."""
    on_cuda = next(network.parameters()).device.type == "cuda"
    is_small = settings.examples_per_iteration <= MAX_GRAPH_BATCH
    graph = on_cuda and is_small and settings.cuda_graph and process_group.world_size == 1
    return (GraphTrainStep if graph else TrainStep)(
        network, optimiser, objective, settings, process_group
    )


def _columns(batch: Batch) -> dict[str, Tensor]:
    """Return the tensors of a batch that an iteration computes with."""
    return {n: v for n, v in vars(batch).items() if v is not None and n != "index"}
