"""Expands calls of blocks: binds the arguments to parameters and inputs, then expands the body of the block."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from netspec.diagnostics.model import Diagnostic, Fault, Fix, Hint, Label, Phrase, Quoted
from netspec.elaborate.body import body
from netspec.elaborate.builder import Builder, Context
from netspec.elaborate.environment import Closure, Environment, Flow, Result, Value, Word
from netspec.elaborate.evaluate import Undefined, fault
from netspec.elaborate.keys import Names
from netspec.elaborate.kinds import read_value
from netspec.elaborate.lookup import is_layer, read
from netspec.elaborate.program import Definition
from netspec.ir.sizes import Formula
from netspec.ir.types import Unknown
from netspec.names import nearest
from netspec.ops.registry import step_names
from netspec.source import Span
from netspec.syntax import tree


def call(
    b: Builder,
    env: Environment,
    ctx: Context,
    definition: Definition,
    item: tree.Ref | tree.Call,
    flow: Flow,
    keys: Names,
) -> Result:
    """Expand one call of a block: bind its parameters, match its inputs, then expand its body.

    Returns:
        The values of the block's outputs; a spec reads each of them by the label of its output line.

    Raises:
        Fault: the call does not fit the block, or the block calls itself.
        Undefined: a line of the block, or an argument, is wrong and was reported; it may hold what the call lacks.
    """
    block = definition.body
    outputs = [line.label.text for line in block.statements if isinstance(line, tree.Layer) and line.role == "output"]
    _no_recursion(b, env, definition, item)
    if not outputs and not definition.unit.unread:
        raise Fault(Diagnostic("NS243", definition.span, {"net": block.name.text, "kind": block.kind}))
    arguments = bind_arguments(env, definition, item, flow)
    b.reserve(env, item)
    path = keys.module(item.name)
    if any(None in values for values in arguments.inputs.values()):
        return _result(dict.fromkeys(outputs))
    scope = b.scope(
        ctx,
        "block",
        item.name,
        path,
        params=arguments.shown,
        given=tuple(arguments.shown),
        port_names=tuple(arguments.inputs),
        source=definition,
        arguments=arguments.values,
    )
    inside = Environment(
        definition,
        dict(arguments.values),
        path=path + ".",
        home=scope.index,
        given=arguments.inputs,
        parent=env,
        call=env.span(item.at),
    )
    body(b, inside, ctx._replace(scope=scope.index, backward=False, origins=()))
    scope.last = len(b.nodes)
    sizes = {name: value for name, value in inside.values.items() if isinstance(value, (int, float, Formula))}
    scope.params = {**scope.params, **sizes}
    made = {label: inside.output(label) for label in outputs}
    scope.results = tuple(value.edge for value in made.values() if value is not None)
    scope.result_names = tuple(outputs)
    return _result(made)


def _result(outputs: dict[str, Value | None]) -> Result:
    return Result([*outputs.values()] or [None], {label: [value] for label, value in outputs.items()})


def _no_recursion(b: Builder, env: Environment, definition: Definition, item: tree.Ref | tree.Call) -> None:
    """Raise Fault if a block calls itself (NS601), or if blocks are nested deeper than the limit allows (NS613)."""
    around: Environment | None = env
    path = [item.name]
    while around is not None:
        path.append(around.definition.body.name.text)
        if around.definition.body is definition.body:
            hides = (Hint("hides", {"name": item.name}),) if item.name in step_names() else ()
            raise fault(env, item.path_at, "NS601", *hides, name=item.name, cycle=" -> ".join(reversed(path)))
        around = around.parent
    if len(path) - 1 > b.limits.calls:
        raise fault(env, item.path_at, "NS613", limit=b.limits.calls)


# ---- arguments


@dataclass(slots=True)
class Arguments:
    """The values that one call of a block gives to the parameters and the inputs of that block."""

    values: dict[str, Any] = field(default_factory=dict)
    # the values of every input of the block, in the order of its input lines
    inputs: dict[str, Flow] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)  # the parameters that tables show: all that are not steps


def bind_arguments(env: Environment, definition: Definition, item: tree.Ref | tree.Call, flow: Flow) -> Arguments:
    """Match the arguments of a call with the block's parameters and inputs.

    A call gives parameters by position or by name, and inputs by name. The inputs that it does not name get the values
    that flow into the call, in order.

    Raises:
        Fault: an argument matches no parameter and no input, or the call leaves out a parameter or an input.
        Undefined: an argument is undefined because of an earlier error.
    """
    body = definition.body
    if definition.unit.unread and _differs(definition, item, flow):
        raise Undefined  # the missing parameters or inputs may stand in lines that could not be parsed
    check_parameters(definition)
    params = {param.name.text: param for param in body.params or ()}
    inputs = _input_names(definition, params)
    found = Arguments()
    named: dict[str, Flow] = {}
    order = list(params)
    given: dict[str, tree.Arg] = {}
    for position, arg in enumerate(item.args):
        name = _target(env, definition, arg, position, order, inputs)
        if name in given:
            raise fault(env, arg.at, "NS208", name=name)
        given[name] = arg
        if name in params:
            found.values[name] = argument(arg.value, params[name], env, definition)
        else:
            named[name] = _layer(arg, env)
    if item.step is not None:
        free = next((name for name in order if name not in given), None)
        if free is None:
            raise fault(env, item.at, "NS590", step=item.name)
        found.values[free] = argument(item.step, params[free], env, definition)
    for name, param in params.items():
        if name not in found.values:
            if param.default is None:
                raise fault(env, item.at, "NS617", name=name, block=item.name, usage=signature(body))
            home = Environment(definition, dict(found.values))
            found.values[name] = argument(param.default, None, home, definition)
    found.shown = {name: value for name, value in found.values.items() if not isinstance(value, Closure)}
    found.inputs = _inputs(item, env, inputs, named, flow)
    return found


def check_parameters(definition: Definition) -> None:
    """Raise Fault (NS204) if two parameters of a net or block have the same name."""
    source = definition.unit.source
    seen: dict[str, tree.Param] = {}
    for param in definition.body.params or ():
        first = seen.setdefault(param.name.text, param)
        if first is not param:
            labels = (Label(Span(source, *first.name.at), "first"),)
            raise Fault(Diagnostic("NS204", Span(source, *param.name.at), {"name": param.name.text}, labels=labels))


def _input_names(definition: Definition, params: dict[str, tree.Param]) -> list[str]:
    """Return the labels of a block's inputs; raise Fault (NS204) if a label is also the name of a parameter."""
    labels = [line.label for line in definition.body.statements if isinstance(line, tree.Input)]
    for label in labels:
        if label.text in params:
            source = definition.unit.source
            first = Label(Span(source, *params[label.text].name.at), "first")
            raise Fault(Diagnostic("NS204", Span(source, *label.at), {"name": label.text}, labels=(first,)))
    return [label.text for label in labels]


