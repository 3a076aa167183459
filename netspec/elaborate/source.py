"""Expands what a chain begins with: layers, sums, products, joins, side paths and delayed reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec.diagnostics.model import Fix, Hint
from netspec.elaborate.annotations import read_type
from netspec.elaborate.builder import Builder, Context, Source, single
from netspec.elaborate.chain import begins_alone, chain, is_step, names_layer
from netspec.elaborate.environment import Closure, Environment, Flow, Value
from netspec.elaborate.evaluate import REAL, Undefined, evaluate, fault
from netspec.elaborate.keys import Names
from netspec.elaborate.lookup import is_layer, layer_named, method, read, unknown_layer
from netspec.ir.graph import Edge
from netspec.ir.operation import Op
from netspec.ir.sizes import Formula
from netspec.ir.structure import Delay
from netspec.ir.types import UNKNOWN, UNKNOWN_TYPE, Time, Type, type_text
from netspec.ops.registry import operation, step_names
from netspec.syntax import tree

_SIGNS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "^": "power"}

# A delay that is as long as the whole sequence, or longer, gets a warning. If it is longer than this number of steps,
# it is an error, since it would also take memory.
MAX_IDLE_DELAY = 1000


def operand(b: Builder, env: Environment, ctx: Context, item: tree.Value, keys: Names) -> Flow:
    """Return the values of an item that is not a step: the source of a chain, or a part of that source.

    Raises:
        Fault: the item is a step, or has a mistake.
        Undefined: the item is undefined because of an earlier error.
    """
    return _READERS.get(type(item), _no_value)(b, env, ctx, item, keys)


def _layer(b: Builder, env: Environment, ctx: Context, item: tree.Ref, keys: Names) -> Flow:
    if names_layer(item, env):
        return read(item, env)
    name = item.path[0]
    if name in env.values and not isinstance(env.values[name], Closure):
        raise fault(env, item.at, "NS214", name=name)
    if name in env.values or name in step_names():
        raise fault(env, item.at, "NS219", Hint("reads"), text=name)
    raise unknown_layer(name, item.at, env)


def _several(b: Builder, env: Environment, ctx: Context, item: tree.Several, keys: Names) -> Flow:
    return [value for part in item.parts for value in operand(b, env, ctx, part, keys)]


def _unreadable(b: Builder, env: Environment, ctx: Context, item: tree.Unreadable, keys: Names) -> Flow:
    return [None]


def _negative(b: Builder, env: Environment, ctx: Context, item: tree.Negative, keys: Names) -> Flow:
    if _is_number(item, env):
        raise fault(env, item.at, "NS218", text=env.span(item.at).text)
    value = single(operand(b, env, ctx, item.value, keys), env, item.value.at)
    return b.node(env, ctx, operation("negative")(), [value], item.at, "-")


def _number(b: Builder, env: Environment, ctx: Context, item: tree.Number, keys: Names) -> Flow:
    raise fault(env, item.at, "NS218", text=item.text)


def _no_value(b: Builder, env: Environment, ctx: Context, item: tree.Value, keys: Names) -> Flow:
    """Return the value of a step that needs no source, such as `learned(d)`; raise Fault for any other step."""
    if begins_alone(item, env):
        return chain(b, env, ctx, (item,), keys).values
    if isinstance(item, tree.Call) and is_layer(item.path[0], env):
        raise fault(env, item.at, "NS249", *method(item.path), name=item.path[0])
    if isinstance(item, tree.Call) and item.args and not item.args[0].name:
        read = item.args[0].value  # `sigmoid(x)`, as a function is called elsewhere
        if isinstance(read, tree.Ref) and is_layer(read.path[0], env) and len(item.args) == 1:
            way = f"({env.span(read.at).text} -> {item.name})"
            text = env.span(item.at).text
            raise fault(env, item.at, "NS219", Hint("called", {"way": way}), fix=Fix(env.span(item.at), way), text=text)
    text = env.span(item.at).text
    raise fault(env, item.at, "NS219", Hint("reads"), text=text)


# ---- groups and joins


def _group(b: Builder, env: Environment, ctx: Context, item: tree.Group, keys: Names) -> Flow:
    """Return the values of a side path such as `(x -> a -> b)`, which must name its source."""
    items = item.chain.items
    first = items[0]
    alone = begins_alone(first, env)
    if len(items) == 1 and not alone:
        return operand(b, env, ctx, first, keys)
    if not alone and is_step(first, env):
        if isinstance(first, tree.Ref) and first.name in env.unread:
            raise Undefined
        raise fault(env, first.at, "NS221", text=env.span(first.at).text)
    return chain(b, env, ctx, items, keys).values


def _join(b: Builder, env: Environment, ctx: Context, item: tree.Join, keys: Names) -> Flow:
    values: list[Value] = []
    for part in item.parts:
        try:
            values.append(single(operand(b, env, ctx, part, keys), env, part.at))
        except Undefined:
            continue
    if len(values) < len(item.parts):
        return [None]
    return b.node(env, ctx, operation("join")(role="maps"), values, item.at, "&")


# ---- arithmetic


def _binary(b: Builder, env: Environment, ctx: Context, item: tree.Binary, keys: Names) -> Flow:
    """Return the value of a run of operators.

    `a + b - 0.5*c` is parsed as ((a + b) - 0.5*c). A loop walks down the left sides and then back up, since recursion
    could be too deep.
    """
    spine: list[tree.Binary] = []
    current: tree.Value = item
    while isinstance(current, tree.Binary):
        spine.append(current)
        current = current.left
    left = _term(b, env, ctx, current, keys)
    for part in reversed(spine):
        left = _combined(b, env, ctx, part, left, _term(b, env, ctx, part.right, keys))
    if isinstance(left, (int, float, Formula)):
        raise fault(env, item.at, "NS218", text=env.span(item.at).text)
    return [left]


def _term(b: Builder, env: Environment, ctx: Context, item: tree.Value, keys: Names) -> Any:
    """Return one side of an operator: a number, a Value, or None if it is undefined."""
    if _is_number(item, env):
        return evaluate(item, env, REAL)
    try:
        return single(operand(b, env, ctx, item, keys), env, item.at)
    except Undefined:
        return None


def _is_number(item: tree.Value, env: Environment) -> bool:
    match item:
        case tree.Number():
            return True
        case tree.Ref():
            found = env.values.get(item.name)
            number = isinstance(found, (int, float, Formula)) and not isinstance(found, bool)
            return number and not is_layer(item.path[0], env)
        case tree.Negative():
            return _is_number(item.value, env)
        case tree.Group() | tree.Chain():
            items = item.chain.items if isinstance(item, tree.Group) else item.items
            return len(items) == 1 and _is_number(items[0], env)
        case tree.Binary():
            current: tree.Value = item
            while isinstance(current, tree.Binary):
                if not _is_number(current.right, env):
                    return False
                current = current.left
            return _is_number(current, env)
        case tree.Call():
            return item.name == "sqrt" and len(item.args) == 1 and _is_number(item.args[0].value, env)
    return False


def _combined(b: Builder, env: Environment, ctx: Context, item: tree.Binary, left: Any, right: Any) -> Any:
    """Return the result of an operator: a number if both sides are numbers, else a Value, or None if undefined."""
    numbers = [isinstance(side, (int, float, Formula)) for side in (left, right)]
    if all(numbers):
        return evaluate(item, env, REAL)
    text = env.span(item.at).text
    if item.op not in _SIGNS:
        raise fault(env, item.at, "NS224", text=text, op=item.op)
    if item.op == "/" and numbers[1] and right == 0:
        raise fault(env, item.right.at, "NS408", text=text)
    if left is None or right is None:
        return None
    if any(numbers):
        number, value = (left, right) if numbers[0] else (right, left)
        if isinstance(number, Formula) and not b.instances:
            raise fault(env, item.at, "NS225", text=text)
        factor = number if isinstance(number, Formula) else float(number)
        op: Op = operation("number")(sign=item.op, value=factor, first=numbers[0])
        return b.node(env, ctx, op, [value], item.at, item.op)[0]
    sides = [_beside(b, ctx, left, right), _beside(b, ctx, right, left)]
    return b.node(env, ctx, operation(_SIGNS[item.op])(), sides, item.at, item.op)[0]


def _beside(b: Builder, ctx: Context, value: Value, other: Value) -> Value:
    """Return one side of an operator, whose last step may depend on the other side, as `expand(maps)` does.

    A step of another line has the type that its line says.
    """
    node = b.nodes[value.edge.node]
    if node.op.waits and node.layer == ctx.layer:
        node.op = node.op.beside(other.type)
        inputs = [Value(edge, b.nodes[edge.node].types[edge.output]) for edge in node.inputs]
        node.types = b.types_of(node.op, inputs)
    return Value(value.edge, node.types[value.edge.output])


# ---- delayed reads


def _delayed(b: Builder, env: Environment, ctx: Context, item: tree.Indexed, keys: Names) -> Flow:
    """Return the value of `z[t-k]`: that of z, k time steps before. The line of z may stand above or below."""
    steps = _steps(env, item)
    name = item.path[0]
    if len(item.path) > 1 or name not in env.labels:
        layer_named(tree.Ref(item.path, item.at), env)  # raises if the name is no layer
        raise fault(env, item.at, "NS502", name=item.name)
    if env.definition.body.kind == "block" and not env.timed:
        raise fault(env, item.at, "NS507", name=item.name, block=env.definition.body.name.text)
    known = env.layers.get(name)
    if known is not None and known.values[:1] in ([], [None]):
        raise Undefined
    value_type = _delayed_type(b, env, name, item)
    time = value_type.time
    if isinstance(time, Time) and isinstance(time.length, int) and steps >= time.length:
        words: dict[str, Any] = {"name": item.name, "steps": steps, "length": str(time)}
        if steps > MAX_IDLE_DELAY:
            raise fault(env, item.index.at, "NS517", **words)
        b.warn(env, ctx, item.index.at, "NS517", **words)
    start = _start(b, env, ctx, item, name, value_type)
    inputs = [Value(Edge(-1), value_type)] + ([start] if start is not None else [])
    flow = b.node(env, ctx, Delay(steps), inputs, item.at, f"{name}[t-{steps}]")
    b.delays.append((b.nodes[-1], env, name))
    return flow


def _steps(env: Environment, item: tree.Indexed) -> int:
    """Return how many time steps a delayed read looks back."""
    index = item.index
    if isinstance(index, tree.Binary) and isinstance(index.left, tree.Ref) and index.left.name == "t":
        if index.op == "+":
            raise fault(env, item.at, "NS691", name=item.name)
        if index.op == "-":
            steps = evaluate(index.right, env)
            if isinstance(steps, int) and steps >= 1:
                return steps
            raise fault(env, index.right.at, "NS503", name=item.name)
    if isinstance(index, tree.Ref) and index.name == "t":
        raise fault(env, item.at, "NS503", name=item.name)
    text = env.span(index.at).text
    if not is_layer(item.path[0], env) and (env.unit.find(item.name) or item.name in step_names()):
        fix = Fix(env.span(item.at), f"{item.name}({text})")  # the call of a block, written as `Basic[64]`
        raise fault(env, item.at, "NS137", fix=fix, right=fix.replacement)
    back = isinstance(index, tree.Binary) and index.op == "-" and isinstance(index.left, tree.Ref)
    fix_time = Fix(env.span(index.left.at), "t") if back and isinstance(index, tree.Binary) else None
    raise fault(env, item.at, "NS505", Hint("time" if back else "part"), fix=fix_time, name=item.name, index=text)


def _delayed_type(b: Builder, env: Environment, name: str, item: tree.Indexed) -> Type:
    """Return what is known of the type of a layer, perhaps before its line is expanded."""
    bound = env.layers.get(name)
    if bound is not None and bound.values and bound.values[0] is not None:
        return _timed(bound.values[0].type, env, item)
    written = _written_type(env, name)
    if written is not None and written.known:
        return _timed(written, env, item)
    assumed = b.assumed.get(env.path + name)
    if assumed is not None and assumed.known:
        return _timed(assumed, env, item)
    b.unresolved.setdefault(env.path + name, (env, item.at))
    return written or assumed or UNKNOWN_TYPE


def _written_type(env: Environment, name: str) -> Type | None:
    """Return the type after `is` in the line of a layer; its time is unknown if `is` does not name the lengths."""
    statement = env.labels.get(name)
    if not isinstance(statement, tree.Layer) or statement.expect is None:
        return None
    over = statement.expect.over
    written = read_type(statement.expect, env, name)
    if over is None:
        carried = env.definition.body.kind == "block"
    else:
        carried = over.kind == "up to" and over.name is None
    return written._replace(time=UNKNOWN) if carried else written


def _timed(value: Type, env: Environment, item: tree.Indexed) -> Type:
    if value.time is None:
        raise fault(env, item.at, "NS506", Hint("over"), name=item.name, type=str(value))
    return value


def _start(
    b: Builder, env: Environment, ctx: Context, item: tree.Indexed, label: str, value_type: Type
) -> Value | None:
    """Return the value of the line `start z: …`; None if there is no such line.

    The line is expanded at the first delayed read of z.
    """
    if label in env.starts:
        return env.starts[label]
    env.starts[label] = None
    line = env.start_lines.get(label)
    if line is None and ctx.carried is not None and not ctx.backward:  # the line around this block says it is carried
        layer = b.layer(env, ctx, label, "start", item.at)
        layer.text = f"start {label}: {ctx.carried.name}"
        op = ctx.carried(value=value_type.step if value_type.known else UNKNOWN_TYPE.step)
        (found,) = b.node(env, ctx._replace(layer=layer.index), op, [], item.at, op.name)
        assert found is not None
        layer.values = (found.edge,)
        env.starts[label] = found
        return found
    if line is None:
        return None
    layer = b.layer(env, ctx, label, "start", line.at)
    inside = ctx._replace(layer=layer.index, start=value_type.step if value_type.known else UNKNOWN_TYPE.step)
    keys = Names(f"{layer.path}.start")
    value = single(chain(b, env, inside, line.chain.items, keys).values, env, line.chain.at)
    keys.finish()
    if value.type.known and value_type.known and value.type != value_type.step:
        words: dict[str, Any] = {"name": label, "have": type_text(value.type), "want": type_text(value_type.step)}
        raise fault(env, line.chain.at, "NS510", **words)
    layer.values = (value.edge,)
    env.starts[label] = value
    return value


_READERS: Mapping[type[tree.Syntax], Source] = {
    tree.Ref: _layer,
    tree.Several: _several,
    tree.Unreadable: _unreadable,
    tree.Indexed: _delayed,
    tree.Group: _group,
    tree.Join: _join,
    tree.Binary: _binary,
    tree.Negative: _negative,
    tree.Number: _number,
}
