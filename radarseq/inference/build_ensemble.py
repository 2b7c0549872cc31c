"""Runs that differ in nothing but their seed, made to answer together."""

from collections.abc import Sequence
from pathlib import Path

from radarseq.baselines.classifiers import labelled
from radarseq.device import choose_device
from radarseq.inference.ensemble_file import save_ensemble, together
from radarseq.inference.predictor import Predictor
from radarseq.inference.temperature import fit_temperature
from radarseq.inference.training_rows import load_training_rows


def form_ensemble(folder: Path | str, members: Sequence[str], *, device: str = "auto") -> Predictor:
    """Have runs in a folder answer together, and return them as one model.

    Each one's answers mean what they say; the mean of several is less sure than it may be. So the
    ensemble has a temperature of its own, found on the validation rows as they were in training.

    Args:
        folder: Which holds the runs.
        members: Names of the runs in it, 2 to 15.
        device: As for ``load``.

    Raises:
        CheckpointError: If there are too few runs or too many, or one of them has no checkpoint,
            or it is damaged, or was trained on other data or with other settings than the first.

    Reference:
        Rahaman and Thiery, "Uncertainty quantification and deep ensembles", 2021, section 4.
    """
    ensemble = together(Path(folder), members)
    predictor = Predictor(ensemble, choose_device(device))
    if predictor.network.settings.classifies:
        predictor.temperature = _temperature(predictor)
    save_ensemble(ensemble, predictor.temperature)
    return predictor


def _temperature(predictor: Predictor) -> float:
    """Return the temperature of the least log loss on validation; 1 where there is none."""
    known = load_training_rows(predictor)
    if known is None:
        return 1.0
    rows = labelled(known.validation)
    logits = predictor.predict_examples(rows, describe=lambda logits, _: logits).described
    return 1.0 if logits is None else fit_temperature(logits, rows["label"])
