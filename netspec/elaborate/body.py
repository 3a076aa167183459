"""Expands the lines of a body (of a net or block) into layers, one line after another."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from netspec.diagnostics.model import Diagnostic, Fault, Fix, Hint, Label
from netspec.elaborate.annotations import bind_type, read_type, same_type
from netspec.elaborate.builder import Builder, Context, single
from netspec.elaborate.chain import begins_alone, chain
from netspec.elaborate.environment import Binding, Environment, Flow, Result
from netspec.elaborate.evaluate import ANY, Undefined, Want, check_size, evaluate, fault
from netspec.elaborate.keys import Names
from netspec.elaborate.kinds import read_table
from netspec.elaborate.program import NEVER_NAMES
from netspec.elaborate.witnesses import COMPARE, differing, shown
from netspec.ir.graph import Counts, Layer
from netspec.ir.operation import Op
from netspec.ir.sizes import Formula, text, values_of
from netspec.ir.structure import Input, Port
from netspec.ir.types import Unknown, type_text
from netspec.names import nearest
from netspec.ops.registry import operation
from netspec.syntax import tree


def body(b: Builder, env: Environment, ctx: Context) -> None:
    """Expand the statements of a body into layers, and report their mistakes.

    Args:
        b: collects the layers and nodes.
        env: the names of the body. Its parameters have values already; labels and sizes are added here.
        ctx: where the body stands.
    """
    statements = env.definition.body.statements
    _declare(b, env, ctx, statements)
    excluded = False  # true if a `require` about the parameters fails; the lines would then fail for the same reason
    for statement in statements:
        if isinstance(statement, tree.Layer) and not excluded:
            excluded = env.parent is not None and _excluded(b, env, ctx, statements)
        try:
            if excluded:
                raise Undefined
            _statement(b, env, ctx, statement)
        except Fault as error:
            b.add(error.diagnostic, env, ctx)
            _undefine(env, statement)
        except Undefined:
            _undefine(env, statement)
    if not excluded:
        _unused_starts(b, env, ctx)
        _requirements(b, env, ctx, statements)


def _declare(b: Builder, env: Environment, ctx: Context, statements: tuple[tree.Statement, ...]) -> None:
    """Declare all labels before the lines are expanded, since a delayed read may name a layer below.

    Report names that are declared twice, and words that are not allowed as names.
    """

    def report(mistake: Diagnostic) -> None:
        b.add(mistake, env, ctx)

    def odd(name: tree.Name) -> bool:
        return name.text in NEVER_NAMES or not name.text.isidentifier()

    seen = {param.name.text: param.name for param in env.definition.body.params or ()}
    for param in seen.values():
        if odd(param):
            report(Diagnostic("NS115", env.span(param.at), {"seen": param.text}))
    folded: dict[str, str] = {}
    for statement in statements:
        if isinstance(statement, tree.Start):
            first = env.start_lines.setdefault(statement.label.text, statement).label
            if first is not statement.label:
                words = {"name": f"start {first.text}"}
                labels = (Label(env.span(first.at), "first"),)
                report(Diagnostic("NS204", env.span(statement.label.at), words, labels=labels, hints=(Hint("twice"),)))
        name = _name_of(statement)
        if name is None:
            continue
        word = name.text
        if isinstance(statement, tree.Layer) and isinstance(statement.chain.items[0], tree.Unreadable):
            env.labels.setdefault(word, statement)
            continue
        if word in seen:
            labels = (Label(env.span(seen[word].at), "first"),)
            report(Diagnostic("NS204", env.span(name.at), {"name": word}, labels=labels))
            env.misnamed = True
            continue
        seen[word] = name
        if odd(name):
            report(Diagnostic("NS115", env.span(name.at), {"seen": word}))
            env.misnamed = True
        key = word if word.isascii() else unicodedata.normalize("NFKC", word)
        if folded.setdefault(key, word) != word:
            report(Diagnostic("NS239", env.span(name.at), {"name": word, "other": folded[key]}))
            folded[key] = word
        if not isinstance(statement, tree.Let):
            env.labels[word] = statement
    if env.start_lines:
        env.delayed |= {each.path[0] for each in tree.walk(statements) if isinstance(each, tree.Indexed)}


def _statement(b: Builder, env: Environment, ctx: Context, statement: tree.Statement) -> None:
    match statement:
        case tree.Input():
            _input(b, env, ctx, statement)
        case tree.Layer():
            _line(b, env, ctx, statement)
        case tree.Default():
            env.defaults.append(statement)
        case tree.Let():
            _let(env, statement)
        case tree.Start() if statement.label.text not in env.labels:
            if statement.label.text in env.unread:
                raise Undefined
            raise fault(env, statement.label.at, "NS508", name=statement.label.text)


def _undefine(env: Environment, statement: tree.Statement) -> None:
    """Mark the names that a line declares as undefined, after an error in the line."""
    name = _name_of(statement)
    if name is None:
        return
    if isinstance(statement, tree.Let):
        env.undefined.add(name.text)
        return
    if env.labels.get(name.text) is statement:
        role = statement.role if isinstance(statement, tree.Layer) else "input"
        env.layers[name.text] = Binding([None], role)
        env.last = name.text
        if role == "input":
            env.inputs.append(name.text)
    if isinstance(statement, tree.Input):  # the type of an input may name new sizes
        env.undefined |= _sizes_in(statement.type) - env.values.keys()


def _name_of(statement: tree.Statement) -> tree.Name | None:
    if isinstance(statement, (tree.Input, tree.Layer)):
        return statement.label
    return statement.name if isinstance(statement, tree.Let) else None


# ---- lines


def _input(b: Builder, env: Environment, ctx: Context, line: tree.Input) -> None:
    label = line.label.text
    layer = b.layer(env, ctx, label, "input", line.at, line.caption)
    ctx = ctx._replace(layer=layer.index)
    if env.definition.body.kind == "net" and env.parent is None:
        declared = read_type(line.type, env, label)
        env.timed = env.timed or declared.time is not None
        flow = b.node(env, ctx, Input(declared), [], line.at, "input")
    else:
        value = single(env.given[label], env, line.at)
        for code, at, words in bind_type(line.type, value.type, env, label, b.symbols):
            b.warn(env, ctx, at, code, **words)
        flow = b.node(env, ctx, Port(), [value], line.at, "port")
        b.scopes[ctx.scope].ports += (len(b.nodes) - 1,)
    env.inputs.append(label)
    _finish(env, layer, Result(flow), "")


def _line(b: Builder, env: Environment, ctx: Context, line: tree.Layer) -> None:
    layer = b.layer(env, ctx, line.label.text, line.role, line.at, line.caption)
    layer.expected = line.expect is not None
    keys = Names(layer.path)
    carried = _carried_inside(env, layer.label)
    first = len(b.nodes)
    declared = None if line.expect is None else (env, line)
    inside = ctx._replace(layer=layer.index, carried=ctx.carried or carried, declared=declared)
    result = chain(b, env, inside, line.chain.items, keys)
    keys.finish()
    if carried and any(node.carried or node.op.carries for node in b.nodes[first:]):
        env.starts[layer.label] = None  # the `start` line is used
    flow = result.values
    if line.expect is not None:
        _expect(b, env, line, line.expect, flow)
    if line.role == "output" and len(flow) > 1:
        raise fault(env, line.at, "NS240", name=layer.label, count=str(len(flow)))
    if len(flow) > 1 and not isinstance(line.chain.items[-1], tree.Repeat):  # after `repeat`, `r.2` names a round
        numbered = {str(number): [value] for number, value in enumerate(flow, 1)}
        result = Result(flow, result.parts | numbered)
    _finish(env, layer, result, layer.path)


def _carried_inside(env: Environment, label: str) -> type[Op] | None:
    """Return what a line such as `start z: carried` starts from, if it is about the states inside the steps of z.

    It is if no line reads `z[t-1]`.
    """
    line = env.start_lines.get(label)
    if line is None or len(line.chain.items) > 1:
        return None
    item = line.chain.items[0]
    if not isinstance(item, (tree.Ref, tree.Call)) or not begins_alone(item, env):
        return None
    found = operation(item.name)
    return found if found.carries and label not in env.delayed else None


def _finish(env: Environment, layer: Layer, result: Result, path: str) -> None:
    layer.values = tuple(value.edge for value in result.values if value is not None)
    env.layers[layer.label] = Binding(result.values, layer.role, path, result.parts)
    env.last = layer.label


def _expect(b: Builder, env: Environment, line: tree.Layer, expect: tree.TypeText, flow: Flow) -> None:
    """Raise Fault (NS501) if a line has another type than the type written after `is`."""
    value = single(flow, env, line.chain.at)
    if not value.type.known:
        return
    expected = read_type(expect, env, line.label.text)
    carried = env.definition.body.kind == "block"
    if same_type(expected, value.type, carried):
        return
    example = shown(b.symbols, *differing(expected, value.type))
    actual = type_text(value.type.step if carried and expected.time is None else value.type)
    span = env.span(expect.at)
    words: dict[str, Any] = {"name": line.label.text, "written": type_text(expected), "actual": actual}
    hints = () if example is None else (example,)
    spelled = sorted(re.findall(r"\d+", words["written"])) == sorted(re.findall(r"\d+", actual))
    fixes = () if "floor(" in actual else (Fix(span, actual, certain=spelled),)  # else the line may be what is wrong
    raise Fault(Diagnostic("NS501", span, words, hints=hints, fixes=fixes))


def _let(env: Environment, line: tree.Let) -> None:
    if isinstance(line.value, tree.List):
        env.values[line.name.text] = read_table(line.value, env)
        return
    result = evaluate(line.value, env, ANY)
    if isinstance(result, int):
        check_size(result, line.value, env, Want("whole", -(10**18)))
    env.values[line.name.text] = result


def _unused_starts(b: Builder, env: Environment, ctx: Context) -> None:
    """Report NS509 for each `start` line whose layer is never read with a delay (as in `z[t-1]`)."""
    for name, line in env.start_lines.items():
        if name not in env.starts:
            bound = env.layers.get(name)
            if name in env.labels and name not in env.undefined and (bound is None or None not in bound.values):
                b.add(fault(env, line.at, "NS509", name=name).diagnostic, env, ctx)


# ---- require

# what a `require` compares once the graph is complete
TOTALS = frozenset({"weights", "active", "depth", "cache", "state"})


def _requirements(b: Builder, env: Environment, ctx: Context, statements: tuple[tree.Statement, ...]) -> None:
    """Check the `require` lines; those about weights and depth are kept until the graph is complete."""
    for line in statements:
        if not isinstance(line, tree.Require):
            continue
        if line.defaults and env.definition.body.kind == "block":
            b.add(fault(env, line.at, "NS564").diagnostic, env, ctx)
        if line.defaults and not env.at_defaults:
            continue
        if (_sizes_in(line.left, line.right) & TOTALS) - env.values.keys():
            b.late.append((env, line))
            continue
        try:
            require(b, env, line)
        except Fault as error:
            b.add(error.diagnostic, env, ctx)
        except Undefined:
            continue


def _excluded(b: Builder, env: Environment, ctx: Context, statements: tuple[tree.Statement, ...]) -> bool:
    """Whether a `require` fails that uses only values known before the first layer; the failure is reported."""
    for line in statements:
        if not isinstance(line, tree.Require) or line.defaults:
            continue
        if _sizes_in(line.left, line.right) <= env.values.keys():
            try:
                require(b, env, line)
            except Fault as error:
                b.add(error.diagnostic, env, ctx)
                return True
    return False


def require(b: Builder, env: Environment, line: tree.Require) -> None:
    """Raise Fault (NS511; NS565 if it is about the defaults) if a `require` does not hold."""
    for name in _names_in(line.left, line.right):
        guess = nearest(name.name, [*env.values, *TOTALS])
        if guess in TOTALS and name.name not in env.values and name.name not in env.undefined:
            raise fault(env, name.at, "NS206", guess=guess, name=name.name)
    left = evaluate(line.left, env, ANY)
    right = evaluate(line.right, env, ANY)
    if isinstance(left, Unknown) or isinstance(right, Unknown) or _holds(left, line.op, right):
        return
    words: dict[str, Any] = {
        "text": env.span((line.left.at[0], line.right.at[1])).text,
        "why": line.why.value if line.why else "",
        "left": text(left),
        "op": line.op,
        "right": text(right),
    }
    hints = [Hint("why")] if line.why else []
    if isinstance(left, Formula) or isinstance(right, Formula):
        hints.append(Hint("open"))
        example = shown(b.symbols, left, right)
        hints += [example] if example is not None else []
    raise fault(env, line.at, "NS565" if line.defaults else "NS511", *hints, **words)


def uncounted(env: Environment, line: tree.Require, counts: Counts) -> None:
    """Raise Fault (NS443) if a `require` is about weights, some of which nothing counts."""
    if counts.unknown and _sizes_in(line.left, line.right) & {"weights", "active"}:
        raise fault(env, line.at, "NS443", text=env.span((line.left.at[0], line.right.at[1])).text)


def _holds(left: Any, op: str, right: Any) -> bool:
    """Whether a comparison holds; if sizes are open, it must hold at every witness."""
    if op == "!=" and (isinstance(left, Formula) or isinstance(right, Formula)):
        count = len((left if isinstance(left, Formula) else right).values)
        return all(a != b for a, b in zip(values_of(left, count), values_of(right, count), strict=True))
    return bool(COMPARE[op](left, right))


def _names_in(*values: Any) -> list[tree.Ref]:
    return [value for value in tree.walk(values) if isinstance(value, tree.Ref)]


def _sizes_in(*values: Any) -> set[str]:
    """Return the names that occur in formulas of sizes."""
    return {value.name for value in _names_in(*values)}
