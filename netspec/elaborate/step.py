"""Applies what follows an arrow: nouns (perceptrons, filters), operations, blocks, and `repeat`, `same`, `reversed`."""

from __future__ import annotations

from collections.abc import Mapping

from netspec.diagnostics.model import Fault, Fix, Hint
from netspec.elaborate.annotations import read_type
from netspec.elaborate.builder import Builder, Context, Step, all_defined, single
from netspec.elaborate.call import call
from netspec.elaborate.chain import RESERVED, chain
from netspec.elaborate.environment import Closure, Environment, Flow, Result, Value, Word
from netspec.elaborate.evaluate import Undefined, fault, size
from netspec.elaborate.keys import Names
from netspec.elaborate.kinds import LayerRef, sizes_of
from netspec.elaborate.lookup import is_layer, method, unknown_step
from netspec.elaborate.options import Given, read_options, sources
from netspec.elaborate.program import built_in
from netspec.elaborate.repeat import copied, repeat, reverse, same
from netspec.ir.graph import Edge, Node, Origin
from netspec.ir.operation import Op
from netspec.ir.sizes import Size, product, text
from netspec.ir.structure import Flip
from netspec.ops.registry import operation, plain, step_names
from netspec.syntax import tree
from netspec.syntax.tree import Place

# ---- nouns


def _perceptrons(b: Builder, env: Environment, ctx: Context, item: tree.Perceptrons, flow: Flow, keys: Names) -> Result:
    _check_space(env, item.units.at, item)
    given = Given({"units": sizes_of(item.units, env, 1, "perceptrons")})
    given.places["units"] = (env, item.units.at)
    return _noun(b, env, ctx, "perceptrons", given, item, flow, keys)


def _filters(b: Builder, env: Environment, ctx: Context, item: tree.Filters, flow: Flow, keys: Names) -> Result:
    _check_space(env, item.count.at, item)
    kernel = sizes_of(item.kernel, env, 1, "kernel")
    given = Given({"count": size(item.count, env, 1, "filters"), "kernel": kernel})
    given.places |= {"count": (env, item.count.at), "kernel": (env, item.kernel.at)}
    return _noun(b, env, ctx, "filters", given, item, flow, keys)


def _noun(
    b: Builder,
    env: Environment,
    ctx: Context,
    name: str,
    given: Given,
    item: tree.Perceptrons | tree.Filters,
    flow: Flow,
    keys: Names,
) -> Result:
    cls = operation(name)
    read_options(cls, sources(name, item.args, env), given, item.at)
    return _apply(b, env, ctx, cls, given, flow, item.at, item.word, keys, path=keys.module(name))


def _check_space(env: Environment, number: Place, item: tree.Perceptrons | tree.Filters) -> None:
    """Raise Fault (NS147) for a text such as `3perceptrons`: there must be a space between number and noun."""
    source = env.unit.source.text
    if source[number[1]].isalpha():
        span = (number[0], number[1] + len(item.word))
        fix = Fix(env.span((number[1], number[1])), " ")
        raise fault(env, span, "NS147", fix=fix, number=source[number[0] : number[1]], noun=item.word)


# ---- steps by name


def _named(b: Builder, env: Environment, ctx: Context, item: tree.Ref | tree.Call, flow: Flow, keys: Names) -> Result:
    """Apply a step by its name; it is looked up in step parameters, then in blocks and nets, then in operations."""
    name = item.name
    bound = env.values.get(name)
    if isinstance(bound, Closure):  # the caller has written the step; it is applied and stored here
        if isinstance(item, tree.Call):
            raise fault(env, item.at, "NS232", name=item.name)
        inside = ctx._replace(origins=(*ctx.origins, Origin(env.home, name, len(b.nodes))))
        return Result(chain(b, bound.env, inside, bound.chain.items, keys, flow).values)
    definition = env.unit.find(name)
    if definition is not None:
        return call(b, env, ctx, definition, item, flow, keys)
    if name in RESERVED:
        raise fault(env, item.path_at, "NS690", what=name)
    if name in env.unread.heads:
        raise Undefined
    definition = built_in(name)
    if definition is not None:
        return call(b, env, ctx, definition, item, flow, keys)
    if name not in step_names():
        raise _no_step(env, item, item.path_at)
    return _SPECIAL.get(name, _operation)(b, env, ctx, item, flow, keys)


