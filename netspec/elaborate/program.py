"""Reads a spec and every file that it uses into a Program: their nets, blocks and sections by name."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from netspec.diagnostics.errors import SpecError
from netspec.diagnostics.model import Diagnostic, Fault, Hint, Label, Quoted, Report, Words, suggestion
from netspec.limits import DEFAULT, Limits
from netspec.names import nearest
from netspec.source import SourceFile, Span
from netspec.syntax import tree
from netspec.syntax.read import Parsed, read
from netspec.syntax.recovery import Unread
from netspec.syntax.text import decode, read_file

MARK = "netspec.toml"  # a file of this name marks the folder that `use` may not leave; it may be empty
VERSION = 1
# nouns and keywords: words that no version of the language allows as names
NOUNS = frozenset(("perceptron", "perceptrons", "filter", "filters"))
NEVER_NAMES = NOUNS | frozenset("repeat one of over any is as shared true false".split())


@dataclass(slots=True)
class Definition:
    """A net or block, and the file (unit) in which the names in its body are looked up."""

    body: tree.Body
    unit: Unit

    @property
    def span(self) -> Span:
        return Span(self.unit.source, *self.body.name.at)


def used_names(definition: Definition) -> set[str]:
    """Return every name in the chains of a body that may call a block or net."""
    found: set[str] = set()
    pending: list[Any] = [
        line.chain for line in definition.body.statements if isinstance(line, (tree.Layer, tree.Start))
    ]
    while pending:
        value = pending.pop()
        match value:
            case tree.Ref():
                found.add(value.name)
            case tree.Call():
                found.add(value.name)
                pending += [*(arg.value for arg in value.args), *([] if value.step is None else [value.step])]
            case tree.Chain():
                pending += value.items
            case tree.Group() | tree.Repeat():
                pending.append(value.chain)
            case tree.Binary():
                pending += [value.left, value.right]
            case tree.Join() | tree.Several():
                pending += value.parts
    return found


@dataclass(slots=True, eq=False)
class Unit:
    """One file: the definitions in it, the definitions that its `use` lines name, its `default` lines and sections."""

    source: SourceFile
    file: tree.File
    unread: Unread
    own: dict[str, Definition] = field(default_factory=dict)
    used: dict[str, Definition] = field(default_factory=dict)
    defaults: list[tree.Default] = field(default_factory=list)
    sections: list[tree.Section] = field(default_factory=list)
    limits: Limits = DEFAULT

    def find(self, name: str) -> Definition | None:
        """Return the net or block that a name stands for in this file, or None if there is none."""
        return self.own.get(name) or self.used.get(name)

    @property
    def names(self) -> list[str]:
        return [*self.own, *self.used]


@dataclass(slots=True)
class Program:
    """A spec with every file that it uses."""

    main: Unit
    units: dict[str, Unit]
    report: Report
    root: Path | None
    opened: Mapping[str, str] = field(default_factory=dict)  # texts that stand in place of files, by their real paths
    work: int = 0  # how many operations its checks have made, each as often as types were looked for anew

    @property
    def name(self) -> str:
        """The name of the main file as messages show it."""
        return self.main.source.name

    @property
    def nets(self) -> list[Definition]:
        """The nets of the main file, in the order of the file."""
        return [definition for definition in self.main.own.values() if definition.body.kind == "net"]

    @property
    def net_names(self) -> tuple[str, ...]:
        """The names of the nets of the main file, in the order of the file."""
        return tuple(definition.body.name.text for definition in self.nets)

    def main_nets(self) -> list[Definition]:
        """Return the nets of the main file that no other net of it uses; all nets, if each is used by another."""
        nets = self.nets
        if len(nets) < 2:
            return nets
        used = {name for definition in nets for name in used_names(definition)}
        return [definition for definition in nets if definition.body.name.text not in used] or nets

    def reread(self, source: SourceFile) -> Program:
        """Return the program that this one would be if its file had another text."""
        path = None if source.path is None else os.path.realpath(source.path)
        return _Loader(self.main.limits, self.root, self.opened).load(source, path)

    def net(self, name: str | None = None) -> Definition:
        """Return the net of this name; without a name, the net that no other net uses.

        Raise SpecError if there is no such net, or if there are several.
        """
        nets = {definition.body.name.text: definition for definition in self.nets}
        if name is not None:
            if name in nets:
                return nets[name]
            words: Words = {"name": name, "nets": Quoted(tuple(nets)), "file": self.name}
            raise SpecError(Diagnostic("NS622", None, words, hints=suggestion(nearest(name, nets))[0]))
        main = self.main_nets()
        if len(main) == 1:
            return main[0]
        if not main:
            raise SpecError(Diagnostic("NS004", Span(self.main.source, 0, 0), {"file": self.name}))
        names = Quoted(tuple(definition.body.name.text for definition in main))
        raise SpecError(Diagnostic("NS623", Span(self.main.source, 0, 0), {"nets": names}))


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the garbage collector while many objects are created of which all are kept.

    Measured by `./dev bench frontend`: a spec of 10,000 lines takes 14 times as long as one of 1,000 lines with the
    collector, and 11 times as long without it.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


@collector_paused()
def load_program(path: Path, root: Path | None = None, limits: Limits = DEFAULT) -> Program:
    """Read a `.net` file and all files that it uses.

    Args:
        path: the file.
        root: the folder that `use` may not leave. None stands for the nearest folder upward that has a netspec.toml, or
            for the folder of the file if there is none.
        limits: bounds on the size and number of files.

    Returns:
        The program; its report holds the mistakes in the text of all files.

    Raises:
        Fault: the file itself cannot be read.
    """
    source = read_file(path, os.fspath(path), limits.bytes)
    real = os.path.realpath(path)
    return _Loader(limits, _root(real, root)).load(source, real)


@collector_paused()
def parse_program(
    text: str | bytes,
    name: str = "<text>",
    folder: Path | None = None,
    limits: Limits = DEFAULT,
    root: Path | None = None,
    opened: Mapping[str, str] | None = None,
) -> Program:
    """Do the same as `load_program` for a text; it can use other files only if `folder` says where it stands.

    `opened` holds texts that `use` reads in place of files, by the real paths of these: what an editor has not saved.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    path = None if folder is None else folder / name
    source = decode(data, name, path, limits.bytes)
    real = None if path is None else os.path.realpath(path)
    return _Loader(limits, None if real is None else _root(real, root), opened).load(source, real)


