"""netspec: a network is written as a textbook says it, then checked, drawn, compiled to PyTorch and trained.

spec = netspec.load("lenet5.net")
net = spec.net(K=10)
net.render().save("lenet5.svg")
model = net.module(device="cuda")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netspec.version import VERSION as __version__

if TYPE_CHECKING:
    from netspec.api import Net, Spec, load, parse
    from netspec.diagnostics.model import Diagnostic, NetspecError, SpecErrors
    from netspec.ir.operation import Op
    from netspec.ops.registry import register
    from netspec.training.api import load_run, train

__all__ = [
    "Diagnostic",
    "Net",
    "NetspecError",
    "Op",
    "Spec",
    "SpecErrors",
    "__version__",
    "load",
    "load_run",
    "parse",
    "register",
    "train",
]

# imported when first asked for: `import netspec` costs next to nothing, and torch only where it is needed
_HOMES = {
    "Diagnostic": "netspec.diagnostics.model",
    "Net": "netspec.api",
    "NetspecError": "netspec.diagnostics.model",
    "Op": "netspec.ir.operation",
    "Spec": "netspec.api",
    "SpecErrors": "netspec.diagnostics.model",
    "load": "netspec.api",
    "load_run": "netspec.training.api",
    "parse": "netspec.api",
    "register": "netspec.ops.registry",
    "train": "netspec.training.api",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'netspec' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
