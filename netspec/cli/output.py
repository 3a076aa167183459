"""What commands print and write: language, format and colours of messages, and output files."""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from netspec import files
from netspec.diagnostics.catalogue import phrase
from netspec.diagnostics.display import json_text, safe, width
from netspec.diagnostics.errors import UsageError, reason
from netspec.diagnostics.model import Diagnostic, Quoted

if TYPE_CHECKING:
    from netspec.training.run import Run

Format = Literal["text", "concise", "json"]


def escape_unprintable() -> None:
    """Characters that the encoding of an output lacks are written as `\\uXXXX`: no command ends there.

    A stream that is closed (`>&-`, a service without a terminal) is opened as the empty device.
    """
    codecs.register_error("netspec", _escaped)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - open to the end
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and stream.errors in ("strict", "backslashreplace"):
            stream.reconfigure(errors="netspec")


def _escaped(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)), error.end


def discard_output() -> None:
    """From here on standard output goes nowhere: what it leads to is closed or full."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_json(document: Any) -> None:
    """Print a document as JSON, in UTF-8; NaN, which JSON lacks, as null."""
    write_file(json_text(document) + "\n")


def write_file(text: str) -> None:
    """Print a text that could also be a file, in UTF-8; on a terminal, control characters in it are escaped."""
    if sys.stdout.isatty():
        text = shown(text)
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:  # a program took the place of standard output
        sys.stdout.write(text)
        return
    sys.stdout.flush()
    stream.write(text.encode("utf-8"))
    stream.flush()


def language_of(argv: Sequence[str]) -> Literal["en", "ko"]:
    """Return the language that `--lang` or the variable NETSPEC_LANG sets; English if neither does."""
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
    """Return diagnostics as a text in one of the three formats."""
    from netspec.diagnostics import display, model

    if form == "json":
        return model.as_json(diagnostics, language)
    if form == "concise":
        return model.concise(diagnostics, language)
    return model.text(diagnostics, language, display.COLOURED if coloured else display.PLAIN)


def coloured(stream: object) -> bool:
    """Whether to print colours to a stream: it must be a terminal, and NO_COLOR must not be set."""
    isatty = getattr(stream, "isatty", None)
    return bool(isatty and isatty()) and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def shown(text: str) -> str:
    """Escape control characters in a text of several lines: names and paths in it come from other people."""
    return "\n".join(map(safe, text.split("\n")))


def say(text: str = "") -> None:
    """Print a text for people, with control characters escaped."""
    print(shown(text), flush=True)


def table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows of cells; each column is as wide as its widest cell."""
    shown = [[safe(cell) for cell in row] for row in rows]
    wide = [max(width(row[at]) for row in shown) for at in range(len(shown[0]))]
    for row in shown:
        print("  ".join(cell + " " * (space - width(cell)) for cell, space in zip(row, wide, strict=True)).rstrip())


MOST_CLASSES = 20


def class_lines(
    classes: Mapping[str, Sequence[Mapping[str, Any]]], subjects: Mapping[str, str], language: Literal["en", "ko"]
) -> list[str]:
    """The lines that show the tables of classes, and of which class metrics speak."""
    lines = [phrase("classes subject", language, name=name, of=of) for name, of in subjects.items()]
    for target, rows in classes.items():
        chosen = sorted(rows, key=lambda row: float(row["f1"]))[:MOST_CLASSES] if len(rows) > MOST_CLASSES else rows
        cells: list[list[str]] = [phrase("classes heads", language, target=target).split("|")]
        for row in chosen:
            shares = (f"{row[name]:.4f}" for name in ("precision", "recall", "f1"))
            cells.append([safe(str(row["class"])), f"{row['examples']:,}", f"{row['answered']:,}", *shares])
        widths = [max(width(row[column]) for row in cells) for column in range(6)]
        lines.append("")
        for first, *others in cells:
            numbers = (" " * (space - width(cell)) + cell for cell, space in zip(others, widths[1:]))
            lines.append("  ".join([first + " " * (widths[0] - width(first)), *numbers]))
        if len(chosen) < len(rows):
            lines.append(phrase("classes left", language, count=len(rows)))
    return lines


def fail(diagnostics: Sequence[Diagnostic], exit_code: int, argv: Sequence[str], language: Literal["en", "ko"]) -> int:
    """Print diagnostics in the format that the arguments ask for, and return the exit code unchanged."""
    report(diagnostics, format_of(argv), language)
    return exit_code


def report(diagnostics: Sequence[Diagnostic], form: Format, language: Literal["en", "ko"]) -> None:
    """Print diagnostics: as JSON to standard output, where programs read them; as text to standard error."""
    if form == "json":
        write_file(written(diagnostics, form, language, False) + "\n")
    else:
        print(written(diagnostics, form, language, coloured(sys.stderr)), file=sys.stderr)  # escaped, colours apart


def run_of(path: str | None) -> Run | None:
    """Return the run in a folder; None if the path is not the folder of a run."""
    if path is None or not (Path(path) / "settings.json").is_file():
        return None
    from netspec.training.run import Run

    return Run(Path(path))


# ---- output files: the whole file or nothing


def folder_for(path: Path) -> None:
    """Raise UsageError (NS906) if a file has the name of a folder that is to be written."""
    if path.exists() and not path.is_dir():
        words: dict[str, Any] = {"file": str(path), "reason": os.strerror(errno.ENOTDIR)}
        raise UsageError(Diagnostic("NS906", None, words))


def output_for(path: Path, endings: tuple[str, ...], read: Iterable[str | Path]) -> None:
    """Check an output file before the work begins: its ending is allowed, and the command does not read that file.

    Raises UsageError: NS917 for the ending, NS916 for a file that is also read, NS906 for a folder, a pipe or a device.
    """
    if endings and path.suffix.lower() not in endings:
        words: dict[str, Any] = {"file": str(path), "endings": Quoted(endings)}
        raise UsageError(Diagnostic("NS917", None, words))
    try:
        files.require_writable(path)
    except OSError as error:
        raise UsageError(Diagnostic("NS906", None, {"file": str(path), "reason": reason(error)})) from None
    for other in read:
        try:
            same = os.path.samefile(path, other)
        except OSError:  # one of the two files does not exist, so they differ
            same = False
        if same:
            raise UsageError(Diagnostic("NS916", None, {"file": str(path)}))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file beside the target, then rename it, so that it is never half written; an old file's mode is kept.

    Raises UsageError (NS906).
    """
    import tempfile  # late: most commands write no file

    try:
        files.require_writable(path)
        handle, name = tempfile.mkstemp(dir=path.parent or Path("."), prefix=f".{path.name}", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            os.chmod(name, path.stat().st_mode if path.exists() else 0o666 & ~_umask())
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        words: dict[str, Any] = {"file": str(path), "reason": reason(error)}
        raise UsageError(Diagnostic("NS906", None, words)) from None


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode("utf-8"))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
