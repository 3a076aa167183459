"""Classes of other packages (`extern`): permission, import, and what is checked before a net computes with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from netspec.codegen.initial import number_of
from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic
from netspec.ir.graph import Counts, Graph, Node, Stored
from netspec.ir.operation import Weight
from netspec.ir.types import Type
from netspec.ops.extern import OWN
from netspec.parts import need
from netspec.plugins import importing, permitted

if TYPE_CHECKING:
    from torch import Tensor, nn

FREE = "torch.nn"  # the module whose classes need no permission
EXAMPLES = 2  # of the call that checks the shape of the result


def permit(graph: Graph, allow: Iterable[str]) -> None:
    """Raise UsageError (NS439) if a net applies a class of a module that the caller does not allow."""
    allowed = tuple(allow)
    for node in graph.outside:
        module, name = _place(node)
        if module != FREE and not permitted(module, allowed):
            _refuse("NS439", node, name=name, module=module, top=module.partition(".")[0])


def admit(graph: Graph, allow: Iterable[str]) -> None:
    """Import the classes of other packages that a net applies; from here on the graph knows their arrays.

    Each is made and called once: its result must have the declared type.

    Raises:
        UsageError: a class is not allowed (NS439), cannot be used (NS440), gives another shape (NS441), or has another
            number of weights than the spec says (NS442).
    """
    permit(graph, allow)
    if graph.admitted or not graph.outside:
        return
    need("torch")
    made = {node.key: _made(node, 0) for node in graph.outside if not node.again}
    for node in graph.outside:
        _call(graph, node, made[node.key])
    stored: list[Stored] = []
    for item in graph.stored:
        stored += [item] if not item.weight.outside else _arrays(item, graph.nodes[item.node], made)
    graph.stored, graph.counts, graph.admitted = stored, Counts.of(stored), True


def _place(node: Node) -> tuple[str, str]:
    assert node.op.outside is not None
    return node.op.outside


def _refuse(code: str, node: Node, **words: Any) -> NoReturn:
    raise UsageError(Diagnostic(code, node.span, words))


def _made(node: Node, seed: int, key: str = "") -> nn.Module:
    """Return an instance of the class, whose own random numbers come from (seed, key)."""
    import torch

    module, name = _place(node)
    construct = node.op.torch(*(Type(1) for _ in node.inputs)).module
    assert construct is not None
    try:
        with importing(), torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(number_of(seed, key or node.key))
            cls = getattr(import_module(module), name)
            if not (isinstance(cls, type) and issubclass(cls, torch.nn.Module)):
                raise TypeError(f"{name} is no class of torch.nn.Module")
            found: nn.Module = cls(**construct.kwargs)
    except Exception as error:  # code of others may raise anything: report it with its place
        _refuse("NS440", node, name=name, module=module, reason=_said(error))
    return found


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".strip().splitlines()[0]


def _call(graph: Graph, node: Node, module: nn.Module) -> None:
    """Call a module with zeros, and check the shape of what comes out."""
    import torch

    types = graph.types_asked(node)
    wanted = (EXAMPLES, *_sizes(node.type if node.op.over_time else node.type.step))
    states = [(each, each.training) for each in module.modules()]
    module.eval()
    try:
        with torch.inference_mode(), torch.random.fork_rng(devices=[]):
            result = module(*map(_zeros, types))
    except Exception as error:  # code of others may raise anything: report it with its place
        shapes = ", ".join(map(str, map(tuple, ((EXAMPLES, *_sizes(value)) for value in types))))
        _refuse("NS444", node, name=_place(node)[1], shapes=shapes, reason=_said(error))
    finally:
        for each, training in states:
            each.training = training
    given = tuple(result.shape) if isinstance(result, torch.Tensor) else type(result).__name__
    if given != wanted:
        words = {"name": _place(node)[1], "type": str(node.type), "wanted": str(wanted), "given": str(given)}
        _refuse("NS441", node, **words)


def _sizes(value: Type) -> tuple[Any, ...]:
    time = () if value.time is None else (value.time.length,)
    return (*time, *(() if value.classes is not None else (value.maps,)), *value.space)


def _zeros(value: Type) -> Tensor:
    import torch

    return torch.zeros(EXAMPLES, *_sizes(value), dtype=torch.long if value.classes is not None else None)


def _arrays(item: Stored, node: Node, made: dict[str, nn.Module]) -> list[Stored]:
    """Return what a module stores, in place of the entry that stood for all of it."""
    module = made[node.key]
    weights = dict(module.named_parameters())
    every = {name for name, _ in module.named_parameters(remove_duplicate=False)}
    total = sum(weight.numel() for weight in weights.values())
    if item.weight.outside == "counted" and total != item.weight.total:
        _refuse("NS442", node, name=_place(node)[1], said=item.weight.total, given=total)
    found = []
    for name, array in module.state_dict().items():
        own = weights.get(name)
        weight = Weight(
            name,
            tuple(array.shape),
            OWN,
            buffer=own is None,
            fixed=own is not None and not own.requires_grad,
            # an array of two names is stored under both, and counts once
            integer=not array.is_floating_point() or (own is None and name in every),
        )
        found.append(Stored(f"{node.key}.{name}", weight, node.index, node.frozen, item.copies))
    return found


def instances(graph: Graph, seed: int) -> Iterator[tuple[str, nn.Module]]:
    """Yield the modules of other packages in a net, each with its key and with initial values of its own."""
    for node in graph.outside:
        if not node.again:
            whole = Stored(node.key, Weight("", (), OWN), node.index, copies=graph.copies(node.scope))
            yield from ((each.key, _made(node, seed, each.key)) for each in whole.each())


@contextmanager
def stand_ins(graph: Graph, made: type[nn.Module]) -> Iterator[None]:
    """While a net is made without values, let empty modules stand where the modules of other packages will."""
    from torch import nn

    class StandIn(nn.Module):
        def __init__(self, **options: Any) -> None:
            super().__init__()

    names = made.forward.__globals__
    classes = [getattr(import_module(module), name) for module, name in map(_place, graph.outside) if module != FREE]
    held = {name: value for name, value in names.items() if isinstance(value, type) and value in classes}
    names.update(dict.fromkeys(held, StandIn))
    try:
        yield
    finally:
        names.update(held)
