"""Training: a checked spec and its data become a run: weights, events, checkpoints and pictures in a folder."""
