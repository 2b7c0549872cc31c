"""Operations on rows that several rooms need: decoding, the padding mask, grouping."""

import numpy as np
from numpy.typing import NDArray


def decode(samples: NDArray, tx: NDArray) -> NDArray:
    """Return samples with the transmitted code removed: ``samples / tx``.

    A sample at which nothing was transmitted decodes to zero.

    Args:
        samples: ``(n, step)`` or ``(n, step, channel)``, complex or real.
        tx: Transmitted samples ``(n, step)``.

    Returns:
        The shape of ``samples``, complex.
    """
    power = np.abs(tx) ** 2
    weight = np.divide(tx.conj(), power, out=np.zeros_like(tx), where=power > 0)
    return samples * (weight if samples.ndim == weight.ndim else weight[..., None])


def valid_steps(length: NDArray, steps: int) -> NDArray[np.bool_]:
    """Return whether each step is data rather than padding, ``(n, steps)``.

    Args:
        length: Valid steps of each row ``(n,)``.
        steps: Steps of the padded rows.
    """
    return np.arange(steps) < np.asarray(length)[:, None]


def without_padding(values: NDArray, length: NDArray | None) -> NDArray:
    """Return sequences with zero in the steps that are padding.

    Args:
        values: ``(n, step, ...)``.
        length: Valid steps of each row ``(n,)``; None where all are valid.
    """
    if length is None:
        return values
    valid = valid_steps(length, values.shape[1])
    return np.where(valid.reshape(*valid.shape, *[1] * (values.ndim - 2)), values, 0)


def rows_by_group(group: NDArray) -> tuple[NDArray, list[NDArray[np.int64]]]:
    """Return the groups that occur, sorted, and the rows of each, in order.

    Args:
        group: Of each row ``(n,)``.
    """
    present, inverse = np.unique(group, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    rows = np.split(order, np.flatnonzero(np.diff(inverse[order])) + 1)
    return present, rows if len(order) else []


def rank_in_group(group: NDArray) -> NDArray[np.int64]:
    """Return for each row how many rows of its group come before it, ``(n,)``."""
    _, inverse, sizes = np.unique(group, return_inverse=True, return_counts=True)
    rank = np.empty(len(group), np.int64)
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    rank[np.argsort(inverse, kind="stable")] = np.arange(len(group)) - starts
    return rank
