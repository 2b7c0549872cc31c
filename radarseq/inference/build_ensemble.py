"""Builds an ensemble of runs that differ in their seed alone."""

from collections.abc import Sequence
from pathlib import Path

from radarseq.baselines.classifiers import labelled
from radarseq.device import choose_device
from radarseq.inference.ensemble_file import combine_runs, save_ensemble
from radarseq.inference.predictor import Predictor
from radarseq.inference.temperature import fit_temperature
from radarseq.inference.training_rows import load_training_rows


def form_ensemble(folder: Path | str, members: Sequence[str], *, device: str = "auto") -> Predictor:
    """Write the ensemble of runs in a folder, and return it as one model.

    Each run is calibrated; the mean of several is underconfident. So the ensemble has a temperature
    of its own, fitted to the validation rows of training.

    Args:
        folder: Of the runs.
        members: Names of the runs in it, 2 to 15.
        device: As for ``load``.

    Raises:
        CheckpointError: If there are too few runs or too many, or one of them has no checkpoint,
            or it is damaged, or was trained on other data or with other settings than the first.

    Reference:
        Rahaman and Thiery, "Uncertainty quantification and deep ensembles", 2021, section 4.
    """
    ensemble = combine_runs(Path(folder), members)
    predictor = Predictor(ensemble, choose_device(device))
    if predictor.network.settings.classifies:
        training_rows = load_training_rows(predictor)
        if training_rows is not None:
            rows = labelled(training_rows.validation)
            logits = predictor.predict_examples(rows, extra_output=lambda logits, _: logits).extra
            if logits is not None:
                predictor.temperature = fit_temperature(logits, rows["label"])
    save_ensemble(ensemble, predictor.temperature)
    return predictor
