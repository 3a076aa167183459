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
    from netspec.api import load_run, resume, train
    from netspec.config.entries import setting
    from netspec.config.vocabulary.losses import Loss
    from netspec.config.vocabulary.metrics import Metric
    from netspec.config.vocabulary.optimizers import Optimizer
    from netspec.config.vocabulary.schedules import Schedule
    from netspec.config.vocabulary.sources import Source
    from netspec.config.vocabulary.steps import FieldStep
    from netspec.diagnostics.errors import (
        DataError,
        DivergedError,
        MissingPackageError,
        NetspecError,
        SpecError,
        StoppedError,
        TrainError,
        UnforeseenError,
        UsageError,
    )
    from netspec.diagnostics.model import Diagnostic
    from netspec.figure.backends import Picture, Writer
    from netspec.figure.themes import Theme
    from netspec.figure.views import View
    from netspec.importing.module import from_module
    from netspec.ir.operation import Op, option
    from netspec.limits import Limits
    from netspec.ops.registry import register
    from netspec.spec import Net, Spec, load, parse
    from netspec.training.run import Run

    SpecErrors = SpecError  # an older name

__all__ = [
    "DataError",
    "Diagnostic",
    "DivergedError",
    "FieldStep",
    "Limits",
    "Loss",
    "Metric",
    "MissingPackageError",
    "Net",
    "NetspecError",
    "Op",
    "Optimizer",
    "Picture",
    "Run",
    "Schedule",
    "Source",
    "Spec",
    "SpecError",
    "SpecErrors",
    "StoppedError",
    "Theme",
    "TrainError",
    "UnforeseenError",
    "UsageError",
    "View",
    "Writer",
    "__version__",
    "from_module",
    "load",
    "load_run",
    "option",
    "parse",
    "register",
    "resume",
    "setting",
    "train",
]

# The module of each public name. It is imported at the first use of the name, so that `import netspec` is fast and
# torch is imported only when it is needed.
_HOMES = {
    "netspec.diagnostics.errors": (
        "DataError", "DivergedError", "MissingPackageError", "NetspecError", "SpecError", "StoppedError", "TrainError",
        "UnforeseenError", "UsageError",
    ),
    "netspec.diagnostics.model": ("Diagnostic",),
    "netspec.figure.backends": ("Picture", "Writer"),
    "netspec.figure.themes": ("Theme",),
    "netspec.figure.views": ("View",),
    "netspec.ir.operation": ("option",),
    "netspec.ops.registry": ("Op", "register"),  # this module also creates the registry of operations
    "netspec.limits": ("Limits",),
    "netspec.config.entries": ("setting",),
    "netspec.config.vocabulary.losses": ("Loss",),
    "netspec.config.vocabulary.metrics": ("Metric",),
    "netspec.config.vocabulary.optimizers": ("Optimizer",),
    "netspec.config.vocabulary.schedules": ("Schedule",),
    "netspec.config.vocabulary.sources": ("Source",),
    "netspec.config.vocabulary.steps": ("FieldStep",),
    "netspec.spec": ("Net", "Spec", "load", "parse"),
    "netspec.api": ("load_run", "resume", "train"),
    "netspec.training.run": ("Run",),
    "netspec.importing.module": ("from_module",),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
_OLD_NAMES = {"SpecErrors": "SpecError"}


def __getattr__(name: str) -> Any:
    name = _OLD_NAMES.get(name, name)
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'netspec' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
