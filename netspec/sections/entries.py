"""What may stand in a section: entries of tables, written like calls: `csv("loans.csv")`, `sgd(lr = 0.1)`.

An entry is a pydantic model whose fields are its options; the field says kind, meaning and bounds. From the
same tables come the reading, the messages and the reference in the documentation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr
from pydantic.fields import FieldInfo

from netspec.diagnostics.model import Diagnostic, Fault, Fix, Hint, Label, Phrase, Quoted
from netspec.ir.types import ShapeFault
from netspec.names import meant, nearest
from netspec.sections.values import Reader, single
from netspec.source import Span
from netspec.syntax import tree

Kind = Literal["number", "integer", "flag", "text", "path", "word", "name", "extent", "numbers", "texts"]


def option(
    kind: Kind,
    about: str,
    *,
    default: Any = ...,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    choices: tuple[str, ...] = (),
    count: int | None = None,
) -> Any:
    """Declares a field as an option: `least` and `most` are allowed themselves, `above` is not; a list has `count`."""
    extra: dict[str, Any] = {"kind": kind, "choices": choices, "least": least, "above": above, "most": most}
    extra["count"] = count
    return Field(default, description=about, json_schema_extra=extra)


class Entry(BaseModel):
    """One entry of a table. `positional` options need no name; the one in `gathers` takes all that have none."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    word: ClassVar[str] = ""
    about: ClassVar[str] = ""
    example: ClassVar[str] = ""
    positional: ClassVar[tuple[str, ...]] = ()
    gathers: ClassVar[str] = ""
    _places: dict[str, Span] = PrivateAttr(default_factory=dict)

    def at(self, name: str = "") -> Span | None:
        """Where an option was written, or the whole entry; None for one that was made in Python."""
        return self._places.get(name) or self._places.get("")

    def placed(self, places: dict[str, Span]) -> Self:
        self._places.update(places)
        return self

    def vet(self) -> None:
        """Looks at the options together; raises ShapeFault where they contradict each other."""

    def document(self) -> dict[str, Any]:
        """As JSON: the word and every option with its value."""
        return {"word": self.word, **self.model_dump(mode="json")}

    @classmethod
    def usage(cls) -> str:
        """`csv(file, delimiter = ",", …)`."""
        parts = []
        for name, field in sorted(cls.model_fields.items(), key=lambda item: item[0] not in cls.positional):
            if name in cls.positional:
                parts.append(name if field.is_required() else f"[{name}]")
            elif name == cls.gathers:
                parts.append(f"{name}, …")
            elif field.is_required() or field.default is None:
                parts.append(f"{name} = …")
            else:
                parts.append(f"{name} = {shown(field.default)}")
        return f"{cls.word}({', '.join(parts)})" if parts else cls.word


E = TypeVar("E", bound=Entry)
Table = Mapping[str, type[E]]


def incomplete(entry: type[Entry]) -> str:
    """What an entry lacks to be registered, in a sentence; "" where it is complete."""
    if not entry.word.isidentifier():
        return f"its word {entry.word!r} cannot stand in a spec: it must be a name"
    for name in ("about", "example"):
        if not getattr(entry, name):
            return f"it has no `{name}`, which the documentation shows"
    if not entry.example.startswith(entry.word):
        return f"its example {entry.example!r} does not begin with its word"
    for name, field in entry.model_fields.items():
        if not isinstance(field.json_schema_extra, dict) or field.json_schema_extra.get("kind") not in _READERS:
            return (
                f"its option {name!r} must be declared with option(kind, about, …), kind one of {', '.join(_READERS)}"
            )
    lacking = [name for name in (*entry.positional, entry.gathers) if name and name not in entry.model_fields]
    return f"it has no option {lacking[0]!r}, which may stand without its name" if lacking else ""


