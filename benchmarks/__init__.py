"""One command per claim: `python -m benchmarks NAME` prints its table and writes benchmarks/results/NAME.md."""
