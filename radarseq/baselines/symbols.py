"""Symbol baselines: persistence, bigram counts, and the most frequent symbol."""

import numpy as np
from numpy.typing import NDArray

from radarseq.baselines.names import COUNTS, MAJORITY_SYMBOL, PERSISTENCE
from radarseq.dataset.row_operations import valid_steps, without_padding
from radarseq.dataset.schema import Examples

_MAX_LAG = 16


def symbol_baselines(
    training: Examples | None, evaluated: Examples, symbols: int, *, follows: bool
) -> dict[str, NDArray]:
    """Return the probabilities ``(n, step, voice, symbol)`` of each baseline, by its name.

    Args:
        training: Rows to fit on, with the true symbols as ``target``; without any there are no
            baselines.
        evaluated: Rows to predict.
        symbols: Number of symbols.
        follows: Whether the target is the next symbol of the input ``x``.
    """
    if training is None or not len(training):
        return {}
    target, valid = padded_symbols(training, "target")
    if not follows:
        found = target[valid].ravel()
        share = np.bincount(found[found >= 0], minlength=symbols) + 1e-6
        shape = (*padded_symbols(evaluated, "target")[0].shape, symbols)
        return {MAJORITY_SYMBOL: np.broadcast_to(share / share.sum(), shape)}
    past, new = padded_symbols(training, "x")[0], padded_symbols(evaluated, "x")[0]
    persistence = PersistenceBaseline(past, target, valid, symbols)
    counts = MarkovBaseline(past, target, valid, symbols, persistence.lag)
    return {PERSISTENCE: persistence(new), COUNTS: counts(new)}


def padded_symbols(examples: Examples, column: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return symbols (n, step, voice), 0 in padding, and whether each step is data."""
    values = examples[column]
    count, steps = values.shape[:2]
    length = examples.columns.get("length", np.full(count, steps))
    by_step = without_padding(values.reshape(count, steps, -1), length)
    return by_step.astype(np.int64), valid_steps(length, steps)


class PersistenceBaseline:
    """Predicts the symbol of some steps ago, with the probability that it had in training.

    Args:
        past: Symbols ``(n, step, voice)`` of the training rows.
        following: The symbols that follow, of the same shape.
        valid: Whether each step is data rather than padding, ``(n, step)``.
        symbols: Number of symbols.
    """

    def __init__(self, past: NDArray, following: NDArray, valid: NDArray, symbols: int) -> None:
        self._symbols = symbols
        shares = [
            float((_lagged(past, lag) == following).mean(axis=2)[valid].mean())
            if valid.any()
            else 0.0
            for lag in range(min(_MAX_LAG, past.shape[1]))
        ]
        self.lag, self._share = int(np.argmax(shares)), float(np.max(shares))

    def __call__(self, past: NDArray) -> NDArray[np.float64]:
        """Return the probability of each symbol, ``(n, step, voice, symbol)``."""
        others = max((1.0 - self._share) / max(1, self._symbols - 1), 1e-6)
        found = np.full((*past.shape, self._symbols), others)
        np.put_along_axis(found, _lagged(past, self.lag)[..., None], max(self._share, 1e-6), axis=3)
        return found / found.sum(axis=3, keepdims=True)


class MarkovBaseline:
    """Bigram counts of the training rows, for each voice.

    Args:
        past: Symbols ``(n, step, voice)`` of the training rows.
        following: The symbols that follow, of the same shape.
        valid: Whether each step is data rather than padding, ``(n, step)``.
        symbols: Number of symbols.
        lag: Steps from the first symbol of a pair to the present one.
    """

    def __init__(
        self, past: NDArray, following: NDArray, valid: NDArray, symbols: int, lag: int
    ) -> None:
        self._lag, counts = lag, []
        for voice in range(past.shape[2]):
            before = _lagged(past, lag)[..., voice][valid]
            pairs = before * symbols + following[..., voice][valid]
            table = np.bincount(pairs, minlength=symbols * symbols).reshape(symbols, symbols)
            alone = np.bincount(following[..., voice][valid], minlength=symbols) + 1.0
            counts.append(table + alone / alone.sum())  # one more pair, distributed as all symbols
        self._tables = np.stack([c / c.sum(axis=1, keepdims=True) for c in counts])

    def __call__(self, past: NDArray) -> NDArray[np.float64]:
        """Return the probability of each symbol, ``(n, step, voice, symbol)``."""
        voices = np.arange(past.shape[2])
        return self._tables[voices, _lagged(past, self._lag)]


def _lagged(past: NDArray, lag: int) -> NDArray:
    """Return the symbols ``lag`` steps before; the first one where there is none."""
    index = np.maximum(np.arange(past.shape[1]) - lag, 0)
    return past[:, index]
