"""Recipes and settings: text to typed, frozen objects; an unknown key or a misfit stops here."""

import difflib
import json
import re
import tomllib
import typing
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from radarseq.errors import RecipeError
from radarseq.mesh_digests import TABLE as MESH_DIGESTS
from radarseq.mesh_digests import with_mesh_digests
from radarseq.waveform_files import with_waveform
from simulators.objects import SHAPES, ObjectClass
from simulators.scene import Scene
from simulators.series import Series

T = TypeVar("T")
_LARGEST_TEXT = 1 << 20


@dataclass(frozen=True)
class Recipe:
    """A recipe as read: its text, and what it describes.

    Attributes:
        name: Short name, for messages and reports.
        text: The TOML itself, with what the waveform that it names holds and the digests of its
            meshes; stored in every dataset made from it.
        content: What the simulator needs: a scene for Tx/Rx pairs, or time series.
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
        if path.stat().st_size > _LARGEST_TEXT:
            raise RecipeError(f"{path}: larger than 1 MiB; expected a recipe in TOML")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise RecipeError(f"{path}: cannot be read as a recipe ({fault})") from fault
    return parse_recipe(with_mesh_digests(with_waveform(text, path), path), str(path))


def parse_recipe(text: str, source: str = "recipe") -> Recipe:
    """Return the recipe in a TOML text; ``source`` names it in errors.

    Raises:
        RecipeError: If it is not TOML, or a key is unknown or does not fit.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise RecipeError(f"{source}: not valid TOML: {fault}") from fault
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
    """Return the scene, each part parsed by its own type, so that errors name the right keys."""
    hints = typing.get_type_hints(Scene)
    known = [field.name for field in fields(Scene)]
    digests = parse(dict[str, str], content.pop(MESH_DIGESTS, {}), source, MESH_DIGESTS)
    for key in content:
        if key not in known:
            raise RecipeError(f"{source}: {_unknown(key, [*known, 'name', 'description', 'kind'])}")
    tables = content.get("objects", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise RecipeError(f"{source}: objects must be a list of [[objects]] tables")
    tables = [_pinned(table, digests) for table in tables]
    faults, values = [], {}
    for key in known:
        try:
            if key == "objects":
                values[key] = tuple(_object(t, i, source) for i, t in enumerate(tables))
            elif key in content:
                values[key] = parse(hints[key], content[key], source, key)
        except RecipeError as fault:
            faults.append(str(fault))
    if faults:
        raise RecipeError("\n".join(faults))
    try:
        return Scene(**values)
    except ValueError as fault:
        raise RecipeError(f"{source}: {fault}") from fault


def _pinned(table: dict[str, Any], digests: dict[str, str]) -> dict[str, Any]:
    """Return the table of a mesh with the digest that its file had when the text was stored."""
    digest = digests.get(str(table.get("name")))
    return table | {"sha256": digest} if digest and table.get("shape") == "mesh" else table


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


def parse(kind: type[T], content: Any, source: str, place: str = "") -> T:
    """Return ``content`` as a ``kind``, strictly typed.

    Args:
        kind: A dataclass or a plain type.
        content: Plain JSON types.
        source: The file, for errors.
        place: The key of ``content`` within the file, for errors.

    Raises:
        RecipeError: Naming every key that is unknown, missing or does not fit.
    """
    try:
        return TypeAdapter(kind).validate_json(json.dumps(content, default=str), strict=True)
    except ValidationError as fault:
        told = "\n".join(f"{source}: {_explain(kind, error, place)}" for error in fault.errors())
        raise RecipeError(told) from fault


def _explain(kind: type, error: Any, place: str) -> str:
    key = ".".join(str(part) for part in (place, *error["loc"]) if part != "")
    if error["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return _unknown(key, _known_keys(kind, error["loc"][:-1]))
    if error["type"] == "value_error":
        return f"{key}: {error['ctx']['error']}" if key else str(error["ctx"]["error"])
    if error["type"] in ("missing", "missing_argument"):
        return f"key {key!r} is missing"
    if error["type"] == "dataclass_type":
        return f"{key} is {_short(error['input'])}; expected a table [{key}]"
    return f"{key}: {error['msg']}, got {_short(error['input'])}"


def _known_keys(kind: Any, way: tuple[Any, ...]) -> list[str]:
    """Return the keys of the table that ``way`` leads to within a dataclass."""
    for step in way:
        kind = typing.get_type_hints(kind).get(step) if is_dataclass(kind) else None
    return [field.name for field in fields(kind)] if is_dataclass(kind) else []


def _unknown(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key.rpartition(".")[2], known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"unknown key {key!r}: {hint}Known keys: {', '.join(known)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def to_toml(content: dict[str, Any]) -> str:
    """Return plain settings (numbers, strings, lists, one level of tables) as TOML."""
    flat = {k: v for k, v in content.items() if not isinstance(v, dict)}
    lines = [
        f"{_toml_key(key)} = {_toml_value(value)}"
        for key, value in flat.items()
        if value is not None
    ]
    for key, table in content.items():
        if isinstance(table, dict):
            lines += ["", f"[{_toml_key(key)}]", to_toml(table).rstrip()]
    return "\n".join(lines) + "\n"


def _toml_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _toml_value(key)


def _toml_value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