def shown(value: Any) -> str:
    """A default as a spec would write it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value if value.isidentifier() else f'"{value}"'
    if isinstance(value, tuple):
        return f"[{', '.join(shown(item) for item in value)}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def read_entry(entries: Table[E], value: tree.Value, reader: Reader, what: Phrase) -> E:
    """A call or bare word as an entry of a table; `what` says what the table holds. Raises Fault."""
    value = single(value)
    if isinstance(value, tree.Ref):
        _of_file(entries, value.name, value, reader, what)
        return bind(_find(entries, value.name, value.at, reader, what), (), reader, value.at)
    if isinstance(value, tree.Call):
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
    """`source = "loans.csv"`, `source = loans.csv`: a file without the source that reads it. Raises Fault."""
    stem, _, ending = name.rpartition(".")
    if stem and "file" in getattr(entries.get(ending.lower()), "model_fields", ()):
        fix = f'{ending.lower()}("{name}")'
        shown = reader.text_at(value.at)
        raise reader.fault(value.at, "NS753", Hint("file", {"text": fix}), fix=fix, name=shown, what=what)


def _column_names(value: tree.Value) -> list[str]:
    """A text, or a list of texts and names, as texts in quotes; empty where that is something else."""
    items = [single(item) for item in (value.items if isinstance(value, tree.List) else (value,))]
    if not all(isinstance(item, tree.Text | tree.Ref) for item in items):
        return []
    return [f'"{item.value if isinstance(item, tree.Text) else item.name}"' for item in items]  # type: ignore[union-attr]


# what other tools call the same thing
_FOREIGN = {
    "mse": "squared", "l2": "squared", "meansquarederror": "squared", "mae": "l1", "meanabsoluteerror": "l1",
    "bce": "binary_cross_entropy", "bcewithlogits": "binary_cross_entropy", "logloss": "binary_cross_entropy",
    "ce": "cross_entropy", "softmaxcrossentropy": "cross_entropy", "categoricalcrossentropy": "cross_entropy",
    "sparsecategoricalcrossentropy": "cross_entropy", "smoothl1": "huber", "kldiv": "kl", "acc": "accuracy",
    "normalize": "standardize", "rescale": "scale", "cosineannealing": "cosine", "onecycle": "one_cycle",
}  # fmt: skip


def _find(entries: Table[E], name: str, at: tree.Place, reader: Reader, what: Phrase) -> type[E]:
    if name in entries:
        return entries[name]
    bare = name.rpartition(".")[2]  # `nn.CrossEntropyLoss`, `torch.optim.Adam`
    other = _FOREIGN.get(bare.casefold().replace("_", "").removesuffix("loss"), "")
    guess = other if other in entries else nearest(bare, entries)
    hints = [Hint("nearest", {"name": guess})] if guess else []
    hints.append(Hint("one_of", {"legal": Quoted(tuple(entries))}))
    raise reader.fault(at, "NS753", *hints, fix=guess, name=name, what=what)


def bind(cls: type[E], args: tuple[tree.Arg, ...], reader: Reader, at: tree.Place) -> E:
    """The arguments as the options of an entry; raises Fault."""
    values: dict[str, Any] = {}
    places = {"": reader.span(at)}
    gathered: list[Any] = []
    for position, arg in enumerate(args):
        name = _option_of(cls, arg, position, reader)
        if name == cls.gathers and not arg.name:
            places[f"{name}.{len(gathered)}"] = reader.span(arg.value.at)
            gathered.append(_gather(cls, arg, reader))
        elif name in values:
            label = Label(places[name], "first")
            raise Fault(Diagnostic("NS208", reader.span(arg.name_at), {"name": name}, labels=(label,)))
        else:
            values[name] = convert(cls.model_fields[name], name, arg.value, reader)
        places.setdefault(name, reader.span(arg.value.at))
    if gathered:
        values[cls.gathers] = tuple(gathered)
    for name, field in cls.model_fields.items():
        if field.is_required() and name not in values:
            raise reader.fault(at, "NS209", Hint("usage", {"usage": cls.usage()}), step=cls.word, option=name)
    found = cls(**values).placed(places)
    try:
        found.vet()
    except ShapeFault as fault:
        hints = (Hint(fault.hint),) if fault.hint else ()
        raise Fault(Diagnostic(fault.code, found.at(fault.option), fault.words, hints=hints)) from None
    return found


def _gather(cls: type[Entry], arg: tree.Arg, reader: Reader) -> Any:
    kind = _extra(cls.model_fields[cls.gathers])["kind"]
    return reader.text(arg.value, cls.gathers) if kind == "texts" else float(reader.number(arg.value))


def _option_of(cls: type[Entry], arg: tree.Arg, position: int, reader: Reader) -> str:
    """Which option an argument is, by name or by place."""
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
    hints = [Hint("nearest", {"name": guess})] if guess else []
    hints.append(Hint("options", {"names": Quoted(legal)}) if legal else Hint("no_options"))
    fixes = (Fix(reader.span(arg.name_at), guess),) if guess else ()
    words: dict[str, Any] = {"name": name, "step": cls.word}
    raise Fault(Diagnostic("NS203", reader.span(arg.name_at), words, hints=tuple(hints), fixes=fixes))


def convert(field: FieldInfo, name: str, value: tree.Value, reader: Reader) -> Any:
    """A value as its option's kind demands, within its bounds; raises Fault."""
    extra = _extra(field)
    found = _READERS[extra["kind"]](value, name, extra, reader)
    if extra["count"] is not None and len(found) != extra["count"]:
        raise reader.fault(value.at, "NS777", name=name, count=len(found), wanted=extra["count"])
    for item in found if isinstance(found, tuple) else (found,):
        if isinstance(item, int | float) and not isinstance(item, bool):
            _bounds(item, name, value, extra, reader)
    return found


