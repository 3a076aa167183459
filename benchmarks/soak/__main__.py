"""`python -m benchmarks.soak [NAME …]`: runs long proofs by name; without a name it lists them."""

from __future__ import annotations

import sys

from benchmarks.runner import main

if __name__ == "__main__":
    sys.exit(main("benchmarks.soak", sys.argv[1:]))
