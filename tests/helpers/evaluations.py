"""Reads the tables of an evaluation."""

import csv

import h5py


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def predictions(folder):
    with h5py.File(folder / "predictions.h5", "r") as file:
        return {name: column[()] for name, column in file.items()}
