"""Trained models: stored, loaded and applied. No training, no metrics of test rows."""
