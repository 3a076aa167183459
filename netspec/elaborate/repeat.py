"""Expands the steps that apply a whole chain: `repeat`, `same` (the same weights again), `reversed` (back in time), and
the braces after a call, of which an operation makes copies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from netspec.diagnostics.model import Hint, Label, Quoted
from netspec.elaborate.builder import Builder, Context, all_defined, single
from netspec.elaborate.chain import chain, is_step
from netspec.elaborate.environment import Environment, Flow, Result, Value
from netspec.elaborate.evaluate import Undefined, fault, size
from netspec.elaborate.keys import Names
from netspec.elaborate.kinds import read_table
from netspec.elaborate.lookup import is_layer, layer_named, read
from netspec.elaborate.program import built_in
from netspec.ir.operation import Op
from netspec.ir.sizes import Formula
from netspec.ir.structure import Flip, Port
from netspec.ir.types import Type
from netspec.syntax import tree


def repeat(b: Builder, env: Environment, ctx: Context, item: tree.Repeat, flow: Flow, keys: Names) -> Result:
    """Expand `repeat N { … }`: the rounds one after another, each with its own weights, or all with the same weights.

    With a list in place of N there is a round for each item: `repeat [[64, 3], [128, 4]] as c, n { Stage(c, n) }`.

    Returns:
        The values of the last round. A spec reads one of them by the name of an output of the block in the round
        (`r.left`), and the values of any round by the number of the round (`r.2`, `r.2.left`).
    """
    _begins_with_step(env, item.chain, "repeat")
    items = listed(item.count, env)
    written = size(item.count, env, 1, "repeat") if items is None else len(items)
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
        values = ((number,) if item.names else ()) if items is None else items[number - 1]
        own = path if item.shared else f"{path}.{number}"
        again = inside._replace(again=ctx.again or (item.shared and number > 1))
        result = _round(b, _named(env, item, values, number), again, item, number, own, result.values)
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
    scope.arguments = {name.text: env.values[name.text] for name in item.names}
    ctx = ctx._replace(scope=scope.index)
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


def listed(count: tree.Value, env: Environment) -> tuple[tuple[Any, ...], ...] | None:
    """Return the values of each round of a `repeat` over a list; None if a number says how many rounds there are."""
    found = env.values.get(count.name) if isinstance(count, tree.Ref) else None
    if isinstance(count, tree.List):
        found = read_table(count, env)
    if not isinstance(found, tuple) or isinstance(found, Type):
        return None
    if not found:
        raise fault(env, count.at, "NS568")
    return tuple(item if isinstance(item, tuple) and not isinstance(item, Type) else (item,) for item in found)


def _named(env: Environment, item: tree.Repeat, values: tuple[Any, ...], number: int) -> Environment:
    """Return the environment of a round, in which the names after `as` have their values."""
    if len(values) != len(item.names):
        words: dict[str, Any] = {"number": number, "given": len(values), "names": len(item.names)}
        raise fault(env, item.count.at, "NS569", **words)
    for name, value in zip(item.names, values, strict=True):
        env = env.with_value(name.text, value)
    return env


def _begins_with_step(env: Environment, inside: tree.Chain, word: str) -> None:
    """Raise Fault (NS616) if the chain in the braces of `word` begins with a layer or value instead of a step."""
    first = inside.items[0]
    if isinstance(first, tree.Ref) and is_layer(first.path[0], env):
        if env.unit.find(first.name) is None and first.name not in env.values:
            raise fault(env, first.at, "NS616", step=word, text=first.name)
    elif not isinstance(first, (tree.Ref, tree.Call, tree.Perceptrons, tree.Filters, tree.Repeat, tree.Unreadable)):
        sums = isinstance(first, (tree.Binary, tree.Join))
        raise fault(env, first.at, "NS616", *([Hint("block")] if sums else []), step=word, text=env.span(first.at).text)


def copied(
    b: Builder, env: Environment, ctx: Context, item: tree.Ref | tree.Call, op: Op, value: Value, path: str
) -> tuple[Flow, tuple[int, ...]]:
    """Expand the step in the braces of a call, once for each kind of copies that the operation makes of it.

    Each kind is a scope of its own: the block, if the step is one call of a block, else a block made here.

    Returns:
        What the copies make of the value, and the scopes.
    """
    assert item.step is not None
    _begins_with_step(env, item.step, item.name)
    flow: Flow = []
    scopes: list[int] = []
    for copies in op.copies:
        number, first = len(b.scopes), len(b.nodes)
        own = f"{path}.{copies.name}"
        if _calls_block(env, item.step):
            keys = Names(own)
            made = single(chain(b, env, ctx, item.step.items, keys, [value]).values, env, item.step.at)
            keys.finish()
        else:
            made = _as_block(b, env, ctx, item.step, value, own)
        b.scopes[number].copies = copies
        _alone(b, env, ctx, item, first, value, own)
        flow.append(made)
        scopes.append(number)
    return flow, tuple(scopes)


def _calls_block(env: Environment, inside: tree.Chain) -> bool:
    first = inside.items[0]
    if len(inside.items) > 1 or not isinstance(first, (tree.Ref, tree.Call)) or first.name in env.values:
        return False
    return env.unit.find(first.name) is not None or built_in(first.name) is not None


def _as_block(b: Builder, env: Environment, ctx: Context, inside: tree.Chain, value: Value, path: str) -> Value:
    """Expand a chain as a block would be: `input x`, then `output y` with the chain."""
    scope = b.scope(ctx, "block", "Expert", path, port_names=("x",), result_names=("y",))
    labels = replace(env, path=f"{path}.")
    ctx = ctx._replace(scope=scope.index)
    source = b.layer(labels, ctx, "x", "input", inside.at)
    source.text = "input x"
    ports = b.node(env, ctx._replace(layer=source.index), Port(), [value], inside.at, "port")
    result = b.layer(labels, ctx, "y", "output", inside.at)
    result.text = f"output y: {result.text}"
    keys = Names(f"{path}.y")
    flow = chain(b, env, ctx._replace(layer=result.index), inside.items, keys, ports).values
    keys.finish()
    made = single(flow, env, inside.at)
    source.values = tuple(port.edge for port in ports if port is not None)
    result.values = scope.results = (made.edge,)
    scope.ports = (source.values[0].node,)
    scope.last = len(b.nodes)
    return made


def _alone(
    b: Builder, env: Environment, ctx: Context, item: tree.Ref | tree.Call, first: int, value: Value, path: str
) -> None:
    """Raise Fault if a step in braces needs more than one token: other layers (NS592) or other tokens (NS595)."""
    for node in b.nodes[first:]:
        here = node.span is not None and node.span.source is env.unit.source
        at = (node.span.start, node.span.end) if here and node.span is not None else item.at
        borrowed = [node.tied, node.path if node.again and not ctx.again else ""]
        outside = any(edge.node < first and edge != value.edge for edge in node.inputs)
        if outside or any(each and not each.startswith(f"{path}.") for each in borrowed):
            raise fault(env, at, "NS592", step=item.name, inner=node.word)
        across = any(map(node.looks_across_time, range(len(node.inputs)))) and node.kind != "port"
        if across or node.delay or node.op.mixes_batch or node.op.carries:
            raise fault(env, at, "NS595", step=item.name, inner=node.word)


def reverse(b: Builder, env: Environment, ctx: Context, item: tree.Ref | tree.Call, flow: Flow, keys: Names) -> Result:
    """Expand `reversed(step)`: reverse the order of time steps, apply the step, and restore the order."""
    given = [*item.args, *([] if item.step is None else [tree.Arg((), item.step)])]
    if len(given) != 1 or given[0].name:
        raise fault(env, item.at, "NS248")
    inner = given[0].value
    items = inner.items if isinstance(inner, tree.Chain) else (inner,)
    value = single(flow, env, item.at)
    turned = b.node(env, ctx, Flip(), [value], item.at, "reversed")
    inside = ctx._replace(backward=not ctx.backward)
    result = single(chain(b, env, inside, items, keys, turned).values, env, item.at)
    return Result(b.node(env, ctx, Flip(), [result], item.at, "reversed"))


def same(b: Builder, env: Environment, ctx: Context, item: tree.Ref | tree.Call, flow: Flow, keys: Names) -> Result:
    """Expand `same(a)`: apply the chain of the layer a, with the same weights, to the values that flow in.

    They take the places of the layers that the line of a begins with, in the order in which it names them.
    """
    at = item.at
    if len(item.args) != 1 or item.args[0].name or item.step is not None:
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
    declared = ctx.declared or (None if line.expect is None else (env, line))
    inside = ctx._replace(again=True, same=Label(env.span(at), "again", {"name": name}), declared=declared)
    own = Names(bound.path)
    items = line.chain.items
    if is_step(items[0], env):
        result = chain(b, env, inside, items, own, given)
    else:
        reads = _layers_read(items[0], env)
        if sum(reads.values()) != len(flow):
            count, labels = sum(reads.values()), (Label(env.span(line.at), "line"),)
            hints = (Hint("several", {"text": ", ".join("uvwxyz"[:count])}),) if 0 < count < 7 else ()
            words: dict[str, Any] = {"layers": Quoted(tuple(reads)), "count": count, "given": len(flow)}
            raise fault(env, at, "NS238", *hints, labels=labels, name=name, **words)
        other = env
        for layer, number in reads.items():
            other, given = other.with_layer(layer, given[:number]), given[number:]
        result = chain(b, other, inside, items, own)
    own.finish()
    return Result(result.values)


def _layers_read(item: Any, env: Environment) -> dict[str, int]:
    """Return what the first item of a chain reads, in order: layers and their parts, each with its number of values.

    What side paths in the item begin with belongs to it.
    """
    found: dict[str, tree.Place] = {}
    counts: dict[str, int] = {}
    pending = [item]
    while pending:
        value = pending.pop()
        match value:
            case tree.Ref():
                if is_layer(value.path[0], env):
                    found[value.name] = min(value.at, found.get(value.name, value.at))
                    counts[value.name] = len(read(value, env))
            case tree.Indexed():
                found[value.path[0]] = min(value.at, found.get(value.path[0], value.at))
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
    return {name: counts.get(name, 1) for name in sorted(found, key=lambda name: found[name])}
