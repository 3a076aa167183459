"""The command line: it parses flags, calls the API and prints. Only here does netspec print or exit."""

from __future__ import annotations

from netspec.cli.main import main

__all__ = ["main"]