def _no_step(env: Environment, item: tree.Ref | tree.Call, at: Place) -> Exception:
    """Return the error for a name that stands where a step is expected but is not a step."""
    name = item.name
    bound = env.values.get(name)
    if is_layer(item.path[0], env):
        code = "NS249" if isinstance(item, tree.Call) else "NS230"
        return fault(env, item.at, code, *method(item.path), name=item.path[0])
    if isinstance(bound, Word) and bound.text in env.unread:
        return Undefined()
    if isinstance(bound, Word) and bound.at is not None and bound.at.source is env.unit.source:
        # the word was given as an argument and meant as a step: report the error at the argument
        return unknown_step(bound.text, (bound.at.start, bound.at.end), env, step_names())
    if bound is not None:
        return fault(env, item.at, "NS231", name=name)
    if name in env.unread or name in env.undefined:
        return Undefined()
    return unknown_step(name, at, env, step_names())


def _operation(
    b: Builder, env: Environment, ctx: Context, item: tree.Ref | tree.Call, flow: Flow, keys: Names
) -> Result:
    name = item.name
    cls = operation(name)
    given = Given()
    if cls.declared:
        if ctx.declared is None:
            raise fault(env, item.at, "NS436", step=name)
        owner, line = ctx.declared
        assert line.expect is not None
        given.values[cls.declared] = read_type(line.expect, owner, line.label.text)
    if item.args or cls.required or env.defaults or env.unit.defaults or env.unread.defaults:
        lists = sources(name, item.args, env)
        for noun, taken in cls.inherits.items():  # `default perceptrons` also sets options of perceptrons in attention
            lists += [source.only(taken) for source in sources(noun, (), env)]
        read_options(cls, lists, given, item.at)
    if cls.begins and given.values.get("value") is None:
        if ctx.start is None:
            raise fault(env, item.at, "NS209", Hint("usage", {"usage": f"{name}(64)"}), step=name, option="value")
        given.values["value"] = ctx.start
    if cls.takes_step or item.step is not None:
        return _with_step(b, env, ctx, cls, given, item, flow, keys)
    return _apply(b, env, ctx, cls, given, flow, item.at, name, keys)


def _with_step(
    b: Builder,
    env: Environment,
    ctx: Context,
    cls: type[Op],
    given: Given,
    item: tree.Ref | tree.Call,
    flow: Flow,
    keys: Names,
) -> Result:
    """Apply an operation that makes copies of the step in its braces: it reads its input and what the copies make."""
    name = item.name
    if not cls.takes_step or item.step is None:
        raise fault(env, item.at, "NS591" if cls.takes_step else "NS590", step=name, usage=cls.example)
    value = single(flow, env, item.at)
    path = keys.module(name)
    around = b.scope(ctx, "call", name, path)
    inside = ctx._replace(scope=around.index)
    made, scopes = copied(b, env, inside, item, cls(**given.values), value, path)
    result = _apply(b, env, inside, cls, given, [value, *made], item.at, name, keys, path)
    b.nodes[-1].copies = scopes
    around.last = len(b.nodes)
    around.results = (Edge(len(b.nodes) - 1),)
    return result


def _misplaced(b: Builder, env: Environment, ctx: Context, item: tree.Several, flow: Flow, keys: Names) -> Result:
    raise fault(env, item.at, "NS229", text=env.span(item.at).text)


_SPECIAL: Mapping[str, Step] = {"same": same, "reversed": reverse}

