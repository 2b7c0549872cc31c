"""Names of the baselines in tables and ``metrics.json``."""

MAJORITY, BOOSTING, COPY = "majority class", "gradient boosting", "copy"
NAIVE, DRIFT, LINEAR, MEAN = "naive", "drift", "linear", "mean of training"
PERSISTENCE, COUNTS, MAJORITY_SYMBOL = "persistence", "counts", "most frequent"
WIENER = {False: "LMMSE", True: "causal LMMSE"}
