"""The name of a step -> its class. A table says which module holds it; only that module is imported."""

from __future__ import annotations

import os
from functools import cache, lru_cache
from importlib import import_module

from netspec.ir.operation import Op as Op
from netspec.registry import Registry
from netspec.registry import register as register

# The modules of the built-in operations, and the names that each holds: a spec imports only those that it names.
_HELD = {
    "activations": "leaky gelu identity softmax sigmoid tanh relu relu6 elu silu mish"
    " softplus hardsigmoid hardswish step exp log sqrt square abs",
    "arithmetic": "add subtract multiply number matmul",
    "attention": "attention",
    "dense": "perceptrons gaussian distance",
    "embeddings": "embed onehot positions",
    "filters": "filters",
    "join": "join",
    "norms": "layernorm rmsnorm gain batchnorm groupnorm instancenorm lrn normalize",
    "planes": "crop pad upsample patches unpatches",
    "pools": "maxpool avgpool subsample",
    "rearrange": "reshape flatten unflatten transpose shuffle split expand",
    "recurrent": "rnn lstm gru",
    "reductions": "mean sum max first last",
    "regularisers": "dropout droppath sample stop",
    "sources": "zeros noise carried learned",
}
# modules of the folder that hold no operations
_HELPERS = frozenset(("registry", "attention_part", "sharing", "weighted", "window"))
_HOMES = {name: module for module, names in _HELD.items() for name in names.split()}
# operations that the language writes with signs of its own
_SIGNS = frozenset(("add", "subtract", "multiply", "number", "perceptrons", "filters"))


def _missing(cls: type[Op]) -> str:
    """What an operation lacks, as a sentence; "" where it is whole."""
    if cls.name in _HOMES:
        raise ValueError(f"an operation named {cls.name!r} exists already: netspec brings it along")
    return "" if cls.torch is not Op.torch else "it has no method torch(*inputs)"


# the operations that were added; the built-in ones are found by the table above
OPERATIONS: Registry[type[Op]] = Registry("operation", Op, missing=_missing)


@cache
def _added_files() -> None:
    """Imports the files of the folder that the table does not name: what they register is added."""
    folder = os.path.dirname(__file__)
    files = {entry.removesuffix(".py") for entry in os.listdir(folder) if entry.endswith(".py") and entry[0] != "_"}
    for name in sorted(files - _HELD.keys() - _HELPERS):
        import_module(f"netspec.ops.{name}")


def step_names() -> frozenset[str]:
    """The names that a chain may use, custom operations included."""
    _added_files()
    return _step_names(OPERATIONS.version)


@lru_cache(maxsize=1)
def _step_names(version: int) -> frozenset[str]:
    return frozenset(_HOMES.keys() - _SIGNS) | {"same", "reversed"} | frozenset(OPERATIONS)


def operation(name: str) -> type[Op]:
    """The class of a step or of a sign (`add`); KeyError for what there is none of."""
    if name in _HOMES:
        return _built_in(name)
    _added_files()
    return OPERATIONS[name]


@cache
def _built_in(name: str) -> type[Op]:
    module = import_module(f"netspec.ops.{_HOMES[name]}")
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
