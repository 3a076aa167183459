"""Long proofs: `python -m benchmarks.soak NAME` breaks things on purpose, many times, and counts what survives."""
