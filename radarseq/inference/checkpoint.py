"""Checkpoints: weights in safetensors, a manifest that describes them, and the run's state.

A checkpoint is a folder that appears whole or not at all. Loading one never runs code in it:
weights are safetensors, and the optimiser's state is loaded as plain values and tensors only.
"""

import io
import math
import platform
import shutil
import sys
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from radarseq.config import parse
from radarseq.dataset.schema import Header
from radarseq.errors import CheckpointError, DatasetError, RecipeError
from radarseq.models.ensemble import Trained
from radarseq.models.input_spec import InputSpec
from radarseq.models.network import Network
from radarseq.models.settings import ModelSettings
from radarseq.storage.atomic import (
    TEMPORARY_SUFFIX,
    current_folder,
    read_plain,
    replace_folder,
    sha256_of,
    write_atomically,
)
from radarseq.storage.sealed import read_json, write_json
from radarseq.system import versions_of

CHECKPOINT_KIND = "radarseq checkpoint"
FORMAT_VERSION = 1
_MAX_SIZE = 1 << 20
_MAX_LAYERS = 1024
_MAX_HEADER = 1 << 20  # bytes of JSON before the weights
MANIFEST, WEIGHTS, STATE = "manifest.json", "model.safetensors", "state.pt"


NetworkT = TypeVar("NetworkT", bound=Trained, covariant=True)


@dataclass(frozen=True)
class Checkpoint(Generic[NetworkT]):
    """A checkpoint as loaded, of a network or of an ensemble.

    Attributes:
        path: Its folder.
        network: With its weights, on the CPU, in evaluation mode.
        header: Of the dataset that it was trained on.
        manifest: Content of its manifest.
        temperature: Divisor of the class scores before the softmax, fitted to the validation
            rows.
    """

    path: Path
    network: NetworkT
    header: Header
    manifest: dict[str, Any]
    temperature: float = 1.0


def save_checkpoint(
    folder: Path,
    network: Network,
    header: Header,
    facts: dict[str, Any],
    state: dict[str, Any] | None = None,
) -> None:
    """Write a checkpoint, which replaces the one in the folder as a whole.

    Args:
        folder: To write to.
        network: Whose weights.
        header: Of the training data.
        facts: Further keys of the manifest: data, training settings, epoch, metrics.
        state: Optimiser and progress; only the last checkpoint of a run has one.
    """
    temporary = folder.with_name(folder.name + TEMPORARY_SUFFIX)
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    weights = {name: t.detach().cpu().contiguous() for name, t in network.state_dict().items()}
    contents = {WEIGHTS: safetensors.torch.save(weights)}
    if state is not None:
        buffer = io.BytesIO()
        torch.save(_canonical(state), buffer)
        contents[STATE] = buffer.getvalue()
    manifest = {
        "kind": CHECKPOINT_KIND,
        "format_version": FORMAT_VERSION,
        "model": asdict(network.settings),
        "input": asdict(network.spec),
        "header": header.to_json(),
        "versions": versions(),
        "files": {name: sha256_of(content) for name, content in contents.items()},
    }
    try:
        for name, content in contents.items():
            write_atomically(temporary / name, content)
        write_json(temporary / MANIFEST, manifest | facts)
        replace_folder(temporary, folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)  # frees a full disk for the rest
        raise


