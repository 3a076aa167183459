"""One value of an option, read as its kind demands: a size, a role, a layer, a step, a list, …"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from netspec.diagnostics.model import Fix, Hint, Quoted
from netspec.elaborate.annotations import read_type
from netspec.elaborate.environment import Binding, Closure, Environment, Word
from netspec.elaborate.evaluate import ANY, REAL, Undefined, evaluate, fault, size
from netspec.elaborate.initial import read_init
from netspec.elaborate.lookup import arrow, decimal, layer_named
from netspec.ir import sizes
from netspec.ir.operation import Option
from netspec.ir.types import Type, Unknown
from netspec.names import meant, nearest
from netspec.syntax import tree


@dataclass(frozen=True, slots=True)
class LayerRef:
    """Another layer as an option's value: `tie = a`, `tie = transpose(a)`, `scores = b`."""

    bound: Binding
    name: str
    transposed: bool = False


def read_kind(option: Option, value: tree.Value, env: Environment) -> Any:
    """The value of an option; a size parameter, word or list of the env may stand for it."""
    return _READERS[option.kind](option, value, env)


def _size(option: Option, value: tree.Value, env: Environment) -> Any:
    return size(value, env, int(option.least or 1), option.shown)


def _extent(option: Option, value: tree.Value, env: Environment) -> Any:
    least = int(1 if option.least is None else option.least)
    items = value.sizes if isinstance(value, tree.Grid) else (value,)
    found = tuple(size(item, env, least, option.name) for item in items)
    return found if len(found) > 1 else found[0]


def _padding(option: Option, value: tree.Value, env: Environment) -> Any:
    if isinstance(value, tree.Text):
        return _word(option, value, env)
    if isinstance(value, tree.Ref) and value.name not in env.values and nearest(value.name, option.choices):
        return _choice(option, value, env, value.name)
    word = _spoken(value, env)
    if word:
        return _choice(option, value, env, word)
    unknown = isinstance(value, tree.Ref) and value.name not in env.values and not is_known(value, env)
    if unknown and isinstance(value, tree.Ref):  # `pad = full`
        raise fault(
            env,
            value.at,
            "NS424",
            Hint("padding"),
            option=option.shown,
            value=value.name,
            legal=Quoted(option.choices),
        )
    return _extent(option, value, env)


def _integer(option: Option, value: tree.Value, env: Environment) -> Any:
    least = -(10**9) if option.least is None else int(option.least)
    result = size(value, env, least, option.shown)
    _bounds(option, result, value, env)
    return result


def _real(option: Option, value: tree.Value, env: Environment) -> Any:
    result = evaluate(value, env, REAL)
    _bounds(option, result, value, env)
    return float(result) if isinstance(result, int) else result


def _bounds(option: Option, result: Any, value: tree.Value, env: Environment) -> None:
    if isinstance(result, Unknown):
        return
    below = option.least is not None and result < option.least
    above = option.most is not None and result > option.most
    if below or above:
        bounds = {"least": _bound(option.least), "most": _bound(option.most)}
        words: dict[str, Any] = {"option": option.shown, "value": sizes.text(result), **bounds}
        code = "NS419" if option.least is not None and option.most is not None else "NS420" if below else "NS421"
        raise fault(env, value.at, code, **words)


