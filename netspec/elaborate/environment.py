"""Holds the names of a body while it is expanded: its values (such as sizes), and its layers."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, NoReturn

from netspec.diagnostics.model import Diagnostic, Fault, Fix, Hint, Label, Phrase
from netspec.elaborate.evaluate import Undefined, fault, not_a_number
from netspec.elaborate.program import Definition, Unit
from netspec.ir.graph import Edge
from netspec.ir.sizes import Formula
from netspec.ir.types import Type, Unknown
from netspec.names import nearest
from netspec.ops.registry import step_names
from netspec.source import Span
from netspec.syntax import tree
from netspec.syntax.printer import value_text
from netspec.syntax.recovery import Unread


class Value(NamedTuple):
    """One value in a chain: the node output that it comes from, and its type.

    In a flow, None instead of a Value stands for a value that is undefined after an error.
    """

    edge: Edge
    type: Type


Flow = list[Value | None]


class Result(NamedTuple):
    """The values at the end of a chain, and the names by which a spec reads some of them: `p.left`, `r.2`."""

    values: Flow
    parts: dict[str, Flow] = {}  # noqa: RUF012 never written to


@dataclass(slots=True)
class Closure:
    """A step that is given as an argument: its chain, and the environment in which the chain's names are looked up."""

    chain: tree.Chain
    env: Environment

    def __str__(self) -> str:
        return value_text(self.chain)


@dataclass(frozen=True, slots=True)
class Word:
    """A bare word given as a value: `kind = sine`. `at` is its place, or None if the word is not from a spec."""

    text: str
    at: Span | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return self.text


@dataclass(slots=True)
class Binding:
    """What a label stands for: the values of the layer, and the names by which a spec reads some of them."""

    values: Flow
    role: str
    path: str = ""  # the path of the layer's main step
    parts: dict[str, Flow] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Environment:
    """The names that are visible in one expansion of a body.

    Attributes:
        definition: the net or block, with the file whose names it sees.
        values: the names that stand for sizes, numbers, flags, words, lists and steps.
        path: the beginning of the paths of all layers and weights of the body: "" or a text such as "r1.2.".
        home: the index of the scope that belongs to the body.
        given: for a block, the values that the call gives to its inputs, by label.
        parent: for a block, the environment of the body that calls it.
        call: for a block, the place of the call.
        layers: the layers above the current line, by label.
        labels: every label of the body, also of lines below the current one.
        start_lines: the `start` lines of the body, also those below the current line, by label.
        delayed: the labels that a line of the body reads with a delay, if the body has a `start` line.
        starts: the values of the `start` lines that were expanded, by label.
        defaults: the `default` lines of the body above the current line.
        inputs: the labels of the inputs above the current line.
        undefined: names that are undefined because of earlier errors.
        last: the label of the nearest layer above the current line.
        misnamed: whether a label is declared twice or is no legal name, so that a layer cannot be read by it.
        timed: whether the type of an input has time (`over`).
        at_defaults: whether it is a net of its own, whose parameters all have their defaults or are open.
    """

    definition: Definition
    values: dict[str, Any] = field(default_factory=dict)
    path: str = ""
    home: int = 0
    given: dict[str, Flow] = field(default_factory=dict)
    parent: Environment | None = None
    call: Span | None = None
    layers: MutableMapping[str, Binding] = field(default_factory=dict)
    labels: dict[str, tree.Statement] = field(default_factory=dict)
    start_lines: dict[str, tree.Start] = field(default_factory=dict)
    delayed: set[str] = field(default_factory=set)
    starts: dict[str, Value | None] = field(default_factory=dict)
    defaults: list[tree.Default] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    undefined: set[str] = field(default_factory=set)
    last: str = ""
    misnamed: bool = False
    timed: bool = False
    at_defaults: bool = False

    @property
    def unit(self) -> Unit:
        return self.definition.unit

    def span(self, at: tree.Place) -> Span:
        return Span(self.definition.unit.source, *at)

    def with_value(self, name: str, value: Any) -> Environment:
        """Return a copy of the environment in which a name has this value; it is used for the number of a round."""
        return replace(self, values={**self.values, name: value})

    def with_layer(self, name: str, values: Flow) -> Environment:
        """Return a copy in which a label, or a part of it such as `p.left`, stands for other values.

        `same(a)` uses it, so that the line of a reads what flows into `same` instead of its own source.
        """
        label, _, part = name.partition(".")
        own = self.layers.get(label)
        if own is None:
            bound = Binding(values, "hidden")
        elif part:
            bound = Binding(own.values, own.role, own.path, own.parts | {part: values})
        else:
            bound = Binding(values, own.role, own.path)
        return replace(self, layers=ChainMap({label: bound}, self.layers))

    def output(self, label: str) -> Value | None:
        """Return the value of an output line; None if it is undefined because of an earlier error."""
        bound = self.layers.get(label)
        return bound.values[0] if bound is not None and len(bound.values) == 1 else None

    def name_of(self, value: Value | None) -> str:
        """Return the name by which a spec reads a value: `a`, or `p.left` if the line has several; else ""."""
        for label, bound in self.layers.items():
            if bound.values == [value]:
                return label
            for part, flow in bound.parts.items():
                if flow == [value]:
                    return f"{label}.{part}"
        return ""

    @property
    def unread(self) -> Unread:
        return self.unit.unread

    # ---- the methods that the evaluator calls (`netspec.elaborate.evaluate.Names`)

    @property
    def largest(self) -> int:
        return self.unit.limits.size

    @property
    def damaged(self) -> bool:
        return bool(self.unread)

    def lookup(self, ref: tree.Ref) -> Any:
        """Return the number that a name stands for in this body; raise Fault or Undefined if there is none."""
        found = self.values.get(ref.name)
        if isinstance(found, (int, float, Formula, Unknown)) and not isinstance(found, bool):
            return found
        name = ref.name
        if name in self.values:
            kinds = {bool: "flag", Word: "word", Closure: "step", tuple: "list", str: "text", Type: "type"}
            kind = kinds.get(type(found), "word")
            labels = (Label(found.at, "word"),) if isinstance(found, Word) and found.at is not None else ()
            hints = (Hint("sizes"),) if isinstance(found, Type) else ()
            raise fault(self, ref.at, "NS405", *hints, labels=labels, name=name, kind=Phrase(f"kind {kind}"))
        if name in self.unread or name in self.undefined:
            raise Undefined
        head = ref.path[0]
        if head in self.layers or head in self.labels:
            raise fault(self, ref.at, "NS406", Hint("size", {"name": name}), name=name)
        names = [key for key, value in self.values.items() if isinstance(value, (int, float, Formula))]
        raise unknown_size(self, ref.at, name, names)

    def named(self, name: str) -> Any:
        return self.values.get(name)

    def unknown(self, value: tree.Value) -> Diagnostic:
        return not_a_number(self, value)

    def unclear(self, diagnostic: Diagnostic) -> NoReturn:
        raise Fault(diagnostic)


