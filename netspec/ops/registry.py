"""The name of a step -> its class. A table says which module contains it; only that module is imported."""

from __future__ import annotations

import os
from functools import cache, lru_cache
from importlib import import_module

from netspec.ir.operation import Op as Op
from netspec.registry import Registry, modules_in
from netspec.registry import register as register

# The modules of built-in operations and their names: a spec imports only the modules that it uses.
_HELD = {
    "activations": "leaky gelu identity softmax sigmoid tanh relu relu6 elu silu mish"
    " softplus hardsigmoid hardswish step exp log sqrt square abs sin cos clamp",
    "arithmetic": "add subtract multiply divide power negative number maximum minimum matmul",
    "attention": "attention",
    "choosing": "topk sort argmax gather",
    "dense": "perceptrons gaussian distance",
    "extern": "extern",
    "embeddings": "embed onehot index positions relative",
    "filters": "filters",
    "join": "join",
    "mixture": "mixture",
    "norms": "layernorm rmsnorm gain batchnorm groupnorm instancenorm lrn normalize",
    "planes": "crop pad upsample patches unpatches",
    "pools": "maxpool avgpool subsample",
    "rearrange": "reshape flatten unflatten transpose shuffle split expand roll",
    "recurrent": "rnn lstm gru",
    "reductions": "mean sum max first last",
    "regularisers": "dropout droppath sample stop",
    "scan": "scan",
    "sources": "zeros noise carried learned",
}
# modules of this folder without operations
_HELPERS = frozenset(("registry", "attention_part", "sharing", "weighted", "window"))
_HOMES = {name: module for module, names in _HELD.items() for name in names.split()}
# operations that are written as signs in the language, not as steps
_SIGNS = frozenset("add subtract multiply divide power negative number perceptrons filters".split())


def _missing(cls: type[Op]) -> str:
    """Return what a class lacks to be an operation, as a sentence; "" if it is complete."""
    if cls.name in _HOMES:
        raise ValueError(f"an operation named {cls.name!r} exists already: netspec brings it along")
    return "" if cls.torch is not Op.torch else "it has no method torch(*inputs)"


# operations that users register; the table above has the built-in ones
OPERATIONS: Registry[type[Op]] = Registry("operation", Op, missing=_missing)


@cache
def _added_files() -> None:
    """Import the files of this folder that are not in the table, so that their operations are registered."""
    for name in sorted(modules_in(os.path.dirname(__file__)) - _HELD.keys() - _HELPERS):
        import_module(f"netspec.ops.{name}")


def step_names() -> frozenset[str]:
    """Return the names of steps, custom operations included."""
    _added_files()
    return _step_names(OPERATIONS.version)


@lru_cache(maxsize=1)
def _step_names(version: int) -> frozenset[str]:
    return frozenset(_HOMES.keys() - _SIGNS) | {"same", "reversed"} | frozenset(OPERATIONS)


def operation(name: str) -> type[Op]:
    """Return the class of a step or a sign (`add`); raise KeyError for an unknown name."""
    if name in _HOMES:
        return _built_in(name)
    _added_files()
    return OPERATIONS[name]


@cache
def _built_in(name: str) -> type[Op]:
    module = import_module(f"netspec.ops.{_HOMES[name]}")
    classes = (value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Op))
    return next(value for value in classes if value.name == name and value.__module__ == module.__name__)


def option_words() -> frozenset[str]:
    """Return every word that an option of some operation takes: `linear`, `same`, `sine`."""
    kinds = (operation(name).options.values() for name in _HOMES.keys() | set(OPERATIONS))
    return frozenset(word for options in kinds for option in options for word in option.choices)


def begins(name: str) -> bool:
    """Whether a step needs no input and so can begin a chain: `learned(T)`, `zeros(T)`."""
    return name in step_names() and name not in ("same", "reversed") and operation(name).begins


def plain(name: str) -> Op:
    """Return a step without options; all nets share one instance."""
    return _plain(name, OPERATIONS.version)


@cache
def _plain(name: str, version: int) -> Op:
    return operation(name)()
