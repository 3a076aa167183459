"""Emitted source -> a torch.nn.Module. No other place in the project executes text."""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from types import ModuleType
from typing import TYPE_CHECKING, Any

from netspec.codegen.classes import pass_name
from netspec.codegen.forward import Pass
from netspec.codegen.initial import fill
from netspec.codegen.outside import instances, stand_ins
from netspec.codegen.source import emit_named
from netspec.ir.graph import Graph
from netspec.ops.extern import OWN

if TYPE_CHECKING:
    import torch
    from torch import nn

Change = Callable[[ast.Module], ast.Module]

_count = 0
_namespaces: dict[tuple[str, Change | None], dict[str, Any]] = {}  # the names that each source defines


def build(
    graph: Graph,
    seed: int = 0,
    device: str | torch.device = "cpu",
    dtype: Any = None,
    change: Change | None = None,
) -> nn.Module:
    """Create the module of a net, with weights drawn from (seed, key). `graph.arrays` lists its shapes and keys.

    The module is made without values, so each value is drawn once. `change` is applied to the tree of its source.

    Raises:
        OpenSizes: the net has sizes that are not set.
    """
    import torch

    make = load_class(graph, change=change)
    with _bare(), stand_ins(graph, make):
        module = make()
    if str(device) == "meta":
        return module
    # `to_empty` does the same in seven times the time
    module._apply(lambda each: torch.empty(each.shape, dtype=each.dtype, device="cpu"))  # type: ignore[no-untyped-call]
    state = dict(module.named_parameters()) | dict(module.named_buffers())
    with torch.no_grad():
        for stored in graph.arrays:
            if stored.weight.init is not OWN:
                fill(state[stored.key], stored, seed)
    for inner in module.modules():
        reset = getattr(inner, "reset_buffers", None)
        if reset is not None:
            reset()
        elif inner._non_persistent_buffers_set:
            raise TypeError(
                f"{type(inner).__name__} has buffers that are not stored, and no reset_buffers to fill them"
            )
    for key, own in instances(graph, seed):
        owner, _, name = key.rpartition(".")
        module.get_submodule(owner)._modules[name] = own
    if dtype is None and str(device) == "cpu":
        return module
    return module.to(device=device, dtype=dtype)


def pass_functions(module: nn.Module, graph: Graph, parts: tuple[Pass, ...]) -> list[Callable[..., tuple[Any, ...]]]:
    """Return a function for each part of the forward pass of a module that `build` made of the graph."""
    made = load_class(graph, parts)
    return [getattr(made, pass_name(number)).__get__(module) for number in range(len(parts))]


def load_class(graph: Graph, parts: tuple[Pass, ...] = (), change: Change | None = None) -> type[nn.Module]:
    """Return the class of the net, from the source of `emit`; tracebacks show its lines.

    Classes of other packages must be admitted first: executing the source imports them.
    """
    assert graph.admitted or not graph.outside
    source, class_name = emit_named(graph, parts)
    found: type[nn.Module] = _executed(source, graph.name, change)[class_name]
    return found


def _executed(source: str, net: str, change: Change | None = None) -> dict[str, Any]:
    """Execute emitted source once and return the names that it defines; its classes can be pickled."""
    global _count
    if (source, change) in _namespaces:
        return _namespaces[source, change]
    from torch import nn

    _count += 1
    name = f"<netspec {net} {_count}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    made_of = ModuleType(f"netspec_emitted_{_count}")
    namespace = vars(made_of)
    if change is not None:
        sys.modules[made_of.__name__] = (
            made_of  # torch.compile, which traces `scan`, imports the globals of what it traces
        )
    exec(compile(source if change is None else change(ast.parse(source)), name, "exec"), namespace)
    for made in list(namespace.values()):
        if isinstance(made, type) and issubclass(made, nn.Module) and made.__module__ == namespace["__name__"]:
            made.__reduce_ex__ = _reducer(source, net)  # type: ignore[assignment]
    _namespaces[source, change] = namespace
    return namespace


def _reducer(source: str, net: str) -> Callable[[nn.Module, Any], tuple[Any, ...]]:
    """Return a `__reduce_ex__` that pickles a module with its source, so that another process can define its class."""

    def reduce(module: nn.Module, protocol: Any) -> tuple[Any, ...]:
        return restored, (source, net, type(module).__name__), module.__getstate__()  # type: ignore[no-untyped-call]

    return reduce


def restored(source: str, net: str, name: str) -> nn.Module:
    """Create a module without state, for unpickling. As with every pickle, this executes code from the pickle."""
    found: type[nn.Module] = _executed(source, net)[name]
    return found.__new__(found)


def _bare() -> AbstractContextManager[Any]:
    """Return a context in which modules are made on the meta device: with shapes and no values, so nothing is drawn.

    Functions of torch.nn.init that ask this context first are not even called.
    """
    import torch
    from torch.overrides import TorchFunctionMode

    class Bare(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if getattr(func, "__module__", "") == "torch.nn.init":
                return args[0] if args else kwargs["tensor"]
            return func(*args, **(kwargs or {}))

    stack = ExitStack()
    stack.enter_context(torch.device("meta"))
    stack.enter_context(Bare())
    return stack