# words that cannot be meant as the name of a size
_NO_NUMBER = frozenset("true false none null nan inf infinity auto none None True False".split())
_BATCH = ("B", "N", "b", "n", "batch")  # names of the batch axis, which other tools write as the first axis of a shape
_DIGITS = "one two three four five six seven eight nine ten".split()
_SPELT = {word: str(number) for number, word in enumerate(_DIGITS, 1)}


def unknown_size(env: Environment, at: tree.Place, name: str, legal: list[str]) -> Fault:
    """Return the error for a name that is no size of the body (NS206 in most cases), with a guess at what was meant."""
    hints: list[Hint] = []
    fix = None
    guess = nearest(name, legal)
    if guess is None and name in _NO_NUMBER:
        return fault(env, at, "NS404", text=name)
    if guess is None and name in _SPELT:
        digits = _SPELT[name]
        return fault(env, at, "NS206", Hint("digits", {"digits": digits}), fix=Fix(env.span(at), digits), name=name)
    if guess is None and name == "all":
        return fault(env, at, "NS206", Hint("all"), name=name)
    if guess is None and name in step_names():
        return fault(env, at, "NS405", name=name, kind=Phrase("kind step"))
    parts = name.split("x")
    if guess is None and len(parts) == 4 and parts[0] in _BATCH and all(part.isdigit() for part in parts[1:]):
        wanted = f"{parts[1]}@{parts[2]}x{parts[3]}"
        hints.append(Hint("batch", {"wanted": wanted}))
        fix = Fix(env.span(at), wanted)
    elif (
        guess is None
        and len(parts) > 1
        and all(part and (part.isdigit() or part in legal or len(part) == 1) for part in parts)
    ):
        wanted = " x ".join(parts)
        hints.append(Hint("spaced", {"wanted": wanted}))
        fix = Fix(env.span(at), wanted)
    kind = env.definition.body.kind
    body = env.definition.body.name.text
    before = [env.span(param.at).text for param in env.definition.body.params or () if param.at[1] <= at[0]]
    after = [env.span(param.at).text for param in (env.definition.body.params or ())[len(before) :]]
    params = ", ".join([*before, name, *after])  # before a default that uses it
    hints.append(Hint("declare", {"kind": kind, "body": body, "params": params, "name": name}))
    return fault(env, at, "NS206", *hints, fix=fix, guess=guess, name=name)
