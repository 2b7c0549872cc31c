"""The same-length networks by name, and what all of them can do."""

from torch import Tensor, nn

from radarseq.models.backbones.conv_gru import ConvGru
from radarseq.models.backbones.recurrent import Recurrent
from radarseq.models.backbones.resnet import ResNet
from radarseq.models.backbones.strided import StridedBackbone
from radarseq.models.backbones.wavenet import WaveNet
from radarseq.models.settings import ModelSettings

Backbone = WaveNet | Recurrent | ConvGru | ResNet


def backbone_of(settings: ModelSettings, inputs: int) -> Backbone:
    """Return the network of the settings for ``inputs`` features a step."""
    if settings.model == "wavenet":
        return WaveNet(
            inputs,
            width=settings.width,
            skip=settings.skip,
            dilations=settings.dilations,
            stacks=settings.stacks,
            layer_norm=settings.layer_norm,
        )
    if settings.model == "resnet":
        sees_now = settings.task != "classify"
        return ResNet(inputs, strides=settings.strides, width=settings.width, sees_now=sees_now)
    shortened = settings.model == "conv_gru"
    cells = Recurrent(
        "gru" if settings.model == "conv_gru" else settings.model,
        settings.width if shortened else inputs,
        width=settings.width,
        layers=settings.layers,
        dropout=settings.dropout,
        layer_norm=settings.layer_norm,
        residual=settings.residual,
    )
    if not shortened:
        return cells
    return ConvGru(inputs, strides=settings.strides, cells=cells, width=settings.width)


def at_every_step(backbone: nn.Module, x: Tensor, length: Tensor | None) -> Tensor:
    """Return the output (step, batch, channel); ``length`` is for those that look at a batch."""
    return backbone(x, length) if isinstance(backbone, StridedBackbone) else backbone(x)


def at_last_step(backbone: nn.Module, x: Tensor) -> Tensor:
    """Return the output (batch, channel) of the last step, by the shortest way there is."""
    if isinstance(backbone, WaveNet | Recurrent):
        return backbone.at_last_step(x)
    return backbone(x)[-1]
