"""Temperature scaling, which calibrates a classifier's probabilities."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

_MIN_TEMPERATURE, _MAX_TEMPERATURE = 0.05, 20.0


def fit_temperature(logits: NDArray[np.floating], label: NDArray[np.integer]) -> float:
    """Return the temperature T with which softmax(logits / T) has the least log loss.

    The decision stays the same; only its confidence changes. Rows labelled -1 do not count. Where
    none is left, or no row is misclassified (the loss then falls for ever as T goes to 0), T is 1.

    Args:
        logits: Class scores ``(n, class)`` of rows that were not trained on.
        label: Class indices ``(n,)``.

    Reference:
        Guo et al., "On calibration of modern neural networks", 2017, section 4.2.
    """
    known = label >= 0
    scores, label = logits[known].astype(np.float64), label[known]
    if not len(label) or (scores.argmax(axis=1) == label).all():
        return 1.0
    correct = scores[np.arange(len(label)), label]

    def loss(log_temperature: float) -> float:
        scale = np.exp(-log_temperature)
        return float((logsumexp(scale * scores, axis=1) - scale * correct).mean())

    bounds = (float(np.log(_MIN_TEMPERATURE)), float(np.log(_MAX_TEMPERATURE)))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))
