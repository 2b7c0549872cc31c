"""The rows to judge: a split of a dataset, or recordings read as the training data were."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from radarseq.captures.collect import gather
from radarseq.captures.faults import printable
from radarseq.captures.reading import Reading
from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import MANIFEST_NAME, UNFINISHED_NAME, Examples
from radarseq.errors import DatasetError, RadarseqError, UsageError
from radarseq.evaluation.predict import Predictor
from radarseq.evaluation.resampling import resampled


@dataclass(frozen=True)
class Judged:
    """The rows to judge, and where they come from.

    Attributes:
        path: Of the dataset or the recordings, as given.
        digest: Of the dataset; empty for recordings.
        split: Which rows of it.
        examples: The rows.
        training: What to fit the baselines on; None where the training data are gone.
        failures: Recordings that could not be read: capture, reason, remedy.
        left_out: Rows of readable recordings that are not fit to be judged, by reason.
    """

    path: str
    digest: str
    split: str
    examples: Examples
    training: Examples | None
    failures: list[dict[str, str]]
    left_out: dict[str, int]


def rows_to_judge(
    predictor: Predictor, paths: list[Path], split: str, name: str, *, resample: bool = False
) -> Judged:
    """Return the rows of a dataset or of recordings that the model is to judge.

    Args:
        predictor: The model; recordings are read as its training data were.
        paths: One dataset, or any number of recordings.
        split: Of a dataset.
        name: Pattern of recordings' names; empty takes that of the training data.
        resample: Whether a dataset is brought to the model's sampling interval.

    Raises:
        DatasetError: If the dataset is damaged, has other classes, or the split has no rows.
        CaptureError: If not one of the recordings can be read.
        UsageError: If datasets and recordings are mixed.
    """
    if len(paths) == 1 and _is_dataset(paths[0]):
        return _from_dataset(predictor, paths[0], split, resample=resample)
    if any(_is_dataset(path) for path in paths):
        raise UsageError("one dataset or any number of recordings can be judged at once, not both")
    if resample:
        raise UsageError(
            "resample is for datasets; import the recordings first, with windows long enough"
        )
    return _from_recordings(predictor, paths, name)


def _is_dataset(path: Path) -> bool:
    return (path / MANIFEST_NAME).exists() or (path / UNFINISHED_NAME).exists()


def _from_dataset(predictor: Predictor, path: Path, split: str, *, resample: bool) -> Judged:
    dataset = open_dataset(path)
    examples = dataset.load()
    examples = predictor.prepared(resampled(examples, predictor) if resample else examples)
    _check_classes(predictor, examples)
    part = examples.part(split)
    if not len(part):
        raise DatasetError(f"{path}: no example is in the {split} split; choose another --split")
    training = examples.part("train") if "split" in examples else None
    if training is None or not len(training):
        training = _training_data(predictor)
    return Judged(str(path), dataset.digest, split, part, training, [], {})


def _check_classes(predictor: Predictor, examples: Examples) -> None:
    names = examples.header.class_names
    if "label" in examples and names != predictor.class_names:
        raise DatasetError(
            f"the dataset's classes are {', '.join(names)}; the model knows "
            f"{', '.join(predictor.class_names)}. Judge it on data with the same classes"
        )


def _from_recordings(predictor: Predictor, paths: Iterable[Path], name: str) -> Judged:
    paths = list(paths)
    reading = Reading.from_recipe(predictor.header.recipe) or Reading()
    if name:
        reading = Reading.from_json(reading.to_json() | {"name": name})
    spec = predictor.network.spec
    shape = (spec.steps,) if spec.channels == 1 else (spec.steps, spec.channels)
    found = gather(paths, reading, class_names=predictor.class_names, shape=shape)
    failures = [
        {"capture": printable(f.path), "reason": f.reason, "remedy": f.remedy}
        for f in found.failures
    ]
    source = ", ".join(str(path) for path in paths)
    training = _training_data(predictor)
    return Judged(source, "", "all", found.examples, training, failures, found.left_out)


def _training_data(predictor: Predictor) -> Examples | None:
    """Return the rows that the model was trained on, if they are still there and the same."""
    facts = predictor.manifest.get("data", {})
    if facts.get("kind") != "stored":
        return None
    try:
        dataset = open_dataset(Path(facts["path"]))
        if dataset.digest != facts["digest"]:
            return None
        return predictor.prepared(dataset.load()).part("train")
    except RadarseqError:
        return None
