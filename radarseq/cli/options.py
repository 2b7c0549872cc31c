"""Options shared by commands: for reading recordings, output, device and workers."""

import inspect
import json
from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from radarseq.captures.options.read_options import ReadOptions
from radarseq.errors import UsageError

Out = Annotated[Path, typer.Option("--out", help="Folder to write; new or empty.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Seed = Annotated[int, typer.Option(help="Same seed, same bytes.")]
Resume = Annotated[bool, typer.Option("--resume", help="Continue an interrupted run.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Scheduler = Annotated[
    str, typer.Option(help="Work on a dask cluster: tcp://HOST:8786; the folders are shared.")
]
Engine = Annotated[
    str,
    typer.Option(help="torch, fused (CPU), compile, onnx (extra); auto: fused if it can be had."),
]


def reads_recordings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options, passed on as ``given`` by the keys of ``ReadOptions``.

    Without an option, the file's own word stands, or that of the data a model was trained on.
    """
    signature = inspect.signature(command, eval_str=True)
    own = [item for item in signature.parameters.values() if item.name != "given"]
    added = _read_parameters()
    names = [item.name for item in added]

    @wraps(command)
    def with_options(**words: Any) -> None:
        values = {name: words.pop(name) for name in names}
        command(**words, given=_given(values))

    together = [*own, *added]
    with_options.__signature__ = signature.replace(parameters=together)  # type: ignore[attr-defined]
    with_options.__annotations__ = {item.name: item.annotation for item in together}
    return with_options


def _read_parameters() -> list[inspect.Parameter]:
    """Return a parameter for each field of ``ReadOptions``, and one for the sample rate."""
    options: dict[str, tuple[Any, Any]] = {
        "sample_rate": (float, typer.Option(help="Samples per second along a sequence."))
    }
    for field in fields(ReadOptions):
        types = get_args(field.type) or (field.type,)
        kind = types[0] if types[0] in (str, int, float, bool) else list[str]
        flag = field.metadata["flag"] or "--" + field.name.replace("_", "-")
        options[field.name] = (kind, typer.Option(flag, help=field.metadata["help"]))
    return [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=False if kind is bool else None,
            annotation=Annotated[kind if kind is bool else kind | None, option],
        )
        for name, (kind, option) in options.items()
    ]


def _given(values: dict[str, Any]) -> dict[str, Any]:
    given = {
        key: value
        for key, value in values.items()
        if value is not None and value is not False and value != []
    }
    if (rate_hz := given.pop("sample_rate", None)) is not None:
        if "sample_interval_s" in given:
            raise UsageError("--sample-rate and --sample-interval are both given; leave one out")
        if not rate_hz > 0:
            raise UsageError(f"--sample-rate is {rate_hz}; expected more than 0")
        given["sample_interval_s"] = 1 / rate_hz
    if "quality" in given:
        given["quality"] = dict(_limit(text) for text in given["quality"])
    return given


def _limit(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    try:
        return key, json.loads(value if equals else "")
    except ValueError:
        raise UsageError(
            f"--quality {text}: expected KEY=NUMBER, such as --quality clipped_share=0.1"
        ) from None
