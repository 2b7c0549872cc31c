"""Checks settings against their types: text to typed, frozen objects, or an error per key."""

import difflib
import json
import typing
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import tomli_w
from pydantic import TypeAdapter, ValidationError

from radarseq.errors import RecipeError

T = TypeVar("T")


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
    except ValidationError as cause:
        message = "\n".join(f"{source}: {_explain(kind, error, place)}" for error in cause.errors())
        raise RecipeError(message) from cause


def _explain(kind: type, error: Any, place: str) -> str:
    key = ".".join(str(part) for part in (place, *error["loc"]) if part != "")
    if error["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return unknown_key(key, _known_keys(kind, error["loc"][:-1]))
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


def unknown_key(key: str, known: list[str]) -> str:
    """Return the sentence that refuses a key, with the nearest known one and all of them."""
    near = difflib.get_close_matches(key.rpartition(".")[2], known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"unknown key {key!r}: {hint}Known keys: {', '.join(known)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def to_toml(content: dict[str, Any]) -> str:
    """Return plain settings (numbers, strings, lists, tables) as TOML; None is left out."""
    return tomli_w.dumps(_without_none(content))


def _without_none(content: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without_none(value) if isinstance(value, dict) else value
        for key, value in content.items()
        if value is not None
    }
