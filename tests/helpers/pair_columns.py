"""Columns of pairs, their bytes, and batches that are joined."""

from dataclasses import fields

from simulators.pairs import Pairs


def columns(pairs):
    named = {f.name: getattr(pairs, f.name) for f in fields(Pairs) if f.name != "parameters"}
    return named | pairs.parameters


def image(pairs):
    return {name: values.tobytes() for name, values in columns(pairs).items()}


def joined(parts):
    parts = [columns(part) for part in parts]
    return {name: b"".join(part[name].tobytes() for part in parts) for name in parts[0]}