def _root(path: str, root: Path | None) -> Path:
    """Return the folder that `use` may not leave; `path` is the path of the file with all links resolved."""
    if root is not None:
        return root.resolve()
    own = os.path.dirname(path)
    folder, above = own, ""
    while folder != above and not os.path.isfile(os.path.join(folder, MARK)):
        folder, above = os.path.dirname(folder), folder
    return Path(own if folder == above else folder)


@lru_cache(maxsize=32)
def _used_file(text: str) -> tree.File | None:
    """Return the syntax of a used file, cached for other specs that use it; None if the file has mistakes."""
    parsed = read(SourceFile("", text))
    return None if parsed.diagnostics else parsed.file


class _Loader:
    def __init__(self, limits: Limits, root: Path | None, opened: Mapping[str, str] | None = None) -> None:
        self.limits = limits
        self.root = root
        self.opened = opened or {}
        self.report = Report()
        self.units: dict[str, Unit] = {}
        self.pending: list[Unit] = []

    def load(self, source: SourceFile, path: str | None) -> Program:
        main = self.unit(source, path)
        while self.pending:  # read `use` lines after all names of the file: files may use each other
            unit = self.pending.pop()
            for item in unit.file.declarations:
                if isinstance(item, tree.Use):
                    self._use(unit, item)
        if not main.file.declarations and not self.report.failed:
            self.report.add(Diagnostic("NS004", Span(source, 0, 0), {"file": source.name}))
        return Program(main, self.units, self.report, self.root, self.opened)

    def unit(self, source: SourceFile, path: str | None, file: tree.File | None = None) -> Unit:
        """Declare the names of a file.

        Args:
            source: the text of the file.
            path: the path of the file with all links resolved; None for a text from memory.
            file: the syntax of the file, if it was parsed before.
        """
        parsed = read(source) if file is None else Parsed(source, file)
        for diagnostic in parsed.diagnostics:
            self.report.add(diagnostic)
        unit = Unit(source, parsed.file, parsed.unread, limits=self.limits)
        self.units[path or source.name] = unit
        self._declare(unit)
        self.pending.append(unit)
        return unit

    def _declare(self, unit: Unit) -> None:
        for position, item in enumerate(unit.file.declarations):
            if isinstance(item, tree.Header):
                self._header(unit, item, position)
            elif isinstance(item, tree.Body):
                self._define(unit, item)
            elif isinstance(item, tree.Default):
                unit.defaults.append(item)
            elif isinstance(item, tree.Section):
                unit.sections.append(item)

    def _header(self, unit: Unit, item: tree.Header, position: int) -> None:
        span = Span(unit.source, *item.at)
        if item.version != VERSION:
            self.report.add(Diagnostic("NS134", span, {"version": str(item.version), "known": str(VERSION)}))
        elif position:
            self.report.add(Diagnostic("NS135", span))

    def _define(self, unit: Unit, item: tree.Body) -> None:
        name = item.name.text
        # A net may have the name `perceptron`: after a number, as in `3 perceptrons`, the word never means a net.
        if name in NEVER_NAMES and not (item.kind == "net" and name in NOUNS):
            self.report.add(Diagnostic("NS115", Span(unit.source, *item.name.at), {"seen": name}))
        before = unit.own.get(name) or unit.used.get(name)
        if before is not None:
            label = Label(before.span, "first")
            self.report.add(Diagnostic("NS204", Span(unit.source, *item.name.at), {"name": name}, labels=(label,)))
            return
        unit.own[name] = Definition(item, unit)

    # ---- use

    def _use(self, unit: Unit, item: tree.Use) -> None:
        other = self._file(unit, item)
        for used in item.names:
            here = used.here.text
            span = Span(unit.source, *used.name.at)
            if other is None:
                unit.unread.add(here)
                unit.unread.heads.add(here)
                continue
            found = other.own.get(used.name.text)
            if found is None:
                if used.name.text not in other.unread:
                    self._unknown(other, used, span)
                unit.unread.add(here)
                unit.unread.heads.add(here)
                continue
            before = unit.find(here)
            if before is not None:
                labels = (Label(before.span, "first"),)
                self.report.add(Diagnostic("NS204", Span(unit.source, *used.here.at), {"name": here}, labels=labels))
                continue
            unit.used[here] = found

    def _unknown(self, other: Unit, used: tree.Used, span: Span) -> None:
        hints, fixes = suggestion(nearest(used.name.text, other.own), span)
        if other.own:
            hints += (Hint("defined", {"names": Quoted(tuple(other.own)[:12])}),)
        words = {"name": used.name.text, "file": other.source.name}
        self.report.add(Diagnostic("NS602", span, words, hints=hints, fixes=fixes))

    def _file(self, unit: Unit, item: tree.Use) -> Unit | None:
        """Return the file that a `use` line names; None after an error, which is reported."""
        span = Span(unit.source, *item.file.at)
        path, problem = self._path(unit, item.file.value)
        if path is None:
            self.report.add(Diagnostic(problem, span, {"file": item.file.value, "root": str(self.root)}))
            return None
        found = self.units.get(path)
        if found is not None:
            if found is unit:
                self.report.add(Diagnostic("NS604", span, {"file": item.file.value}))
                return None
            return found
        if len(self.units) >= self.limits.files:
            self.report.add(Diagnostic("NS605", span, {"limit": self.limits.files}), cause="NS605")
            return None
        try:
            source = self._text(Path(path), _shown(unit.source, item.file.value))
        except Fault as fault:
            inner = fault.diagnostic
            self.report.add(Diagnostic(inner.code, span, inner.words))
            return None
        return self.unit(source, path, _used_file(source.text))

    def _text(self, path: Path, shown: str) -> SourceFile:
        """Return the text of a used file; raise Fault if it cannot be read."""
        opened = self.opened.get(os.fspath(path))
        if opened is None:
            return read_file(path, shown, self.limits.bytes, used=True)
        return decode(opened.encode("utf-8", "surrogatepass"), shown, path, self.limits.bytes)

    def _path(self, unit: Unit, name: str) -> tuple[str | None, str]:
        """Return the path (links resolved) of the file that a `use` line names, or None and the code of the error."""
        if unit.source.path is None or self.root is None:
            return None, "NS606"
        if not name.endswith(".net"):
            return None, "NS607"
        if "\0" in name or os.path.isabs(name) or ":" in name or "\\" in name or name.startswith("~"):
            return None, "NS608"
        try:
            path = os.path.realpath(os.path.join(os.path.dirname(unit.source.path), name))
        except OSError:
            return None, "NS608"
        if os.path.commonpath((path, self.root)) != os.fspath(self.root):
            return None, "NS603"
        return path, ""


