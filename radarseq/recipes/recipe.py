"""Reads a recipe in TOML into a typed scene or series, and refuses unknown keys and values."""

import difflib
import tomllib
import typing
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from radarseq.config import parse, unknown_key
from radarseq.errors import RecipeError
from radarseq.recipes.embedded_files import MESH_DIGESTS, embed_files
from simulators.objects import SHAPES, ObjectClass
from simulators.scene import Scene
from simulators.series import Series

_MAX_TEXT = 1 << 20


@dataclass(frozen=True)
class Recipe:
    """A recipe: its text and its content.

    Attributes:
        name: Short name, for messages and reports.
        text: The TOML itself, with the samples of its waveform file and the digests of its meshes;
            stored in every dataset that is simulated from it.
        content: Input of the simulator: a scene for Tx/Rx pairs, or time series.
    """

    name: str
    text: str
    content: Scene | Series

    @property
    def scene(self) -> Scene:
        """The scene of a recipe of Tx/Rx pairs.

        Raises:
            RecipeError: If the recipe is one of time series.
        """
        if isinstance(self.content, Scene):
            return self.content
        raise RecipeError(
            f'{self.name}: kind is "series"; expected a recipe of Tx/Rx pairs. To train on time '
            "series, make a dataset of them with simulate"
        )


def read_recipe(path: Path) -> Recipe:
    """Return the recipe in a TOML file.

    Raises:
        RecipeError: If the file is absent or not TOML, or a key is unknown or does not fit.
    """
    try:
        if path.stat().st_size > _MAX_TEXT:
            raise RecipeError(f"{path}: larger than 1 MiB; expected a recipe in TOML")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        raise RecipeError(f"{path}: cannot be read as a recipe ({cause})") from cause
    return parse_recipe(embed_files(text, path), str(path))


def parse_recipe(text: str, source: str = "recipe") -> Recipe:
    """Return the recipe in a TOML text; ``source`` names it in errors.

    Raises:
        RecipeError: If it is not TOML, or a key is unknown or does not fit.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as cause:
        raise RecipeError(f"{source}: not valid TOML: {cause}") from cause
    name = content.pop("name", Path(source).stem)
    description = content.pop("description", "")
    for key, value in (("name", name), ("description", description)):
        if not isinstance(value, str):
            raise RecipeError(f"{source}: {key} is {value!r}; expected a string")
    kind = content.pop("kind", "pairs")
    if kind not in ("pairs", "series"):
        raise RecipeError(f'{source}: kind is {kind!r}; expected "pairs" or "series"')
    if kind == "series":
        return Recipe(name, text, parse(Series, content, source))
    return Recipe(name, text, _scene(content, source))


def _scene(content: dict[str, Any], source: str) -> Scene:
    """Return the scene; each part is parsed by its own type, so that errors name its keys."""
    hints = typing.get_type_hints(Scene)
    known = [field.name for field in fields(Scene)]
    digests = parse(dict[str, str], content.pop(MESH_DIGESTS, {}), source, MESH_DIGESTS)
    for key in content:
        if key not in known:
            raise RecipeError(
                f"{source}: {unknown_key(key, [*known, 'name', 'description', 'kind'])}"
            )
    tables = content.get("objects", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise RecipeError(f"{source}: objects must be a list of [[objects]] tables")
    for table in tables:
        # The digest that the mesh file had when the text was stored.
        digest = digests.get(str(table.get("name")))
        if digest and table.get("shape") == "mesh":
            table["sha256"] = digest
    issues, values = [], {}
    for key in known:
        try:
            if key == "objects":
                values[key] = tuple(_object(t, i, source) for i, t in enumerate(tables))
            elif key in content:
                values[key] = parse(hints[key], content[key], source, key)
        except RecipeError as cause:
            issues.append(str(cause))
    if issues:
        raise RecipeError("\n".join(issues))
    try:
        return Scene(**values)
    except ValueError as cause:
        raise RecipeError(f"{source}: {cause}") from cause


def _object(table: dict[str, Any], index: int, source: str) -> ObjectClass:
    shape, place = table.get("shape"), f"objects[{index}]"
    if shape is None:
        raise RecipeError(
            f"{source}: key '{place}.shape' is missing; expected one of {', '.join(SHAPES)}"
        )
    if shape not in SHAPES:
        near = difflib.get_close_matches(str(shape), SHAPES, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise RecipeError(
            f"{source}: {place}.shape is {shape!r}{hint}; expected one of {', '.join(SHAPES)}"
        )
    if isinstance(table.get("path"), str):
        table = table | {"path": str(Path(source).parent / table["path"])}
    return parse(SHAPES[shape], table, source, place)
