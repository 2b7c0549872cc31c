"""The rows that a model was trained and validated on, read again or simulated again."""

from dataclasses import dataclass
from pathlib import Path

from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import Examples
from radarseq.dataset.simulate import to_examples
from radarseq.errors import RadarseqError
from radarseq.inference.predictor import Predictor
from radarseq.recipes.recipe import parse_recipe
from simulators.pairs import FRESH_TRAIN, FRESH_VALIDATION, PairGenerator

MAX_FRESH = 8_000  # pairs simulated again of a run that stored none


@dataclass(frozen=True)
class TrainingRows:
    """Rows of objects that a model knows.

    Attributes:
        training: What the model was trained on.
        validation: Of the same classes, held out; may have no rows.
    """

    training: Examples
    validation: Examples


def load_training_rows(predictor: Predictor) -> TrainingRows | None:
    """Return what the model was trained on, if it is still there and the same.

    A run on fresh pairs stored none: the first of them are simulated again from the recipe in its
    checkpoint.
    """
    facts = predictor.manifest.get("data", {})
    try:
        if facts.get("kind") == "stored":
            dataset = open_dataset(Path(facts["path"]))
            if dataset.digest != facts["digest"]:
                return None
            return training_rows_in(predictor.prepared(dataset.load()))
        if facts.get("kind") == "fresh":
            return _simulated_again(predictor, str(facts.get("path", "recipe")))
    except (RadarseqError, ValueError):
        return None
    return None


def training_rows_in(examples: Examples) -> TrainingRows | None:
    """Return the training and validation rows of a dataset; None where it has none to train on."""
    training = examples.part("train")
    if not len(training):
        return None
    is_split = "split" in examples
    return TrainingRows(
        training, examples.part("validation") if is_split else examples.take(slice(0))
    )


def _simulated_again(predictor: Predictor, recipe: str) -> TrainingRows:
    header = predictor.header
    scene = parse_recipe(header.recipe, recipe).scene  # its meshes lie beside the recipe
    parts = [
        to_examples(PairGenerator(scene, seed=header.seed, domain=domain)(0, MAX_FRESH), header)
        for domain in (FRESH_TRAIN, FRESH_VALIDATION)
    ]
    return TrainingRows(*parts)
