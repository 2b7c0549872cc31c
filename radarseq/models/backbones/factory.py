"""Backbones by name; a new one is its file, its line here and its name in ``models.settings``."""

from collections.abc import Callable

from radarseq.models.backbones.conv_gru import ConvGru
from radarseq.models.backbones.interface import Backbone
from radarseq.models.backbones.recurrent import Recurrent
from radarseq.models.backbones.resnet import ResNet
from radarseq.models.backbones.wavenet import WaveNet
from radarseq.models.settings import ModelName, ModelSettings

BACKBONES: dict[ModelName, Callable[[ModelSettings, int], Backbone]] = {
    "wavenet": WaveNet.from_settings,
    "lstm": Recurrent.from_settings,
    "gru": Recurrent.from_settings,
    "rnn": Recurrent.from_settings,
    "conv_gru": ConvGru.from_settings,
    "resnet": ResNet.from_settings,
}


def create_backbone(settings: ModelSettings, inputs: int) -> Backbone:
    """Return the backbone that the settings name, for ``inputs`` features at each step."""
    return BACKBONES[settings.model](settings, inputs)
