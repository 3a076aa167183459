"""`netspec serve`: a page with the text of a spec and its figure, in the browser."""

from __future__ import annotations

import os
from pathlib import Path

import click

from netspec.cli.options import allow_option, common, limit_option, limits_of, require_files
from netspec.cli.output import language_of, say
from netspec.diagnostics.catalogue import Language, phrase
from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Quoted, Words

PORT = 8750


@click.command("serve")
@click.argument("place", default=".", type=click.Path(path_type=Path))
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Listen here; by default on this machine alone.")
@click.option("--port", type=click.IntRange(0, 65535), help=f"The port; else {PORT}, or any that is free.")
@click.option("--open", "opened", is_flag=True, help="Open the page in the browser.")
@limit_option
@allow_option(keep=True)
@common
def serve(
    place: Path, host: str, port: int | None, opened: bool, limit: tuple[str, ...], allow: tuple[str, ...],
    lang: Language | None, form: str,
) -> int:  # fmt: skip
    """Show a folder's specs as a page: text and figure side by side, redrawn while you type."""
    require_files((place,))
    if not place.is_dir() and place.suffix != ".net":
        raise UsageError(Diagnostic("NS917", None, {"file": str(place), "endings": Quoted((".net",))}))
    from netspec.serve.app import Service, listening, run  # late: Starlette and uvicorn load in 0.3 s
    from netspec.serve.folder import Folder, examples

    limits = limits_of(limit)
    root, first = (place, "") if place.is_dir() else (place.absolute().parent, place.name)
    told = examples()
    arguments = [word for name in allow for word in ("--allow", name)]
    arguments += [word for bound in limit for word in ("--limit", bound)]
    set_ = lang is not None or "NETSPEC_LANG" in os.environ  # else the page's own choice
    language = language_of(["--lang", lang] if lang else [])
    service = Service(
        Folder(root, limits.bytes, written=True), None if told is None else Folder(told, limits.bytes, written=False),
        arguments, first, language if set_ else None, host,
    )  # fmt: skip
    try:
        listener = listening(host, PORT if port is None else port)
    except OSError as error:
        if port is not None:
            words: Words = {"host": host, "port": str(port), "reason": os.strerror(error.errno or 0)}
            raise UsageError(Diagnostic("NS937", None, words)) from None
        listener = listening(host, 0)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listener.getsockname()[1]}/?token={service.token}"

    say(address)  # the socket listens: a browser that is faster than the server waits
    say(phrase("serve begun", language, folder=str(service.files.folder.root)))
    if opened:
        import webbrowser

        webbrowser.open(address)
    run(service, listener)
    return 0
