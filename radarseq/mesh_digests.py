"""A recipe's own meshes: the digests of their files, written into the recipe's text.

The text is what a dataset stores and what every digest covers. A mesh is too large to stand in it
as a waveform does, so its digest does: another file under the same name is another recipe.
"""

import json
import tomllib
from pathlib import Path

from radarseq.errors import RecipeError
from radarseq.files import sha256_file

TABLE = "mesh_sha256"


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
        except OSError as fault:
            raise RecipeError(f"{path}: objects.{name}.path: {fault}") from fault
        lines.append(f'{json.dumps(name)} = "{digest}"')
    return "\n".join([text.rstrip("\n"), "", f"[{TABLE}]", *lines]) + "\n" if lines else text


def _is_mesh(table: object) -> bool:
    return isinstance(table, dict) and table.get("shape") == "mesh"
