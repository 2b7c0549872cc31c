"""Same-length sequence models, and the baselines that they are judged beside."""
