"""Which operation of ATen is which step: a registry that the files of `words/` fill, and the walk over a program.

A recogniser is a function of one operation of ATen. It is called with a `Site` and the operation's arguments: a value
that depends on an input of the net is a `View`, an array of the module or a constant is `Fixed`, and all else is as
PyTorch has it. It adds steps to the graph and returns what the operation returns.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from netspec.importing.arrange import Unsaid, arranged
from netspec.importing.capture import Program, path_of
from netspec.importing.steps import Fixed, Graph, Step
from netspec.importing.views import NoView, View, native
from netspec.ir.graph import Edge
from netspec.ir.structure import Input
from netspec.ir.types import ShapeFault, Type

if TYPE_CHECKING:
    from torch.fx import Node

WORDS = ("shape", "arithmetic", "activations", "dense", "filters", "pools", "norms", "embeddings", "attention",
         "recurrent")  # fmt: skip


class Partial:
    """A value that means a step only together with others, such as the products of queries and keys.

    One whose axes a program may move says in `view` how it lies.
    """

    def through(self, view: View) -> Partial:
        """Return the same value, lying otherwise."""
        raise Unsaid

    def real(self, site: Site) -> View:
        """Return it as a value of its own; raise Unsaid if the language has no word for it."""
        raise Unsaid(type(self).__name__.lower())


class Recogniser(NamedTuple):
    """A function that recognises operations of ATen.

    Attributes:
        function: takes a `Site` and the arguments of the operation.
        takes: the partial values that it knows.
        moves: whether the operation only moves axes, so that partial values stay what they are.
        keeps: whether it changes nothing of a partial value.
    """

    function: Callable[..., Any]
    takes: tuple[type[Partial], ...] = ()
    moves: bool = False
    keeps: bool = False


RECOGNISERS: dict[str, Recogniser] = {}
# patterns of several operations, by the last of them; each returns None where it is not there
PATTERNS: dict[str, Callable[[Node, Mapping[Node, Any]], Any]] = {}
Function = TypeVar("Function", bound=Callable[..., Any])


def recognises(
    *names: str, takes: tuple[type[Partial], ...] = (), moves: bool = False, keeps: bool = False
) -> Callable[[Function], Function]:
    """Register a function as the recogniser of operations of ATen, by their names without an overload."""

    def register(function: Function) -> Function:
        for name in names:
            RECOGNISERS[name] = Recogniser(function, takes, moves, keeps)
        return function

    return register


def recognises_end(name: str) -> Callable[[Function], Function]:
    """Register a function that recognises a pattern by its last operation: it takes the node and all values so far."""

    def register(function: Function) -> Function:
        PATTERNS[name] = function
        return function

    return register


class Missing(Exception):
    """The program does something that the language has no word for.

    Attributes:
        path: the module that does it.
        what: the operation of ATen.
    """

    def __init__(self, path: str, what: str, reason: str = "") -> None:
        super().__init__(path, what, reason)
        self.path, self.what, self.reason = path, what, reason


class Lost(NamedTuple):
    """A value that cannot be computed, and what is missing for it."""

    missing: tuple[Missing, ...]


class Site:
    """The place in the program that a recogniser is asked about."""

    def __init__(self, graph: Graph, program: Program) -> None:
        self.graph = graph
        self.program = program
        self.path = ""
        self.node: Any = None

    @property
    def batch(self) -> int:
        return self.graph.batch

    def type(self, view: View) -> Type:
        return self.graph.type(view.edge)

    def arranged(self, view: View) -> View:
        """Return a view whose axes are whole roles, after steps that arrange the value where it must be."""
        return arranged(self.graph, view)

    def native(self, edge: Any) -> View:
        return native(edge, self.graph.type(edge), self.batch)

    def each(self, name: str, view: View, **options: Any) -> View:
        """Apply an operation that changes every value alone, so that the axes stay as they are."""
        whole = view if view.whole(self.type(view), self.batch) else self.arranged(view)
        return whole._replace(edge=self.graph.add(name, [whole.edge], **options))

    def shape_of(self, node: Node | None = None) -> tuple[int, ...]:
        """Return the shape of the operation's result in the program."""
        return tuple((node or self.node).meta["val"].shape)


def read_program(
    program: Program, types: Sequence[Type], batch: int, names: Sequence[str] = ()
) -> tuple[Graph, list[Missing]]:
    """Return the canonical graph of a program.

    Parameters:
        program: the captured program.
        types: the types of its inputs.
        batch: how many examples it was captured with.
        names: what its inputs are called, if not as in the program.

    Returns:
        The graph, and what the language has no word for.
    """
    for name in WORDS:
        import_module(f"netspec.importing.words.{name}")
    graph = Graph(batch)
    site = Site(graph, program)
    values: dict[Node, Any] = {}
    missing: list[Missing] = []
    pending = list(types)
    called = iter(names)
    for node in program.nodes:
        site.node, site.path = node, path_of(node)
        graph.path = site.path
        if node.op == "placeholder":
            values[node] = program.fixed.get(node.name)
            if values[node] is None:
                if not pending:
                    continue
                values[node] = _input(graph, next(called, node.name), pending.pop(0))
        elif node.op == "get_attr":
            values[node] = Fixed(program.attribute(node.target))
        elif node.op == "output":
            outputs = [*_flat(_resolved(node.args, values))]
            graph.outputs = [
                _output(site, each, missing) for each in outputs if isinstance(each, View | Partial | Lost)
            ]
        else:
            values[node] = _applied(site, node, values)
    if not missing:
        missing += _twice(graph)
    return graph, missing


