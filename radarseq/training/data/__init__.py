"""Training data and their mini-batches. No network and no loss."""
