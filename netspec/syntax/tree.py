"""The syntax objects of a `.net` file: what was written, right or wrong, each with its place.

Places (`at`) are half-open character ranges of the file's text; they do not count in comparisons, so
two texts are equal as trees when they say the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Place = tuple[int, int]
NOWHERE: Place = (0, 0)


def _at() -> Place:
    """A field that holds a place and takes no part in comparisons."""
    place: Place = field(default=NOWHERE, compare=False, repr=False)
    return place


@dataclass(slots=True, unsafe_hash=True)
class Name:
    text: str
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Number:
    value: int | float
    text: str = field(compare=False)
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Text:
    """A quoted string, escapes resolved."""

    value: str
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Ref:
    """`x`, `p.left`, `r.2`: a layer, a size, a step or a word, as the position decides."""

    path: tuple[str, ...]
    at: Place = _at()

    @property
    def name(self) -> str:
        return ".".join(self.path)


@dataclass(slots=True, unsafe_hash=True)
class Arg:
    """One item of `( … )`; `name` is () for an item given by position."""

    name: tuple[str, ...]
    value: Value
    at: Place = _at()
    name_at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Call:
    path: tuple[str, ...]
    args: tuple[Arg, ...]
    at: Place = _at()
    path_at: Place = _at()

    @property
    def name(self) -> str:
        return ".".join(self.path)


@dataclass(slots=True, unsafe_hash=True)
class Indexed:
    """`z[t-1]`: a delayed read."""

    path: tuple[str, ...]
    index: Value
    at: Place = _at()

    @property
    def name(self) -> str:
        return ".".join(self.path)


@dataclass(slots=True, unsafe_hash=True)
class Group:
    chain: Chain
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Negative:
    value: Value
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Binary:
    """`left op right` with op one of + - * / % ^; chains of them lean left."""

    op: str
    left: Value
    right: Value
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Join:
    """`a & b & c`."""

    parts: tuple[Value, ...]
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Several:
    """`a, b`: several values."""

    parts: tuple[Value, ...]
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Grid:
    """`n1 x n2 [x n3]`, also the single `n` of a noun."""

    sizes: tuple[Value, ...]
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Perceptrons:
    units: Grid
    args: tuple[Arg, ...]
    word: str = field(compare=False)
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Filters:
    count: Value
    kernel: Grid
    args: tuple[Arg, ...]
    word: str = field(compare=False)
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Repeat:
    count: Value
    shared: bool
    index: Name | None
    chain: Chain
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Chain:
    """`item -> item -> …`; always at least one item."""

    items: tuple[Value, ...]
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Dots:
    """`..` in a list."""

    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class List:
    items: tuple[Value, ...]
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Over:
    """`over T`, `over up to T`, `over any n`, with an optional `as name`."""

    length: Value
    kind: str  # "exactly", "up to", "any"
    name: Name | None = None
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class TypeText:
    """A type as written: `3@224x224`, `h x w`, `one of V over T`."""

    maps: Value | None  # None: not written
    space: Grid | None  # for `nodes` (no @) the sizes as written
    classes: Value | None = None
    over: Over | None = None
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Broken:
    """Stands where a line could not be parsed: its type is unknown, and nobody reports that."""

    at: Place = _at()


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
    | Broken
)


# ---- statements of a body


@dataclass(slots=True, unsafe_hash=True)
class Input:
    label: Name
    type: TypeText
    caption: Text | None = None
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Layer:
    """A `hidden` or `output` line."""

    role: str
    label: Name
    chain: Chain
    expect: TypeText | None = None
    caption: Text | None = None
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Start:
    label: Name
    chain: Chain
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Default:
    target: Name
    args: tuple[Arg, ...]
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Require:
    left: Value
    op: str
    right: Value
    why: Text | None = None
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Let:
    name: Name
    value: Value
    at: Place = _at()


Statement = Input | Layer | Start | Default | Require | Let


# ---- declarations of a file


@dataclass(slots=True, unsafe_hash=True)
class Header:
    version: int
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Used:
    name: Name
    alias: Name | None = None
    at: Place = _at()

    @property
    def here(self) -> Name:
        """The name under which this file calls it."""
        return self.alias or self.name


@dataclass(slots=True, unsafe_hash=True)
class Use:
    names: tuple[Used, ...]
    file: Text
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Extern:
    name: Name
    params: tuple[Param, ...] | None
    target: Text
    inputs: tuple[TypeText, ...]
    result: TypeText
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Param:
    name: Name
    default: Value | None = None
    at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Body:
    """A `net` or a `block`."""

    kind: str
    name: Name
    params: tuple[Param, ...] | None
    caption: Text | None
    statements: tuple[Statement, ...]
    at: Place = _at()
    head_at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Setting:
    key: tuple[str, ...]
    value: Value
    at: Place = _at()
    key_at: Place = _at()


@dataclass(slots=True, unsafe_hash=True)
class Section:
    """`data { … }`, `train { … }`, `figure [name] { … }`."""

    kind: str
    name: Name | None
    settings: tuple[Setting, ...]
    at: Place = _at()
    head_at: Place = _at()


Declaration = Header | Use | Extern | Default | Body | Section


@dataclass(slots=True)
class File:
    """One parsed `.net` file."""

    declarations: tuple[Declaration, ...]
    at: Place = _at()