STEPS: Mapping[type[tree.Syntax], Step] = {
    tree.Ref: _named,
    tree.Call: _named,
    tree.Perceptrons: _perceptrons,
    tree.Filters: _filters,
    tree.Repeat: repeat,
    tree.Several: _misplaced,
}


# ---- application


def _apply(
    b: Builder,
    env: Environment,
    ctx: Context,
    cls: type[Op],
    given: Given,
    flow: Flow,
    at: Place,
    word: str,
    keys: Names,
    path: str | None = None,
) -> Result:
    """Create an operation from its options, and apply it to the values that flow in."""
    values = all_defined(flow)
    tied = ""
    for name, option in cls.options.items():
        reference = given.values.get(name)
        if not isinstance(reference, LayerRef):
            continue
        owner, place = given.places[name]
        if option.kind == "tie":
            tied, given.values[name] = _borrow(b, values, given, reference, owner, place)
        else:  # `scores = b` makes b one more input
            value = single(reference.bound.values, owner, place)
            if ctx.backward and value.type.time is not None:  # as all that flows through a reversed step
                value = single(b.node(env, ctx, Flip(), [value], place, "reversed"), env, place)
            values.append(value)
            given.values[name] = True
    if cls.inputs is not None and len(flow) != cls.inputs:
        raise _wrong_count(env, cls, flow, at, cls.inputs)
    op = cls(**given.values) if given.values else plain(cls.name)
    return Result(b.node(env, ctx, op, values, at, word, keys, given, path, tied))


def _wrong_count(env: Environment, cls: type[Op], flow: Flow, at: Place, wanted: int) -> Fault:
    """Return NS233 (a wrong number of values), with a hint at how to write the values if one can be given."""
    hints: tuple[Hint, ...] = ()
    names = [env.name_of(value) for value in flow]
    if cls.begins:
        hints = (Hint("begins"),)
    elif len(flow) < wanted:
        hints = (Hint("fewer", {"text": ", ".join("abcdefgh"[:wanted])}),)
    elif wanted == 1 and all(names):
        hints = (Hint("these", {"joined": " & ".join(names), "first": names[0]}),)
    return fault(env, at, "NS233", *hints, step=cls.name, wanted=str(wanted), given=str(len(flow)))


# ---- tied weights


def _borrow(
    b: Builder, values: list[Value], given: Given, reference: LayerRef, env: Environment, place: Place
) -> tuple[str, str]:
    """Find the weight of another step, for `tie`.

    Returns:
        The path of that step, and whether its array is used as it is stored (`straight`) or transposed (`turned`).

    With `tie = a`, the step computes the same map as a does; with `tie = transpose(a)`, the map in the other direction.
    The user need not know that torch stores the weight of perceptrons as (to, from) and of embeddings as (from, to).
    """
    source = _owner(b, reference.bound.path)
    if source is None:
        raise fault(env, place, "NS234", name=reference.name)
    if len(values) == 1 and values[0].type.known and source.index in b.weights:
        begin, end = _ends(b, source)
        if reference.transposed:
            begin, end = end, begin
        fan, total = values[0].type.values, product(given.values["units"])
        if begin != fan or end != total:
            have, want = f"{text(begin)} -> {text(end)}", f"{text(fan)} -> {text(total)}"
            raise fault(env, place, "NS235", name=reference.name, have=have, want=want)
    stored_backwards = source.op.stored == "out_in"
    return source.path, "straight" if stored_backwards != reference.transposed else "turned"


def _owner(b: Builder, path: str) -> Node | None:
    """Return the node that stores the main weight of the layer with this path; None if that cannot be tied."""
    for node in b.nodes:
        if node.path == path and node.op.stored and not node.tied:
            return node
    return None


def _ends(b: Builder, node: Node) -> tuple[Size, Size]:
    """Return how many values the weight of a node takes, and how many it gives."""
    weight = next(item for item in b.weights[node.index] if item.name == "weight")
    first, second = weight.shape
    return (second, first) if node.op.stored == "out_in" else (first, second)
