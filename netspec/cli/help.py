"""`netspec explain` and `netspec doctor`: what a code means, and what is installed."""

from __future__ import annotations

import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

import click

from netspec.cli.options import common
from netspec.cli.output import language_of
from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, suggestion
from netspec.names import nearest
from netspec.parts import PARTS
from netspec.version import VERSION


@click.command("explain")
@click.argument("code", required=False)
@common
def explain(code: str | None, lang: str | None, form: str) -> int:
    """Explain a code such as NS302; without one, list them all."""
    from netspec.diagnostics.catalogue import entries, explained, index

    language = language_of(["--lang", lang] if lang else [])
    if code is None:
        print(index(language))
        return 0
    wanted = code.upper().removeprefix("ERROR[").rstrip("]")
    if wanted.isdigit():
        wanted = f"NS{int(wanted):03d}"
    if wanted not in entries() or wanted == "shared":
        hints, _ = suggestion(nearest(wanted, entries()))
        raise UsageError(Diagnostic("NS907", None, {"code": code}, hints=hints))
    print(explained(wanted, language, _said(wanted, language)))
    return 0


def _said(code: str, language: Literal["en", "ko"]) -> str:
    """Return what `netspec check` prints for the wrong example of a code; "" if the code has no example."""
    from netspec.diagnostics.catalogue import entries
    from netspec.diagnostics.model import text
    from netspec.elaborate.program import parse_program
    from netspec.spec import Spec

    wrong = entries()[code].get("wrong")
    return "" if wrong is None else text(Spec(parse_program(wrong, "example.net")).check(), language)


@click.command("doctor")
@common
def doctor(lang: str | None, form: str) -> int:
    """Say what is installed: Python, torch and its devices, fonts, a compiler."""
    rows = [("netspec", VERSION, ""), ("python", platform.python_version(), sys.executable)]
    missing: list[str] = []
    for module, (package, use) in PARTS.items():
        name, _, extra = package.partition("[")  # what an extra brings is not missing where nobody asked for it
        found = _version(module if extra else name)
        absent = f"needed for {use}: python -m pip install '{package}'" if extra else f"needed for {use}"
        rows.append((module if extra else name, found or "missing", "" if found else absent))
        if not found and not extra and module != "resvg_py":
            missing.append(name)
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
    """Return rows that say whether the fonts for the letters of PNG and PDF figures are installed."""
    try:
        from netspec.figure.backends.fonts import report
    except ImportError:
        return []
    return report()
