"""The command line: it parses flags, calls the API and prints. Only here does netspec print or exit."""

from __future__ import annotations

import sys

try:
    from netspec.cli.main import main
except KeyboardInterrupt:  # a Ctrl-C before the command line is imported ends it as quietly as one later
    sys.exit(130)

__all__ = ["main"]
