"""Files that a recipe embeds: the samples of its waveform, and the digests of its meshes.

A dataset stores the recipe's text, and every digest covers it. With the samples in the text, the
same text makes the same data after the file is gone.
"""

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.errors import RecipeError
from radarseq.storage.atomic import sha256_file
from simulators.waveforms.pulse_settings import MAX_PULSE_STEPS

MESH_DIGESTS = "mesh_sha256"
_WAVEFORM_SAMPLES = "waveform_samples"
_MAX_FILE = 1 << 20


def embed_files(text: str, path: Path) -> str:
    """Return a recipe's text with a table of waveform samples and one of mesh digests at its end.

    A table that the text has already stays as it is. A text that is not TOML is returned unchanged,
    for the parser to refuse, and so is one that names no files.

    Args:
        text: The recipe in TOML.
        path: Path of the recipe; the files that it names are relative to its folder.

    Raises:
        RecipeError: If a file cannot be read, or the waveform's holds none. A mesh that is absent
            is refused by its object class, whose error names the recipe's key.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return text
    tables = {_WAVEFORM_SAMPLES: _waveform_lines, MESH_DIGESTS: _digest_lines}
    for name, lines_of in tables.items():
        if name not in content and (lines := lines_of(content, path)):
            text = "\n".join([text.rstrip("\n"), "", f"[{name}]", *lines]) + "\n"
    return text


def _waveform_lines(content: dict[str, Any], path: Path) -> list[str]:
    pulse = content.get("pulse")
    name = pulse.get("waveform_file") if isinstance(pulse, dict) else None
    if not isinstance(name, str) or not name:
        return []
    samples = read_waveform(path.parent / name)
    return [
        f"{key} = [{', '.join(map(repr, values.tolist()))}]"
        for key, values in (("i", samples.real), ("q", samples.imag))
    ]


def _digest_lines(content: dict[str, Any], path: Path) -> list[str]:
    objects = content.get("objects")
    lines = []
    for table in objects if isinstance(objects, list) else []:
        if not isinstance(table, dict) or table.get("shape") != "mesh":
            continue
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
    return lines


def read_waveform(path: Path) -> NDArray[np.complex128]:
    """Return the samples of a waveform file, complex128 ``(length,)``.

    ``.npy``: one axis, real or complex. ``.csv``: one row per sample, with its in-phase and
    quadrature part in two columns or its real value in one; ``#`` starts a comment.

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
            "samples, in a .csv one row per sample with one or two columns"
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
