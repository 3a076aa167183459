"""Flags that several commands share, and how they reach the API."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from netspec.diagnostics.model import Diagnostic, Hint, NetspecError

if TYPE_CHECKING:
    from netspec.api import Net, Spec

F = TypeVar("F", bound=Callable[..., Any])

USAGE = 2


def spec_argument(function: F) -> F:
    """The `.net` file; `-` is standard input."""
    return click.argument("spec", type=str)(function)


def common(function: F) -> F:
    """--lang and --format: read by `report`, which also speaks where a command never starts."""
    function = click.option("--lang", type=click.Choice(["en", "ko"]), help="Language of messages.")(function)
    return click.option(
        "--format", "form", type=click.Choice(["text", "concise", "json"]), default="text", help="Format of messages."
    )(function)


def net_options(function: F) -> F:
    """--net and --set: which net, and its sizes."""
    function = click.option("--net", "net", metavar="NAME", help="The net, where the file has several.")(function)
    function = click.option(
        "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Set a size or parameter; may be repeated."
    )(function)
    return click.option("--root", type=click.Path(path_type=Path), help="The folder that `use` may not leave.")(
        function
    )


def load_spec(path: str, root: Path | None = None) -> Spec:
    """The checked spec of a command's argument."""
    from netspec.api import load, parse

    if path == "-":
        return parse(read_stdin(), name="<stdin>", folder=Path.cwd())
    return load(path, root=root)


def read_stdin() -> str:
    data = sys.stdin.buffer.read(2_000_000)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        words: dict[str, Any] = {"file": "<stdin>", "line": "1", "byte": "?", "encoding": "another encoding"}
        raise NetspecError(Diagnostic("NS002", None, words), 1) from None


def load_net(path: str, net: str | None, settings: tuple[str, ...], root: Path | None = None) -> Net:
    return load_spec(path, root).net(net, **parse_settings(settings))


def parse_settings(settings: tuple[str, ...]) -> dict[str, Any]:
    """`--set K=10 --set p=0.1` as Python values; settings of sections (`train.epochs`) are left to `train`."""
    found: dict[str, Any] = {}
    for item in settings:
        name, sign, value = item.partition("=")
        if not sign or not name.strip() or not value.strip():
            raise NetspecError(Diagnostic("NS905", None, {"given": item}, hints=(Hint("set"),)), USAGE)
        found[name.strip()] = parse_value(value.strip())
    return found


def parse_value(text: str) -> Any:
    """A number, true or false, or a word."""
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            if len(text) <= 40:
                return kind(text)
        except ValueError:
            continue
    return text
