"""The emitted source -> a live torch.nn.Module. The only place in the project that executes text."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from netspec.codegen.initial import fill
from netspec.codegen.source import emit_named
from netspec.ir.graph import Graph

if TYPE_CHECKING:
    import torch
    from torch import nn

_count = 0
_namespaces: dict[str, dict[str, Any]] = {}  # by source: what it defines


def build(graph: Graph, seed: int = 0, device: str | torch.device = "cpu", dtype: Any = None) -> nn.Module:
    """The module of a net, its weights drawn from (seed, key): shapes and keys as `graph.stored` says.

    The constructor draws nothing, so nothing is initialised twice. Raises OpenSizes where sizes are not set.
    """
    import torch

    make = load_class(graph)
    if str(device) == "meta":
        with torch.device("meta"):
            return make()
    with _undrawn(), _on_cpu():
        module = make()
    state = dict(module.named_parameters()) | dict(module.named_buffers())
    with torch.no_grad():
        for stored in graph.stored:
            fill(state[stored.key], stored, seed)
    for inner in module.modules():
        reset = getattr(inner, "reset_buffers", None)
        if reset is not None:
            reset()
    if dtype is None and str(device) == "cpu":
        return module
    return module.to(device=device, dtype=dtype)


def load_class(graph: Graph) -> type[nn.Module]:
    """The net's class, from the text that `emit` writes; tracebacks show that text."""
    source, class_name = emit_named(graph)
    found: type[nn.Module] = _executed(source, graph.name)[class_name]
    return found


def _executed(source: str, net: str) -> dict[str, Any]:
    """The names that emitted text defines: executed once, its classes fit to be pickled."""
    global _count
    if source in _namespaces:
        return _namespaces[source]
    from torch import nn

    _count += 1
    name = f"<netspec {net} {_count}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    namespace: dict[str, Any] = {"__name__": f"netspec_emitted_{_count}"}
    exec(compile(source, name, "exec"), namespace)
    for made in list(namespace.values()):
        if isinstance(made, type) and issubclass(made, nn.Module) and made.__module__ == namespace["__name__"]:
            made.__reduce_ex__ = _reducer(source, net)  # type: ignore[assignment]
    _namespaces[source] = namespace
    return namespace


def _reducer(source: str, net: str) -> Callable[[nn.Module, Any], tuple[Any, ...]]:
    """How modules of a text are pickled: with the text, which another process executes to have their classes."""

    def reduce(module: nn.Module, protocol: Any) -> tuple[Any, ...]:
        return restored, (source, net, type(module).__name__), module.__getstate__()  # type: ignore[no-untyped-call]

    return reduce


def restored(source: str, net: str, name: str) -> nn.Module:
    """A module without its state, on the way out of a pickle. As with all pickles: the text in it is executed."""
    found: type[nn.Module] = _executed(source, net)[name]
    return found.__new__(found)


def _on_cpu() -> AbstractContextManager[Any]:
    """Arrays are made on the CPU, whatever torch.set_default_device says."""
    import torch

    return nullcontext() if torch.get_default_device().type == "cpu" else torch.device("cpu")


def _undrawn() -> AbstractContextManager[Any]:
    """Under it the functions of torch.nn.init leave what they are given as it is."""
    from torch.overrides import TorchFunctionMode

    class Undrawn(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if getattr(func, "__module__", "") == "torch.nn.init":
                return args[0] if args else kwargs["tensor"]
            return func(*args, **(kwargs or {}))

    return Undrawn()
