"""Type annotations (`3@32x32`, `d over T`) -> types, or the sizes that their names stand for in a block."""

from __future__ import annotations

from typing import Any

from netspec.diagnostics.model import Diagnostic, Fault, Fix, Hint
from netspec.elaborate.environment import Environment
from netspec.elaborate.evaluate import Undefined, evaluate, fault, size
from netspec.elaborate.witnesses import shown
from netspec.ir import sizes
from netspec.ir.sizes import Formula, divides
from netspec.ir.types import UNKNOWN, Time, Type, Unknown, type_text
from netspec.syntax import tree

MAX_AXES = 3


def read_type(written: tree.TypeText, env: Environment, label: str = "") -> Type:
    """Return the type that an annotation describes; every name in the annotation must be known.

    Args:
        written: the annotation.
        env: what its names stand for.
        label: the layer; its name also names the varying lengths of an `over up to` that has no name of its own.

    Raises:
        Fault: a size in the annotation, or the annotation itself, is wrong.
    """
    dims = () if written.space is None else tuple(size(item, env) for item in written.space.sizes)
    _axes(written, env, len(dims))
    time = None if written.over is None else read_time(written.over, env, label)
    if written.classes is not None:
        classes = size(written.classes, env)
        if classes == 1:
            raise fault(env, written.classes.at, "NS416")
        return Type(1, dims, time, classes)
    if written.maps is not None:
        return Type(size(written.maps, env), dims, time)
    return Type(dims[0], (), time) if len(dims) == 1 else Type(1, dims, time)


def read_time(over: tree.Over, env: Environment, label: str) -> Time:
    if over.kind == "any":
        raise fault(env, over.at, "NS690", Hint("any"), what="over any")
    length = size(over.length, env)
    if over.kind == "exactly":
        if over.name is not None:
            raise fault(env, over.name.at, "NS417", name=over.name.text)
        return Time(length)
    return Time(length, over.name.text if over.name else label)


def _axes(written: tree.TypeText, env: Environment, count: int) -> None:
    if count > MAX_AXES:
        assert written.space is not None
        raise fault(env, written.space.at, "NS418", axes=str(count))


# a warning as a tuple of its code, place and words
Note = tuple[str, tree.Place, dict[str, str]]


def bind_type(
    written: tree.TypeText, actual: Type, env: Environment, label: str, symbols: dict[str, Formula]
) -> list[Note]:
    """Match the annotation of a block's input with the type of the value that the call gives it.

    A name that is not known yet, alone or as `INT*NAME`, gets its size from the value; names are read from left to
    right. An annotation without time takes a value with any time.

    Args:
        written: the annotation.
        actual: the type of the value.
        env: the block's names; new sizes are added to it.
        label: the input.
        symbols: the net's open sizes, for examples in messages.

    Returns:
        Warnings: names that differ from others only in upper and lower case.

    Raises:
        Fault: the type does not match the annotation (NS611), or a size cannot be read.
    """
    matcher = _Matcher(written, actual, env, label, symbols)
    matcher.run()
    return matcher.notes


