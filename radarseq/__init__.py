"""Short radar sequences, simulated, learnt and judged.

The functions do what the commands of the same names do; each is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from radarseq.captures.export import export
    from radarseq.captures.importing import import_
    from radarseq.captures.reading import Reading
    from radarseq.dataset.read import open_dataset
    from radarseq.dataset.simulated import simulate
    from radarseq.evaluation.judge import evaluate
    from radarseq.evaluation.predict import load
    from radarseq.evaluation.redraw import report
    from radarseq.inspection import inspect
    from radarseq.training.run import train
    from radarseq.validation import validate

_HOMES = {
    "Reading": "radarseq.captures.reading",
    "evaluate": "radarseq.evaluation.judge",
    "export": "radarseq.captures.export",
    "import_": "radarseq.captures.importing",
    "inspect": "radarseq.inspection",
    "load": "radarseq.evaluation.predict",
    "open_dataset": "radarseq.dataset.read",
    "report": "radarseq.evaluation.redraw",
    "simulate": "radarseq.dataset.simulated",
    "train": "radarseq.training.run",
    "validate": "radarseq.validation",
}

__all__ = [
    "Reading",
    "evaluate",
    "export",
    "import_",
    "inspect",
    "load",
    "open_dataset",
    "report",
    "simulate",
    "train",
    "validate",
]


def __getattr__(name: str) -> Any:
    """Return a public function, importing its module now."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
