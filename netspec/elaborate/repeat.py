"""Expands the steps that apply a whole chain: `repeat`, `same` (the same weights again), `reversed` (back in time)."""

from __future__ import annotations

from typing import Any

from netspec.diagnostics.model import Hint, Label, Quoted
from netspec.elaborate.builder import Builder, Context, all_defined, single
from netspec.elaborate.chain import chain, is_step
from netspec.elaborate.environment import Environment, Flow, Result
from netspec.elaborate.evaluate import Undefined, fault, size
from netspec.elaborate.keys import Names
from netspec.elaborate.lookup import is_layer, layer_named
from netspec.ir.sizes import Formula
from netspec.ir.structure import Flip, Port
from netspec.syntax import tree


def repeat(b: Builder, env: Environment, ctx: Context, item: tree.Repeat, flow: Flow, keys: Names) -> Result:
    """Expand `repeat N { … }`: the rounds one after another, each with its own weights, or all with the same weights.

    Returns:
        The values of the last round. A spec reads one of them by the name of an output of the block in the round
        (`r.left`), and the values of any round by the number of the round (`r.2`, `r.2.left`).
    """
    _begins_with_step(env, item)
    written = size(item.count, env, 1, "repeat")
    count = int(written.values[0]) if b.instances and isinstance(written, Formula) else written
    if not isinstance(count, int):
        raise fault(env, item.count.at, "NS614", text=env.span(item.count.at).text)
    if len(b.nodes) + count > b.limits.nodes:
        raise fault(env, item.count.at, "NS612", limit=b.limits.nodes)
    b.reserve(env, item)
    path = keys.module("repeat")
    around = b.scope(ctx, "repeat", str(count), path, shared=item.shared, count=written)
    inside = ctx._replace(scope=around.index)
    nested = isinstance(item.chain.items[-1], tree.Repeat)  # rounds in rounds are not read by two numbers (`r.2.1`)
    result = Result(flow)
    rounds: dict[str, Flow] = {}
    named: dict[str, Flow] = {}
    for number in range(1, count + 1):
        own = path if item.shared else f"{path}.{number}"
        again = inside._replace(again=ctx.again or (item.shared and number > 1))
        result = _round(b, env, again, item, number, own, result.values)
        if None in result.values:  # the error is reported; other rounds would repeat it
            rounds[str(number)] = result.values
            break
        if len(result.values) != len(flow):
            raise fault(env, item.at, "NS615", given=str(len(flow)), made=str(len(result.values)))
        rounds[str(number)] = result.values
        if not nested:
            named |= {f"{number}.{name}": values for name, values in result.parts.items()}
    around.last = len(b.nodes)
    return Result(result.values, rounds if nested else result.parts | rounds | named)


def _round(b: Builder, env: Environment, ctx: Context, item: tree.Repeat, number: int, path: str, flow: Flow) -> Result:
    scope = b.scope(ctx, "round", str(number), path, shared=item.shared)
    ctx = ctx._replace(scope=scope.index)
    if item.index:
        env = env.with_value(item.index.text, number)
    ports: Flow = []  # the round reads its inputs only through these nodes, which belong to it
    for value in flow:
        ports += [None] if value is None else b.node(env, ctx, Port(), [value], item.at, "port")
    scope.ports = tuple(value.edge.node for value in ports if value is not None)
    keys = Names(path)
    result = chain(b, env, ctx, item.chain.items, keys, ports)
    keys.finish()
    scope.last = len(b.nodes)
    scope.results = tuple(value.edge for value in result.values if value is not None)
    return result


def _begins_with_step(env: Environment, item: tree.Repeat) -> None:
    """Raise Fault (NS616) if the chain of a `repeat` begins with a layer or value instead of a step."""
    first = item.chain.items[0]
    if isinstance(first, tree.Ref) and is_layer(first.path[0], env):
        if env.unit.find(first.name) is None and first.name not in env.values:
            raise fault(env, first.at, "NS616", text=first.name)
    elif not isinstance(first, (tree.Ref, tree.Call, tree.Perceptrons, tree.Filters, tree.Repeat, tree.Unreadable)):
        sums = isinstance(first, (tree.Binary, tree.Join))
        raise fault(env, first.at, "NS616", *([Hint("block")] if sums else []), text=env.span(first.at).text)


def reverse(b: Builder, env: Environment, ctx: Context, item: tree.Ref | tree.Call, flow: Flow, keys: Names) -> Result:
    """Expand `reversed(step)`: reverse the order of time steps, apply the step, and restore the order."""
    if len(item.args) != 1 or item.args[0].name:
        raise fault(env, item.at, "NS248")
    inner = item.args[0].value
    items = inner.items if isinstance(inner, tree.Chain) else (inner,)
    value = single(flow, env, item.at)
    turned = b.node(env, ctx, Flip(), [value], item.at, "reversed")
    inside = ctx._replace(backward=not ctx.backward)
    result = single(chain(b, env, inside, items, keys, turned).values, env, item.at)
    return Result(b.node(env, ctx, Flip(), [result], item.at, "reversed"))


def same(b: Builder, env: Environment, ctx: Context, item: tree.Ref | tree.Call, flow: Flow, keys: Names) -> Result:
    """Expand `same(a)`: apply the chain of the layer a, with the same weights, to the values that flow in."""
    at = item.at
    if len(item.args) != 1 or item.args[0].name:
        raise fault(env, at, "NS236")
    inner = item.args[0].value
    if not isinstance(inner, tree.Ref) or len(inner.path) != 1:
        raise fault(env, item.args[0].at, "NS236")
    name = inner.path[0]
    bound = layer_named(inner, env, option=True)
    if None in bound.values:  # an error in the line of a is reported already
        raise Undefined
    line = env.labels[name]
    if not isinstance(line, tree.Layer):
        raise fault(env, item.args[0].at, "NS237", name=name)
    given: Flow = [*all_defined(flow)]
    inside = ctx._replace(again=True, same=Label(env.span(at), "again", {"name": name}))
    own = Names(bound.path)
    items = line.chain.items
    if is_step(items[0], env):
        result = chain(b, env, inside, items, own, given)
    else:
        read = sorted(_layers_read(items[0], env))
        if len(read) != 1 or len(flow) != 1:
            labels = (Label(env.span(line.at), "line"),)
            raise fault(env, at, "NS238", labels=labels, name=line.label.text, layers=Quoted(tuple(read)))
        result = chain(b, env.with_layer(read[0], given), inside, items, own)
    own.finish()
    return Result(result.values)


def _layers_read(item: Any, env: Environment) -> set[str]:
    """Return the layers that the first item of a chain reads, including those at the head of its side paths."""
    found: set[str] = set()
    pending = [item]
    while pending:
        value = pending.pop()
        match value:
            case tree.Ref():
                if is_layer(value.path[0], env):
                    found.add(value.path[0])
            case tree.Indexed():
                found.add(value.path[0])
            case tree.Binary():
                pending += [value.left, value.right]
            case tree.Join() | tree.Several():
                pending += value.parts
            case tree.Group():
                pending.append(value.chain)
            case tree.Chain():
                pending.append(value.items[0])
            case tree.Negative():
                pending.append(value.value)
    return found
