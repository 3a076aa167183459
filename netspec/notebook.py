"""Jupyter: `%load_ext netspec.notebook`, then a cell that begins with `%%netspec` is a spec.

    %%netspec net model
    net mlp { … }

checks the cell, draws the net, and binds the Net (and, with a second name, its torch module) in the notebook. A mistake
is shown as netspec shows it, without a traceback.
"""

from __future__ import annotations

from typing import Any

from netspec.api import Net, parse
from netspec.diagnostics.model import NetspecError, SpecErrors


def load_ipython_extension(shell: Any) -> None:
    """Called by `%load_ext netspec.notebook`."""
    shell.register_magic_function(NetspecMagic(shell), magic_kind="cell", magic_name="netspec")


class NetspecMagic:
    """`%%netspec [net [module]] [size=value …]`: names to bind, and sizes to set."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell

    def __call__(self, line: str, cell: str) -> Net | None:
        words = line.split()
        names = [word for word in words if "=" not in word]
        sizes = dict(word.split("=", 1) for word in words if "=" in word)
        try:
            net = parse(cell, name="<cell>").net(**{name: _value(text) for name, text in sizes.items()})
            bound: dict[str, Any] = {}
            if names:
                bound[names[0]] = net
            if names[1:]:
                bound[names[1]] = net.module()
        except (SpecErrors, NetspecError) as error:
            # the message says all; a traceback through netspec would bury it
            self.shell.write_err(f"{error}\n")
            return None
        self.shell.push(bound)
        return net


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text, text)
