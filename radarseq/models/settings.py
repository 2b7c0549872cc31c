"""Settings of a model, saved with every run."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from radarseq.models.features.names import (
    FEATURE_NAMES,
    FRAME_FEATURES,
    LOG_MEL,
    RADAR_FEATURES,
)

ModelName = Literal["wavenet", "lstm", "gru", "rnn", "conv_gru", "resnet"]
Task = Literal["both", "classify", "echo", "forecast", "next_symbol", "step_label"]
Pool = Literal["mean_max", "last"]
# Widths at which the models have about as many weights as each other.
DEFAULT_WIDTHS: dict[ModelName, int] = {
    "wavenet": 32,
    "lstm": 64,
    "gru": 72,
    "rnn": 128,
    "conv_gru": 64,
    "resnet": 64,
}
_FEATURES = (*FEATURE_NAMES, *FRAME_FEATURES)
FORECASTING = ("forecast", "next_symbol")  # tasks whose target is the later input


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """Settings that a network is built from.

    Attributes:
        model: Name of the backbone.
        task: ``classify`` names the class; ``echo`` gives the dataset's target sequence, complex
            or real; ``both`` does the two. ``forecast`` gives the next ``horizon`` values at every
            step, ``next_symbol`` the symbol that follows, ``step_label`` a class at every step.
        causal: Whether the output at a step depends on that step and earlier ones alone. If not, a
            second network of the same kind runs backwards over the input and the output of the
            first one, and the heads read both.
        width: Channels of a WaveNet layer, or of a recurrent layer's state.
        skip: Channels of WaveNet's skip sum, which the heads read.
        stacks: Repetitions of WaveNet's dilations; one spans the whole sequence already.
        dilations: Of WaveNet's kernels of 2 samples; 1, 2, 4, 8, 16 span exactly 32 samples.
        strides: Of conv_gru's convolutions, each with a kernel of twice its stride, and of resnet's
            blocks. Their product is the number of samples per frame, which makes sequences of
            thousands of samples affordable.
        layers: Recurrent layers.
        pool: Steps that the class is read from: ``mean_max`` over all steps, which loses where
            something happened, or the ``last`` one, which a causal network passes everything to.
        layer_norm: Whether each layer's features have mean 0 and deviation 1 at every step; this
            stabilises deep stacks and large learning rates, and costs a few percent of time.
        residual: Whether a recurrent layer adds its input to its output, so that gradients pass
            deep stacks; WaveNet's layers always do.
        dropout: Before the class scores, and between recurrent layers.
        input_dropout: Share of the features at each step that training sets to zero, the others
            raised in proportion. For few sequences of many features, such as the keys of a piano
            roll, so that no single feature decides.
        horizon: Steps to forecast, where the data do not store a forecast's target.
        symbols: Number of symbols; 0 for those of the training rows.
        embedding: Size of a symbol's vector; small, as symbols are few.
        hop: Samples from frame to frame of ``log_mel`` and ``log_mel_change``; 80 at 8 kHz are
            10 ms, in which a vocal tract hardly moves.
        features: Inputs of the network, see ``radarseq.models.features.radar`` and, for
            ``log_mel`` and ``log_mel_change``, ``radarseq.models.features.log_mel``.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": True}

    model: ModelName = "wavenet"
    task: Task = "both"
    causal: bool = True
    width: int = 32
    skip: int = 64
    stacks: int = 1
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16)
    strides: tuple[int, ...] = (2,)
    layers: int = 2
    pool: Pool = "mean_max"
    layer_norm: bool = False
    residual: bool = False
    dropout: float = 0.1
    input_dropout: float = 0.0
    horizon: int = 1
    symbols: int = 0
    embedding: int = 8
    hop: int = 80
    features: tuple[str, ...] = RADAR_FEATURES

    def __post_init__(self) -> None:
        """Refuse sizes, features and combinations that give no network."""
        for name in ("width", "skip", "stacks", "layers", "horizon", "embedding", "hop"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected 1 or more")
        for name in ("dilations", "strides"):
            if not getattr(self, name) or min(getattr(self, name)) < 1:
                raise ValueError(f"{name} are {getattr(self, name)}; expected 1 or more each")
        if self.symbols < 0:
            raise ValueError(f"symbols is {self.symbols}; expected 0 (as in the data) or more")
        for name in ("dropout", "input_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected 0 to below 1")
        self._check_features()
        self._check_causal()

    @property
    def classifies(self) -> bool:
        """True if the network gives a class of the whole sequence."""
        return self.task in ("both", "classify")

    @property
    def gives_symbols(self) -> bool:
        """True if the network scores symbols at every step."""
        return self.task in ("next_symbol", "step_label")

    @property
    def gives_sequence(self) -> bool:
        """True if the network estimates a target's samples at every step."""
        return self.task != "classify" and not self.gives_symbols

    @property
    def has_frames(self) -> bool:
        """True if the backbone receives a frame every ``hop`` samples in place of the samples."""
        return not set(FRAME_FEATURES).isdisjoint(self.features)

    def _check_features(self) -> None:
        unknown = [name for name in self.features if name not in _FEATURES]
        if unknown or set(self.features) <= {"spectrum"}:
            raise ValueError(
                f"features are {self.features}; expected some of {_FEATURES}, one besides spectrum"
            )
        if not self.has_frames:
            return
        if tuple(sorted(self.features)) not in ((LOG_MEL,), FRAME_FEATURES):
            raise ValueError(
                f"features are {self.features}; expected log_mel, with log_mel_change or alone: it "
                "has a frame every hop samples, the others a value at each sample"
            )
        if self.task not in ("both", "classify"):
            raise ValueError(
                f"features are {self.features} with task {self.task!r}, which needs an output at "
                "each sample. Use conv_gru with strides instead"
            )

    def _check_causal(self) -> None:
        if self.causal:
            return
        if self.task in FORECASTING:
            raise ValueError(
                f"causal is false with task {self.task!r}: such a network would read its target. "
                "Leave causal out"
            )
        if self.pool == "last":
            raise ValueError(
                "causal is false with pool 'last': backwards, the last step depends on one sample. "
                "Use pool=mean_max"
            )


def dilations_for(steps: int) -> tuple[int, ...]:
    """Return doubling dilations, of kernel 2, whose receptive field is exactly ``steps`` samples.

    The last one is cut short to that end.

    Raises:
        ValueError: If ``steps`` is below 2, the receptive field of one layer.

    Example:
        >>> dilations_for(32), dilations_for(501)
        ((1, 2, 4, 8, 16), (1, 2, 4, 8, 16, 32, 64, 128, 245))
    """
    if steps < 2:
        raise ValueError(f"steps is {steps}; expected 2 or more")
    dilations, missing = [], steps - 1
    while missing:
        dilations.append(min(2 ** len(dilations), missing))
        missing -= dilations[-1]
    return tuple(dilations)