def _differs(definition: Definition, item: tree.Ref | tree.Call, flow: Flow) -> bool:
    """Whether a call does not fit the lines of a block that could be parsed.

    Then the lines that could not be parsed may be the reason, so the call is not reported as wrong.
    """
    params = {param.name.text: param for param in definition.body.params or ()}
    inputs = {line.label.text for line in definition.body.statements if isinstance(line, tree.Input)}
    named = {".".join(arg.name) for arg in item.args if arg.name}
    placed = sum(not arg.name for arg in item.args) + (item.step is not None)
    return (
        placed > len(params)
        or not named <= params.keys() | inputs
        or any(param.default is None for name, param in list(params.items())[placed:] if name not in named)
        or len(inputs - named) != len(flow)
    )


def signature(body: tree.Body) -> str:
    """Return how a block is called, for messages: its name and its parameters, such as `Up(c)`."""
    return f"{body.name.text}({', '.join(param.name.text for param in body.params or ())})"


def _target(
    env: Environment, definition: Definition, arg: tree.Arg, position: int, order: list[str], inputs: list[str]
) -> str:
    if not arg.name:
        if position < len(order):
            return order[position]
        block = definition.body.name.text
        layer = isinstance(arg.value, tree.Ref) and is_layer(arg.value.path[0], env)
        written = env.span(arg.at).text if layer else "x"
        named = f"{written if written in inputs else inputs[-1] if inputs else 'x'} = {written}"
        fix = Fix(env.span(arg.at), named, False) if layer and inputs else None
        usage = signature(definition.body)
        raise fault(env, arg.at, "NS618", fix=fix, block=block, count=len(order), usage=usage, input=named)
    name = ".".join(arg.name)
    if name in order or name in inputs:
        return name
    legal = [*order, *inputs]
    hint = Hint("options", {"names": Quoted(tuple(legal))}) if legal else Hint("no_options")
    step = definition.body.name.text
    raise fault(env, arg.name_at, "NS203", hint, guess=nearest(name, legal), name=name, step=step)


