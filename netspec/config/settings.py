"""Merges the data and train sections of a spec, of `--with` files and of `--set`; the last value of a key is used.

Train sections with names take turns; the one without a name holds what they have in common.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from netspec.config.values import Reader, single
from netspec.diagnostics.errors import SpecError
from netspec.diagnostics.model import Diagnostic, Label, Report
from netspec.source import SourceFile, Span
from netspec.syntax import tree
from netspec.syntax.read import read


@dataclass(frozen=True, slots=True)
class Written:
    """A setting, and the source file or `--set` text in which it is written."""

    setting: tree.Setting
    source: SourceFile

    @property
    def key(self) -> str:
        return ".".join(self.setting.key)

    @property
    def key_span(self) -> Span:
        return Span(self.source, *self.setting.key_at)

    @property
    def span(self) -> Span:
        return Span(self.source, *self.setting.value.at)

    @property
    def text(self) -> str:
        return self.span.text

    def reader(self, names: Mapping[str, object] | None, report: Report) -> Reader:
        return Reader(self.source, names, report)


@dataclass(slots=True)
class Section:
    """The settings of one section by key; `title` is how it begins, `span` is None if the file has no such section."""

    title: str
    settings: dict[str, Written] = field(default_factory=dict)
    span: Span | None = None


@dataclass(slots=True)
class Sections:
    data: Section = field(default_factory=lambda: Section("data"))
    train: Section = field(default_factory=lambda: Section("train"))
    turns: dict[str, Section] = field(default_factory=dict)  # the train sections with names, in order

    def of(self, kind: str, name: str = "") -> Section:
        if name:
            return self.turns.setdefault(name, Section(f"train {name}"))
        return self.data if kind == "data" else self.train

    @property
    def trains(self) -> bool:
        """Whether there is anything about training."""
        return self.train.span is not None or bool(self.turns) or "loss" in self.train.settings

    def each(self) -> Iterator[tuple[str, str]]:
        """Yield the kind and the name of every section."""
        yield from (("data", ""), ("train", ""), *(("train", name) for name in self.turns))


def gather(found: Iterable[tuple[SourceFile, tree.Section]], report: Report) -> Sections:
    """Return the data and train sections of one file; report a second section of a kind and name, and named data."""
    sections = Sections()
    for source, item in found:
        if item.kind not in ("data", "train"):
            continue
        span = Span(source, *item.head_at)
        if item.name is not None and item.kind == "data":
            report.add(Diagnostic("NS690", Span(source, *item.name.at), {"what": f"{item.kind} {item.name.text}"}))
            continue
        section = sections.of(item.kind, "" if item.name is None else item.name.text)
        if section.span is not None:
            label = (Label(section.span, "first"),)
            report.add(Diagnostic("NS766", span, {"section": section.title}, labels=label))
            continue
        section.span = span
        for setting in item.settings:
            written = Written(setting, source)
            first = section.settings.setdefault(written.key, written)
            if first is not written:
                labels = (Label(first.key_span, "first"),)
                report.add(Diagnostic("NS208", written.key_span, {"name": written.key}, labels=labels))
    return sections


def merge(below: Sections, above: Sections) -> Sections:
    """Replace the settings of `below` by the settings of `above`, key by key, and return `below`."""
    for kind, name in above.each():
        lower, upper = below.of(kind, name), above.of(kind, name)
        lower.settings.update(upper.settings)
        lower.span = upper.span or lower.span
    return below


# the values that settings with options have when they are left out
_LEFT_OUT = {"optimizer": "adam", "schedule": "constant"}


def override(sections: Sections, assignments: Iterable[tuple[str, str]]) -> Sections:
    """Apply assignments such as `--set train.optimizer.lr=1e-3`, given as (key, text of the value).

    Raises SpecError if an assignment cannot be read. An option inside a call is inserted into the text of the call,
    so that messages show the whole setting.
    """
    for key, value in assignments:
        kind, _, path = key.partition(".")
        turn, _, rest = path.partition(".")
        if kind == "train" and rest and turn in sections.turns:
            path = rest
        else:
            turn = ""
        name, _, inner = path.partition(".")
        section = sections.of(kind, turn)
        text = value
        if inner:
            written = section.settings.get(name) or (sections.train.settings.get(name) if turn else None)
            text = _spliced(written, inner, value, _LEFT_OUT.get(name))
        section.settings[name] = _parsed(section.title, name, text)
    return sections


def _parsed(title: str, name: str, value: str) -> Written:
    """Parse `name = value` as a setting in a text of its own."""
    source = SourceFile("--set", f"{title} {{\n  {name} = {' '.join(value.split())}\n}}\n")
    parsed = read(source)
    if parsed.diagnostics:
        raise SpecError(*parsed.diagnostics)
    (section,) = parsed.file.declarations
    assert isinstance(section, tree.Section)
    return Written(section.settings[0], source)


def _spliced(written: Written | None, option: str, value: str, default: str | None = None) -> str:
    """Return the text of a call with one option set; `default` is the call if the setting is left out."""
    if written is None:
        if default is None:
            raise SpecError(Diagnostic("NS767", None, {"option": option, "value": value}))
        return f"{default}({option} = {value})"
    call = single(written.setting.value)
    if isinstance(call, tree.Ref):
        return f"{call.name}({option} = {value})"
    if not isinstance(call, tree.Call):
        raise SpecError(Diagnostic("NS767", written.span, {"option": option, "value": value}))
    text = written.source.text
    for arg in call.args:
        if ".".join(arg.name) == option:
            begin, end = arg.value.at
            return text[call.at[0] : begin] + value + text[end : call.at[1]]
    head = text[call.at[0] : call.at[1]].rstrip().removesuffix(")").rstrip().removesuffix(",")
    comma = "" if head.endswith("(") else ", "
    return f"{head}{comma}{option} = {value})"