def _shown(source: SourceFile, name: str) -> str:
    """Return the name of a used file for messages: its path, which is relative if the path of the using file is."""
    folder = os.path.dirname(source.name)
    return os.path.normpath(os.path.join(folder, name)) if folder else os.path.normpath(name)


# ---- the prelude: blocks that every spec can call; they are written in the language and read at their first use

PRELUDE = Path(__file__).parent.parent / "prelude"


@lru_cache(maxsize=1)
def built_in_names() -> frozenset[str]:
    """Return the names of the blocks that every spec can call; each block has a file of the same name."""
    return frozenset(entry[:-4] for entry in os.listdir(PRELUDE) if entry.endswith(".net"))


def is_built_in(definition: Definition) -> bool:
    """Whether a block is one of the prelude, whose text no user wrote."""
    return definition.unit.source.path is not None and definition.unit.source.path.parent == PRELUDE


@cache
def built_in(name: str) -> Definition | None:
    """Return the block of this name that every spec can call, or None.

    Callers first look for a definition in the spec itself, which wins over a built-in block.
    """
    if name not in built_in_names():
        return None
    parsed = read(read_file(PRELUDE / f"{name}.net", f"<prelude>/{name}.net"))
    unit = Unit(parsed.source, parsed.file, Unread())
    for item in parsed.file.declarations:
        if isinstance(item, tree.Body):
            unit.own[item.name.text] = Definition(item, unit)
    return unit.own[name]
