"""`netspec doctor`: what is installed, what is missing, and the one command that helps."""

from __future__ import annotations

import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version

import click

from netspec.cli.options import common
from netspec.parts import PARTS
from netspec.version import VERSION


@click.command("doctor")
@common
def command(lang: str | None, form: str) -> int:
    """Say what is installed: Python, torch and its devices, Graphviz, fonts, a compiler."""
    rows = [("netspec", VERSION, ""), ("python", platform.python_version(), sys.executable)]
    missing: list[str] = []
    for module, (package, use) in PARTS.items():
        found = _version(package)
        rows.append((package, found or "missing", "" if found else f"needed for {use}"))
        if not found and module != "resvg_py":
            missing.append(package)
    rows.append(("graphviz", *_graphviz()))
    rows.append(("torch device", *_device()))
    rows.append(("C++ compiler", *_compiler()))
    rows += _fonts()
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for name, state, note in rows:
        print(f"{name:<{widths[0]}}  {state:<{widths[1]}}  {note}".rstrip())
    if missing:
        print(f"\npython -m pip install {' '.join(missing)}")
    return 5 if missing else 0


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _graphviz() -> tuple[str, str]:
    if _version("pygraphviz"):
        return "carried by pygraphviz", ""
    dot = shutil.which("dot")
    return ("dot", dot) if dot else ("missing", "python -m pip install pygraphviz")


def _device() -> tuple[str, str]:
    if not _version("torch"):
        return "no torch", "python -m pip install torch"
    import torch

    if torch.cuda.is_available():
        return "cuda", torch.cuda.get_device_name(0)
    return "cpu", f"{torch.get_num_threads()} threads"


def _compiler() -> tuple[str, str]:
    for name in ("g++", "clang++", "cl"):
        found = shutil.which(name)
        if found:
            return name, "torch.compile can work"
    return "none", "torch.compile will not be used"


def _fonts() -> list[tuple[str, str, str]]:
    """Whether PNG and PDF pictures have the letters they need."""
    try:
        from netspec.figure.backends.fonts import report
    except ImportError:
        return []
    return report()
