"""The name of a step -> its class. The registry is the folder listing: `relu` lives in relu.py."""

from __future__ import annotations

import os
from functools import cache, lru_cache
from importlib import import_module

from netspec.ir.operation import Op as Op
from netspec.registry import Registry
from netspec.registry import register as register

# Machinery, and operations that the language writes with signs of its own.
_NOT_STEPS = frozenset(
    (
        "base",
        "registry",
        "weighted",
        "window",
        "sharing",
        "pools",
        "reductions",
        "recurrent",
        "attention_part",
        "pairwise",
        "over_role",
        "activations",
    )
)
# these live in one module
_ACTIVATIONS = frozenset(
    (
        "sigmoid", "tanh", "relu", "relu6", "elu", "silu", "mish", "softplus", "hardsigmoid", "hardswish", "step",
        "exp", "log", "sqrt", "square", "abs", "leaky", "gelu",
    )
)  # fmt: skip
_SIGNS = frozenset(("add", "subtract", "multiply", "number", "perceptrons", "filters"))


def _missing(cls: type[Op]) -> str:
    """What an operation lacks, as a sentence; "" where it is whole."""
    if cls.name in _files():
        raise ValueError(f"an operation named {cls.name!r} exists already: netspec brings it along")
    return "" if cls.torch is not Op.torch else "it has no method torch(*inputs)"


# the operations that were added; the built-in ones are found by their files, so that only those are imported that a
# spec names
OPERATIONS: Registry[type[Op]] = Registry("operation", Op, missing=_missing)


def step_names() -> frozenset[str]:
    """The names that a chain may use, custom operations included."""
    return _step_names(OPERATIONS.version)


@lru_cache(maxsize=1)
def _step_names(version: int) -> frozenset[str]:
    return frozenset(_files() - _SIGNS) | {"same", "reversed"} | frozenset(OPERATIONS)


@lru_cache(maxsize=1)
def _files() -> frozenset[str]:
    folder = os.path.dirname(__file__)
    entries = (entry for entry in os.listdir(folder) if entry.endswith(".py") and not entry.startswith("_"))
    names = (entry.removesuffix(".py").removesuffix("_") for entry in entries)
    return (frozenset(names) - _NOT_STEPS) | _ACTIVATIONS


def operation(name: str) -> type[Op]:
    """The class of a step or of a sign (`add`); KeyError for what there is none of."""
    return OPERATIONS.find(name) or _built_in(name)


@cache
def _built_in(name: str) -> type[Op]:
    if name not in _files():
        raise KeyError(name)
    from keyword import iskeyword

    file = "activations" if name in _ACTIVATIONS else name
    module = import_module(f"netspec.ops.{file}{'_' if iskeyword(file) or file in _BUILTINS else ''}")
    classes = (value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Op))
    return next(value for value in classes if value.name == name and value.__module__ == module.__name__)


def begins(name: str) -> bool:
    """Whether a step reads nothing, and so can begin a chain: `learned(T)`, `zeros(T)`."""
    return name in step_names() and name not in ("same", "reversed") and operation(name).begins


def plain(name: str) -> Op:
    """A step without options: one object stands in all nets."""
    return _plain(name, OPERATIONS.version)


@cache
def _plain(name: str, version: int) -> Op:
    return operation(name)()


# steps whose plain name would hide a builtin in an import
_BUILTINS = frozenset(("abs", "max", "sum"))
