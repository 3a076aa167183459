"""Imports packages that may not be installed (torch, scikit-learn, matplotlib, …) only when they are needed."""

from __future__ import annotations

import shlex
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from netspec.diagnostics.errors import MissingPackageError
from netspec.diagnostics.model import Diagnostic

# for each module: the name of its package for pip, and what netspec needs it for
PARTS = {
    "torch": ("torch", "compile and train"),
    "sklearn": ("scikit-learn", "the bundled data sets and metrics"),
    "matplotlib": ("matplotlib", "curves and plots"),
    "resvg_py": ("resvg-py", "PNG pictures"),
    "rich": ("rich", "the progress display"),
    "numpy": ("numpy", "data"),
    "safetensors": ("safetensors", "weights on disk"),
    "PIL": ("pillow", "pictures as data"),
    "fontTools": ("fonttools", "PDF pictures"),
    **dict.fromkeys(("onnx", "onnxscript", "onnxruntime"), ("netspec[onnx]", "models of ONNX")),
}


def require(*names: str) -> None:
    """Raise MissingPackageError (NS951) for a module that cannot be found. None is imported: it may take seconds."""
    for name in names:
        if find_spec(name) is None:
            raise _missing(name, f"No module named '{name}'")


def need(name: str) -> ModuleType:
    """Import a module and return it.

    If it cannot be imported, raise MissingPackageError (NS951, exit code 5) with the command that installs it.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise _missing(name, str(error)) from None


def _missing(name: str, reason: str) -> MissingPackageError:
    package, use = PARTS.get(name.partition(".")[0], (name, name))
    words = {
        "part": package,
        "use": use,
        "reason": reason,
        "command": f"python -m pip install {shlex.quote(package)}",
    }
    return MissingPackageError(Diagnostic("NS951", None, words))