def _layer(arg: tree.Arg, env: Environment) -> Flow:
    value = arg.value
    if isinstance(value, tree.Ref):
        flow = read(value, env)
        if len(flow) != 1:
            raise fault(env, value.at, "NS215", name=value.name, count=str(len(flow)), first=f"{value.name}.1")
        return flow
    raise fault(env, arg.value.at, "NS425", option=".".join(arg.name), value=env.span(arg.value.at).text)


def _inputs(
    item: tree.Ref | tree.Call, env: Environment, inputs: list[str], named: dict[str, Flow], flow: Flow
) -> dict[str, Flow]:
    rest = [name for name in inputs if name not in named]
    if len(rest) != len(flow) and None in flow:
        raise Undefined
    if len(rest) != len(flow):
        words: dict[str, Any] = {
            "block": item.name,
            "wanted": str(len(rest)),
            "given": str(len(flow)),
            "names": Quoted(tuple(rest)),
        }
        hints = (Hint("inputs"),) if rest else () if inputs else (Hint("none"),)
        raise fault(env, item.at, "NS619", *hints, **words)
    flowing = dict(zip(rest, flow, strict=True))
    return {name: named[name] if name in named else [flowing[name]] for name in inputs}


def argument(value: tree.Value, param: tree.Param | None, env: Environment, definition: Definition) -> Any:
    """Return the value of one argument.

    Args:
        value: the argument as it is written.
        param: the parameter, which takes only values of the same kind as its default; None if `value` is the default.
        env: the names that the argument sees.
        definition: the block that the call names.

    Raises:
        Fault: the argument cannot be read, or is of another kind (NS620).
    """
    if param is None:
        return read_value(value, env, _is_word(value, env))
    if param.default is None:
        return read_value(value, env)
    home = Environment(definition)
    default = param.default
    if isinstance(default, tree.Ref) and any(other.name.text == default.name for other in definition.body.params or ()):
        return read_value(value, env)
    word = _is_word(param.default, home)
    found = read_value(value, env, word)
    try:
        standard = read_value(param.default, home, word)
    except (Fault, Undefined):
        return found  # the default is computed from other parameters, so its kind is not known here: accept any value
    return _convert(found, standard, value, param, env, definition)


def _is_word(value: tree.Value, env: Environment) -> bool:
    """Whether a value is a bare word such as `sine`: a name that is no parameter, no block and no step."""
    if not isinstance(value, tree.Ref) or value.name in ("true", "false") or value.name in env.values:
        return False
    if any(param.name.text == value.name for param in env.definition.body.params or ()):
        return False  # the name is that of a parameter, perhaps one that has no value yet
    return env.unit.find(value.name) is None and value.name not in step_names()


def _convert(
    found: Any, default: Any, value: tree.Value, param: tree.Param, env: Environment, definition: Definition
) -> Any:
    kind, wanted = kind_of(found), kind_of(default)
    if kind == "integer" and wanted == "number":
        return found if isinstance(found, (Formula, Unknown)) else float(found)
    if kind != wanted and not isinstance(found, Unknown):
        words: dict[str, Any] = {"kind": Phrase(f"kind {kind}"), "wanted": Phrase(f"kind {wanted}")}
        span = Span(definition.unit.source, *(param.default.at if param.default is not None else param.at))
        labels = (Label(span, "default", {"wanted": words["wanted"]}),)
        raise fault(env, value.at, "NS620", labels=labels, name=param.name.text, **words)
    return found


def kind_of(value: Any) -> str:
    """Return the kind of a parameter's value by the name that messages use."""
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, (int, Formula)):
        return "integer"
    names = {float: "number", Word: "word", Closure: "step", tuple: "list", str: "text"}
    return names.get(type(value), "type")
