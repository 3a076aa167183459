"""`netspec import`: a spec of a module of PyTorch, or of a file that describes a net."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from netspec.cli.options import allow_option, common
from netspec.cli.output import language_of, output_for, report, say, write_file, write_text
from netspec.importing.sources import Wanted, read


@click.command("import")
@click.argument("source")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="x.net; else standard output.")
@click.option(
    "--example",
    "examples",
    multiple=True,
    metavar="TYPE",
    help='An input and its type, as "x: 3@224x224"; may be repeated.',
)
@allow_option(keep=True)
@common
def import_(source: str, out: Path | None, examples: tuple[str, ...], allow: tuple[str, ...], **flags: Any) -> int:
    """Write the spec of a model: SOURCE is a function or class that makes it, `package.module:name`, or a config.json.

    The spec is checked, compiled and compared with the model before it is written.
    """
    if out is not None and str(out) != "-":
        output_for(out, (".net",), (source,))
    found = read(source, Wanted(allow, examples))
    if out is None or str(out) == "-":
        write_file(found.text)
    else:
        write_text(out, found.text)
        say(str(out))
    if found.notes:
        report(found.notes, flags["form"], language_of(["--lang", flags["lang"]] if flags["lang"] else []))
    return 0
