"""Flags that several commands share, and how they reach the API."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from netspec.diagnostics.errors import DataError, UsageError
from netspec.diagnostics.model import Diagnostic, Hint, Phrase, Quoted, suggestion
from netspec.files import similar
from netspec.limits import DEFAULT, Limits
from netspec.names import nearest
from netspec.plugins import import_allowed, not_allowed
from netspec.registry import Registry

if TYPE_CHECKING:
    from netspec.spec import Net, Spec

F = TypeVar("F", bound=Callable[..., Any])


class Named(click.ParamType[str]):
    """The type of a flag whose value is a name in a registry, also a name that an added package registered."""

    name = "name"

    def __init__(self, registry: Registry[Any]) -> None:
        self.registry = registry

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return f"[{'|'.join(self.registry)}]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.registry:
            offered = not_allowed(value)
            if offered is not None:
                raise UsageError(offered)
            self.fail(f"'{value}' is not one of {', '.join(self.registry)}.", param, ctx)
        return value


class Positive(click.FloatRange):
    """The type of a flag whose value is a finite number above 0."""

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is not finite", param, ctx)
        return number


def require_run(folder: Path) -> None:
    """Raise UsageError (NS850) for what is no folder of a run, before anything is imported that reads one."""
    if os.path.lexists(folder / "settings.json"):
        return
    above = folder.parent
    inside = sorted(path.parent.name for path in above.glob("*/settings.json")) if above.is_dir() else []
    guess = nearest(folder.name, inside)
    hints, _ = suggestion(None if guess is None else str(above / guess))
    words: dict[str, Any] = {"folder": str(folder), "file": "settings.json"}
    why = Phrase("reason gone" if folder.is_dir() or not folder.exists() else "reason no folder")
    raise UsageError(Diagnostic("NS850", None, {**words, "reason": why}, hints=(*hints, Hint("run"))))


def require_files(files: Sequence[str | Path]) -> None:
    """Raise DataError (NS800) for the first file that is not there; `-` is standard input."""
    for file in files:
        path = Path(file)
        if str(file) != "-" and not path.exists():
            guess = similar(path.parent, path.name)
            hints, _ = suggestion(None if guess is None else str(path.parent / guess))
            words: dict[str, Any] = {"file": path.name, "folder": str(path.parent)}
            raise DataError(Diagnostic("NS800", None, words, hints=hints))


def spec_argument(function: F) -> F:
    """Add the argument for the `.net` file to a command; `-` is standard input."""
    return click.argument("spec", type=str)(function)


def common(function: F) -> F:
    """Add --lang and --format to a command. `main` reads both itself too, for commands that fail before they start."""
    function = click.option("--lang", type=click.Choice(["en", "ko"]), help="Language of messages.")(function)
    return click.option(
        "--format", "form", type=click.Choice(["text", "concise", "json"]), default="text", help="Format of messages."
    )(function)


def net_options(function: F) -> F:
    """Add --net, --set, --root and --limit to a command."""
    function = click.option("--net", "net", metavar="NAME", help="The net, where the file has several.")(function)
    function = click.option(
        "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Set a size or parameter; may be repeated."
    )(function)
    function = limit_option(function)
    return click.option("--root", type=click.Path(path_type=Path), help="The folder that `use` may not leave.")(
        function
    )


def limit_option(function: F) -> F:
    """Add --limit to a command: it changes how much a spec may use at most (netspec/limits.py)."""
    names = ", ".join(field.name for field in fields(DEFAULT))
    return click.option(
        "--limit", "limit", multiple=True, metavar="NAME=N", help=f"Raise or lower a bound: {names}; may be repeated."
    )(function)


def allow_option(keep: bool = False) -> Callable[[F], F]:
    """Add --allow to a command: it names modules that may be imported.

    It is read before all other flags, since their values may be names that an imported module registers.

    Parameters:
        keep: whether the command takes the names as an argument, `allow`.
    """

    def imported(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
        import_allowed(value)
        return value

    return click.option(
        "--allow",
        multiple=True,
        metavar="MODULE",
        is_eager=True,
        expose_value=keep,
        callback=imported,
        help="Import this module of yours: for what a package adds to netspec, extern(…), and python(…) sources.",
    )


def limits_of(given: tuple[str, ...]) -> Limits:
    """Return the default bounds, changed as the values of `--limit` say; raise UsageError (NS909) for a wrong value."""
    names = [field.name for field in fields(DEFAULT)]
    found: dict[str, int] = {}
    for item in given:
        name, sign, value = (part.strip() for part in item.partition("="))
        digits = value.replace("_", "")
        if not sign or name not in names or not digits.isdecimal() or len(digits) > 30 or int(digits) < 1:
            words: dict[str, Any] = {"given": item, "names": Quoted(tuple(names))}
            raise UsageError(Diagnostic("NS909", None, words))
        found[name] = int(digits)
    return replace(DEFAULT, **found)


def load_spec(path: str, root: Path | None = None, limits: Limits = DEFAULT) -> Spec:
    """Return the checked spec that the argument of a command names."""
    from netspec.spec import load, parse

    check_root(root)
    if path == "-":
        return parse(read_stdin(limits), name="<stdin>", folder=Path.cwd(), limits=limits)
    return load(path, root=root, limits=limits)


def check_root(root: Path | None) -> None:
    """Raise UsageError (NS920) if --root is no folder: otherwise every `use` would fail without a reason."""
    if root is not None and not root.is_dir():
        raise UsageError(Diagnostic("NS920", None, {"folder": str(root)}))


def read_stdin(limits: Limits = DEFAULT) -> bytes:
    """Read standard input, at most one byte more than allowed; `parse` then reports a text that is too long."""
    return sys.stdin.buffer.read(limits.bytes + 1)


def load_net(path: str, flags: Mapping[str, Any]) -> Net:
    """Return the net that the argument of a command and the flags of `net_options` name."""
    found = parse_settings(flags["settings"])
    for name in found:
        if name.partition(".")[0] in ("data", "train"):
            raise UsageError(Diagnostic("NS919", None, {"flag": f"--set {name}"}, hints=(Hint("section"),)))
    return load_spec(path, flags["root"], limits_of(flags["limit"])).net(flags["net"], **found)


def parse_settings(settings: tuple[str, ...]) -> dict[str, Any]:
    """Return the values of `--set K=10 --set p=0.1` as Python values by name."""
    found: dict[str, Any] = {}
    for item in settings:
        name, sign, value = item.partition("=")
        if not sign or not name.strip() or not value.strip():
            raise UsageError(Diagnostic("NS905", None, {"given": item}, hints=(Hint("set"),)))
        if name.strip() in found:
            raise UsageError(Diagnostic("NS918", None, {"flag": f"--set {name.strip()}"}))
        found[name.strip()] = parse_value(value.strip())
    return found


def parse_value(text: str) -> Any:
    """Return a text as a number or as true or false if it is one of these, else the text itself."""
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            if len(text) <= 40:
                return kind(text)
        except ValueError:
            continue
    return text