def kind_of(field: FieldInfo) -> str:
    """The kind of an option."""
    return str(_extra(field)["kind"])


def _extra(field: FieldInfo) -> dict[str, Any]:
    extra = field.json_schema_extra
    assert isinstance(extra, dict)
    return extra


def _bounds(found: float, name: str, value: tree.Value, extra: dict[str, Any], reader: Reader) -> None:
    least, above, most = extra["least"], extra["above"], extra["most"]
    low = (least is not None and found < least) or (above is not None and found <= above)
    high = most is not None and found > most
    if not (low or high):
        return
    words: dict[str, Any] = {
        "option": name,
        "value": _plain(found),
        "least": "" if least is None else _plain(least),
        "above": "" if above is None else _plain(above),
        "most": "" if most is None else _plain(most),
    }
    if above is not None and low:
        raise reader.fault(value.at, "NS750", **words)
    code = "NS419" if least is not None and most is not None else "NS420" if low else "NS421"
    raise reader.fault(value.at, code, **words)


def _plain(number: float) -> str:
    """A number as people write it: 10,000,000 and not 1e+07."""
    return f"{int(number):,}" if number == int(number) and abs(number) < 1e15 else f"{number:g}"


_Read = Callable[[tree.Value, str, dict[str, Any], Reader], Any]
_READERS: dict[str, _Read] = {
    "number": lambda value, name, extra, reader: float(reader.number(value)),
    "integer": lambda value, name, extra, reader: reader.integer(value, name),
    "flag": lambda value, name, extra, reader: reader.flag(value, name),
    "text": lambda value, name, extra, reader: _quoted(value, name, extra, reader),
    "path": lambda value, name, extra, reader: _path(value, name, reader),
    "word": lambda value, name, extra, reader: reader.word(value, name, extra["choices"]),
    "name": lambda value, name, extra, reader: reader.name(value, name),
    "extent": lambda value, name, extra, reader: reader.extent(value, name),
    "numbers": lambda value, name, extra, reader: reader.numbers(value, name),
    "texts": lambda value, name, extra, reader: tuple(reader.text(item, name) for item in reader.items(value, name)),
}


_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def _path(value: tree.Value, name: str, reader: Reader) -> str:
    """A file's or folder's name; where it lies is known when the data is opened."""
    found = reader.text(value, name)
    if not found.strip():
        raise reader.fault(value.at, "NS780", Hint("empty"), option=name, value=found)
    if _ADDRESS.match(found):
        raise reader.fault(value.at, "NS780", Hint("address"), option=name, value=found)
    return found


def _quoted(value: tree.Value, name: str, extra: dict[str, Any], reader: Reader) -> str:
    """A text; where only a few are possible, one of them."""
    found = reader.text(value, name)
    return reader.choice(found, value.at, name, extra["choices"]) if extra["choices"] else found
