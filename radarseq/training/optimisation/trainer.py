"""Trainer: a network with its initial weights, its data, its optimiser and its loss."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from radarseq.models.backbones.masked_batch_norm import MaskedBatchNorm
from radarseq.models.engines.select import set_training_engine
from radarseq.models.network import Network
from radarseq.models.settings import ModelSettings
from radarseq.training.data.training_data import TrainingData
from radarseq.training.distributed import ProcessGroup
from radarseq.training.optimisation.losses import Objective
from radarseq.training.optimisation.precision import set_precision
from radarseq.training.optimisation.train_step import TrainStep, build_train_step
from radarseq.training.optimisation.weight_average import WeightAverage
from radarseq.training.settings import TrainSettings


@dataclass(frozen=True)
class Trainer:
    """The objects that training changes, and the ones it reads.

    Attributes:
        network: Trained in place.
        data: Batches to train on, and rows to validate on.
        optimiser: Of the network's weights.
        settings: How to train.
        objective: The loss to minimise.
        process_group: The processes that share each batch; ``data`` yields this one's rows.
        average: Of the weights, validated in their place; None validates the weights.
        note: Information for the user on the engine; empty without any.
    """

    network: Network
    data: TrainingData
    optimiser: torch.optim.Optimizer
    settings: TrainSettings
    objective: Objective
    process_group: ProcessGroup
    average: WeightAverage | None = None
    note: str = ""

    @cached_property
    def step(self) -> TrainStep:
        """One training iteration, made once: it may hold a captured CUDA graph."""
        return build_train_step(
            self.network, self.optimiser, self.objective, self.settings, self.process_group
        )

    def averaged_weights(self) -> AbstractContextManager[None]:
        """Return a context in which the network has the averaged weights, if there are any."""
        return nullcontext() if self.average is None else self.average.applied()


def build_trainer(
    data: TrainingData,
    model_settings: ModelSettings,
    settings: TrainSettings,
    device: torch.device,
    process_group: ProcessGroup,
) -> Trainer:
    """Return a trainer before its first iteration; its weights are drawn from the seed."""
    torch.manual_seed(settings.seed)
    network = Network(model_settings, data.spec)
    sample = data.source.sample()
    network.to(device).fit(sample.signal, sample.tx, sample.target, sample.length)
    process_group.broadcast(network.state_dict().values())
    set_precision(network, settings.precision)
    for module in network.modules():
        if isinstance(module, MaskedBatchNorm):
            module.all_reduce = process_group.sum_with_gradient
    _, note = set_training_engine(network, settings.engine)
    class_weight = None
    if settings.class_weights == "balanced" and network.classes is not None:
        class_weight = balanced_weights(data.class_counts).to(next(network.parameters()))
    objective = Objective(
        settings.echo_weight,
        class_weight,
        settings.label_smoothing,
        settings.echo_error,
        last_step=settings.trained_steps == "last",
    )
    return Trainer(
        network,
        data,
        build_optimiser(network, settings),
        settings,
        objective,
        process_group,
        WeightAverage(network, settings.ema) if settings.ema else None,
        note,
    )


def balanced_weights(class_counts: np.ndarray) -> Tensor:
    """Return weights with which all classes that occur count alike, their mean over rows 1."""
    counts = torch.as_tensor(class_counts).float()
    present = counts > 0
    return torch.where(present, counts.sum() / (present.sum() * counts.clamp(min=1)), 0.0)


def build_optimiser(network: Network, settings: TrainSettings) -> torch.optim.Optimizer:
    """Return AdamW, fused; biases and norms do not decay."""
    parameters = list(network.parameters())
    groups: list[dict[str, Any]] = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)
    place_on_device(optimiser)
    return optimiser


def place_on_device(optimiser: torch.optim.Optimizer) -> None:
    """Move the learning rates to where the weights are, such as after they were loaded.

    On a CUDA device the rate is a tensor there, so that a captured graph reads its present value.
    """
    for group in optimiser.param_groups:
        device = group["params"][0].device
        on_cuda = device.type == "cuda"
        rate = float(group["lr"])
        group["capturable"] = on_cuda
        group["lr"] = torch.tensor(rate, device=device) if on_cuda else rate


def set_learning_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of the next iteration, also of one in a captured graph."""
    for group in optimiser.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate
