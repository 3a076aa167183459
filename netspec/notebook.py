"""Jupyter: `%load_ext netspec.notebook`, then a cell that begins with `%%netspec` is a spec.

    %%netspec net model
    net mlp { … }

checks the cell, draws the net, and binds the Net (and, with a second name, its torch module) in the notebook. A wrong
cell raises: "Run all" stops there, and the message is shown as netspec shows it, without a traceback.
`netspec.train(spec, watch=Curves())` draws a run's curves in the cell while it trains.
"""

from __future__ import annotations

import keyword
import time
from typing import Any

from netspec.diagnostics.errors import NetspecError, UnforeseenError, UsageError
from netspec.diagnostics.model import Diagnostic
from netspec.spec import Net, parse
from netspec.training.loop.progress import Callbacks, Facts, Row, Summary

PAUSE = 0.5  # at least this many seconds between two pictures of a run, so that drawing does not slow it down


def load_ipython_extension(shell: Any) -> None:
    """Register the magic `%%netspec`; IPython calls this for `%load_ext netspec.notebook`."""
    shell.register_magic_function(NetspecMagic(shell), magic_kind="cell", magic_name="netspec")


class NetspecMagic:
    """The cell magic `%%netspec [net [module]] [size=value …]`: its line has names to bind and sizes to set."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell

    def __call__(self, line: str, cell: str) -> Net:
        try:
            net, bound = _bound(line, cell)
        except NetspecError:
            raise
        except Exception as error:
            raise UnforeseenError.of(error) from error
        self.shell.push(bound)
        return net


def _bound(line: str, cell: str) -> tuple[Net, dict[str, Any]]:
    """Return the net of a cell, and what its line names: the net, and its module.

    Raises SpecError for the cell, UsageError (NS926) for the line.
    """
    words = line.split()
    names = [word for word in words if "=" not in word]
    stray = [name for name in names if not name.isidentifier() or keyword.iskeyword(name)] + names[2:]
    if stray:
        raise UsageError(Diagnostic("NS926", None, {"given": stray[0]}))
    sizes = dict(word.split("=", 1) for word in words if "=" in word)
    net = parse(cell, name="<cell>").net(None, **{name: _value(text) for name, text in sizes.items()})
    bound: dict[str, Any] = {}
    if names:
        bound[names[0]] = net
    if names[1:]:
        bound[names[1]] = net.module()
    return net, bound


class Curves(Callbacks):
    """Watches a run and draws its curves in the cell of the notebook; they grow with every epoch."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.name = ""
        self._handle: Any = None
        self._drawn = 0.0

    def began(self, facts: Facts) -> None:
        self.name = facts.net

    def row(self, row: Row) -> None:
        self.rows.append(row.document())
        if time.monotonic() - self._drawn >= PAUSE:
            self._draw()

    def ended(self, summary: Summary) -> None:
        self._draw()

    def _draw(self) -> None:
        from IPython.display import SVG, display

        from netspec.training.report.plots import curves

        picture = SVG(curves({self.name: self.rows}))
        if self._handle is None:
            self._handle = display(picture, display_id=True)
        else:
            self._handle.update(picture)
        self._drawn = time.monotonic()


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text, text)
