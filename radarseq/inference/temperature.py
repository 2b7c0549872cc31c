"""One temperature that makes a classifier's probabilities mean what they say."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

_COLDEST, _HOTTEST = 0.05, 20.0


def fit_temperature(logits: NDArray[np.floating], label: NDArray[np.integer]) -> float:
    """Return the temperature T with which softmax(logits / T) has the least log loss.

    The decision stays the same; only how sure it is changes. Rows labelled -1 do not count. Where
    none is left, or no row is decided wrongly (the loss then falls for ever as T goes to 0), there
    is nothing to learn and T is 1.

    Args:
        logits: Class scores ``(n, class)`` of rows that did not train.
        label: Class indices ``(n,)``.

    Reference:
        Guo et al., "On calibration of modern neural networks", 2017, section 4.2.
    """
    known = label >= 0
    scores, wanted = logits[known].astype(np.float64), label[known]
    if not len(wanted) or (scores.argmax(axis=1) == wanted).all():
        return 1.0
    right = scores[np.arange(len(wanted)), wanted]

    def loss(log_temperature: float) -> float:
        sharpness = np.exp(-log_temperature)
        return float((logsumexp(sharpness * scores, axis=1) - sharpness * right).mean())

    bounds = (float(np.log(_COLDEST)), float(np.log(_HOTTEST)))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))
