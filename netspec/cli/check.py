"""`netspec check`: every mistake with its place and fix."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from netspec.cli.options import common, read_stdin
from netspec.cli.report import Format, coloured, language_of, written
from netspec.diagnostics.model import Diagnostic


@click.command("check")
@click.argument("specs", nargs=-1, required=True, metavar="FILE...")
@click.option("--root", type=click.Path(path_type=Path), help="The folder that `use` may not leave.")
@click.option("--strict", is_flag=True, help="Warnings fail, too.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing where all is well.")
@common
def command(
    specs: tuple[str, ...], root: Path | None, strict: bool, quiet: bool, lang: str | None, form: Format
) -> int:
    """Check specs: names, sizes and types of every net, and the sections. Needs no torch."""
    found: list[Diagnostic] = []
    counted: list[str] = []
    for path in specs:
        diagnostics, line = _check(path, root)
        found += diagnostics
        counted.append(line)
    errors = sum(diagnostic.severity == "error" for diagnostic in found)
    if found or form == "json":
        stream = sys.stdout if form == "json" else sys.stderr
        print(written(found, form, language_of(["--lang", lang] if lang else []), coloured(stream)), file=stream)
    if not errors and not quiet and form != "json":
        print("\n".join(line for line in counted if line))
    return 1 if errors or (strict and found) else 0


def _check(path: str, root: Path | None) -> tuple[list[Diagnostic], str]:
    from netspec.api import Spec
    from netspec.diagnostics.model import Fault
    from netspec.elaborate.program import load_program, parse_program

    try:
        if path == "-":
            program = parse_program(read_stdin(), "<stdin>", Path.cwd())
        else:
            program = load_program(Path(path), root)
    except Fault as fault:
        return [fault.diagnostic], ""
    spec = Spec(program)
    diagnostics = spec.check()
    names = ", ".join(spec.nets)
    return diagnostics, f"{spec.name}: {names or 'blocks only'}: ok"