def _canonical(value: Any) -> Any:
    """Return equal values as objects that share nothing, so that equal states are equal bytes.

    A pickle records which strings, tuples and storages are the same object, and these differ
    between a state from training and one from a file.
    """
    if isinstance(value, dict):
        return {_canonical(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_canonical(item) for item in value)
    if isinstance(value, Tensor):
        return value.detach().cpu().clone()
    return sys.intern(value) if isinstance(value, str) else value


def load_checkpoint(folder: Path) -> Checkpoint[Network]:
    """Return the checkpoint in a folder, every byte checked against its manifest.

    Raises:
        CheckpointError: If it is missing, altered or malformed.
    """
    folder = current_folder(folder)
    manifest = _manifest(folder)
    source = str(folder / MANIFEST)
    try:
        settings = parse(ModelSettings, manifest.get("model"), source, "model")
        spec = parse(InputSpec, manifest.get("input"), source, "input")
        header = Header.from_json(manifest.get("header"), source)
    except (RecipeError, DatasetError) as error:
        raise CheckpointError(str(error)) from error
    sizes = (spec.channels, spec.target_channels, spec.steps)
    counts = (spec.classes, spec.horizon, spec.symbols, spec.target_symbols)
    if min(sizes) < 1 or min(counts) < 0 or max(*sizes, *counts) > _MAX_SIZE:
        raise CheckpointError(f"{source}: input sizes {sizes + counts} are out of bounds")
    layers = settings.stacks * len(settings.dilations) + settings.layers + len(settings.strides)
    if layers > _MAX_LAYERS or max(*settings.dilations, *settings.strides) > _MAX_SIZE:
        raise CheckpointError(f"{source}: {layers} layers, or their dilations, are out of bounds")
    temperature = read_temperature(manifest, source)
    weights = _weights(_read_verified(folder, manifest, WEIGHTS), folder / WEIGHTS)
    with torch.device("meta"):  # no memory, whatever the widths in the manifest
        _check_shapes(Network(settings, spec), weights, folder / WEIGHTS)
    network = Network(settings, spec)
    network.load_state_dict(weights)
    return Checkpoint(folder, network.eval(), header, manifest, temperature)


def load_best(run: Path, hint: str) -> Checkpoint[Network]:
    """Return the best checkpoint of a run, as ``load_checkpoint`` does.

    Args:
        run: A run folder.
        hint: End of the message if there is no checkpoint.

    Raises:
        CheckpointError: If it is missing, altered or malformed.
    """
    best = run / "checkpoints" / "best"
    if not current_folder(best).exists():
        raise CheckpointError(f"{run}: no checkpoint here (looked for {best / MANIFEST}); {hint}")
    return load_checkpoint(best)


def read_temperature(content: dict[str, Any], source: str) -> float:
    """Return the temperature in a manifest; 1 where it has none.

    Raises:
        CheckpointError: If it is not a finite number above 0.
    """
    temperature = content.get("temperature", 1.0)
    if not isinstance(temperature, float) or not 0 < temperature < math.inf:
        raise CheckpointError(f"{source}: temperature is {temperature!r}; expected above 0")
    return temperature


def load_state(folder: Path) -> dict[str, Any]:
    """Return the run's state in a checkpoint.

    Raises:
        CheckpointError: If it is missing, altered, or holds anything but plain values and tensors.
    """
    content = _read_verified(folder, _manifest(folder), STATE)
    try:
        if not _is_stored(content):
            raise ValueError("compressed")
        state = torch.load(io.BytesIO(content), weights_only=True)
    except Exception as error:  # a crafted file can make the reader raise anything
        kind = type(error).__name__
        raise CheckpointError(f"{folder / STATE}: refused or not readable ({kind})") from error
    parts = ("optimiser", "progress")
    if not isinstance(state, dict) or not all(isinstance(state.get(p), dict) for p in parts):
        raise CheckpointError(f"{folder / STATE}: does not hold {' and '.join(parts)}")
    return state


def _is_stored(content: bytes) -> bool:
    """Return whether an archive is uncompressed; a compressed one may be a bomb."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
    plain = all(m.compress_type == zipfile.ZIP_STORED for m in members)
    return plain and sum(m.file_size for m in members) <= len(content)


def _manifest(folder: Path) -> dict[str, Any]:
    return read_stamped(folder / MANIFEST, CHECKPOINT_KIND, FORMAT_VERSION)


def read_stamped(path: Path, kind: str, version: int) -> dict[str, Any]:
    """Return the content of a sealed JSON file of a kind and format version.

    Raises:
        CheckpointError: If it is missing, altered, or of another kind or version.
    """
    content = read_json(path, CheckpointError)
    for key, expected in (("kind", kind), ("format_version", version)):
        if content.get(key) != expected:
            raise CheckpointError(
                f"{path}: {key} is {content.get(key)!r}; this version reads {expected!r}"
            )
    return content


def _read_verified(folder: Path, manifest: dict[str, Any], name: str) -> bytes:
    path, files = folder / name, manifest.get("files")
    expected = files.get(name) if isinstance(files, dict) else None
    try:
        content = read_plain(path)
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror})") from error
    if expected is None:
        raise CheckpointError(f"{path}: is not listed in {MANIFEST}; restore the checkpoint")
    if sha256_of(content) != expected:
        raise CheckpointError(
            f"{path}: altered or truncated: its sha256 is not the one in {MANIFEST}. "
            "Restore it from a copy, or train again"
        )
    return content


def _weights(content: bytes, path: Path) -> dict[str, Tensor]:
    """Return the tensors in safetensors bytes."""
    try:
        header = int.from_bytes(content[:8], "little")
        if header > _MAX_HEADER:
            raise SafetensorError(f"a header of {header} bytes")
        return safetensors.torch.load(content)
    except SafetensorError as error:
        raise CheckpointError(f"{path}: not readable as safetensors ({error})") from error


def _check_shapes(network: Network, weights: dict[str, Tensor], path: Path) -> None:
    expected = {name: tuple(t.shape) for name, t in network.state_dict().items()}
    found = {name: tuple(t.shape) for name, t in weights.items()}
    if found != expected:
        differing = sorted(k for k in expected | found if expected.get(k) != found.get(k))
        name = differing[0]
        raise CheckpointError(
            f"{path}: weight {name!r} is {found.get(name)}; the model in the manifest has "
            f"{expected.get(name)}"
        )


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that numbers depend on."""
    packages = versions_of(("radarseq", "torch", "numpy", "numba"), "unknown")
    return {"python": platform.python_version()} | packages
