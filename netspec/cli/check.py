"""`netspec check`: every mistake with its place and fix."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from netspec.cli.options import allow_option, check_root, common, limit_option, limits_of, read_stdin
from netspec.cli.output import Format, language_of, report, say, write_file, write_text
from netspec.diagnostics.model import Diagnostic
from netspec.limits import Limits

if TYPE_CHECKING:
    from netspec.source import SourceFile

# a fix may reveal a further mistake with a fix, so files are checked again after fixing, at most this often
MAX_ROUNDS = 20


@click.command("check")
@click.argument("specs", nargs=-1, required=True, metavar="FILE...")
@click.option("--root", type=click.Path(path_type=Path), help="The folder that `use` may not leave.")
@click.option("--strict", is_flag=True, help="Warnings fail, too.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing where all is well.")
@click.option("--fix", is_flag=True, help="Make every fix that is offered, in the files; `-` prints the fixed text.")
@limit_option
@allow_option()
@common
def check(
    specs: tuple[str, ...],
    root: Path | None,
    strict: bool,
    quiet: bool,
    fix: bool,
    limit: tuple[str, ...],
    lang: str | None,
    form: Format,
) -> int:
    """Check specs: names, sizes and types of every net, and the sections. Needs no torch."""
    found: list[Diagnostic] = []
    counted: list[str] = []
    allowed = limits_of(limit)
    check_root(root)
    for path in specs:
        diagnostics, lines = _fix(path, root, allowed) if fix else _check(path, root, allowed)[:2]
        found += diagnostics
        counted += lines
    errors = sum(diagnostic.severity == "error" for diagnostic in found)
    if found or form == "json":
        report(found, form, language_of(["--lang", lang] if lang else []))
    if not quiet and form != "json":
        for line in counted:
            say(line)
    return 1 if errors or (strict and found) else 0


Checked = tuple[list[Diagnostic], list[str], "SourceFile | None"]


def _check(path: str, root: Path | None, limits: Limits, text: str | None = None) -> Checked:
    """Return the diagnostics of one file, the lines to print if it has no errors, and the source that was read."""
    from netspec.diagnostics.model import Fault
    from netspec.elaborate.program import load_program, parse_program
    from netspec.spec import Spec

    try:
        if path == "-":
            data = read_stdin(limits) if text is None else text
            program = parse_program(data, "<stdin>", Path.cwd(), limits)
        else:
            program = load_program(Path(path), root, limits)
    except Fault as fault:
        return [fault.diagnostic], [], None
    spec = Spec(program, limits)
    diagnostics = spec.check()
    wrong = any(diagnostic.severity == "error" for diagnostic in diagnostics)
    line = f"{spec.name}: {', '.join(spec.nets) or 'blocks only'}: ok"
    return diagnostics, [] if wrong else [line], program.main.source


def _fix(path: str, root: Path | None, limits: Limits) -> tuple[list[Diagnostic], list[str]]:
    """Make every fix in a file until none is left; return the diagnostics that remain, and the lines to print."""
    from netspec.diagnostics.model import fixed

    diagnostics, lines, source = _check(path, root, limits)
    text = "" if source is None else source.text
    made = 0
    for _ in range(MAX_ROUNDS):
        if source is None:
            break
        changed, count = fixed(source, diagnostics)
        if not count or changed == source.text:
            break
        made += count
        text = changed
        if path != "-":
            write_text(Path(path), changed)
        diagnostics, lines, source = _check(path, root, limits, changed)
    if path == "-":
        write_file(text)
        return diagnostics, []
    return diagnostics, [f"{path}: {made} fixed", *lines] if made else lines
