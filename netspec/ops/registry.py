"""The name of a step -> its class. The registry is the folder listing: `relu` lives in relu.py."""

from __future__ import annotations

import os
from functools import cache, lru_cache
from importlib import import_module

from netspec.ir.operation import Op

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
_extra: dict[str, type[Op]] = {}


@lru_cache(maxsize=1)
def step_names() -> frozenset[str]:
    """The names that a chain may use, custom operations included."""
    return frozenset(_files() - _SIGNS) | {"same", "reversed"} | frozenset(_extra)


@lru_cache(maxsize=1)
def _files() -> frozenset[str]:
    folder = os.path.dirname(__file__)
    entries = (entry for entry in os.listdir(folder) if entry.endswith(".py") and not entry.startswith("_"))
    names = (entry.removesuffix(".py").removesuffix("_") for entry in entries)
    return (frozenset(names) - _NOT_STEPS) | _ACTIVATIONS


@cache
def operation(name: str) -> type[Op]:
    """The class of a step or of a sign (`add`); KeyError for what there is none of."""
    if name in _extra:
        return _extra[name]
    if name not in _files():
        raise KeyError(name)
    from keyword import iskeyword

    file = "activations" if name in _ACTIVATIONS else name
    module = import_module(f"netspec.ops.{file}{'_' if iskeyword(file) or file in _BUILTINS else ''}")
    classes = (value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Op))
    return next(value for value in classes if value.name == name and value.__module__ == module.__name__)


@cache
def plain(name: str) -> Op:
    """A step without options: one object stands in all nets."""
    return operation(name)()


# steps whose plain name would hide a builtin in an import
_BUILTINS = frozenset(("abs", "max", "sum"))


def register(operation_class: type[Op]) -> type[Op]:
    """Adds an operation of the caller's own (a class decorator); a name that exists is refused."""
    if not operation_class.name or operation_class.name in _files() or operation_class.name in _extra:
        raise ValueError(f"an operation named {operation_class.name!r} exists already, or the name is empty")
    _extra[operation_class.name] = operation_class
    step_names.cache_clear()
    operation.cache_clear()
    plain.cache_clear()
    return operation_class
