"""The arguments that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

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
