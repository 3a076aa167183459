"""What may stand in a section: entries of registries, written like calls: `csv("loans.csv")`, `sgd(lr = 0.1)`.

An entry is a pydantic model whose fields are its options; `setting(…)` in the field's type says kind, meaning and
bounds. The parsers of options of operations also read these options, pydantic then checks the values, and `_located`
turns its errors into diagnostics at the right places.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, ForwardRef, Self, TypeVar

from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError
from pydantic.fields import FieldInfo

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


def option_of(name: str, field: FieldInfo) -> Option:
    """Return the option of a field. Raises TypeError if the type of the field has no `setting(…)`."""
    found = next((item for item in field.metadata if isinstance(item, Option)), None)
    if found is None:
        raise TypeError(f"the field {name!r} has no setting(kind, about, …) in its type: Annotated[type, setting(…)]")
    return found._replace(name=name, default=REQUIRED if field.is_required() else field.default)


class Entry(BaseModel):
    """A loss, an optimizer, a source, …: a word of a section with its options.

    positional: the options that may stand without their names, in order.
    gathers: the option that takes all further values without a name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)
    word: ClassVar[str] = ""
    about: ClassVar[str] = ""
    example: ClassVar[str] = ""
    positional: ClassVar[tuple[str, ...]] = ()
    gathers: ClassVar[str] = ""
    _places: dict[str, Span] = PrivateAttr(default_factory=dict)

    def at(self, name: str = "") -> Span | None:
        """Return the place of an option, or of the whole entry; None for an entry that was made in Python."""
        return self._places.get(name) or self._places.get("")

    def placed(self, places: dict[str, Span]) -> Self:
        """Store where the options stand in the text, and return the entry itself."""
        self._places.update(places)
        return self

    def check(self) -> None:
        """Check the options together. Raises ShapeFault if they contradict each other."""

    def document(self) -> dict[str, Any]:
        """Return the word and every option with its value, as JSON."""
        return {"word": self.word, **self.model_dump(mode="json")}

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
        """Return the options of the entry by name."""
        return {name: option_of(name, field) for name, field in cls.model_fields.items()}

    @classmethod
    def usage(cls) -> str:
        """Return how the entry is written, with its options: `csv(file, delimiter = ",", …)`."""
        return usage_of(cls.word, cls.options(), cls.positional, cls.gathers).removesuffix("()")


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
    if any(isinstance(field.annotation, ForwardRef) for field in entry.model_fields.values()):
        return "the types of its fields cannot be resolved where it stands: define it at the top of a module"
    for name, field in entry.model_fields.items():
        try:
            kind = option_of(name, field).kind
        except TypeError as error:
            return str(error)
        if kind not in KINDS:
            return f"its option {name!r} is of the kind {kind!r}; the kinds are {', '.join(sorted(KINDS))}"
    lacking = [name for name in (*entry.positional, entry.gathers) if name and name not in entry.model_fields]
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
    if stem and "file" in getattr(entries.get(ending.lower()), "model_fields", ()):
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
    try:
        found = cls(**values).placed(places)
        found.check()
    except ValidationError as error:
        raise _located(error, cls, places) from None
    except ShapeFault as fault:
        hints = (Hint(fault.hint),) if fault.hint else ()
        place = places.get(fault.option) or places[""]
        raise Fault(Diagnostic(fault.code, place, fault.words, hints=hints)) from None
    return found


def _located(error: ValidationError, cls: type[Entry], places: Mapping[str, Span]) -> Fault:
    """Turn pydantic's errors into diagnostics at their options; an error type that begins with NS is a code."""
    found = []
    for item in error.errors():
        name = str(item["loc"][0]) if item["loc"] else ""
        if item["type"] == "missing":
            hint = Hint("usage", {"usage": cls.usage()})
            found.append(Diagnostic("NS209", places[""], {"step": cls.word, "option": name}, hints=(hint,)))
        elif item["type"].startswith("NS"):
            words = {**item["ctx"], "option": name, "name": name}
            found.append(Diagnostic(item["type"], places.get(name, places[""]), words))
        else:
            raise error
    first, *more = found
    return Fault(first, tuple(more))


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
    if name in cls.model_fields:
        return name
    legal = tuple(cls.model_fields)
    guess = nearest(name, legal) or meant(name, legal)
    hint = Hint("options", {"names": Quoted(legal)}) if legal else Hint("no_options")
    raise reader.fault(arg.name_at, "NS203", hint, guess=guess, name=name, step=cls.word)
