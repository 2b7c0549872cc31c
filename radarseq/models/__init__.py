"""Networks from raw samples to sequences and classes: features, backbones, heads and engines."""
