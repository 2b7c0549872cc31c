"""Rows that a model was trained and validated on, read or simulated again."""

from dataclasses import dataclass
from pathlib import Path

from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import Examples
from radarseq.dataset.simulate import to_examples
from radarseq.errors import RadarseqError
from radarseq.inference.predictor import Predictor
from radarseq.recipes.recipe import parse_recipe
from simulators.pairs import FRESH_TRAIN, FRESH_VALIDATION, PairGenerator

MAX_FRESH = 8_000  # pairs simulated again for a run on fresh pairs


@dataclass(frozen=True)
class TrainingRows:
    """Rows that a model was trained and validated on.

    Attributes:
        training: The training rows.
        validation: Rows of the same classes, held out; there may be none.
    """

    training: Examples
    validation: Examples


def load_training_rows(predictor: Predictor) -> TrainingRows | None:
    """Return the rows that a model was trained on; None if they are gone or have changed.

    A run on fresh pairs stored none: the first of them are simulated again from the recipe in its
    checkpoint.
    """
    facts = predictor.manifest.get("data", {})
    try:
        if facts.get("kind") == "stored":
            dataset = open_dataset(Path(facts["path"]))
            if dataset.digest != facts["digest"]:
                return None
            return training_rows_in(predictor.prepare(dataset.load()))
        if facts.get("kind") == "fresh":
            header = predictor.header
            recipe = str(facts.get("path", "recipe"))  # the scene's meshes lie in its folder
            scene = parse_recipe(header.recipe, recipe).scene
            generators = [
                PairGenerator(scene, seed=header.seed, domain=domain)
                for domain in (FRESH_TRAIN, FRESH_VALIDATION)
            ]
            return TrainingRows(*(to_examples(g(0, MAX_FRESH), header) for g in generators))
    except (RadarseqError, ValueError):
        return None
    return None


def training_rows_in(examples: Examples) -> TrainingRows | None:
    """Return the training and validation rows of a dataset; None without training rows."""
    training = examples.part("train")
    if not len(training):
        return None
    validation = examples.part("validation") if "split" in examples else examples.take(slice(0))
    return TrainingRows(training, validation)
