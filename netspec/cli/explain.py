"""`netspec explain NS302`: what a code means, with a wrong and a right example."""

from __future__ import annotations

from typing import Literal

import click

from netspec.cli.options import common
from netspec.cli.report import language_of
from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Hint
from netspec.names import nearest


@click.command("explain")
@click.argument("code", required=False)
@common
def command(code: str | None, lang: str | None, form: str) -> int:
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
        guess = nearest(wanted, entries())
        hints = (Hint("nearest", {"name": guess}),) if guess else ()
        raise UsageError(Diagnostic("NS907", None, {"code": code}, hints=hints))
    print(explained(wanted, language, _said(wanted, language)))
    return 0


def _said(code: str, language: Literal["en", "ko"]) -> str:
    """What `netspec check` says of the code's wrong example."""
    from netspec.diagnostics.catalogue import entries
    from netspec.diagnostics.render import text
    from netspec.elaborate.program import parse_program
    from netspec.spec import Spec

    wrong = entries()[code].get("wrong")
    return "" if wrong is None else text(Spec(parse_program(wrong, "example.net")).check(), language)
