"""A training process of the tests of several: torchrun's part is played by the environment."""

import json
import os
import sys

import torch

from radarseq.errors import RadarseqError
from radarseq.training.train import train


def main() -> None:
    """Train as the arguments say, in double precision: sums in another order differ less."""
    torch.set_default_dtype(torch.float64)
    for data, out, settings in json.loads(sys.argv[1]):
        dies_after = settings.pop("dies_after", None)

        def on_epoch(row: dict[str, float], dies_after: int | None = dies_after) -> None:
            if row["epoch"] == dies_after:
                os._exit(9)

        try:
            train(data, out, device="cpu", on_epoch=on_epoch, **settings)
        except RadarseqError as fault:
            sys.exit(f"{type(fault).__name__}: {fault}")


if __name__ == "__main__":
    main()