def _twice(graph: Graph) -> list[Missing]:
    """Return the modules whose weights act twice, for which no line has a word."""
    holders: set[tuple[int, tuple[int, ...]]] = set()
    found = []
    for number in graph.live():
        step = graph.steps[number]
        arrays = {(each.value.data_ptr(), tuple(each.value.shape)) for each in step.arrays.values() if each.sources}
        if arrays & holders:
            found.append(Missing(step.path, "the same weights twice"))
        holders |= arrays
    return found


def _input(graph: Graph, name: str, value: Type) -> View:
    graph.steps.append(Step(Input(value=value), (), (value,), "", label=name))
    return native(Edge(len(graph.steps) - 1), value, graph.batch)


def _output(site: Site, value: Any, missing: list[Missing]) -> Any:
    try:
        if isinstance(value, Partial):
            value = value.real(site)
        if isinstance(value, Lost):
            missing += [each for each in value.missing if each not in missing]
            return None
        found = site.arranged(value)
        wanted = native(found.edge, site.type(found), site.batch)
        if [dim for dim in found.dims if dim] != [dim for dim in wanted.dims if dim]:
            raise Unsaid("an output that lies otherwise")
    except (Unsaid, NoView) as error:
        missing.append(Missing("", "output", str(error)))
        return None
    return found.edge


def _applied(site: Site, node: Node, values: dict[Node, Any]) -> Any:
    args, kwargs = _resolved(node.args, values), _resolved(dict(node.kwargs), values)
    every = [*_flat((args, kwargs))]
    name = str(node.target).removeprefix("aten.").partition(".")[0].rstrip("_")
    pattern = PATTERNS[name](node, values) if name in PATTERNS else None
    if pattern is not None:
        return pattern
    lost = [missing for each in every if isinstance(each, Lost) for missing in each.missing]
    if lost:
        return Lost(tuple(dict.fromkeys(lost)))
    if node.target is operator.getitem:
        return args[0][args[1]]
    if not any(isinstance(each, View | Partial) for each in every):
        return _computed(node, args, kwargs)
    try:
        if name not in RECOGNISERS:
            raise Unsaid
        found = _recognised(site, RECOGNISERS[name], args, kwargs)
        if isinstance(found, View) and found.shape != site.shape_of():
            raise Unsaid("another shape")
        return found
    # a recogniser takes arguments in the forms that it knows; another form is one that no word says
    except (Unsaid, NoView, ShapeFault, TypeError, AttributeError, ValueError, IndexError) as error:
        return Lost((Missing(site.path, name, str(error)),))


def _recognised(site: Site, recogniser: Recogniser, args: Any, kwargs: Any) -> Any:
    first = args[0]
    if isinstance(first, Partial) and not isinstance(first, recogniser.takes):
        if recogniser.keeps:
            return first
        view = getattr(first, "view", None)
        if recogniser.moves and view is not None:
            try:
                moved = recogniser.function(site, view, *args[1:], **kwargs)
                return _mapped(moved, first.through)
            except (NoView, Unsaid):
                pass
    if any(isinstance(each, Partial) and not isinstance(each, recogniser.takes) for each in _flat(args)):
        args = _mapped(
            args,
            lambda each: (
                each.real(site) if isinstance(each, Partial) and not isinstance(each, recogniser.takes) else each
            ),
        )
    return recogniser.function(site, *args, **kwargs)


def _computed(node: Node, args: Any, kwargs: Any) -> Any:
    """Compute what depends on no input of the net, as the program would."""
    import torch

    every = [*_flat((args, kwargs))]
    sources = tuple(dict.fromkeys(name for each in every if isinstance(each, Fixed) for name in each.sources))
    plain = _mapped((args, kwargs), lambda each: each.value if isinstance(each, Fixed) else each)
    with torch.no_grad():
        result = node.target(*plain[0], **plain[1])
    return _mapped(result, lambda each: Fixed(each, sources) if isinstance(each, torch.Tensor) else each)


def _resolved(value: Any, values: dict[Any, Any]) -> Any:
    from torch.fx import Node

    return _mapped(value, lambda each: values[each] if isinstance(each, Node) else each)


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, View | Type | Lost):
        return change(value)
    if isinstance(value, tuple | list):
        return (
            [_mapped(each, change) for each in value]
            if isinstance(value, list)
            else tuple(_mapped(each, change) for each in value)
        )
    if isinstance(value, dict):
        return {name: _mapped(each, change) for name, each in value.items()}
    return change(value)


def _flat(value: Any) -> Iterable[Any]:
    if isinstance(value, tuple | list) and not isinstance(value, View | Lost):
        for each in value:
            yield from _flat(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _flat(each)
    else:
        yield value
