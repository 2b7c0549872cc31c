"""Training data and mini-batches: stored rows, fresh pairs, augmentation."""
