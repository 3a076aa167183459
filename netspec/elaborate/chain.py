"""Expands a chain: first its source, then one step after another."""

from __future__ import annotations

from netspec.diagnostics.model import Fault, Quoted
from netspec.elaborate.builder import Builder, Context
from netspec.elaborate.environment import Closure, Environment, Flow, Result
from netspec.elaborate.evaluate import Undefined, fault
from netspec.elaborate.keys import Names
from netspec.elaborate.lookup import is_layer, unknown_step
from netspec.elaborate.program import built_in
from netspec.ops.registry import begins, step_names
from netspec.syntax import tree

# Words that version 1 of the language reserves: they can be parsed, and a use of them is reported as NS690.
RESERVED = frozenset(("copies",))


def chain(
    b: Builder, env: Environment, ctx: Context, items: tuple[tree.Value, ...], keys: Names, flow: Flow | None = None
) -> Result:
    """Expand a chain.

    Args:
        b: collects the nodes.
        env: the names that the chain sees.
        ctx: where the chain stands.
        items: the parts of the chain between the arrows.
        keys: chooses the paths of what the chain stores.
        flow: the values that the first step gets; None if the chain names its source or reads the layer above.

    Returns:
        The values at the end of the chain, and the names by which a spec reads each of them. After an error, which is
        reported, a value is None.

    Raises:
        Fault: the chain has one item only, and that item is wrong or lacks a source.
        Undefined: the source is undefined because of an earlier error.
    """
    before = ctx if ctx.declared is None else ctx._replace(declared=None)
    if flow is None:
        flow, items = _begin(b, env, before, items, keys)
    result = Result(flow)
    for number, item in enumerate(items, 1):
        try:
            step = b.steps.get(type(item))
            if step is None:
                raise fault(env, item.at, "NS213", text=env.span(item.at).text)
            result = step(b, env, ctx if number == len(items) else before, item, result.values, keys)
        except Fault as error:  # go on: the next steps may have mistakes of their own
            for diagnostic in (error.diagnostic, *error.more):
                b.add(diagnostic, env, ctx)
            result = Result([None])
        except Undefined:
            result = Result([None])
    return result


def _begin(
    b: Builder, env: Environment, ctx: Context, items: tuple[tree.Value, ...], keys: Names
) -> tuple[Flow, tuple[tree.Value, ...]]:
    """Return the values with which a chain begins, and the items that are still to be applied to them."""
    first = items[0]
    try:
        if not is_step(first, env):
            return b.source(b, env, ctx, first, keys), items[1:]
        if begins_alone(first, env):
            return [], items
        _known_step(first, env)
    except Fault as error:
        if len(items) == 1:
            raise
        b.add(error.diagnostic, env, ctx)
        return [None], items[1:]
    return _layer_above(first, env), items


def is_step(item: tree.Value, env: Environment) -> bool:
    """Whether the first item of a chain is a step; if so, the chain does not name its source."""
    if isinstance(item, (tree.Perceptrons, tree.Filters, tree.Repeat, tree.Call)):
        return True
    return isinstance(item, tree.Ref) and not names_layer(item, env)


def names_layer(item: tree.Ref, env: Environment) -> bool:
    """Whether a name at the head of a chain means a layer; a layer hides a step of the same name."""
    head = item.path[0]
    if len(item.path) > 1 or is_layer(head, env) or head in env.undefined:
        return True
    known = head in env.values or head in step_names() or env.unit.find(head) is not None
    return not known and head in env.unread


def begins_alone(item: tree.Value, env: Environment) -> bool:
    """Whether an item is a step that needs no source, such as `learned(T)`, `zeros(T)` or `noise(T)`."""
    if not isinstance(item, (tree.Ref, tree.Call)) or env.unit.find(item.name) or item.name in env.values:
        return False
    return begins(item.name)


def _known_step(item: tree.Value, env: Environment) -> None:
    """Raise Fault if the name at the head of a chain is neither a layer nor a step."""
    if not isinstance(item, tree.Ref) or env.unit.find(item.name) is not None or item.name in RESERVED:
        return
    if item.name in env.values:
        if not isinstance(env.values[item.name], Closure):
            raise fault(env, item.at, "NS214", name=item.name)
    elif item.name not in step_names() and built_in(item.name) is None:
        raise unknown_step(item.name, item.at, env, step_names(), head=True)


def _layer_above(item: tree.Value, env: Environment) -> Flow:
    """Return the values of the nearest layer above, which a chain without a source reads.

    Raise Fault if there is no such layer, or if it is not clear which layer is meant.
    """
    if not env.last and env.unread:  # the line that could not be parsed may be the input
        raise Undefined
    if not env.last:
        raise fault(env, item.at, "NS226")
    bound = env.layers[env.last]
    text = env.span(item.at).text
    if bound.role == "output":
        others = [label for label, above in env.layers.items() if above.role != "output"] or [env.last]
        raise fault(env, item.at, "NS227", name=env.last, other=others[-1], text=text)
    if bound.role == "input" and len(env.inputs) > 1:
        raise fault(env, item.at, "NS228", names=Quoted(tuple(env.inputs)), first=env.inputs[0], text=text)
    if len(bound.values) > 1:
        raise fault(env, item.at, "NS215", name=env.last, count=str(len(bound.values)), first=f"{env.last}.1")
    return bound.values
