"""Symbol baselines: the last symbol again, and bigram counts."""

import numpy as np
from numpy.typing import NDArray


class Persistence:
    """The symbol of some steps ago once more; how sure, is counted in training.

    Args:
        past: Symbols ``(n, step, voice)`` of the training rows.
        following: The symbols that follow, of the same shape.
        valid: Which steps count, ``(n, step)``.
        symbols: How many there are.
    """

    _MAX_LAG = 16

    def __init__(self, past: NDArray, following: NDArray, valid: NDArray, symbols: int) -> None:
        self._symbols = symbols
        shares = [
            _share_equal(past, following, valid, lag)
            for lag in range(min(self._MAX_LAG, past.shape[1]))
        ]
        self.lag, self._share = int(np.argmax(shares)), float(np.max(shares))

    def __call__(self, past: NDArray) -> NDArray[np.float64]:
        """Return the probability of each symbol, ``(n, step, voice, symbol)``."""
        rest = (1.0 - self._share) / max(1, self._symbols - 1)
        rest = max(rest, 1e-6)
        held = np.full((*past.shape, self._symbols), rest)
        np.put_along_axis(held, _lagged(past, self.lag)[..., None], max(self._share, 1e-6), axis=3)
        return held / held.sum(axis=3, keepdims=True)


class MarkovBaseline:
    """How often what followed what, for each voice.

    Args:
        past: Symbols ``(n, step, voice)`` of the training rows.
        following: The symbols that follow, of the same shape.
        valid: Which steps count, ``(n, step)``.
        symbols: How many there are.
        lag: Of the symbol that is looked back at; 0 is the present one.
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
            counts.append(table + alone / alone.sum())  # one sighting, spread as all symbols are
        self._tables = np.stack([c / c.sum(axis=1, keepdims=True) for c in counts])

    def __call__(self, past: NDArray) -> NDArray[np.float64]:
        """Return the probability of each symbol, ``(n, step, voice, symbol)``."""
        voices = np.arange(past.shape[2])
        return self._tables[voices, _lagged(past, self._lag)]


def _lagged(past: NDArray, lag: int) -> NDArray:
    """Return the symbols of ``lag`` steps before; the first one where there is none."""
    index = np.maximum(np.arange(past.shape[1]) - lag, 0)
    return past[:, index]


def _share_equal(past: NDArray, following: NDArray, valid: NDArray, lag: int) -> float:
    equal = (_lagged(past, lag) == following).mean(axis=2)
    return float(equal[valid].mean()) if valid.any() else 0.0
