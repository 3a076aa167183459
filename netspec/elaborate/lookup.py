"""Looks up the names in chains; for a name that stands for nothing, it guesses what was meant."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from netspec import foreign
from netspec.diagnostics.model import Fault, Fix, Hint, Label, Quoted, suggestion
from netspec.elaborate.environment import Binding, Environment, Flow
from netspec.elaborate.evaluate import Names, Undefined, fault
from netspec.elaborate.program import built_in_names
from netspec.names import looks, nearest
from netspec.ops.registry import step_names
from netspec.plugins import not_allowed
from netspec.syntax import tree
from netspec.syntax.tree import Place


def is_layer(name: str, env: Environment) -> bool:
    """Whether a name is a label of this body; the line of the label may stand above or below."""
    return name in env.layers or name in env.labels


def layer_named(ref: tree.Ref, env: Environment, option: bool = False) -> Binding:
    """Return the layer above that a name stands for.

    Args:
        ref: the name.
        env: the body's names.
        option: whether the name is the value of an option (`tie = a`) and not a part of a chain.

    Raises:
        Fault: the name stands for no layer above.
        Undefined: the name is undefined because of an earlier error.
    """
    name = ref.path[0]
    bound = env.layers.get(name)
    if bound is not None:
        return bound
    raise unknown_layer(name, ref.at, env, option)


def unknown_layer(name: str, at: Place, env: Environment, option: bool = False) -> Exception:
    """Return the error for a name that is no layer above, or Undefined if an earlier error is the reason."""
    if name in env.undefined or name in env.unread:
        return Undefined()
    if name in env.labels:
        below = env.labels[name]
        if below.at[0] <= at[0] and at[1] <= below.at[1]:
            return fault(env, at, "NS252", Hint("another" if option else "delayed"), name=name)
        return fault(env, at, "NS212", labels=(Label(env.span(below.at), "below", {"name": name}),), name=name)
    if name in env.values:
        return fault(env, at, "NS214", name=name)
    guess = nearest(name, env.layers)
    if not guess and env.misnamed:
        return Undefined()
    hints = meant(name, guess)
    if not guess and env.layers:
        hints.append(Hint("above", {"names": Quoted(tuple(env.layers)[-8:])}))
    fix = Fix(env.span(at), guess) if guess else None
    return fault(env, at, "NS201", *hints, fix=fix, name=name)


def read(ref: tree.Ref, env: Environment) -> Flow:
    """Return the values that a name such as `x`, `p.left` or `r.2` stands for; raise Fault or Undefined."""
    bound = layer_named(ref, env)
    rest = ".".join(ref.path[1:])
    if not rest:
        return bound.values
    if rest in bound.parts:
        return bound.parts[rest]
    if any(value is None for value in bound.values):
        raise Undefined
    guess = nearest(rest, bound.parts)
    hints = [*(suggestion(f"{ref.path[0]}.{guess}")[0] if guess else method(ref.path))]
    if bound.parts:
        hints.append(Hint("parts", {"names": Quoted(tuple(f"{ref.path[0]}.{part}" for part in bound.parts)[:12])}))
    raise fault(env, ref.at, "NS216", *hints, name=ref.path[0], part=rest)


def meant(name: str, guess: str | None) -> list[Hint]:
    """Return the hint that another name was meant; if both names look the same, it says which letter differs."""
    if guess is None:
        return []
    letter = next((a for a, b in zip(guess, name, strict=False) if a != b and looks(a) == looks(b)), "")
    if looks(guess) != looks(name) or not letter:
        return [Hint("nearest", {"name": guess})]
    title = unicodedata.name(letter, "").lower()
    return [Hint("alike", {"name": guess, "letter": letter, "point": f"U+{ord(letter):04X}", "title": title})]


def unknown_step(name: str, at: Place, env: Environment, steps: Collection[str], head: bool = False) -> Exception:
    """Return the error for a name that is not a step.

    It is NS119 for `perceptrons` or `filters` without a number, and otherwise NS202, with a guess at what was meant. If
    `head` is true, the name stands at the head of a chain, where it could also be a layer; then the error is NS205.
    """
    if name in ("perceptron", "perceptrons", "filter", "filters"):
        return fault(env, at, "NS119", noun=name)
    code = "NS205" if head else "NS202"
    legal = [*env.unit.names, *sorted(built_in_names()), *sorted(steps), "perceptrons", "filters"]
    bare = name.rpartition(".")[2]  # `ReLU` of `nn.ReLU`
    alike = next((other for other in legal if foreign.fold(other) == foreign.fold(bare)), None)
    if alike is not None:  # the file's own names come before the words of other tools
        return fault(env, at, code, guess=alike, name=name)
    absent = foreign.ABSENT.get(foreign.fold(bare))
    if absent is not None:
        return fault(env, at, code, Hint("absent", {"name": name, "way": absent}), name=name)
    if bare in (*foreign.ENTRIES, *foreign.ENTRIES.values()):
        return fault(env, at, code, Hint("judged", {"name": bare, "layer": [*env.layers, "y"][-1]}), name=name)
    folded = foreign.fold(bare)
    forms = (folded, bare.casefold(), folded.rstrip("0123456789"))  # `fc1`, `conv2` are names of such steps
    way = next((foreign.STEPS[form] for form in forms if form in foreign.STEPS), None)
    if way is not None:
        plain = re.fullmatch(r"\w+( -> \w+)*", way)  # others have sizes of an example
        fix = Fix(env.span(at), way) if plain else None
        return fault(env, at, code, Hint("foreign", {"name": name, "way": way}), fix=fix, name=name)
    offered = not_allowed(name, env.span(at))
    if offered is not None:
        return Fault(offered)
    guess = nearest(bare, [*env.layers, *legal] if head else legal)
    if head and guess is None and env.misnamed:
        return Undefined()
    layer = None if guess or head else nearest(name, env.layers)
    if layer is not None:
        return fault(env, at, code, Hint("layer", {"layer": layer}), name=name)
    hints = tuple(meant(name, guess))
    if head and not guess and env.layers:
        hints = (Hint("above", {"names": Quoted(tuple(env.layers)[-8:])}),)
    fix = Fix(env.span(at), guess) if guess else None
    return fault(env, at, code, *hints, fix=fix, name=name)


def decimal(value: tree.Value, names: Names) -> Hint | None:
    """Return the hint for a decimal comma, as in `dropout(0,5)`, or None if there is no decimal comma."""
    text = names.span(value.at).source.text
    before = re.search(r"(?<![\w.])(0(?=,\s*$)|\d+(?=,$)),\s*$", text[max(0, value.at[0] - 40) : value.at[0]])
    digits = text[value.at[0] : value.at[1]]
    if before is None or not digits.isdecimal():
        return None
    return Hint("decimal", {"right": f"{before[1]}.{digits}"})


def method(path: tuple[str, ...]) -> tuple[Hint, ...]:
    """Return the hint for a step that is written as a method, as in `x.relu()`; () if it is not a step."""
    rest = ".".join(path[1:])
    return (Hint("method", {"name": path[0], "step": rest}),) if rest in step_names() else ()


def arrow(value: tree.Value, names: Names) -> Hint | None:
    """Return the hint for a layer in parentheses: `relu(z)` must be written `z -> relu`. Otherwise return None."""
    layer = isinstance(value, tree.Ref) and isinstance(names, Environment) and is_layer(value.path[0], names)
    if layer or isinstance(value, (tree.Chain, tree.Perceptrons, tree.Filters, tree.Join, tree.Several)):
        return Hint("arrow", {"value": names.span(value.at).text})
    return None
