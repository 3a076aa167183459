"""Parses the values of options: there is one parser for each kind of option (size, flag, word, layer, list, …).

Operations declare options of the kinds in `netspec.ir.operation.Kind`. Data, train and figure sections have options of
further kinds, whose parsers `netspec.config.values` registers. A parser gets the option, the value as it is written and
the names at its place, and returns the value. `parse` then checks the bounds of the option.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from netspec import foreign
from netspec.diagnostics.model import Fix, Hint, Quoted, suggestion
from netspec.elaborate.annotations import read_type
from netspec.elaborate.environment import Binding, Closure, Environment, Word
from netspec.elaborate.evaluate import ANY, REAL, Names, Undefined, Want, check_size, evaluate, fault, size
from netspec.elaborate.lookup import arrow, decimal, is_layer, layer_named
from netspec.elaborate.program import built_in_names
from netspec.ir.operation import Init, Option
from netspec.ir.sizes import Formula
from netspec.ir.types import Type, Unknown
from netspec.names import meant, nearest
from netspec.ops.registry import option_words, step_names
from netspec.syntax import tree


class OptionNames(Names, Protocol):
    """Says what the names at the place of an option stand for, also names that are no numbers."""

    def named(self, name: str) -> Any:
        """Return what a name stands for (a number, flag, word, list or step), or None if there is no such name."""


Parse = Callable[[Option, tree.Value, Any], Any]
KINDS: dict[str, Parse] = {}


def kind(*names: str) -> Callable[[Parse], Parse]:
    """Register the decorated function as the parser of these kinds of options."""

    def add(parser: Parse) -> Parse:
        for name in names:
            if name in KINDS:
                raise ValueError(f"there are two parsers for options of the kind {name!r}")
            KINDS[name] = parser
        return parser

    return add


def parse(option: Option, value: tree.Value, names: OptionNames) -> Any:
    """Return the value of an option; it may be written as the name of a size, word, flag or list.

    Raise Fault if the value is wrong, and Undefined if it uses a name that is undefined because of an earlier error.
    """
    found = KINDS[option.kind](option, value, names)
    wrong = option.out_of_bounds(found)
    if wrong is not None:
        code, words = wrong
        raise fault(names, value.at, code, option=option.shown, **words)
    return found


# ---- numbers


@kind("size")
def _size(option: Option, value: tree.Value, names: Names) -> Any:
    return size(value, names, int(option.least or 1), option.shown)


@kind("extent")
def _extent(option: Option, value: tree.Value, names: Names) -> Any:
    least = int(1 if option.least is None else option.least)
    grid = value if isinstance(value, tree.Grid) else tree.Grid((value,), value.at)
    found = sizes_of(grid, names, least, option.name)
    return found if len(found) > 1 else found[0]


def sizes_of(grid: tree.Grid, names: Names, least: int, what: str) -> tuple[Any, ...]:
    """Return the sizes of a grid `n1 x n2`; its only item may be a parameter that stands for all, such as `3x3`."""
    only = grid.sizes[0]
    if len(grid.sizes) == 1 and isinstance(only, tree.Ref) and isinstance(names, Environment):
        whole = names.values.get(only.name)
        if isinstance(whole, Type) and whole.space and whole.maps == 1 and whole.time is None and not whole.classes:
            return whole.space
    return tuple(size(item, names, least, what) for item in grid.sizes)


@kind("padding")
def _padding(option: Option, value: tree.Value, env: Environment) -> Any:
    if isinstance(value, tree.Text):
        return parse_word(option, value, env)
    if isinstance(value, tree.Ref) and value.name not in env.values and nearest(value.name, option.choices):
        return choose(option, value, env, value.name)
    word = _spoken(value, env)
    if word:
        return choose(option, value, env, word)
    # a word that `pad` does not know, such as `pad = full`
    if isinstance(value, tree.Ref) and value.name not in env.values and not _is_known(value, env):
        legal = Quoted(tuple(option.choices))
        hint = Hint("padding")
        raise fault(env, value.at, "NS424", hint, option=option.shown, value=value.name, legal=legal)
    return _extent(option, value, env)


def _is_known(value: tree.Ref, env: Environment) -> bool:
    """Whether a name stands for anything in the body, or for something in a line that could not be parsed."""
    name = value.path[0]
    if name in ("true", "false"):
        return True
    return any(name in known for known in (env.layers, env.labels, env.unread, env.undefined)) or env.misnamed


@kind("integer")
def _integer(option: Option, value: tree.Value, names: Names) -> Any:
    least = -(10**9) if option.least is None else int(option.least)
    return size(value, names, least, option.shown)


@kind("real")
def _real(option: Option, value: tree.Value, names: Names) -> Any:
    result = evaluate(value, names, REAL)
    return float(result) if isinstance(result, int) else result


# ---- flags, words and texts

_FLAGS = {
    "True": "true", "False": "false", "yes": "true", "no": "false", "on": "true", "off": "false", "1": "true",
    "0": "false",
}  # fmt: skip


@kind("flag")
def _flag(option: Option, value: tree.Value, names: OptionNames) -> bool:
    if isinstance(value, tree.Ref):
        if value.name in ("true", "false"):
            return value.name == "true"
        found = names.named(value.name)
        if isinstance(found, bool):
            return found
    shown = names.span(value.at).text
    guess = _FLAGS.get(shown) or nearest(shown, ("true", "false"))
    fix = Fix(names.span(value.at), guess) if guess else None
    raise fault(names, value.at, "NS422", fix=fix, option=option.shown, value=shown)


@kind("word", "role")
def parse_word(option: Option, value: tree.Value, names: OptionNames) -> str:
    """Return the value of an option that takes one of a few words, written without quotes."""
    if isinstance(value, tree.Text):
        fix = Fix(names.span(value.at), value.value) if value.value in option.choices else None
        legal = Quoted(tuple(option.choices))
        raise fault(names, value.at, "NS423", fix=fix, option=option.shown, value=value.value, legal=legal)
    if not isinstance(value, tree.Ref):
        return choose(option, value, names, names.span(value.at).text)
    if value.name in option.choices:
        return value.name
    if isinstance(names, Environment) and value.name in names.undefined:
        raise Undefined
    return choose(option, value, names, _spoken(value, names) or value.name)


def _spoken(value: tree.Value, names: OptionNames) -> str:
    """Return the word that a parameter stands for, or "" if it stands for no word.

    A word such as `same` or `learned` is also the name of a step; then the parameter holds a step (Closure).
    """
    found = names.named(value.name) if isinstance(value, tree.Ref) else None
    if isinstance(found, Word):
        return found.text
    if isinstance(found, Closure) and isinstance(found.chain.items[0], tree.Ref) and len(found.chain.items) == 1:
        return found.chain.items[0].name
    return ""


def choose(option: Option, value: tree.Value, names: OptionNames, word: str) -> str:
    """Return a word if it is one of the choices; if not, raise NS424 with a guess at what was meant."""
    if word in option.choices:
        return word
    same = foreign.WORDS.get(word.casefold(), "")
    guess = same if same in option.choices else nearest(word, option.choices) or meant(word, option.choices)
    other = arrow(value, names) or decimal(value, names)
    alone = next(iter(option.choices)) if len(option.choices) == 1 and other is None else ""  # no other can be written
    if other is None and option.name == "role" and not isinstance(value, tree.Ref | tree.Text):
        other = Hint("numbered")
    hints = (Hint("nearest", {"name": guess or alone}),) if guess or alone else (other,) if other else ()
    shown = guess or alone
    quoted = f'"{shown}"' if isinstance(value, tree.Text) else shown
    fix = Fix(names.span(value.at), quoted, certain=bool(guess)) if shown else None
    legal = Quoted(tuple(option.choices))
    raise fault(names, value.at, "NS424", *hints, fix=fix, option=option.shown, value=word, legal=legal)


@kind("text")
def _text(option: Option, value: tree.Value, names: OptionNames) -> str:
    """Return a text in quotes; if the option has choices, the text must be one of them."""
    if isinstance(value, tree.Text):
        return choose(option, value, names, value.value) if option.choices else value.value
    shown = names.span(value.at).text
    fix = Fix(names.span(value.at), f'"{shown}"') if isinstance(value, tree.Ref) else None
    raise fault(names, value.at, "NS430", fix=fix, option=option.shown, value=shown)


# ---- lists


@kind("list")
def _list(option: Option, value: tree.Value, env: Environment) -> Any:
    if isinstance(value, tree.Ref):
        found = env.named(value.name)
        if isinstance(found, tuple):
            return found
        if value.name in env.unread or value.name in env.undefined:
            raise Undefined
        names = [name for name, item in env.values.items() if isinstance(item, tuple)]
        raise fault(
            env, value.at, "NS427", *suggestion(nearest(value.name, names))[0], option=option.shown, name=value.name
        )
    return tuple(_item(item, env) for item in items_of(option, value, env))


def items_of(option: Option, value: tree.Value, names: Names) -> tuple[tree.Value, ...]:
    """Return the items of a list as they are written; raise Fault if the value is no list."""
    if not isinstance(value, tree.List):
        raise fault(names, value.at, "NS428", option=option.shown, value=names.span(value.at).text)
    for item in value.items:
        if isinstance(item, tree.Dots):
            raise fault(names, item.at, "NS429")
    return value.items


def read_list(value: tree.List, names: Names) -> tuple[Any, ...]:
    """Return the value of a list of numbers, texts and lists as a tuple."""
    return tuple(_item(item, names) for item in value.items)


def read_table(value: tree.List, env: Environment) -> tuple[Any, ...]:
    """Return the value of a list whose items are what an argument of a block may be: words and steps, too."""
    dots = next((item for item in value.items if isinstance(item, tree.Dots)), None)
    if dots is not None:
        raise fault(env, dots.at, "NS429")
    return tuple(read_value(item, env) for item in value.items)


def _item(item: tree.Value, names: Names) -> Any:
    if isinstance(item, tree.List):
        return read_list(item, names)
    if isinstance(item, tree.Text):
        return item.value
    if isinstance(item, tree.Dots):
        raise fault(names, item.at, "NS429")
    if isinstance(item, tree.Grid) and isinstance(names, Environment):
        return as_type(item, names)
    return evaluate(item, names, ANY)


# ---- kinds of options that only nets have


@kind("argument")
def _argument(option: Option, value: tree.Value, env: Environment) -> Any:
    """Return a value that a class of another package takes: a number, text, flag, or list of these."""
    if isinstance(value, tree.List):
        return tuple(_argument(option, item, env) for item in value.items)
    found = read_value(value, env)
    if isinstance(found, Word):
        return found.text
    if isinstance(found, Closure | Type):
        guess = Fix(env.span(value.at), f'"{value.name}"') if isinstance(value, tree.Ref) else None
        raise fault(env, value.at, "NS438", fix=guess, value=env.span(value.at).text)
    return found


@kind("init")
def _init(option: Option, value: tree.Value, env: Environment) -> Any:
    return read_init(value, env)


@dataclass(frozen=True, slots=True)
class LayerRef:
    """A layer that is the value of an option: `tie = a`, `tie = transpose(a)`, `scores = b`."""

    bound: Binding
    name: str
    transposed: bool = False


@kind("layer")
def _layer(option: Option, value: tree.Value, env: Environment) -> LayerRef:
    if isinstance(value, tree.Ref):
        return _find_layer(value, env)
    raise fault(env, value.at, "NS425", option=option.shown, value=env.span(value.at).text)


@kind("tie")
def _tie(option: Option, value: tree.Value, env: Environment) -> LayerRef:
    if isinstance(value, tree.Call) and value.name == "transpose" and len(value.args) == 1:
        inner = value.args[0].value
        if isinstance(inner, tree.Ref):
            found = _find_layer(inner, env)
            return LayerRef(found.bound, found.name, True)
    if isinstance(value, tree.Ref):
        return _find_layer(value, env)
    raise fault(env, value.at, "NS426", value=env.span(value.at).text)


def _find_layer(value: tree.Ref, env: Environment) -> LayerRef:
    """Find a layer above by its name; raise Fault if there is none, Undefined if its line has an error."""
    bound = layer_named(value, env, option=True)
    return LayerRef(bound, value.name)


@kind("type")
def _type(option: Option, value: tree.Value, env: Environment) -> Type:
    return as_type(value, env)


def as_type(value: tree.Value, env: Environment) -> Type:
    """Return the type that is given as an argument, as in `learned(d over N)`, `zeros(H)` or `pad to h x w`."""
    if isinstance(value, tree.TypeText):
        return read_type(value, env)
    grid = value if isinstance(value, tree.Grid) else tree.Grid((value,), value.at)
    return read_type(tree.TypeText(None, grid, at=value.at), env)


# ---- initial values: `init = …`

# for each distribution: the least and the largest count of numbers that it takes
DISTRIBUTIONS: dict[str, tuple[int, int]] = {
    "normal": (2, 2),  # mean, standard deviation
    "truncated_normal": (2, 2),  # like `normal`, but cut at two standard deviations from the mean
    "uniform": (2, 2),  # lowest and highest value
    "constant": (1, 1),
    "zeros": (0, 0),
    "ones": (0, 0),
    "he": (0, 0),  # normal, variance 2 / fan_in (He 2015)
    "he_uniform": (0, 0),
    "xavier": (0, 0),  # uniform, variance 2 / (fan_in + fan_out) (Glorot 2010)
    "xavier_normal": (0, 0),
    "lecun": (0, 0),  # normal, variance 1 / fan_in
    "orthogonal": (0, 1),  # the rows of the weight matrix are orthogonal; the number is a gain (Saxe 2013)
}


def read_init(value: tree.Value, env: Environment) -> Init:
    """Return the initial values that `init` states: a distribution, or one number for all."""
    if isinstance(value, (tree.Ref, tree.Call)):
        name = value.name
        if isinstance(value, tree.Ref) and name in env.values:
            found = env.values[name]
            if not isinstance(found, Word):
                return _constant(value, env)
            name = found.text
        if name not in DISTRIBUTIONS:
            raise _unknown(value, name, env)
        args = value.args if isinstance(value, tree.Call) else ()
        least, most = DISTRIBUTIONS[name]
        named = next((arg for arg in args if arg.name), None)
        if named is not None:
            raise fault(env, named.name_at, "NS434", name=name, option=".".join(named.name))
        if not least <= len(args) <= most:
            count = f"{least}" if least == most else f"{least}-{most}"
            raise fault(env, value.at, "NS431", name=name, count=count, given=str(len(args)))
        numbers = tuple(_number(arg.value, env) for arg in args)
        if name in ("normal", "truncated_normal") and numbers[1] < 0:
            raise fault(env, args[1].at, "NS420", option="std", value=f"{numbers[1]:g}", least="0", most="")
        if name == "uniform" and numbers[0] >= numbers[1]:
            place = (args[0].at[0], args[1].at[1])
            raise fault(env, place, "NS433", low=f"{numbers[0]:g}", high=f"{numbers[1]:g}")
        if name in ("zeros", "ones"):
            return Init("constant", (0.0 if name == "zeros" else 1.0,))
        return Init(name, numbers)
    if isinstance(value, tree.Text):
        legal = Quoted(tuple(DISTRIBUTIONS))
        fix = Fix(env.span(value.at), value.value) if value.value in DISTRIBUTIONS else None
        raise fault(env, value.at, "NS423", fix=fix, option="init", value=value.value, legal=legal)
    return _constant(value, env)


def _constant(value: tree.Value, env: Environment) -> Init:
    return Init("constant", (_number(value, env),))


def _number(value: tree.Value, env: Environment) -> float:
    result = evaluate(value, env, REAL)
    if isinstance(result, (Formula, Unknown)):
        # A distribution may depend on an open size, as in `normal(0, 1/sqrt(d))`; the first witness is used then.
        return float(result.values[0]) if isinstance(result, Formula) else 0.0
    return float(result)


def _unknown(value: tree.Ref | tree.Call, name: str, env: Environment) -> Exception:
    guess = foreign.translate(name, foreign.INITS, DISTRIBUTIONS)
    legal = Hint("legal", {"names": Quoted(tuple(DISTRIBUTIONS))})
    return fault(env, value.path_at, "NS432", legal, guess=guess, name=name)


# ---- arguments of blocks


def read_value(value: tree.Value, env: Environment, word: bool = False) -> Any:
    """Return what an argument of a block, or an item of a table, stands for: a number, text, type, step or word."""
    match value:
        case tree.Ref():
            return _name(value, env, word)
        case tree.List():
            return read_table(value, env)
        case tree.Text():
            return value.value
        case tree.Chain() | tree.Perceptrons() | tree.Filters() | tree.Repeat():
            return Closure(value if isinstance(value, tree.Chain) else tree.Chain((value,), value.at), env)
        case tree.Call() if value.name != "sqrt":
            return Closure(tree.Chain((value,), value.at), env)
        case tree.Grid() | tree.TypeText():
            return as_type(value, env)
    result = evaluate(value, env, ANY)
    if isinstance(result, int):
        check_size(result, value, env, Want("whole", -(10**18)))
    return result


def _name(ref: tree.Ref, env: Environment, word: bool) -> Any:
    """Return what a name that is given as an argument stands for.

    That is a value of the calling body (such as a size), a flag, a step, a block, or the name itself as a bare word.
    """
    name = ref.name
    if name in env.values:
        return env.values[name]
    if name in ("true", "false"):
        return name == "true"
    if env.unit.find(name) is not None or name in step_names() or name in built_in_names():
        if word and env.unit.find(name) is None:
            return Word(name, env.span(ref.at))
        return Closure(tree.Chain((ref,), ref.at), env)
    if word:
        return Word(name, env.span(ref.at))
    if name in env.unread or name in env.undefined:
        raise Undefined
    if is_layer(ref.path[0], env):
        raise fault(env, ref.at, "NS406", Hint("argument", {"name": name}), name=name)
    if name in option_words():
        return Word(name, env.span(ref.at))
    legal = [*env.values, *env.unit.names, *step_names()]
    raise fault(env, ref.at, "NS206", guess=nearest(name, legal), name=name)
