"""A line of a net -> small changes that people make in a figure: a unit, a round or a layer more or fewer.

Each change is tried, and is offered only if no other mistake or warning comes of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from netspec.diagnostics.catalogue import Language, phrase
from netspec.diagnostics.model import Diagnostic
from netspec.editor.fixes import Made
from netspec.editor.parts import Checker, Part
from netspec.syntax import tree


def offered(
    checker: Checker, part: Part, offset: int, opened: Mapping[str, str], language: Language
) -> Iterator[tuple[str, str, Made]]:
    """Yield the changes of the line at an offset: what each is (more, fewer, add, remove), a title, the edits."""
    line = _line(part, offset)
    if line is None:
        return
    before = _codes(part.diagnostics)
    done: set[str] = set()
    for kind, title, made in _changes(part, line, language):
        text = part.source.text
        for start, end, new in reversed(made):
            text = text[:start] + new + text[end:]
        if kind not in done and not _codes(checker.checked([text], opened).diagnostics) - before:
            done.add(kind)
            yield kind, title, made


def _codes(found: Sequence[Diagnostic]) -> Counter[str]:
    return Counter(diagnostic.code for diagnostic in found)


def _line(part: Part, offset: int) -> tree.Layer | None:
    declared = () if part.spec is None else part.spec.program.main.file.declarations
    bodies = (item for item in declared if isinstance(item, tree.Body) and item.at[0] <= offset <= item.at[1])
    lines = (line for body in bodies for line in body.statements if isinstance(line, tree.Layer))
    return next((line for line in lines if line.at[0] <= offset <= line.at[1]), None)


def _changes(part: Part, line: tree.Layer, language: Language) -> Iterator[tuple[str, str, Made]]:
    text = part.source.text
    for number in _counts(line):
        for kind, new in (("more", int(number.value) + 1), ("fewer", int(number.value) - 1)):
            written = re.compile(r"(\s*)(perceptron|filter)s?\b").match(text, number.at[1])
            noun = "" if written is None else f"{written[1]}{written[2]}{'' if new == 1 else 's'}"
            end = number.at[1] if written is None else written.end()
            if new > 0:
                yield kind, f"{number.value} → {new}", ((number.at[0], end, f"{new}{noun}"),)
    start = text.rfind("\n", 0, line.at[0]) + 1
    after = text.find("\n", line.at[1])
    if line.role != "hidden" or after < 0 or text[start : line.at[0]].strip():
        return
    name, words = line.label.text, set(re.findall(r"\w+", text))
    stem = name.rstrip("0123456789")
    fresh = next(word for number in range(2, len(words) + 3) if (word := f"{stem}{number}") not in words)
    title = phrase("editor add layer", language, name=name)
    for item in line.chain.items[:2]:  # a first item that names what is read stays with the old layer
        added = f"{text[start : line.at[0]]}hidden {fresh}: {text[item.at[0] : line.chain.at[1]]}\n"
        yield "add", title, ((after + 1, after + 1, added),)
    yield "remove", phrase("editor remove layer", language, name=name), ((start, after + 1, ""),)


def _counts(line: tree.Layer) -> Iterator[tree.Number]:
    """Yield the whole numbers of units, maps and rounds of a line, the first that are written first."""
    found: list[tree.Value] = []
    for value in tree.walk(line.chain):
        match value:
            case tree.Perceptrons():
                found += value.units.sizes[:1] if len(value.units.sizes) == 1 else ()
            case tree.Filters() | tree.Repeat():
                found.append(value.count)
    numbers = [value for value in found if isinstance(value, tree.Number) and isinstance(value.value, int)]
    yield from sorted(numbers, key=lambda number: number.at)
