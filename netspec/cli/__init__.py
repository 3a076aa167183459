"""The command line: it parses flags, calls the API and prints. Only here does netspec print or exit."""

from __future__ import annotations

import gc
import sys

gc.set_threshold(50_000)  # a command makes many objects and little garbage: it is looked for more seldom

try:
    from netspec.cli.main import main
except KeyboardInterrupt:  # a Ctrl-C before the command line is imported ends it as quietly as one later
    sys.exit(130)

__all__ = ["main"]
