"""A text -> its parts, checked one by one: after an edit only the part that it touches is read and checked again.

A part is a group of nets and blocks that call each other, with the lines that every part has (`netspec 1`, `use`,
`default`). What `check` says of a part does not depend on the others, apart from what is listed in `Checked.said`. A
file with sections, and a file that cannot be split at the beginnings of its declarations, is one part.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from netspec.diagnostics.model import Diagnostic, Fault
from netspec.elaborate.program import parse_program
from netspec.limits import Limits
from netspec.source import SourceFile
from netspec.spec import Spec
from netspec.syntax.recovery.lines import BRACKETS

_HEAD = re.compile(r"^(net|block|data|train|figure|use|default|netspec)\b[ \t]*([^\W\d]\w*)?", re.MULTILINE)
_NESTED = re.compile(r"^[ \t]+(?:data|train|figure|net|block)\b[^\n:=]*\{", re.MULTILINE)
_USES = re.compile(r"^use\b", re.MULTILINE)
_WORD = re.compile(r"[^\W\d]\w*")
_DEFINES = ("net", "block")
_SECTIONS = ("data", "train", "figure")
_UNLESS_WRONG = frozenset(("NS250", "NS254", "NS255"))  # warnings that are given if the file has no mistake
_IN_EVERY_PART = frozenset(("NS254",))  # a `default` line without effect has none in any part
_LINE = re.compile(r"line|first|last")  # in the names of the words of a message that are numbers of lines


class Chunk(NamedTuple):
    """One declaration with the comments after it; the text before the first one is a chunk, too."""

    text: str
    kind: str
    name: str
    words: frozenset[str]
    balanced: bool


class Place(NamedTuple):
    """Where the files of a document are looked for."""

    name: str
    folder: Path | None
    root: Path | None
    limits: Limits


@dataclass(slots=True, eq=False)
class Part:
    """A part after its check. Places in it count from its own beginning; `Placed` says where it stands now."""

    source: SourceFile
    spec: Spec | None  # None if the text cannot be read at all
    diagnostics: list[Diagnostic]
    inside: list[int] = field(default_factory=lambda: [0])  # where each chunk begins
    lines: tuple[int, ...] = ()  # the line of the document at which each chunk begins, if a message names one
    remembered: dict[str, Any] = field(default_factory=dict)  # what was worked out of it, such as its fixes

    @property
    def failed(self) -> bool:
        return any(diagnostic.severity == "error" for diagnostic in self.diagnostics)

    @property
    def counts_lines(self) -> bool:
        """Whether a message of it says the number of a line."""
        words = [found.words for found in self.diagnostics]
        words += [hint.words for found in self.diagnostics for hint in found.hints]
        words += [label.words for found in self.diagnostics for label in found.labels]
        return any(_LINE.search(name) for names in words for name in names)

    def reads(self, path: str) -> bool:
        """Whether a `use` line of it leads to a file, directly or through others; `path` is its real path."""
        return self.spec is not None and path in self.spec.program.units


@dataclass(slots=True, eq=False)
class Placed:
    """A part, and where its chunks stand in the text of the document."""

    part: Part
    inside: list[int]  # where each chunk begins in the part; they are as many as in `outside`
    outside: list[int]  # where it begins in the document
    ends: list[int]  # where it ends in the document

    def out(self, offset: int) -> int:
        """Return the offset in the document of an offset in the part."""
        chunk = max(0, bisect_right(self.inside, offset) - 1)
        return self.outside[chunk] + offset - self.inside[chunk]

    def within(self, offset: int) -> int | None:
        """Return the offset in the part of an offset in the document; None if the part does not contain it."""
        chunk = bisect_right(self.outside, offset) - 1
        if chunk < 0:
            return None
        if offset > self.ends[chunk] or (offset == self.ends[chunk] and chunk + 1 < len(self.outside)):
            return None
        return max(0, self.inside[chunk] + offset - self.outside[chunk])


@dataclass(slots=True, eq=False)
class Checked:
    """One version of a document with its parts."""

    name: str
    parts: list[Placed]

    def at(self, offset: int) -> tuple[Placed, int]:
        """Return the part that contains an offset of the document, and the offset in the part."""
        for placed in self.parts:
            inside = placed.within(offset)
            if inside is not None:
                return placed, inside
        last = self.parts[-1]
        return last, len(last.part.source.text)

    def said(self) -> Iterator[tuple[Placed, Diagnostic]]:
        """Yield what `netspec check` says of the whole text, each diagnostic with the part that it is about."""
        failed = any(placed.part.failed for placed in self.parts)
        seen: dict[tuple[object, ...], int] = {}
        found: list[tuple[tuple[object, ...], Placed, Diagnostic]] = []
        for placed in self.parts:
            for diagnostic in placed.part.diagnostics:
                if failed and diagnostic.code in _UNLESS_WRONG:
                    continue
                span = diagnostic.span
                own = span is not None and span.source is placed.part.source
                place = None if span is None else (placed.out(span.start) if own else span.start, span.source.name)
                key: tuple[object, ...] = (diagnostic.code, place)
                seen[key] = seen.get(key, 0) + 1
                if seen[key] == 1:
                    found.append((key, placed, diagnostic))
        for key, placed, diagnostic in found:
            if diagnostic.code not in _IN_EVERY_PART or seen[key] == len(self.parts):
                yield placed, diagnostic


class Checker:
    """Checks the versions of one document; the parts that did not change are taken from the version before."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._parts: dict[str, Part] = {}
        self._chunks: dict[str, Chunk] = {}
        self.names: set[str] = set()  # the names of the nets and blocks of the last version

    def check(self, text: str, opened: Mapping[str, str]) -> Checked:
        """Check a text.

        Args:
            text: the text.
            opened: the texts of other documents that are open, by their real paths; `use` reads these.
        """
        chunks = self._split(text)
        self.names = {chunk.name for chunk in chunks}
        groups = self._groups(chunks)
        starts, lines = [0], [1]
        for chunk in chunks:
            starts.append(starts[-1] + len(chunk.text))
            lines.append(lines[-1] + chunk.text.count("\n"))
        kept: dict[str, Part] = {}
        placed = []
        for group in groups:
            texts = [chunks[number].text for number in group]
            own = "".join(texts)
            at = tuple(lines[number] for number in group)
            part = self._parts.get(own)
            if part is None or part.lines not in ((), at):
                part = self.checked(texts, opened)
                if len(groups) > 1 and part.counts_lines:  # the same again, with every chunk in its line
                    part = self.checked(texts, opened, at)
            kept[own] = part
            outside, ends = [starts[number] for number in group], [starts[number + 1] for number in group]
            placed.append(Placed(part, part.inside, outside, ends))
        self._parts = kept
        return Checked(self.place.name, placed)

    def forget(self, path: str | None = None) -> bool:
        """Forget the parts that read another file: one of them, or any. Return whether there was such a part."""
        chosen = [
            own
            for own, part in self._parts.items()
            if (_USES.search(own) is not None if path is None else part.reads(path))
        ]
        for own in chosen:
            del self._parts[own]
        return bool(chosen)

    def checked(self, texts: list[str], opened: Mapping[str, str], lines: tuple[int, ...] = ()) -> Part:
        """Check some chunks as one text; `lines` are the lines in which they are to begin."""
        text, line = "", 1
        inside: list[int] = []
        for number, chunk in enumerate(texts):
            if lines:
                text += "\n" * (lines[number] - line)
                line = lines[number] + chunk.count("\n")
            inside.append(len(text))
            text += chunk
        if text.startswith("\ufeff"):  # the byte order mark is no part of the text that is read
            inside = [place - 1 for place in inside]
        name, folder, root, limits = self.place
        try:
            program = parse_program(text, name, folder, limits, root, opened)
        except Fault as fault:
            span = fault.diagnostic.span
            source = span.source if span is not None else SourceFile(name, text)
            return Part(source, None, [fault.diagnostic], inside, lines)
        spec = Spec(program, limits)
        return Part(program.main.source, spec, spec.check(propose=False), inside, lines)

    # ---- splitting

    def _split(self, text: str) -> list[Chunk]:
        starts = [(match.start(), match[1], match[2] or "") for match in _HEAD.finditer(text)]
        if not starts or starts[0][0] > 0:
            starts.insert(0, (0, "", ""))
        chunks = []
        known: dict[str, Chunk] = {}
        for number, (start, kind, name) in enumerate(starts):
            end = starts[number + 1][0] if number + 1 < len(starts) else len(text)
            own = text[start:end]
            chunk = self._chunks.get(own) or known.get(own)
            if chunk is None:
                chunk = Chunk(own, kind, name, frozenset(_WORD.findall(own)), _balanced(own, kind))
            known[own] = chunk
            chunks.append(chunk)
        self._chunks = known
        return chunks

    def _groups(self, chunks: list[Chunk]) -> list[list[int]]:
        """Return the numbers of the chunks of each part; all chunks in one if they cannot be checked apart."""
        whole = [[*range(len(chunks))]]
        size = sum(len(chunk.text) for chunk in chunks)
        if not all(chunk.balanced for chunk in chunks) or size > self.place.limits.bytes // 4:
            return whole
        if any(chunk.kind in _SECTIONS for chunk in chunks):
            return whole
        names = {chunk.name for chunk in chunks if chunk.kind in _DEFINES}
        parent = {name: name for name in names}

        def root(name: str) -> str:
            while parent[name] != name:
                parent[name] = name = parent[parent[name]]
            return name

        for chunk in chunks:
            if chunk.kind in _DEFINES:
                own = root(chunk.name)
                for word in chunk.words & names:
                    parent[root(word)] = own
        groups: dict[str, list[int]] = {root(name): [] for name in sorted(names)}
        if len(groups) < 2:
            return whole
        for number, chunk in enumerate(chunks):
            if chunk.kind in _DEFINES:
                groups[root(chunk.name)].append(number)
            else:
                for group in groups.values():
                    group.append(number)
        return sorted(groups.values())


def _balanced(text: str, kind: str) -> bool:
    """Whether a chunk ends outside of all brackets and holds one declaration, so that the next one begins another."""
    depth = 0
    for match in BRACKETS.finditer(text):
        if match[0] in "([{":
            depth += 1
        elif match[0] in ")]}":
            depth -= 1
            if depth < 0:
                return False
    return depth == 0 and (kind not in _DEFINES or "{" in text) and _NESTED.search(text) is None
