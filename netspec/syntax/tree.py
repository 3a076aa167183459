"""The syntax objects of a `.net` file, each with its place.

A place (`at`) is a half-open range of characters in the text. Comparisons ignore places, so two texts have equal trees
if they say the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, dataclass_transform

Place = tuple[int, int]
NOWHERE: Place = (0, 0)

# fields about the form of the text; comparisons ignore them
_SILENT = frozenset(("at", "name_at", "path_at", "head_at", "key_at", "word"))


@dataclass_transform()
class Syntax:
    """Base of all syntax objects. Fields may be given by position or name; objects with equal content are equal.

    A dataclass would do the same, but creating 38 of them at import takes 16 ms, an eighth of `netspec check`.
    """

    _fields: ClassVar[tuple[str, ...]] = ()
    _said: ClassVar[tuple[str, ...]] = ()
    _defaults: ClassVar[dict[str, Any]] = {}
    silent: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls._fields = tuple(name for name in cls.__annotations__ if name not in Syntax.__annotations__)
        cls._said = tuple(name for name in cls._fields if name not in _SILENT and name not in cls.silent)
        cls._defaults = {name: vars(cls)[name] for name in cls._fields if name in vars(cls)}

    def __init__(self, *values: Any, **named: Any) -> None:
        store = self.__dict__
        if len(values) < len(self._fields):
            store.update(self._defaults)
        store.update(zip(self._fields, values, strict=False))
        if named:
            store.update(named)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self._said)

    def __hash__(self) -> int:
        return hash((type(self).__name__, *(getattr(self, name) for name in self._said)))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._said)
        return f"{type(self).__name__}({shown})"


def walk(*values: Any) -> Iterator[Syntax]:
    """Yield every syntax object in `values` at any depth, also inside tuples and lists."""
    pending = list(values)
    while pending:
        value = pending.pop()
        if isinstance(value, (tuple, list)):
            pending += value
        elif isinstance(value, Syntax):
            yield value
            pending += [getattr(value, name) for name in value._said]


class Name(Syntax):
    text: str
    at: Place = NOWHERE


class Number(Syntax):
    value: int | float
    text: str
    silent: ClassVar[tuple[str, ...]] = ("text",)
    at: Place = NOWHERE


class Text(Syntax):
    """A quoted string, with escapes resolved."""

    value: str
    at: Place = NOWHERE


class Ref(Syntax):
    """A name: `x`, `p.left`, `r.2`. Its position decides whether it is a layer, a size, a step or a word.

    A step without options is such a name; `args`, `step` and `path_at` are those of a call without `( … )`.
    """

    path: tuple[str, ...]
    at: Place = NOWHERE

    @property
    def args(self) -> tuple[Arg, ...]:
        return ()

    @property
    def step(self) -> None:
        return None

    @property
    def name(self) -> str:
        return ".".join(self.path)

    @property
    def path_at(self) -> Place:
        return self.at


class Arg(Syntax):
    """One item of `( … )`; `name` is () for an item without a name."""

    name: tuple[str, ...]
    value: Value
    at: Place = NOWHERE
    name_at: Place = NOWHERE


class Call(Syntax):
    """`name(options) { step }`: the call of a step; braces after it hold its step argument."""

    path: tuple[str, ...]
    args: tuple[Arg, ...]
    at: Place = NOWHERE
    path_at: Place = NOWHERE
    step: Chain | None = None

    @property
    def name(self) -> str:
        return ".".join(self.path)


class Indexed(Syntax):
    """`z[t-1]`: a delayed read."""

    path: tuple[str, ...]
    index: Value
    at: Place = NOWHERE

    @property
    def name(self) -> str:
        return ".".join(self.path)


class Group(Syntax):
    chain: Chain
    at: Place = NOWHERE


class Negative(Syntax):
    value: Value
    at: Place = NOWHERE


class Binary(Syntax):
    """`left op right` with op one of + - * / % ^; `a + b + c` is ((a + b) + c)."""

    op: str
    left: Value
    right: Value
    at: Place = NOWHERE


class Join(Syntax):
    """`a & b & c`."""

    parts: tuple[Value, ...]
    at: Place = NOWHERE


class Several(Syntax):
    """`a, b`: several values."""

    parts: tuple[Value, ...]
    at: Place = NOWHERE


class Grid(Syntax):
    """`n1 x n2 [x n3]`, also the single `n` of a noun."""

    sizes: tuple[Value, ...]
    at: Place = NOWHERE


class Perceptrons(Syntax):
    units: Grid
    args: tuple[Arg, ...]
    word: str
    at: Place = NOWHERE


class Filters(Syntax):
    count: Value
    kernel: Grid
    args: tuple[Arg, ...]
    word: str
    at: Place = NOWHERE


class Repeat(Syntax):
    count: Value  # how many rounds, or a list with an item for each round
    shared: bool
    names: tuple[Name, ...]
    chain: Chain
    at: Place = NOWHERE


class Chain(Syntax):
    """`item -> item -> …`; always at least one item."""

    items: tuple[Value, ...]
    at: Place = NOWHERE


class Dots(Syntax):
    """`..` in a list."""

    at: Place = NOWHERE


class List(Syntax):
    items: tuple[Value, ...]
    at: Place = NOWHERE


class Over(Syntax):
    """`over T`, `over up to T`, `over any n`, with an optional `as name`."""

    length: Value
    kind: str  # "exactly", "up to", "any"
    name: Name | None = None
    at: Place = NOWHERE


class TypeText(Syntax):
    """A type as written: `3@224x224`, `h x w`, `one of V over T`."""

    maps: Value | None  # None if the type does not say how many maps
    space: Grid | None  # for `nodes`, which have no @, the sizes
    classes: Value | None = None
    over: Over | None = None
    at: Place = NOWHERE


class Unreadable(Syntax):
    """Replaces the chain of a line that could not be parsed; the parser has already reported the mistake."""

    at: Place = NOWHERE


Value = (
    Number
    | Text
    | Ref
    | Call
    | Indexed
    | Group
    | Negative
    | Binary
    | Join
    | Several
    | Grid
    | Perceptrons
    | Filters
    | Repeat
    | Chain
    | Dots
    | List
    | TypeText
    | Unreadable
)


# ---- statements of a body


class Input(Syntax):
    label: Name
    type: TypeText
    caption: Text | None = None
    at: Place = NOWHERE


class Layer(Syntax):
    """A `hidden` or `output` line."""

    role: str
    label: Name
    chain: Chain
    expect: TypeText | None = None
    caption: Text | None = None
    at: Place = NOWHERE


class Start(Syntax):
    label: Name
    chain: Chain
    at: Place = NOWHERE


class Default(Syntax):
    target: Name
    args: tuple[Arg, ...]
    at: Place = NOWHERE


class Require(Syntax):
    left: Value
    op: str
    right: Value
    defaults: bool = False  # whether it is about the net with the defaults of its parameters
    why: Text | None = None
    at: Place = NOWHERE


class Let(Syntax):
    name: Name
    value: Value
    at: Place = NOWHERE


Statement = Input | Layer | Start | Default | Require | Let


# ---- declarations of a file


class Header(Syntax):
    version: int
    at: Place = NOWHERE


class Used(Syntax):
    name: Name
    alias: Name | None = None
    at: Place = NOWHERE

    @property
    def here(self) -> Name:
        """The name that this file uses for it."""
        return self.alias or self.name


class Use(Syntax):
    names: tuple[Used, ...]
    file: Text
    at: Place = NOWHERE


class Param(Syntax):
    name: Name
    default: Value | None = None
    at: Place = NOWHERE


class Body(Syntax):
    """A `net` or a `block`."""

    kind: str
    name: Name
    params: tuple[Param, ...] | None
    caption: Text | None
    statements: tuple[Statement, ...]
    at: Place = NOWHERE
    head_at: Place = NOWHERE


class Setting(Syntax):
    key: tuple[str, ...]
    value: Value
    at: Place = NOWHERE
    key_at: Place = NOWHERE


class Section(Syntax):
    """`data { … }`, `train { … }`, `figure [name] { … }`."""

    kind: str
    name: Name | None
    settings: tuple[Setting, ...]
    at: Place = NOWHERE
    head_at: Place = NOWHERE


Declaration = Header | Use | Default | Body | Section


class File(Syntax):
    """One parsed `.net` file."""

    declarations: tuple[Declaration, ...]
    at: Place = NOWHERE
