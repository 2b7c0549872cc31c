"""Judging: prediction, metrics, fusion of windows, and the verdict beside the baselines."""
