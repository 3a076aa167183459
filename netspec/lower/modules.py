"""The modules of a class: a tree of constructor calls, and the statements of `__init__` that make it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from netspec.ir.operation import Construct
from netspec.lower.holes import Holes
from netspec.lower.pynames import Namer, class_name

Fill = Callable[[str], str]  # puts values into code


@dataclass(slots=True)
class Place:
    """A module path relative to its class: what is constructed there, and what lies below.

    The code is `nn.Conv2d(…)` with marks for values; "" where a bare holder is enough. `rounds` are the
    modules of a repeat, under 1, 2, …
    """

    code: str = ""
    rounds: list[Place] | None = None
    after: list[str] = field(default_factory=list)  # statements about `{self}`: initial values, freezing
    below: dict[str, Place] = field(default_factory=dict)

    @property
    def alone(self) -> bool:
        """Whether one expression can stand for it."""
        return not self.below and not self.after and all(item.alone for item in self.rounds or ())

    @property
    def base(self) -> str:
        """The class of its main step."""
        if self.rounds is not None:
            return "Rounds"
        return self.code[: self.code.index("(")] if self.code else "nn.Module"

    def at(self, path: str) -> Place:
        """The place of a path below, made with all on the way to it."""
        place = self
        for part in path.split(".") if path else ():
            if place.rounds is not None and part.isdigit():
                while len(place.rounds) < int(part):
                    place.rounds.append(Place())
                place = place.rounds[int(part) - 1]
            else:
                place = place.below.setdefault(part, Place())
        return place

    def shape(self) -> tuple[object, ...]:
        """What must agree for two instances to share a class."""
        rounds = None if self.rounds is None else tuple(item.shape() for item in self.rounds)
        below = tuple((name, item.shape()) for name, item in self.below.items())
        return (self.code, rounds, tuple(self.after), below)

    def all(self) -> Iterator[Place]:
        yield self
        for item in (*(self.rounds or ()), *self.below.values()):
            yield from item.all()


def construct(call: Construct, holes: Holes) -> str:
    """`nn.Conv2d(3, 64, 7, stride=2)` with marks for its values."""
    args = ", ".join(holes.put(value) for value in call.args)
    keywords = "".join(holes.keyword(name, value, call.defaults.get(name)) for name, value in call.kwargs.items())
    return f"{call.call}({args}{keywords})"


class Holders:
    """Classes that only say which modules of its own a line's main step carries, one for each combination."""

    def __init__(self, namer: Namer) -> None:
        self.namer = namer
        self.names: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}

    def of(self, place: Place) -> str:
        """The class of a place: a holder where something lies below it."""
        if not place.below:
            return place.base
        kinds = tuple((name, self.of(item)) for name, item in place.below.items())
        key = (place.base, kinds)
        if key not in self.names:
            short = place.base.rpartition(".")[2]
            # one or two are named after what they carry; of a long chain the docstring says it
            parts = "".join(class_name(name) for name, _ in kinds) if len(kinds) <= 2 else "Chain"
            self.names[key] = self.namer.fresh(short + parts)
        return self.names[key]

    def source(self) -> list[str]:
        """The holder classes as text."""
        out = []
        for (base, kinds), name in self.names.items():
            carried = " and ".join(kind for kind, _ in kinds)
            # inside the class an attribute hides the class of its name
            names = {attr for attr, _ in kinds}
            rows = [f"    {attr}: {'nn.Module' if kind in names else kind}" for attr, kind in kinds]
            out.append(
                "\n".join([f"class {name}({base}):", f'    """{_short(base)} that carries {carried}."""', "", *rows])
            )
        return out


def _short(base: str) -> str:
    word = base.rpartition(".")[2]
    return f"An {word}" if word[0] in "AEIOU" else f"A {word}"


class Writer:
    """Writes the statements that make a tree of places."""

    def __init__(self, holders: Holders, fill: Fill) -> None:
        self.holders = holders
        self.fill = fill
        self.parts = 0

    def statements(self, root: Place) -> list[str]:
        return [line for name, place in root.below.items() for line in self.write(place, f"self.{name}")]

    def write(self, place: Place, target: str) -> list[str]:
        """The statements that put a place's module at `target`, and all below it."""
        lines = [f"{target} = {self.expression(place)}"]
        if place.rounds is not None and not all(item.alone for item in place.rounds):
            lines += self.write_rounds(place.rounds, target)
        for name, inner in place.below.items():
            lines += self.write(inner, f"{target}.{name}")
        return lines + [self.fill(line).replace("{self}", target) for line in place.after]

    def expression(self, place: Place) -> str:
        name = self.holders.of(place)
        if place.rounds is None:
            code = place.code or "nn.Module()"
            return name + self.fill(code[code.index("(") :])
        if not all(item.alone for item in place.rounds):
            return f"{name}()"
        texts = [self.expression(item) for item in place.rounds]
        if len(set(texts)) == 1 and len(texts) > 1:
            return f"{name}({texts[0]} for _ in range({len(texts)}))"
        growing = _growing(texts)
        return f"{name}({growing})" if growing else f"{name}([{', '.join(texts)}])"

    def write_rounds(self, rounds: list[Place], target: str) -> list[str]:
        """Rounds that take statements of their own: a loop where all are equal."""
        self.parts += 1
        name = "part" if self.parts == 1 else f"part{self.parts}"
        bodies = [[*self.write(item, name), f"{target}.append({name})"] for item in rounds]
        if all(body == bodies[0] for body in bodies):
            return [f"for _ in range({len(rounds)}):", *(f"    {line}" for line in bodies[0])]
        lines: list[str] = []
        for number, body in enumerate(bodies, 1):
            lines += [
                line.replace(f"{name}.", f"{name}_{number}.")
                .replace(f"{name} ", f"{name}_{number} ")
                .replace(f"({name})", f"({name}_{number})")
                for line in body
            ]
        return lines


_WHOLE = re.compile(r"(?<![\w.])\d+(?![\w.])")


def _growing(texts: list[str]) -> str:
    """`Dense(size) for size in range(64, 256, 32)`: rounds that differ in one evenly growing number."""
    if len(texts) < 3 or len({_WHOLE.sub("0", text) for text in texts}) > 1:
        return ""
    rows = [[int(number) for number in _WHOLE.findall(text)] for text in texts]
    columns = [column for column in zip(*rows, strict=True) if len(set(column)) > 1]
    step = columns[0][1] - columns[0][0] if columns else 0
    if step <= 0 or any(column != columns[0] for column in columns):
        return ""
    first, last = columns[0][0], columns[0][-1]
    if columns[0] != tuple(range(first, last + 1, step)):
        return ""
    changing = [len({row[position] for row in rows}) > 1 for position in range(len(rows[0]))]
    position = -1

    def put(match: re.Match[str]) -> str:
        nonlocal position
        position += 1
        return "size" if changing[position] else match[0]

    return f"{_WHOLE.sub(put, texts[0])} for size in range({first}, {last + step}, {step})"


ROUNDS = '''class Rounds(nn.Module):
    """The rounds of a repeat, under the keys 1, 2, ..."""

    def __init__(self, rounds: Iterable[nn.Module] = ()) -> None:
        super().__init__()
        for part in rounds:
            self.append(part)

    def append(self, part: nn.Module) -> None:
        self.add_module(str(len(list(iter(self))) + 1), part)

    def __iter__(self) -> Iterator[Any]:
        return (part for name, part in self._modules.items() if name.isdigit())

    def __getitem__(self, number: int) -> Any:
        return self._modules[str(number)]'''
