"""Imports daily figures for forecasting: ridership of trains and buses, prices of a share.

    python examples/daily_series.py ridership.csv data/ridership --date service_date \
        --columns bus rail_boardings --steps 56 --difference 7
    radarseq train data/ridership --model lstm --task forecast --set horizon=14 --out runs/riders
    radarseq evaluate runs/riders data/ridership --out eval/riders

Days that occur twice are used once. The first 70 % of the days train, the next 15 % validate, the
last 15 % test. No sequence crosses a border. Values are standardised by the training days.
"""

import argparse
import csv
import itertools
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.write import write_dataset

DAY_S = 86_400.0
DATE_FORMATS = ("%Y-%m-%d", "%m/%d/%Y")


def read_days(
    path: Path, date: str, columns: list[str], until: datetime = datetime.max
) -> NDArray[np.float64]:
    """Return one row of values per day, in the order of the days, up to and including ``until``."""
    days: dict[datetime, list[float]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            days[parse_day(row[date], path)] = [float(row[column]) for column in columns]
    return np.array([days[day] for day in sorted(days) if day <= until])


def parse_day(text: str, path: Path) -> datetime:
    """Return the day of a text."""
    for form in DATE_FORMATS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    raise SystemExit(
        f"{path}: {text!r} is not a date in any of the forms {', '.join(DATE_FORMATS)}"
    )


def import_series(days: NDArray[np.float64], names: list[str], steps: int, out: Path) -> Examples:
    """Write the dataset: sequences of ``steps`` days, one day apart."""
    borders = [0, int(0.7 * len(days)), int(0.85 * len(days)), len(days)]
    training = days[: borders[1]]
    scaled = (days - training.mean(axis=0)) / training.std(axis=0)
    parts = []
    for first, last in itertools.pairwise(borders):
        windows = np.lib.stride_tricks.sliding_window_view(scaled[first:last], steps, axis=0)
        parts.append(windows.swapaxes(1, 2))
    header = Header(sample_axis="step", sample_interval_s=DAY_S, feature_names=tuple(names))
    columns = {
        "x": np.concatenate(parts).astype(np.float32),
        "split": np.repeat(np.arange(3), [len(part) for part in parts]).astype(np.uint8),
    }
    examples = Examples(header, columns)
    write_dataset(out, examples)
    return examples


def main() -> None:
    """Read the command line and write the dataset."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path, help="CSV with a header")
    parser.add_argument("out", type=Path, help="dataset to write")
    parser.add_argument("--date", required=True, help="column of the day")
    parser.add_argument("--columns", nargs="+", required=True, help="columns to forecast")
    parser.add_argument("--steps", type=int, default=56, help="days in a sequence")
    parser.add_argument("--until", default="9999-12-31", help="last day to use, such as 2019-12-31")
    parser.add_argument("--log", action="store_true", help="take logarithms first, for prices")
    parser.add_argument(
        "--difference", type=int, default=0, help="take differences over this number of days first"
    )
    options = parser.parse_args()
    until = parse_day(options.until, Path("--until"))
    days = read_days(options.file, options.date, options.columns, until)
    days = np.log(days) if options.log else days
    if options.difference:
        days = days[options.difference :] - days[: -options.difference]
    examples = import_series(days, options.columns, options.steps, options.out)
    print(f"{options.out}: {len(examples):,} sequences of {examples.steps} days")


if __name__ == "__main__":
    main()
