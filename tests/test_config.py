"""Settings as TOML, written and read back."""

import tomllib
from dataclasses import dataclass

import pytest

from radarseq.config import parse, to_toml
from radarseq.errors import RecipeError


def test_to_toml_is_read_back_by_tomllib():
    settings = {
        "seed": 2**63 - 1,
        "rate": 1e-3,
        "tiny": 1.5e-300,
        "huge": 1e22,
        "on": True,
        "off": False,
        "text": 'quotes " and \\ and \n newline, tab \t, ü, 雷达',
        "empty": "",
        "list": [1, 2, 3],
        "pair": (0.5, 2.0),
        "names": ["a", "b c"],
        "none": [],
        "model": {"name": "wavenet", "dilations": [1, 2, 4], "dropout": 0.0},
        "data": {},
    }
    expected = settings | {"pair": [0.5, 2.0]}
    assert tomllib.loads(to_toml(settings)) == expected
    assert to_toml(tomllib.loads(to_toml(settings))) == to_toml(settings)


def test_to_toml_leaves_out_what_is_not_set_and_keeps_tables_apart():
    text = to_toml({"model": {"size": 3}, "rate": 0.1, "limit": None})
    assert tomllib.loads(text) == {"rate": 0.1, "model": {"size": 3}}


def test_parse_gives_typed_settings_and_names_what_does_not_fit():
    @dataclass(frozen=True, kw_only=True)
    class Settings:
        __pydantic_config__ = {"extra": "forbid", "strict": True}  # noqa: RUF012

        rate: float = 0.1
        epochs: int

    assert parse(Settings, {"rate": 1, "epochs": 3}, "s") == Settings(rate=1.0, epochs=3)
    with pytest.raises(RecipeError) as caught:
        parse(Settings, {"rat": 1.0, "rate": "x"}, "s", "training")
    lines = str(caught.value).splitlines()
    assert "s: unknown key 'training.rat': did you mean 'rate'? Known keys: rate, epochs" in lines
    assert "s: key 'training.epochs' is missing" in lines
    assert any("training.rate" in line and "'x'" in line for line in lines)
