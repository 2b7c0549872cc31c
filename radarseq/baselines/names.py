"""Names of the baselines, as tables and ``metrics.json`` show them."""

MAJORITY, BOOSTING, COPY = "majority class", "gradient boosting", "copy"

WIENER = {False: "LMMSE", True: "causal LMMSE"}
