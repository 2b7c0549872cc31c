"""Model card: intended use, training data and limits of a trained model."""

from typing import Any

from radarseq.inference.predictor import Predictor


def model_card(predictor: Predictor, run: str) -> dict[str, Any]:
    """Return the facts, the intended use and the limits of a model."""
    network, manifest, header = predictor.network, predictor.manifest, predictor.header
    return {
        "name": predictor.name,
        "task": network.settings.task,
        "parameters": sum(p.numel() for p in network.parameters()),
        "receptive_field": network.receptive_field,
        "features": list(network.settings.features),
        "temperature": predictor.temperature if network.settings.classifies else None,
        "seed": manifest.get("training", {}).get("seed"),
        "epoch": manifest.get("epoch"),
        "run": run,
        "training_data": manifest.get("data", {}).get("path"),
        "training_digest": manifest.get("data", {}).get("digest"),
        "sample_axis": header.sample_axis,
        "sample_interval_s": header.sample_interval_s,
        "carrier_hz": header.carrier_hz,
        "versions": manifest.get("versions"),
        "intended_use": _intended_use(predictor),
        "limits": _limits(predictor),
    }


def _intended_use(predictor: Predictor) -> list[str]:
    """Return the uses that follow from the model's training data."""
    spec, header = predictor.network.spec, predictor.header
    kind = "simulated" if header.seed >= 0 else "recorded"
    uses = []
    if header.class_names and predictor.network.settings.classifies:
        uses.append(
            f"naming an object as one of {', '.join(header.class_names)} from {spec.steps} samples"
        )
    if predictor.network.settings.task != "classify":
        uses.append(f"estimating the echo in {spec.steps} noisy samples, sample by sample")
    uses.append(
        f"data like those it was trained on ({kind}): the same radar, waveform and sampling"
    )
    uses.append("research and comparison, its probabilities read together with the charts above")
    return uses


def _limits(predictor: Predictor) -> list[str]:
    """Return the uses that are out of bounds."""
    spec, header = predictor.network.spec, predictor.header
    limits = [
        f"sequences of other than {spec.steps} steps, or another sampling interval or axis",
        "another carrier, waveform, polarisation, receiver or range of SNR than it was trained "
        "on, before it has been evaluated on such data",
    ]
    if header.class_names:
        limits.append(
            f"objects outside {', '.join(header.class_names)}: the nearest of these is named, and "
            "an out-of-distribution threshold detects only some of them"
        )
    if header.seed >= 0:
        limits.append(
            "measured data, before it has been evaluated on some: its training data are simulated"
        )
    limits.append(
        "decisions about safety, or about people, without a person and a second source: it errs "
        "as often as the tables above say, and more where the data differ"
    )
    return limits
