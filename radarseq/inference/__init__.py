"""Trained models as they are stored, loaded and applied. No training, no metrics of test rows."""
