"""Syntax objects -> every name of a file with its place and what it stands for: for definitions, renaming, colours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from netspec.elaborate.options import plural
from netspec.elaborate.program import Program, Unit, built_in_names
from netspec.ops.registry import operation, step_names
from netspec.syntax import tree

# what a name stands for -> the kind of its colour
LOCAL = ("input", "layer", "parameter", "size", "field")


class Name(NamedTuple):
    """A name at `[start, end)` of a part.

    Attributes:
        kind: input, layer, parameter, size, field, net, block, step, option, setting or word.
        owner: the body that declares it, or the step whose option it is; "" for a name of the file.
        declares: whether it is declared here.
    """

    start: int
    end: int
    text: str
    kind: str
    owner: str = ""
    declares: bool = False

    @property
    def symbol(self) -> tuple[str, str, str]:
        """What is the same for all names that mean the same thing."""
        local = self.kind in LOCAL
        return ("local" if local else self.kind if self.kind != "net" else "block", self.owner, self.text)


def names_of(program: Program) -> list[Name]:
    """Return the names of the main file, in the order of the text."""
    unit = program.main
    found: list[Name] = []
    declared: dict[str, dict[str, str]] = {}
    for item in unit.file.declarations:
        if isinstance(item, tree.Body):
            found.append(_name(item.name, item.kind, declares=True))
            own = declared[item.name.text] = _declared(item)
            seen: set[str] = set()
            for name in sorted(_in_body(item, own, unit)):
                first = name.kind == "size" and name.text not in seen and own.get(name.text) == "size"
                seen.add(name.text)
                found.append(name._replace(declares=True) if first else name)
        elif isinstance(item, tree.Use):
            for used in item.names:
                found.append(_name(used.name, "block", declares=used.alias is None))
                if used.alias is not None:
                    found.append(_name(used.alias, "block", declares=True))
        elif isinstance(item, tree.Default):
            found += _in_default(item, {}, unit)
    owner = _net_of_sections(program)
    for section in unit.sections:
        found += _in_section(section, declared.get(owner, {}), owner, unit)
    return sorted(set(found))


def _name(name: tree.Name, kind: str, owner: str = "", declares: bool = False) -> Name:
    return Name(*name.at, name.text, kind, owner, declares)


def _declared(body: tree.Body) -> dict[str, str]:
    """Return the names that a body declares, with their kinds."""
    found: dict[str, str] = {param.name.text: "parameter" for param in body.params or ()}
    for line in body.statements:
        if isinstance(line, tree.Input):
            found.setdefault(line.label.text, "input")
        elif isinstance(line, tree.Layer):
            found.setdefault(line.label.text, "layer")
        elif isinstance(line, tree.Let):
            found.setdefault(line.name.text, "size")
    for value in tree.walk(body.statements):
        if isinstance(value, tree.Repeat):
            for name in value.names:
                found.setdefault(name.text, "size")
        elif isinstance(value, tree.Over) and value.name is not None:
            found.setdefault(value.name.text, "size")
    for line in body.statements:  # the type of an input may name new sizes
        if isinstance(line, tree.Input):
            for value in tree.walk(line.type):
                if isinstance(value, tree.Ref):
                    found.setdefault(value.path[0], "size")
    return found


def _in_body(body: tree.Body, own: dict[str, str], unit: Unit) -> Iterator[Name]:
    owner = body.name.text
    for param in body.params or ():
        yield _name(param.name, "parameter", owner, declares=True)
        if param.default is not None:
            yield from _values(param.default, own, owner, unit)
    for line in body.statements:
        if isinstance(line, tree.Default):
            yield from _in_default(line, own, unit, owner)
            continue
        if isinstance(line, (tree.Input, tree.Layer, tree.Start)):
            kind = own.get(line.label.text, "layer")
            yield _name(line.label, kind, owner, declares=not isinstance(line, tree.Start))
        elif isinstance(line, tree.Let):
            yield _name(line.name, "size", owner, declares=True)
        yield from _values(line, own, owner, unit)


def _in_default(line: tree.Default, own: dict[str, str], unit: Unit, owner: str = "") -> Iterator[Name]:
    yield _name(line.target, "step")
    yield from _arguments(plural(line.target.text), line.args)
    yield from _values(line.args, own, owner, unit)


def _values(syntax: Any, own: dict[str, str], owner: str, unit: Unit) -> Iterator[Name]:
    """Yield the names that values, chains and types read, and the options of calls."""
    for value in tree.walk(syntax):
        match value:
            case tree.Ref() | tree.Indexed():
                yield _read(value.path[0], value.at[0], own, owner, unit)
            case tree.Call():
                yield _read(value.path[0], value.path_at[0], own, owner, unit)
                yield from _arguments(value.name, value.args)
            case tree.Perceptrons():
                yield from _arguments("perceptrons", value.args)
            case tree.Filters():
                yield from _arguments("filters", value.args)
            case tree.Repeat():
                for name in value.names:
                    yield _name(name, "size", owner, declares=True)
            case tree.Over(name=tree.Name() as name):
                yield _name(name, "size", owner, declares=True)


def _arguments(step: str, args: tuple[tree.Arg, ...]) -> Iterator[Name]:
    for arg in args:
        if arg.name:
            yield Name(*arg.name_at, ".".join(arg.name), "option", step)


def _read(word: str, start: int, own: dict[str, str], owner: str, unit: Unit) -> Name:
    end = start + len(word)
    if word in own:
        return Name(start, end, word, own[word], owner)
    found = unit.find(word)
    if found is not None:
        return Name(start, end, word, found.body.kind)
    if word in step_names() or word in built_in_names():
        return Name(start, end, word, "step")
    return Name(start, end, word, "word", owner)


def _net_of_sections(program: Program) -> str:
    """Return the net that the sections are about: the one that `net = …` names, else the net that no other uses."""
    for section in program.main.sections:
        for setting in section.settings:
            if setting.key == ("net",):
                for value in tree.walk(setting.value):
                    if isinstance(value, tree.Ref) and value.name in program.net_names:
                        return value.name
    nets = program.main_nets()
    return nets[0].body.name.text if nets else ""


def _in_section(section: tree.Section, own: dict[str, str], owner: str, unit: Unit) -> Iterator[Name]:
    fields = {
        setting.key[0]
        for other in unit.sections
        if other.kind == "data"
        for setting in other.settings
        if len(setting.key) == 1
    } - {"source", "split"}
    for setting in section.settings:
        start, word = setting.key_at[0], setting.key[0]
        if section.kind == "data" and word in fields:
            yield Name(start, start + len(word), word, own.get(word, "field"), owner, word not in own)
        elif len(setting.key) > 1 and word in own:
            yield Name(start, start + len(word), word, own[word], owner)
        else:
            yield Name(*setting.key_at, ".".join(setting.key), "setting", section.kind)
        for value in tree.walk(setting.value):
            if isinstance(value, tree.Call):
                yield from _arguments(value.name, value.args)
                yield Name(value.path_at[0], value.path_at[1], value.name, "word", section.kind)
            elif isinstance(value, (tree.Ref, tree.Indexed)):
                word, start = value.path[0], value.at[0]
                if setting.key == ("net",):
                    yield Name(start, start + len(word), word, "net")
                elif section.kind == "data":  # `label = label`: a step of the field
                    yield Name(start, start + len(word), word, "word", section.kind)
                elif word in own:
                    yield Name(start, start + len(word), word, own[word], owner)
                elif word in fields:
                    yield Name(start, start + len(word), word, "field", owner)
                else:
                    yield Name(start, start + len(word), word, "word", section.kind)


def at(names: list[Name], offset: int) -> Name | None:
    """Return the name at an offset, the end of a name included; the shortest one if names lie in each other."""
    found = [name for name in names if name.start <= offset <= name.end]
    return min(found, key=lambda name: (name.end - name.start, -name.start), default=None)


def is_step(word: str) -> bool:
    """Whether a word is a step of the language, a noun, or a block that every spec can call."""
    if word in step_names() or word in built_in_names():
        return True
    try:
        operation(plural(word))
    except KeyError:
        return False
    return True
