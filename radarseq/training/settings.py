"""Settings of training, saved with every run."""

from dataclasses import dataclass
from typing import ClassVar, Literal

Precision = Literal["float32", "tf32", "bf16"]
AUGMENTATIONS = ("noise", "dropped", "spikes", "saturation", "occlusion", "time_stretch")


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """Settings of training; the defaults suit short radar sequences.

    Attributes:
        epochs: Largest number of passes; one pass over fresh pairs is ``pairs_per_epoch``.
        schedule_epochs: Epochs over which the learning rate falls; 0 takes ``epochs``. A run that
            is resumed to more epochs keeps its schedule and goes on at its floor.
        batch_size: Examples per iteration; ``auto`` takes as many as free memory holds, see
            ``radarseq.training.optimisation.batch_size``.
        learning_rate: At its peak, after the warm-up.
        weight_decay: Of AdamW.
        warmup: Share of the schedule in which the rate rises.
        clip: Largest norm of the gradient; a larger one is scaled down to it.
        patience: Epochs without a better validation loss before training stops; 0 never stops. A
            run that stopped goes on with ``resume`` and more ``epochs``; patience starts anew.
        echo_weight: Weight of the echo's log error (nats), or of a real target's squared error
            over its variance, where the class's cross-entropy (nats) has weight 1.
        echo_error: Error of a complex target that is minimised: ``log`` is the logarithm of each
            example's relative error, so that a decibel counts alike at any signal-to-noise ratio;
            ``relative`` is the error over the target's energy, the metric of evaluation, which
            the noisiest examples dominate.
        trained_steps: Steps of a forecast or a real target that count in training: ``all``, or
            ``last``, the last valid one alone (a sequence to a vector). Evaluation is the same.
        class_weights: ``balanced`` weights every class alike, however many examples it has;
            ``none`` weights every example alike.
        label_smoothing: Share of the target probability that is spread over all classes alike;
            against overconfidence where labels are wrong now and then.
        ema: Decay of the moving average of the weights that is validated and saved as the best,
            such as 0.999; 0 uses the weights themselves.
        noise: Rms of white noise that is added to training batches, over each example's own rms;
            where examples are few, against overfitting.
        dropped: Share of the steps of a training batch that are lost; see
            ``radarseq.training.data.augmentation`` for this and the next four.
        spikes: Share of the steps that are hit by a spike 20 dB above the signal.
        saturation: Share of the examples that are clipped at their rms.
        occlusion: Share of the examples in which a tenth to three tenths of the steps are hidden.
        time_stretch: Largest change of pace of a training sequence, as a share: 0.2 plays it
            between 1.2 times as fast and as slow, which changes all frequencies too.
        redraw_noise: Whether each epoch adds new noise to the stored echoes of a simulated
            dataset; stored examples then last longer before the network overfits.
        by_length: Whether a batch is made of examples of about one length, so that little of it
            is padding; on the CPU, steps that are padding in all of a batch are not computed.
        seed: Of the initial weights, the order of the examples and the dropout.
        precision: Of the products inside the network: ``float32``; ``tf32``, which rounds their
            factors to 10 bits, on CUDA devices that have it; ``bf16``, in which the backbone's
            activations are rounded to 7 bits too. Weights, features, heads and losses are float32.
        cuda_graph: Whether an iteration is launched as one CUDA graph, on a CUDA device, where the
            batch is at most 8,192: small iterations take longer to launch than to compute.
        engine: Implementation of the layers, see ``radarseq.models.engines.select``. ``fused``:
            compiled functions on the CPU, in float32, for a WaveNet, LSTM or GRU, where batches
            are large enough. ``triton``: on a CUDA device, fused kernels for a WaveNet.
            ``torch``: torch's operations. ``auto``: ``fused`` where it can be had, else ``torch``.
        pairs_per_epoch: Number of fresh pairs in an epoch.
        validation_pairs: Number of fresh pairs to validate on, the same in every epoch.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": True}

    epochs: int = 30
    schedule_epochs: int = 0
    batch_size: int | Literal["auto"] = 256
    learning_rate: float = 4e-3
    weight_decay: float = 1e-2
    warmup: float = 0.1
    clip: float = 1.0
    patience: int = 10
    echo_weight: float = 0.2
    echo_error: Literal["log", "relative"] = "log"
    trained_steps: Literal["all", "last"] = "all"
    class_weights: Literal["none", "balanced"] = "none"
    label_smoothing: float = 0.0
    ema: float = 0.0
    noise: float = 0.0
    dropped: float = 0.0
    spikes: float = 0.0
    saturation: float = 0.0
    occlusion: float = 0.0
    time_stretch: float = 0.0
    redraw_noise: bool = True
    by_length: bool = False
    seed: int = 0
    precision: Precision = "float32"
    cuda_graph: bool = True
    engine: Literal["auto", "torch", "fused", "triton"] = "auto"
    pairs_per_epoch: int = 20_000
    validation_pairs: int = 4_000

    def __post_init__(self) -> None:
        """Refuse values that cannot train."""
        for name in ("epochs", "batch_size", "pairs_per_epoch", "validation_pairs"):
            if getattr(self, name) != "auto" and getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected 1 or more")
        for name in ("learning_rate", "clip"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}; expected above 0")
        for name in ("schedule_epochs", "weight_decay", "patience", "echo_weight", "seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; expected 0 or more")
        for name in ("label_smoothing", "ema", *AUGMENTATIONS):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected 0 to below 1")
        if self.seed >= 2**63:
            raise ValueError(f"seed is {self.seed}; expected 0 to 2^63 - 1")
        if not 0 <= self.warmup < 1:
            raise ValueError(f"warmup is {self.warmup}; expected 0 to below 1")

    @property
    def examples_per_iteration(self) -> int:
        """The batch size, once it is a number.

        Raises:
            ValueError: If it still is ``auto``.
        """
        if self.batch_size == "auto":
            raise ValueError("batch_size is 'auto'; expected a number before training starts")
        return self.batch_size

    @property
    def augments(self) -> bool:
        """Whether training batches are augmented."""
        return any(getattr(self, name) for name in AUGMENTATIONS)
