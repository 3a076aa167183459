"""`python -m benchmarks [NAME …]`: runs benchmarks by name; without a name it lists them."""

from __future__ import annotations

import sys

from benchmarks.runner import main

if __name__ == "__main__":
    sys.exit(main("benchmarks", sys.argv[1:]))
