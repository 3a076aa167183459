"""`netspec site`: the page as a folder that any web server can show, without netspec behind it."""

from __future__ import annotations

from pathlib import Path

import click

from netspec.cli.options import common
from netspec.cli.output import language_of, say
from netspec.diagnostics.catalogue import Language, phrase


@click.command("site")
@click.option("-o", "out", required=True, type=click.Path(path_type=Path), help="The folder to write.")
@click.option(
    "--runtime", metavar="DIR", type=click.Path(path_type=Path), help="Python for browsers, as `./dev site` built it."
)
@common
def site(out: Path, runtime: Path | None, lang: Language | None, form: str) -> int:
    """Write the page as a folder for any web server: netspec itself runs in the browser, nothing else is asked."""
    from netspec.serve.site import runtime_of, write

    language = language_of(["--lang", lang] if lang else [])
    manifest = write(out, runtime_of(runtime))
    size = sum(one["bytes"] for one in manifest.values())
    say(phrase("site written", language, folder=str(out), count=len(manifest), size=f"{size / 1e6:.1f}"))
    return 0
