"""Training runs: settings, data, optimisation, run folders. No trained model, no test metrics."""