def _bound(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def is_known(value: tree.Ref, env: Environment) -> bool:
    """Whether a name stands for anything in the body, or for something that could not be read."""
    name = value.path[0]
    if name in ("true", "false"):
        return True
    return any(name in known for known in (env.layers, env.labels, env.unread, env.undefined)) or env.misnamed


def read_flag(value: tree.Value, env: Environment, name: str) -> bool:
    if isinstance(value, tree.Ref):
        if value.name in ("true", "false"):
            return value.name == "true"
        found = env.values.get(value.name)
        if isinstance(found, bool):
            return found
    guess = {
        "True": "true",
        "False": "false",
        "yes": "true",
        "no": "false",
        "on": "true",
        "off": "false",
        "1": "true",
        "0": "false",
    }
    shown = env.span(value.at).text
    fix = Fix(env.span(value.at), guess[shown]) if shown in guess else None
    raise fault(env, value.at, "NS422", fix=fix, option=name, value=shown)


def _flag(option: Option, value: tree.Value, env: Environment) -> Any:
    return read_flag(value, env, option.shown)


def _word(option: Option, value: tree.Value, env: Environment) -> Any:
    if isinstance(value, tree.Text):
        fix = Fix(env.span(value.at), value.value) if value.value in option.choices else None
        legal = Quoted(option.choices)
        raise fault(env, value.at, "NS423", fix=fix, option=option.shown, value=value.value, legal=legal)
    if not isinstance(value, tree.Ref):
        return _choice(option, value, env, env.span(value.at).text)
    if value.name in option.choices:
        return value.name
    return _choice(option, value, env, _spoken(value, env) or value.name)


def _spoken(value: tree.Value, env: Environment) -> str:
    """The word that a parameter stands for, "" where it is none; `same` and `learned` are steps as well."""
    found = env.values.get(value.name) if isinstance(value, tree.Ref) else None
    if isinstance(found, Word):
        return found.text
    if isinstance(found, Closure) and isinstance(found.chain.items[0], tree.Ref) and len(found.chain.items) == 1:
        return found.chain.items[0].name
    return ""


def _choice(option: Option, value: tree.Value, env: Environment, word: str) -> str:
    if word in option.choices:
        return word
    same = _SAME.get(word.casefold(), "")
    guess = same if same in option.choices else nearest(word, option.choices) or meant(word, option.choices)
    other = arrow(value, env) or decimal(value, env)
    if other is None and option.name == "role" and not isinstance(value, tree.Ref | tree.Text):
        other = Hint("numbered")
    hints = (Hint("nearest", {"name": guess}),) if guess else (other,) if other else ()
    fix = Fix(env.span(value.at), guess) if guess else None
    raise fault(env, value.at, "NS424", *hints, fix=fix, option=option.shown, value=word, legal=Quoted(option.choices))


# what other tools call the same role, mode or kind
_SAME = {
    "channels": "maps", "channel": "maps", "features": "maps", "c": "maps", "spatial": "space", "hw": "space",
    "rows": "space", "columns": "space", "height": "space", "width": "space", "pixels": "space", "sequence": "time",
    "seq": "time", "length": "time", "steps": "time", "temporal": "time", "sinusoidal": "sine", "sin": "sine",
    "sincos": "sine", "mirror": "reflect", "symmetric": "reflect", "replicate": "edge", "border": "edge",
    "circular": "wrap", "zero": "constant", "zeros": "constant", "bilinear": "linear", "bicubic": "linear",
    "trilinear": "linear", "centre": "center", "valid": "", "both": "",
}  # fmt: skip


def _init(option: Option, value: tree.Value, env: Environment) -> Any:
    return read_init(value, env)


def _layer(option: Option, value: tree.Value, env: Environment) -> Any:
    if isinstance(value, tree.Ref):
        return find_layer(value, env)
    raise fault(env, value.at, "NS425", option=option.shown, value=env.span(value.at).text)


def find_layer(value: tree.Ref, env: Environment) -> LayerRef:
    """A layer above, by name; raises Fault, or Undefined where its line is."""
    bound = layer_named(value, env, option=True)
    return LayerRef(bound, value.name)


def _tie(option: Option, value: tree.Value, env: Environment) -> Any:
    if isinstance(value, tree.Call) and value.name == "transpose" and len(value.args) == 1:
        inner = value.args[0].value
        if isinstance(inner, tree.Ref):
            found = find_layer(inner, env)
            return LayerRef(found.bound, found.name, True)
    if isinstance(value, tree.Ref):
        return find_layer(value, env)
    raise fault(env, value.at, "NS426", value=env.span(value.at).text)


def _list(option: Option, value: tree.Value, env: Environment) -> Any:
    if isinstance(value, tree.Ref):
        found = env.values.get(value.name)
        if isinstance(found, tuple):
            return found
        if value.name in env.unread or value.name in env.undefined:
            raise Undefined
        names = [name for name, item in env.values.items() if isinstance(item, tuple)]
        guess = nearest(value.name, names)
        hints = (Hint("nearest", {"name": guess}),) if guess else ()
        raise fault(env, value.at, "NS427", *hints, option=option.shown, name=value.name)
    if isinstance(value, tree.List):
        return read_list(value, env)
    raise fault(env, value.at, "NS428", option=option.shown, value=env.span(value.at).text)


def read_list(value: tree.List, env: Environment) -> tuple[Any, ...]:
    """A list of numbers, texts and lists."""
    out: list[Any] = []
    for item in value.items:
        if isinstance(item, tree.List):
            out.append(read_list(item, env))
        elif isinstance(item, tree.Text):
            out.append(item.value)
        elif isinstance(item, tree.Dots):
            raise fault(env, item.at, "NS429")
        else:
            out.append(evaluate(item, env, ANY))
    return tuple(out)


def _text(option: Option, value: tree.Value, env: Environment) -> Any:
    if isinstance(value, tree.Text):
        return value.value
    raise fault(env, value.at, "NS430", option=option.shown, value=env.span(value.at).text)


def _type(option: Option, value: tree.Value, env: Environment) -> Type:
    return as_type(value, env)


def as_type(value: tree.Value, env: Environment) -> Type:
    """A type given as an argument: `learned(d over N)`, `zeros(H)`, `pad to h x w`."""
    if isinstance(value, tree.TypeText):
        return read_type(value, env)
    grid = value if isinstance(value, tree.Grid) else tree.Grid((value,), value.at)
    return read_type(tree.TypeText(None, grid, at=value.at), env)


_READERS: dict[str, Callable[[Option, tree.Value, Environment], Any]] = {
    "size": _size,
    "extent": _extent,
    "padding": _padding,
    "integer": _integer,
    "real": _real,
    "flag": _flag,
    "word": _word,
    "role": _word,
    "init": _init,
    "layer": _layer,
    "tie": _tie,
    "list": _list,
    "text": _text,
    "type": _type,
}
