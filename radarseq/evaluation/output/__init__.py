"""Files of an evaluation folder. No computing of metrics."""
