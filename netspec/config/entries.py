"""What may stand in a section: entries of registries, written like calls: `csv("loans.csv")`, `sgd(lr = 0.1)`.

An entry is a class whose fields are its options; `setting(…)` in the field's type says kind, meaning and bounds. The
parsers of options of operations also read these options, so that what a spec writes has the right types. Values that
Python code gives are checked by pydantic, which is imported for them only: a spec is read without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import cache
from types import MappingProxyType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Self,
    TypeVar,
    dataclass_transform,
    get_origin,
    get_type_hints,
)

from netspec import foreign
from netspec.config.values import Reader, single
from netspec.diagnostics.model import Diagnostic, Fault, Hint, Label, Phrase, Quoted
from netspec.elaborate.kinds import KINDS
from netspec.elaborate.options import usage_of
from netspec.ir.operation import REQUIRED, Option
from netspec.ir.types import ShapeFault
from netspec.names import meant, nearest
from netspec.plugins import not_allowed
from netspec.source import Span
from netspec.syntax import tree
from netspec.syntax.printer import quote


def setting(
    kind: str,
    about: str,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    choices: tuple[str, ...] = (),
    count: int | None = None,
) -> Option:
    """Declares a field of an entry as an option of the language; it stands in the type of the field.

    Parameters:
        kind: how its value is read: number, whole, flag, text, path, word, name, shape, numbers or texts.
        about: what it means, for the documents.
        least, most: the smallest and the largest number allowed.
        above: a number that it must be larger than.
        choices: the words or texts allowed.
        count: how many numbers a list must have.

    Returns:
        The option, for `Annotated`.

    Raises:
        TypeError: when the class is made, where `kind` is unknown.

    Example:
        >>> from typing import Annotated
        >>> class Focal(netspec.Loss):
        ...     gamma: Annotated[float, netspec.setting("number", "how much easy examples fade", least=0)] = 2.0
        >>> Focal(layer="y", gamma=-1)
        Traceback (most recent call last):
        ...
        pydantic_core._pydantic_core.ValidationError: 1 validation error for Focal
        ...
    """
    return Option(kind, about, least=least, most=most, choices=choices, above=above, length=count)


@cache
def _fields(cls: type) -> Mapping[str, tuple[Any, Option]]:
    """Return the type and the option of each field of an entry by name, those of its bases first.

    Raise TypeError for a field without `setting(…)`, NameError if its type names what its module does not have.
    """
    found: dict[str, tuple[Any, Option]] = {}
    for base in reversed(cls.__bases__):
        found |= _fields(base) if issubclass(base, Entry) else {}  # type: ignore[arg-type]  # classes have hashes
    written = vars(cls).get("__annotations__", {})
    hints = {name: hint for name, hint in written.items() if not name.startswith("_") and "ClassVar" not in str(hint)}
    here = type(cls.__name__, (), {"__annotations__": hints, "__module__": cls.__module__})  # without the bases
    for name, hint in get_type_hints(here, localns=dict(vars(cls)), include_extras=True).items():
        option = next((item for item in getattr(hint, "__metadata__", ()) if isinstance(item, Option)), None)
        if get_origin(hint) is not Annotated or option is None:
            raise TypeError(
                f"the field {name!r} has no setting(kind, about, …) in its type: Annotated[type, setting(…)]"
            )
        found[name] = (hint, option._replace(name=name))
    return {
        name: (hint, option._replace(default=getattr(cls, name, REQUIRED))) for name, (hint, option) in found.items()
    }


@cache
def _model(cls: type[Entry]) -> Any:
    """Return the pydantic model that checks the values which Python code gives for the options of an entry."""
    from pydantic import ConfigDict, create_model

    declared = _fields(cls)  # type: ignore[arg-type]
    fields = {name: (hint, ... if option.required else option.default) for name, (hint, option) in declared.items()}
    return create_model(cls.__name__, __config__=ConfigDict(extra="forbid", strict=True), **fields)  # type: ignore[call-overload]


@dataclass_transform(kw_only_default=True)
class Entry:
    """A loss, an optimizer, a source, …: a word of a section with its options.

    positional: the options that may stand without their names, in order.
    gathers: the option that takes all further values without a name.
    """

    word: ClassVar[str] = ""
    about: ClassVar[str] = ""
    example: ClassVar[str] = ""
    positional: ClassVar[tuple[str, ...]] = ()
    gathers: ClassVar[str] = ""
    _places: ClassVar[Mapping[str, Span]] = MappingProxyType({})

    if not TYPE_CHECKING:  # a type checker takes these from the fields, as those of a dataclass

        def __init__(self, **values: Any) -> None:
            """Check the values of the options. Raises pydantic's ValidationError."""
            if values or any(option.required for option in self.options().values()):
                checked = _model(type(self))(**values)
                values = {name: getattr(checked, name) for name in self.options()}
            vars(self).update(values)

        def __setattr__(self, name: str, value: Any) -> None:
            if not name.startswith("_"):
                raise AttributeError(f"{self.word} cannot be changed; changed({name} = …) returns another one")
            super().__setattr__(name, value)

        def __eq__(self, other: object) -> bool:
            return type(other) is type(self) and other.as_dict() == self.as_dict()

        def __hash__(self) -> int:
            return hash((type(self), *self.as_dict().values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.as_dict().items())})"

    def as_dict(self) -> dict[str, Any]:
        """Return the value of each option by name."""
        return {name: getattr(self, name) for name in self.options()}

    def changed(self, **values: Any) -> Self:
        """Return the entry with other values for some options, which are not checked."""
        found = copy(self)
        vars(found).update(values)
        return found

    def at(self, name: str = "") -> Span | None:
        """Return the place of an option, or of the whole entry; None for an entry that was made in Python."""
        return self._places.get(name) or self._places.get("")

    def check(self) -> None:
        """Check the options together. Raises ShapeFault if they contradict each other."""

    def document(self) -> dict[str, Any]:
        """Return the word and every option with its value, as JSON."""
        return {"word": self.word, **{name: _plain(value) for name, value in self.as_dict().items()}}

    def written(self, **changes: Any) -> str:
        """Return the entry as a spec writes it, with other values for some options."""
        parts = []
        for name, option in type(self).options().items():
            value = changes.get(name, getattr(self, name))
            if value is None or (value == option.default and name not in self.positional):
                continue
            if name == self.gathers:
                parts += [_text(option.kind.removesuffix("s"), item) for item in value]
            else:
                parts.append(("" if name in self.positional else f"{name} = ") + _text(option.kind, value))
        return f"{self.word}({', '.join(parts)})" if parts else self.word

    @classmethod
    def options(cls) -> dict[str, Option]:
        """Return the options of the entry by name. Raises TypeError or NameError if a field declares none."""
        return {name: option for name, (_, option) in _fields(cls).items()}  # type: ignore[arg-type]

    @classmethod
    def usage(cls) -> str:
        """Return how the entry is written, with its options: `csv(file, delimiter = ",", …)`."""
        return usage_of(cls.word, cls.options(), cls.positional, cls.gathers).removesuffix("()")


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: lists instead of tuples."""
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _text(kind: str, value: Any) -> str:
    """Return the value of an option as a spec writes it."""
    if isinstance(value, tuple):
        return f"[{', '.join(_text(kind.removesuffix('s'), item) for item in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return quote(value) if kind in ("text", "path") else str(value)


E = TypeVar("E", bound=Entry)
Table = Mapping[str, type[E]]


def incomplete(entry: type[Entry]) -> str:
    """Return a sentence that says what an entry lacks to be registered; "" if the entry is complete."""
    if not entry.word.isidentifier():
        return f"its word {entry.word!r} cannot stand in a spec: it must be a name"
    for name in ("about", "example"):
        if not getattr(entry, name):
            return f"it has no `{name}`, which the documentation shows"
    if not entry.example.startswith(entry.word):
        return f"its example {entry.example!r} does not begin with its word"
    try:
        options = entry.options()
    except NameError:
        return "the types of its fields cannot be resolved where it stands: define it at the top of a module"
    except TypeError as error:
        return str(error)
    for name, option in options.items():
        if option.kind not in KINDS:
            return f"its option {name!r} is of the kind {option.kind!r}; the kinds are {', '.join(sorted(KINDS))}"
    lacking = [name for name in (*entry.positional, entry.gathers) if name and name not in options]
    return f"it has no option {lacking[0]!r}, which may stand without its name" if lacking else ""


def read_entry(entries: Table[E], value: tree.Value, reader: Reader, what: Phrase) -> E:
    """Return the entry that a call or a bare word names; messages call the entries `what`. Raises Fault."""
    value = single(value)
    if isinstance(value, tree.Ref):
        _of_file(entries, value.name, value, reader, what)
        return bind(_find(entries, value.name, value.at, reader, what), (), reader, value.at)
    if isinstance(value, tree.Call):
        if value.step is not None:
            raise reader.fault(value.at, "NS590", step=value.name)
        cls = _find(entries, value.name, value.path_at, reader, what)
        return bind(cls, value.args, reader, value.at)
    hint, fix = Hint("one_of", {"legal": Quoted(tuple(entries))}), None
    if "columns" in entries and (names := _column_names(value)):  # `x = ["age", "salary"]`
        fix = f"columns({', '.join(names)})"
        hint = Hint("columns", {"text": fix})
    if isinstance(value, tree.Text):
        _of_file(entries, value.value, value, reader, what)
        if value.value in entries:  # `schedule = "cosine"`
            hint, fix = Hint("bare", {"text": value.value}), value.value
    raise reader.fault(value.at, "NS753", hint, fix=fix, name=reader.text_at(value.at), what=what)


def _of_file(entries: Table[E], name: str, value: tree.Value, reader: Reader, what: Phrase) -> None:
    """Raise Fault if a value is a file name instead of a source: `source = "loans.csv"`, `source = loans.csv`."""
    stem, _, ending = name.rpartition(".")
    source = entries.get(ending.lower())
    if stem and source is not None and "file" in source.options():
        fix = f'{ending.lower()}("{name}")'
        shown = reader.text_at(value.at)
        raise reader.fault(value.at, "NS753", Hint("file", {"text": fix}), fix=fix, name=shown, what=what)


def _column_names(value: tree.Value) -> list[str]:
    """Return a text, or the items of a list of texts and names, in quotes; an empty list for any other value."""
    items = [single(item) for item in (value.items if isinstance(value, tree.List) else (value,))]
    if not all(isinstance(item, tree.Text | tree.Ref) for item in items):
        return []
    return [f'"{item.value if isinstance(item, tree.Text) else item.name}"' for item in items]  # type: ignore[union-attr]


def _find(entries: Table[E], name: str, at: tree.Place, reader: Reader, what: Phrase) -> type[E]:
    if name in entries:
        return entries[name]
    offered = not_allowed(name, reader.span(at))
    if offered is not None:
        raise Fault(offered)
    guess = foreign.translate(name, foreign.ENTRIES, tuple(entries))
    hints: list[Hint] = []
    way = foreign.SOURCES.get(foreign.fold(name).removeprefix("load")) if "csv" in entries else None
    if way is not None and not guess:
        hints.append(Hint("foreign", {"name": name, "way": way}))
    hints.append(Hint("one_of", {"legal": Quoted(tuple(entries))}))
    raise reader.fault(at, "NS753", *hints, guess=guess, name=name, what=what)


def bind(cls: type[E], args: tuple[tree.Arg, ...], reader: Reader, at: tree.Place) -> E:
    """Return the entry with these arguments as the values of its options. Raises Fault."""
    options = cls.options()
    values: dict[str, Any] = {}
    places = {"": reader.span(at)}
    gathered: list[Any] = []
    for position, arg in enumerate(args):
        name = _option_of(cls, arg, position, reader)
        option = options[name]
        if name == cls.gathers and not arg.name:
            places[f"{name}.{len(gathered)}"] = reader.span(arg.value.at)
            one = option._replace(kind=option.kind.removesuffix("s"))  # `texts` -> `text`: a single item
            gathered.append(reader.read(one, arg.value))
        elif name in values:
            label = Label(places[name], "first")
            raise Fault(Diagnostic("NS208", reader.span(arg.name_at), {"name": name}, labels=(label,)))
        else:
            values[name] = reader.read(option, arg.value)
        places.setdefault(name, reader.span(arg.value.at))
    if gathered:
        values[cls.gathers] = tuple(gathered)
    _checked(cls, options, values, places)
    found = cls.__new__(cls)
    vars(found).update(values, _places=places)
    try:
        found.check()
    except ShapeFault as fault:
        hints = (Hint(fault.hint),) if fault.hint else ()
        place = places.get(fault.option) or places[""]
        raise Fault(Diagnostic(fault.code, place, fault.words, hints=hints)) from None
    return found


def _checked(
    cls: type[Entry], options: Mapping[str, Option], values: Mapping[str, Any], places: Mapping[str, Span]
) -> None:
    """Raise Fault if a required option has no value, or a value is out of the bounds of its option."""
    found = []
    for name, option in options.items():
        if name not in values and option.required:
            hint = Hint("usage", {"usage": cls.usage()})
            found.append(Diagnostic("NS209", places[""], {"step": cls.word, "option": name}, hints=(hint,)))
        wrong = option.out_of_bounds(values[name]) if name in values else None
        if wrong is not None:
            code, words = wrong
            found.append(Diagnostic(code, places.get(name, places[""]), {**words, "option": name, "name": name}))
    if found:
        first, *more = found
        raise Fault(first, tuple(more))


def _option_of(cls: type[Entry], arg: tree.Arg, position: int, reader: Reader) -> str:
    """Return the name of the option that an argument sets, by name or by position. Raises Fault."""
    if not arg.name:
        if position < len(cls.positional):
            return cls.positional[position]
        if cls.gathers:
            return cls.gathers
        code = "NS210" if cls.positional else "NS211"
        hint = Hint("usage", {"usage": cls.usage()})
        raise reader.fault(arg.at, code, hint, step=cls.word, position=str(position + 1))
    name = ".".join(arg.name)
    legal = tuple(cls.options())
    if name in legal:
        return name
    guess = nearest(name, legal) or meant(name, legal)
    hint = Hint("options", {"names": Quoted(legal)}) if legal else Hint("no_options")
    raise reader.fault(arg.name_at, "NS203", hint, guess=guess, name=name, step=cls.word)
