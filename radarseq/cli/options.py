"""Options shared by commands: for reading recordings, output, device and workers."""

import inspect
import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from radarseq.errors import UsageError

_TEXT = str | None
_WHOLE = int | None
_REAL = float | None

OPTIONS: dict[str, tuple[Any, Any]] = {
    "name": (_TEXT, typer.Option(help="Pattern of the names: '{label}/object_{group}.mat'.")),
    "labels": (_TEXT, typer.Option(help="Table of labels, CSV: file,label[,group].")),
    "label_column": (_WHOLE, typer.Option(help="Column of a table with the label; -1: last.")),
    "variable": (_TEXT, typer.Option(help="Array in a .mat (s.field), .npz or HDF5 file.")),
    "layout": (_TEXT, typer.Option(help="Axes of the array, such as frame,step,point.")),
    "interleaved": (bool, typer.Option("--interleaved", help="Columns are re, im, re, im, ...")),
    "wrapped": (bool, typer.Option("--wrapped", help="Unsigned 16-bit values are signed ones.")),
    "dtype": (_TEXT, typer.Option(help="Of a raw file: cu8, ci16_le, cf32_le, int16, ...")),
    "channels": (_WHOLE, typer.Option(help="That alternate in a raw file.")),
    "adc": (_TEXT, typer.Option(help="DCA1000: samples=256,chirps=128,receivers=4,lanes=2.")),
    "steps": (_WHOLE, typer.Option(help="Samples in a window; 0: whole length.")),
    "hop": (_WHOLE, typer.Option(help="Samples between windows; 0: they touch.")),
    "stride": (_WHOLE, typer.Option(help="Take every n-th sample.")),
    "sample_rate": (_REAL, typer.Option(help="Samples per second along a sequence.")),
    "sample_interval": (_REAL, typer.Option(help="Seconds between samples instead.")),
    "carrier": (_REAL, typer.Option(help="Carrier frequency, Hz.")),
    "sample_axis": (
        _TEXT,
        typer.Option("--axis", help="slow_time, fast_time or step."),
    ),
    "quality": (
        list[str] | None,
        typer.Option("--quality", help="Limit for windows, KEY=VALUE; an unknown KEY lists all."),
    ),
}
_RENAMED = {"carrier": "carrier_hz", "sample_interval": "sample_interval_s"}


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
    added = [
        inspect.Parameter(
            key,
            inspect.Parameter.KEYWORD_ONLY,
            default=False if kind is bool else None,
            annotation=Annotated[kind, option],
        )
        for key, (kind, option) in OPTIONS.items()
    ]

    @wraps(command)
    def with_options(**words: Any) -> None:
        chosen = {key: words.pop(key) for key in OPTIONS}
        command(**words, given=_given(chosen))

    together = [*own, *added]
    with_options.__signature__ = signature.replace(parameters=together)  # type: ignore[attr-defined]
    with_options.__annotations__ = {item.name: item.annotation for item in together}
    return with_options


def _given(chosen: dict[str, Any]) -> dict[str, Any]:
    given = {
        _RENAMED.get(key, key): value
        for key, value in chosen.items()
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
