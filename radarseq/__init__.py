"""Simulation, learning and evaluation of short radar sequences.

Each function does the work of the command of its name. It is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from radarseq.artifacts.inspection import inspect
    from radarseq.artifacts.validation import validate
    from radarseq.captures.conversion.export import export
    from radarseq.captures.conversion.import_dataset import import_
    from radarseq.captures.options.read_options import ReadOptions
    from radarseq.dataset.read import open_dataset
    from radarseq.dataset.simulate import simulate
    from radarseq.evaluation.evaluate import evaluate
    from radarseq.evaluation.page.redraw import redraw
    from radarseq.inference.predictor import load
    from radarseq.training.train import train

_HOMES = {
    "ReadOptions": "radarseq.captures.options.read_options",
    "evaluate": "radarseq.evaluation.evaluate",
    "export": "radarseq.captures.conversion.export",
    "import_": "radarseq.captures.conversion.import_dataset",
    "inspect": "radarseq.artifacts.inspection",
    "load": "radarseq.inference.predictor",
    "open_dataset": "radarseq.dataset.read",
    "redraw": "radarseq.evaluation.page.redraw",
    "simulate": "radarseq.dataset.simulate",
    "train": "radarseq.training.train",
    "validate": "radarseq.artifacts.validation",
}

__all__ = [
    "ReadOptions",
    "evaluate",
    "export",
    "import_",
    "inspect",
    "load",
    "open_dataset",
    "redraw",
    "simulate",
    "train",
    "validate",
]


def __getattr__(name: str) -> Any:
    """Return a public function, importing its module now."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
