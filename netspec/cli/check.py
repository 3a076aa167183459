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
    from collections.abc import Sequence

    from netspec.mends import Checked
    from netspec.source import SourceFile


@click.command("check")
@click.argument("specs", nargs=-1, required=True, metavar="FILE...")
@click.option("--root", type=click.Path(path_type=Path), help="The folder that `use` may not leave.")
@click.option("--strict", is_flag=True, help="Warnings fail, too.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing where all is well.")
@click.option("--fix", is_flag=True, help="Make every fix that is certain, in the files; `-` prints the fixed text.")
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
        diagnostics, lines = _answer(path, root, allowed, fix, form)
        found += diagnostics
        counted += lines
    errors = sum(diagnostic.severity == "error" for diagnostic in found)
    if found or form == "json":
        report(found, form, language_of(["--lang", lang] if lang else []))
    if not quiet and form != "json":
        for line in counted:
            say(line)
    return 1 if errors or (strict and found) else 0


def _checked(path: str, root: Path | None, limits: Limits, text: str | bytes | None = None) -> tuple[Checked, str]:
    """Check a file, or a text that stands in its place; return what was found, and the line to print if it is right.

    Raises Fault if the file cannot be read.
    """
    from netspec.elaborate.program import load_program, parse_program
    from netspec.mends import Checked
    from netspec.spec import Spec

    if text is None and path != "-":
        program = load_program(Path(path), root, limits)
    elif text is None:
        program = parse_program(read_stdin(limits), "<stdin>", Path.cwd(), limits)
    else:
        program = parse_program(text, "<stdin>" if path == "-" else path, Path.cwd(), limits, root)
    spec = Spec(program, limits)
    found = spec.check(propose=False)
    return Checked(
        program.main.source, program.main.file, found, program.work
    ), f"{spec.name}: {', '.join(spec.nets) or 'blocks only'}: ok"


def _answer(
    path: str, root: Path | None, limits: Limits, fix: bool, form: Format
) -> tuple[list[Diagnostic], list[str]]:
    """Check one file, and mend it if `fix` is true; return the diagnostics that remain, and the lines to print."""
    from netspec.diagnostics.model import Fault
    from netspec.mends import Mender

    try:
        state, line = _checked(path, root, limits)
    except Fault as fault:
        return [fault.diagnostic], []
    lines = []
    mender = Mender(lambda text: _checked(path, root, limits, text)[0])
    if fix:
        before = state
        state, made = mender.mended(before)
        if path == "-":
            write_file(state.source.text)
        elif made:
            write_text(Path(path), state.source.text)
            lines = [f"{path}: {made} fixed"]
    if not state.mistakes[0]:
        lines.append(line)
    found = list(state.diagnostics)
    if state.mistakes[0]:
        from netspec.proposals import proposed

        def again(source: SourceFile) -> tuple[Sequence[Diagnostic], int]:
            other = _checked(path, root, limits, source.text)[0]
            return other.diagnostics, other.work

        found = proposed(state.source, found, again)
    if form == "json":
        found = mender.judged(state._replace(diagnostics=found))
    return found, [] if fix and path == "-" else lines
