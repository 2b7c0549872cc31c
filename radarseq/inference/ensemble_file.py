"""Ensemble on disk: ``ensemble.json`` in a folder of runs lists the members.

The runs stay as they are. The file holds the digest of each one's weights: once a run is trained
further, the ensemble is refused until it is formed again.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from radarseq.errors import CheckpointError
from radarseq.inference.checkpoint import (
    WEIGHTS,
    Checkpoint,
    load_best,
    read_stamped,
    read_temperature,
)
from radarseq.models.ensemble import Ensemble
from radarseq.models.network import Network
from radarseq.storage.sealed import canonical_sha256, write_json

ENSEMBLE = "ensemble.json"
ENSEMBLE_KIND = "radarseq ensemble"
FORMAT_VERSION = 1
_MAX_MEMBERS = 15  # the covariance of their hidden values is stored as JSON
_OF_ONE = ("metrics", "history", "temperature")  # keys of a manifest about its own weights
_HINT = "run radarseq train --seeds again with --resume"


def holds_ensemble(folder: Path) -> bool:
    """Return whether a folder's runs form an ensemble."""
    return (folder / ENSEMBLE).exists()


def combine_runs(
    folder: Path, members: Sequence[str], temperature: float = 1.0
) -> Checkpoint[Ensemble]:
    """Return runs in a folder as an ensemble.

    Its manifest is that of the first run, except that ``files``, ``training`` and ``epoch`` are of
    all runs, and that ``members`` holds the digest of each run's weights by its name.

    Args:
        folder: Of the runs.
        members: Names of the runs in it, 2 to 15.
        temperature: By which the mean of the class scores is divided before it becomes
            probabilities.

    Raises:
        CheckpointError: If there are too few runs or too many, or one of them has no checkpoint,
            or it is damaged, or was trained on other data or with other settings than the first.
    """
    if not 2 <= len(members) <= _MAX_MEMBERS:
        raise CheckpointError(
            f"{folder}: {len(members)} runs; an ensemble has 2 to {_MAX_MEMBERS}. Train fewer "
            "seeds into a folder of their own, or evaluate the runs one by one"
        )
    loaded = [load_best(folder / name, _HINT) for name in members]
    for name, one in zip(members, loaded, strict=True):
        _check_alike(folder / name, one, loaded[0])
    first = {key: value for key, value in loaded[0].manifest.items() if key not in _OF_ONE}
    manifest = first | {
        "files": {WEIGHTS: canonical_sha256({"members": [_weights(one) for one in loaded]})},
        "training": first["training"]
        | {"seed": [one.manifest["training"]["seed"] for one in loaded]},
        "epoch": [one.manifest["epoch"] for one in loaded],
        "members": {name: _weights(one) for name, one in zip(members, loaded, strict=True)},
    }
    ensemble = Ensemble([one.network for one in loaded]).eval()
    return Checkpoint(folder, ensemble, loaded[0].header, manifest, temperature)


def save_ensemble(ensemble: Checkpoint[Ensemble], temperature: float) -> None:
    """Write the members of an ensemble, and its temperature."""
    content = {
        "kind": ENSEMBLE_KIND,
        "format_version": FORMAT_VERSION,
        "members": ensemble.manifest["members"],
        "temperature": temperature,
    }
    write_json(ensemble.path / ENSEMBLE, content)


def load_ensemble(folder: Path) -> Checkpoint[Ensemble]:
    """Return the ensemble in a folder, every byte of it checked.

    Raises:
        CheckpointError: If it is missing, altered or malformed, or a run was trained further.
    """
    content = _content(folder)
    members, temperature = content["members"], read_temperature(content, str(folder / ENSEMBLE))
    ensemble = combine_runs(folder, list(members), temperature)
    for name, found in ensemble.manifest["members"].items():
        if found != members[name]:
            raise CheckpointError(
                f"{folder / name}: its weights are not those in {ENSEMBLE}: it was trained further "
                f"since; {_HINT}"
            )
    return ensemble


def read_members(folder: Path) -> list[str]:
    """Return the names of an ensemble's runs.

    Raises:
        CheckpointError: If ``ensemble.json`` is missing, altered or malformed.
    """
    return list(_content(folder)["members"])


def _content(folder: Path) -> dict[str, Any]:
    path = folder / ENSEMBLE
    content = read_stamped(path, ENSEMBLE_KIND, FORMAT_VERSION)
    members = content.get("members")
    if not isinstance(members, dict):
        raise CheckpointError(f"{path}: lists no runs in members; {_HINT}")
    for name in members:
        if name in ("", "..") or Path(name).name != name:
            raise CheckpointError(f"{path}: lists {name!r}, outside its folder; refused")
    return content


def _check_alike(run: Path, one: Checkpoint[Network], first: Checkpoint[Network]) -> None:
    """Refuse a run that differs from the first in more than its seed and weights."""
    for name, found, expected in (
        ("settings of the model", one.network.settings, first.network.settings),
        ("input", one.network.spec, first.network.spec),
        ("training data", one.manifest["data"], first.manifest["data"]),
    ):
        if found != expected:
            raise CheckpointError(
                f"{run}: other {name} than {first.path.parents[1]}: {found}, not {expected}. "
                "Such runs form no ensemble; train them anew, into an empty folder"
            )


def _weights(one: Checkpoint[Network]) -> str:
    return str(one.manifest["files"][WEIGHTS])
