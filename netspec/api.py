"""The face of netspec: everything that `import netspec` offers, in one place. Nothing below it imports it."""

from __future__ import annotations

from netspec.spec import Net, Spec, load, parse

__all__ = ["Net", "Spec", "load", "parse"]
