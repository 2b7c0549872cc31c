"""Evaluation of trained models: predictions, metrics, decisions and the evaluation folder."""
