"""A recipe's own waveform: read from its file, and written into the recipe's text.

A dataset stores the text, and every digest covers it, so the samples belong in it: the
same text makes the same data, whatever becomes of the file.
"""

import json
import tomllib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radarseq.errors import RecipeError
from radarseq.storage.atomic import sha256_file
from simulators.waveforms.pulse_settings import MAX_PULSE_STEPS

_TABLE = "waveform_samples"
_MAX_FILE = 1 << 20


TABLE = "mesh_sha256"


def with_waveform(text: str, path: Path) -> str:
    """Return a recipe's text with the samples of its ``pulse.waveform_file`` at the end.

    A text that has the samples already, or names no file, or is not TOML, is returned as it is.

    Args:
        text: The recipe in TOML.
        path: Where it was read; the waveform's path is relative to its folder.

    Raises:
        RecipeError: If the file is missing or holds no waveform.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return text
    pulse = content.get("pulse")
    name = pulse.get("waveform_file") if isinstance(pulse, dict) else None
    if not isinstance(name, str) or not name or _TABLE in content:
        return text
    samples = read_waveform(path.parent / name)
    parts = (
        f"{key} = [{', '.join(map(repr, values.tolist()))}]"
        for key, values in (("i", samples.real), ("q", samples.imag))
    )
    return "\n".join([text.rstrip("\n"), "", f"[{_TABLE}]", *parts]) + "\n"


def read_waveform(path: Path) -> NDArray[np.complex128]:
    """Return the samples of a waveform file, complex128 ``(length,)``.

    ``.npy``: one axis, real or complex. ``.csv``: a row a sample, its in-phase and quadrature part
    in two columns, or its real value in one; ``#`` starts a comment.

    Raises:
        RecipeError: If the file is missing, or holds anything else.
    """
    place = f"pulse.waveform_file {path}"
    if path.suffix not in (".npy", ".csv"):
        raise RecipeError(
            f"{place}: expected a .npy or .csv file, got {path.suffix or 'no ending'!r}"
        )
    try:
        if path.stat().st_size > _MAX_FILE:
            raise RecipeError(f"{place}: larger than 1 MiB; expected one pulse")
        values = _load(path)
    except (OSError, ValueError, EOFError) as cause:
        raise RecipeError(f"{place}: cannot be read as a waveform ({cause})") from cause
    if values.ndim != 1 or not 1 <= values.size <= MAX_PULSE_STEPS:
        raise RecipeError(
            f"{place}: has shape {values.shape}; expected one axis of 1 to {MAX_PULSE_STEPS} "
            "samples, in a .csv a row a sample and one or two columns"
        )
    if values.dtype.kind not in "iufc":
        raise RecipeError(f"{place}: holds {values.dtype}; expected real or complex numbers")
    samples = values.astype(np.complex128)
    if not np.isfinite(samples).all() or not samples.any():
        raise RecipeError(f"{place}: samples must be finite, and not all 0")
    return samples


def _load(path: Path) -> NDArray[np.generic]:
    if path.suffix == ".npy":
        values = np.load(path, allow_pickle=False)
        if not isinstance(values, np.ndarray):
            raise ValueError("not one array")
        return values
    rows = [line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    table = np.array([[float(part) for part in row.split(",")] for row in rows if row], ndmin=2)
    if table.shape[1] == 2:
        return table[:, 0] + 1j * table[:, 1]
    return table[:, 0] if table.shape[1] == 1 else table


def with_mesh_digests(text: str, path: Path) -> str:
    """Return a recipe's text with the SHA-256 of each mesh file at the end, by object.

    A text that has digests already, or names no mesh, or is not TOML, is returned as it is; a file
    that is absent is left to the object class, whose error names the recipe's key.

    Args:
        text: The recipe in TOML.
        path: Where it was read; paths of meshes are relative to its folder.

    Raises:
        RecipeError: If a file cannot be read.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return text
    objects = content.get("objects")
    if TABLE in content or not isinstance(objects, list):
        return text
    lines = []
    for table in filter(_is_mesh, objects):
        name, file = table.get("name"), table.get("path")
        if not isinstance(file, str) or not isinstance(name, str):
            continue
        try:
            digest = sha256_file(path.parent / file)
        except FileNotFoundError:
            continue
        except OSError as cause:
            raise RecipeError(f"{path}: objects.{name}.path: {cause}") from cause
        lines.append(f'{json.dumps(name)} = "{digest}"')
    return "\n".join([text.rstrip("\n"), "", f"[{TABLE}]", *lines]) + "\n" if lines else text


def _is_mesh(table: object) -> bool:
    return isinstance(table, dict) and table.get("shape") == "mesh"
