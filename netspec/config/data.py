"""Reads a data section: its source, the steps of each field, and the split. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from netspec.config.entries import read_entry
from netspec.config.rows import unknown_column
from netspec.config.settings import Section, Written
from netspec.config.train import MOST_MISTAKES, settings
from netspec.config.values import Reader, single
from netspec.config.vocabulary.sources import SOURCES, Csv, Facts, Source
from netspec.config.vocabulary.steps import STEPS, FieldStep, Fill
from netspec.diagnostics.model import Diagnostic, Fault, Hint, Phrase, Quoted, Report
from netspec.elaborate.evaluate import Open, Undefined
from netspec.ir.operation import Option
from netspec.ir.types import UNKNOWN_TYPE, ShapeFault, Type
from netspec.source import Span
from netspec.syntax import tree

KEYS = ("source", "split")
_SPLIT = Option("numbers", "the shares of training, validation and test", name="split")


@dataclass(slots=True)
class Field:
    """One field: `x = columns("age", "salary") -> standardize`."""

    name: str
    steps: tuple[FieldStep, ...] = ()
    type: Type = UNKNOWN_TYPE  # parts that are UNKNOWN become known when the data are read
    span: Span | None = None

    @property
    def whole(self) -> Span | None:
        """The place of the field with its first step."""
        first = self.steps[0].at() if self.steps else None
        return self.span if self.span is None or first is None else self.span._replace(end=first.end)

    def document(self) -> list[dict[str, Any]]:
        return [step.document() for step in self.steps]


@dataclass(slots=True)
class Data:
    """A data section: its source, fields and split, with their places."""

    source: Source | None = None
    split: tuple[float, ...] = ()  # () if it is left out; then all rows are training rows
    fields: dict[str, Field] = field(default_factory=dict)
    span: Span | None = None
    split_span: Span | None = None
    undefined: set[str] = field(default_factory=set)  # fields that could not be read

    def document(self) -> dict[str, Any]:
        """Return the section as JSON, for the folder of a run."""
        return {
            "source": None if self.source is None else self.source.document(),
            "split": list(self.split),
            "fields": {name: found.document() for name, found in self.fields.items()},
        }


def read_data(section: Section, names: Mapping[str, Any] | None, report: Report) -> Data:
    """Read every setting of a data section, and add every mistake to the report."""
    data = Data(span=section.span)
    written = section.settings.get("source")
    if written is not None:
        data.source = _source(written, names, report)
    elif section.span is not None:
        report.add(Diagnostic("NS754", section.span, {"section": "data", "name": "source"}))
    facts = data.source.facts if data.source is not None else Facts()
    for key, item in section.settings.items():
        if len(report) > MOST_MISTAKES:
            data.undefined.add(key)
        elif key == "split":
            _try(report, lambda item=item: _split(item, names, data, report))
        elif key not in KEYS:
            data.undefined.add(key)
            _try(report, lambda key=key, item=item: _field(key, item, names, facts, data, report))
    return data


def _try(report: Report, action: Any) -> None:
    """Read one setting; report a mistake in it, so that the other settings are read all the same."""
    try:
        action()
    except Fault as fault:
        report.add(fault.diagnostic)
    except (Open, Undefined):
        pass  # the setting depends on a size that is not set, or on a part of the net that has a mistake


def _source(written: Written, names: Mapping[str, Any] | None, report: Report) -> Source | None:
    try:
        return read_entry(SOURCES, written.setting.value, written.reader(names, report), Phrase("what source"))
    except Fault as fault:
        report.add(fault.diagnostic)
    except (Open, Undefined):
        pass
    return None


def _split(written: Written, names: Mapping[str, Any] | None, data: Data, report: Report) -> None:
    reader = written.reader(names, report)
    value = written.setting.value
    shares: tuple[float, ...] = reader.read(_SPLIT, value)
    data.split_span = written.span
    most = 2 if data.source is not None and data.source.brings_test else 3
    total = sum(shares)
    if not 1 <= len(shares) <= most or any(share < 0 for share in shares) or shares[0] <= 0 or abs(total - 1) > 1e-6:
        hint = Hint("own_test" if most == 2 and len(shares) > 2 else "shares")
        raise reader.fault(value.at, "NS765", hint, total=f"{total:g}", count=len(shares))
    data.split = shares


def _field(
    name: str, written: Written, names: Mapping[str, Any] | None, facts: Facts, data: Data, report: Report
) -> None:
    reader = written.reader(names, report)
    value = written.setting.value
    only = single(value)
    if isinstance(only, tree.Number | tree.Negative) or (isinstance(only, tree.Ref) and only.name in ("true", "false")):
        hint = Hint("belongs", {"text": f"{name} = {written.text}"}) if name in settings() else Hint("fields")
        raise Fault(Diagnostic("NS752", written.key_span, {"section": "data", "name": name}, hints=(hint,)))
    items = value.items if isinstance(value, tree.Chain) else (value,)
    steps: list[FieldStep] = []
    found: Type = UNKNOWN_TYPE
    for position, item in enumerate(items):
        step = read_entry(STEPS, item, reader, Phrase("what step"))
        if position == 0 and not step.takes:
            legal = Quoted(tuple(word for word, cls in STEPS.items() if cls.takes))
            raise reader.fault(item.at, "NS755", Hint("takes", {"legal": legal}), step=step.word)
        if position > 0 and step.takes:
            raise reader.fault(item.at, "NS756", step=step.word)
        if position > 1 and step.fills:
            hint = Hint("behind", {"text": f"{steps[0].written()} -> {step.written()}"})
            raise reader.fault(item.at, "NS785", hint, step=step.word, before=steps[-1].word)
        _held(step, facts, item, reader)
        _columns(step, facts, reader)
        found = _after(step, found, facts, item, reader)
        steps.append(step)
    data.fields[name] = Field(name, tuple(steps), found, written.key_span)
    data.undefined.discard(name)


def fill_inputs(data: Data, inputs: Iterable[str]) -> None:
    """Add the step `fill` to inputs of numbers without one, where the source says `missing = mean` or `flag`."""
    if not isinstance(data.source, Csv) or data.source.missing not in ("mean", "flag"):
        return
    fill = Fill(flag=data.source.missing == "flag")
    for item in (data.fields[name] for name in inputs if name in data.fields):
        first, *others = item.steps
        if item.type.classes is not None or any(step.fills for step in item.steps[:2]):
            continue
        item.steps = (first, fill, *others)
        item.type = UNKNOWN_TYPE
        for step in item.steps:
            item.type = step.type(item.type, data.source.facts)


def _after(step: FieldStep, before: Type, facts: Facts, item: tree.Value, reader: Reader) -> Type:
    try:
        return step.type(before, facts)
    except ShapeFault as fault:
        raise reader.fault(item.at, fault.code, Hint(fault.hint), **fault.words) from None


def _held(step: FieldStep, facts: Facts, item: tree.Value, reader: Reader) -> None:
    """Raise Fault if a step takes pictures, classes, characters or columns from a source that has none."""
    lacks = {
        "image": facts.has_image is False,
        "label": facts.has_label is False and facts.columns is not None and getattr(step, "column", None) is None,
        "chars": facts.has_chars is False and (getattr(step, "column", None) is None or facts.columns == ()),
        "columns": facts.columns == (),
        "column": facts.columns == (),
        "date": facts.columns == () or (facts.columns is not None and facts.has_label is True),
    }
    if lacks.get(step.word, False):
        has = {
            "image": facts.has_image,
            "label": facts.has_label,
            "chars": facts.has_chars,
            "columns": facts.columns != (),
            'label("…")': facts.columns != () and not facts.has_label,
            'chars("…")': facts.columns is None,
        }
        legal = tuple(word for word, there in has.items() if there)
        raise reader.fault(item.at, "NS776", Hint("holds", {"legal": Quoted(legal)}), step=step.word)


def _columns(step: FieldStep, facts: Facts, reader: Reader) -> None:
    """Raise Fault for a column that the source lacks, if its columns are known before the source is read."""
    if facts.columns is None:
        return
    for position, name in enumerate(step.columns_of(())):
        key = f"{step.gathers}.{position}" if step.gathers else (*step.positional, "")[0]
        if name not in facts.columns:
            raise Fault(unknown_column(name, facts.columns, step.at(key)))
