"""Diagnostics on their way to the terminal: language, format and colours."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Literal, cast

from netspec.diagnostics.model import Diagnostic

Format = Literal["text", "concise", "json"]


def language_of(argv: Sequence[str]) -> Literal["en", "ko"]:
    """`--lang ko`, or NETSPEC_LANG; English otherwise."""
    found = os.environ.get("NETSPEC_LANG", "en")
    for position, arg in enumerate(argv):
        if arg == "--lang" and position + 1 < len(argv):
            found = argv[position + 1]
        elif arg.startswith("--lang="):
            found = arg.partition("=")[2]
    return "ko" if found == "ko" else "en"


def format_of(argv: Sequence[str]) -> Format:
    found = "text"
    for position, arg in enumerate(argv):
        if arg == "--format" and position + 1 < len(argv):
            found = argv[position + 1]
        elif arg.startswith("--format="):
            found = arg.partition("=")[2]
    return cast(Format, found if found in ("text", "concise", "json") else "text")


def written(diagnostics: Sequence[Diagnostic], form: Format, language: Literal["en", "ko"], coloured: bool) -> str:
    """Diagnostics in one of the three formats."""
    from netspec.diagnostics import render

    if form == "json":
        return render.as_json(diagnostics, language)
    if form == "concise":
        return render.concise(diagnostics, language)
    return render.text(diagnostics, language, render.COLOURED if coloured else render.PLAIN)


def coloured(stream: object) -> bool:
    """Colours only on a terminal, and never where NO_COLOR is set."""
    isatty = getattr(stream, "isatty", None)
    return bool(isatty and isatty()) and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def fail(diagnostics: Sequence[Diagnostic], exit_code: int, argv: Sequence[str], language: Literal["en", "ko"]) -> int:
    """Prints diagnostics where failures belong, and hands the exit code on."""
    form = format_of(argv)
    stream = sys.stdout if form == "json" else sys.stderr
    print(written(diagnostics, form, language, coloured(stream)), file=stream)
    return exit_code