class _Matcher:
    def __init__(
        self, written: tree.TypeText, actual: Type, env: Environment, label: str, symbols: dict[str, Formula]
    ) -> None:
        self.written = written
        self.actual = actual
        self.env = env
        self.label = label
        self.symbols = symbols
        self.notes: list[Note] = []

    def run(self) -> None:
        written, actual = self.written, self.actual
        dims = () if written.space is None else written.space.sizes
        _axes(written, self.env, len(dims))
        for value in dims:
            if isinstance(value, tree.Ref) and "x" not in value.name:
                continue
            pattern = _pattern(value, self.env)
            if pattern is not None:
                self._look(pattern[1], pattern[2])
        if isinstance(actual.space, Unknown):
            self._unknown(dims)
        elif written.classes is not None:
            if actual.classes is None:
                raise self.differs()
            self.one(written.classes, actual.classes)
            self.space(dims, actual.space)
        elif actual.classes is not None:
            raise self.differs()
        elif written.maps is not None:
            self.one(written.maps, actual.maps)
            self.space(dims, actual.space)
        elif len(dims) == 1:
            if actual.space:
                raise self.differs()
            self.one(dims[0], actual.maps)
        else:
            if not actual.space or actual.maps != 1:
                raise self.differs()
            self.space(dims, actual.space)
        self.time()

    def _unknown(self, dims: tuple[tree.Value, ...]) -> None:
        """Give an unknown size to each new name, as the type of the value is not known yet (in a recurrence)."""
        values = [value for value in (self.written.maps, *dims, self.written.classes) if value is not None]
        if self.written.over is not None:
            values.append(self.written.over.length)
        for value in values:
            name = _pattern(value, self.env)
            if name is not None:
                self.env.values[name[1]] = UNKNOWN

    def time(self) -> None:
        over = self.written.over
        if over is None:
            return
        self.env.timed = True
        if over.kind == "any":
            raise fault(self.env, over.at, "NS690", Hint("any"), what="over any")
        time = self.actual.time
        if time is None:
            raise self.differs("time")
        if isinstance(time, Unknown):
            name = _pattern(over.length, self.env)
            if name is not None:
                self.env.values[name[1]] = UNKNOWN
            return
        if over.kind == "exactly" and time.varying and _pattern(over.length, self.env) is None:
            raise self.differs("lengths")
        self.one(over.length, time.length)

    def space(self, dims: tuple[tree.Value, ...], actual: tuple[Any, ...]) -> None:
        if len(dims) != len(actual):
            raise self.differs()
        for value, length in zip(dims, actual, strict=True):
            self.one(value, length)

    def one(self, value: tree.Value, actual: Any) -> None:
        """Match one size of the annotation with one size of the value."""
        pattern = _pattern(value, self.env)
        if pattern is not None:
            factor, name, place = pattern
            if isinstance(actual, Unknown):
                self.env.values[name] = UNKNOWN
            elif factor != 1 and not divides(factor, actual):
                raise self.differs(part=f"{factor}*{name}", size=sizes.text(actual))
            else:
                self.env.values[name] = actual if factor == 1 else actual // factor
            folded = name.casefold()
            for other in self.env.values:
                if other.casefold() == folded and other != name:
                    self.notes.append(("NS624", place, {"name": name, "other": other}))
                    break
            return
        try:
            wanted = evaluate(value, self.env)
        except Fault as error:
            if error.diagnostic.code == "NS206":
                raise fault(self.env, value.at, "NS609", text=self.env.span(value.at).text) from None
            raise
        if isinstance(wanted, Unknown) or isinstance(actual, Unknown):
            return
        if wanted != actual:
            part = self.env.span(value.at).text
            example = shown(self.symbols, wanted, actual)
            raise self.differs(part=part, size=sizes.text(actual), wanted=sizes.text(wanted), example=example)

    def _look(self, name: str, place: tree.Place) -> None:
        """Raise Fault (NS610) for a name such as `hxw`, which was probably meant as `h x w`."""
        parts = name.split("x")
        if len(parts) in (2, 3) and all(part.isdigit() or len(part) == 1 for part in parts):
            wanted = " x ".join(parts)
            fix = Fix(self.env.span(place), wanted)
            raise fault(self.env, place, "NS610", Hint("spaced", {"wanted": wanted}), fix=fix, name=name)

    def differs(
        self, role: str = "", part: str = "", size: str = "", wanted: str = "", example: Hint | None = None
    ) -> Fault:
        words = {
            "block": self.env.definition.body.name.text,
            "input": self.label,
            "written": self.env.span(self.written.at).text,
            "actual": type_text(self.actual),
            "part": part,
            "size": size,
            "wanted": wanted,
        }
        hint = "part" if wanted else "factor" if part else "lengths" if role == "lengths" else "time" if role else ""
        hints = tuple(item for item in (Hint(hint) if hint else None, example) if item is not None)
        return Fault(Diagnostic("NS611", self.env.span(self.written.at), words, hints=hints))


def _pattern(value: tree.Value, env: Environment) -> tuple[int, str, tree.Place] | None:
    """Return (factor, name, place) if a size is `NAME` or `INT*NAME` and the name is not known yet, else None."""
    if isinstance(value, tree.Ref) and len(value.path) == 1 and _fresh(value.path[0], env):
        return 1, value.path[0], value.at
    if isinstance(value, tree.Binary) and value.op == "*":
        left, right = value.left, value.right
        if isinstance(left, tree.Number) and isinstance(left.value, int) and left.value > 0:
            if isinstance(right, tree.Ref) and len(right.path) == 1 and _fresh(right.path[0], env):
                return left.value, right.path[0], right.at
    return None


def _fresh(name: str, env: Environment) -> bool:
    if name in env.undefined:
        raise Undefined
    return name not in env.values


def same_type(expected: Type, actual: Type, carried: bool) -> bool:
    """Whether a type equals the type written after `is`.

    If `carried` is true, a written type without time fits a type with any time.
    """
    if carried and expected.time is None:
        actual = actual.step
    return (
        expected.maps == actual.maps
        and expected.space == actual.space
        and expected.classes == actual.classes
        and _same_time(expected.time, actual.time)
    )


def _same_time(expected: Time | None, actual: Time | None) -> bool:
    if expected is None or actual is None:
        return expected is actual
    return expected.length == actual.length and bool(expected.varying) == bool(actual.varying)
