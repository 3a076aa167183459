"""`netspec fmt`: one canonical format, comments and order kept."""

from __future__ import annotations

import difflib
from pathlib import Path

import click

from netspec.cli.options import allow_option, common, read_stdin
from netspec.cli.output import say, write_file, write_text


@click.command("fmt")
@click.argument("specs", nargs=-1, required=True, metavar="FILE...")
@click.option("--check", "only", is_flag=True, help="Write nothing; fail where a file would change.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
@click.option("--annotate", is_flag=True, help="Write or refresh `is T` on every line.")
@allow_option()
@common
def fmt(specs: tuple[str, ...], only: bool, diff: bool, annotate: bool, lang: str | None, form: str) -> int:
    """Rewrite specs in canonical format. `-` reads standard input and prints. Needs no torch."""
    changed = 0
    for path in specs:
        before, after = _formatted(path, annotate)
        if path == "-" and not (only or diff):
            write_file(after)
            continue
        if before == after:
            continue
        changed += 1
        if diff:
            rows = difflib.unified_diff(before.splitlines(True), after.splitlines(True), path, path)
            write_file("".join(rows))
        elif only:
            say(f"{path}: would be reformatted")
        else:
            write_text(Path(path).resolve(), after)
            say(f"{path}: reformatted")
    return 1 if changed and (only or diff) else 0


def _formatted(path: str, annotate: bool) -> tuple[str, str]:
    from netspec.diagnostics.errors import SpecError
    from netspec.diagnostics.model import Fault
    from netspec.syntax.printer import format_file
    from netspec.syntax.read import read
    from netspec.syntax.text import decode, read_file

    try:
        source = decode(read_stdin(), "<stdin>") if path == "-" else read_file(Path(path), path)
    except Fault as fault:
        raise SpecError(fault.diagnostic) from None
    parsed = read(source)
    if parsed.diagnostics:
        raise SpecError(*parsed.diagnostics)
    text = format_file(source, parsed.file)
    if annotate:
        from netspec.spec import load
        from netspec.summary.annotate import annotated

        spec = load(path)
        text = annotated(path, text, [spec.net(name).graph for name in spec.nets])
    return source.text, text
