"""Text on its way to the terminal: language, format, colours, and characters that a terminal cannot show."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Sequence
from typing import Literal, cast

from netspec.diagnostics.model import Diagnostic

Format = Literal["text", "concise", "json"]


def escape_unprintable() -> None:
    """Characters that the encoding of an output lacks are written as `\\uXXXX`: no command ends there."""
    codecs.register_error("netspec", _escaped)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and stream.errors in ("strict", "backslashreplace"):
            stream.reconfigure(errors="netspec")


def _escaped(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)), error.end


def write_file(text: str) -> None:
    """Prints what would otherwise be a file: in UTF-8, as the file is, whatever the terminal shows."""
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:  # a program took the place of standard output
        sys.stdout.write(text)
        return
    sys.stdout.flush()
    stream.write(text.encode("utf-8"))
    stream.flush()


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
