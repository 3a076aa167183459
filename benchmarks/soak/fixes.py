"""Thousands of mistakes in specs whose original is known: what `check --fix` writes is the original, or is not written.

A mutation is one slip of a hand: a token deleted, doubled, swapped or misspelled, a word of another tool. It is written
to a file, `netspec check --fix` runs, and the file is compared with the original: every net's graph with all names,
keys and options, and every section. `held` are kinds that the fixes were not made with. Then each fix that is offered
for a wrong spec of the tests is made alone, and the mistakes are counted before and after.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks.publish import publish
from netspec import foreign
from netspec.api import Spec
from netspec.cli import main as command
from netspec.diagnostics.model import Diagnostic, Fault, applied
from netspec.elaborate.program import parse_program
from netspec.mends import Checked, Mender
from netspec.source import SourceFile
from netspec.syntax.parser import parse

ROOT = Path(__file__).resolve().parents[2]
COUNT = int(os.environ.get("NETSPEC_FIXES", "2400"))  # mutations of each set
LONGEST = 1500  # characters of an original: short ones show every mistake as well, and are checked faster
OUTCOMES = ("valid", "unwritten", "right", "part", "wrong")
WORD = re.compile(r"[^\W\d]\w*")
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
# how other tools and hands write a sign or a form of netspec
SIGNS: Mapping[str, tuple[str, ...]] = {
    "->": ("=>", "→", "-->", "|>", "|", ">>"), ":": ("：", "=", ":="), "=": (":", "=="), ",": ("，", ";"),
    "(": ("[", "（"), ")": ("]", "）", "))"), "{": ("(", ":", "｛"), "}": (")", "};", "end"), "@": ("x", ":"),
    "&": ("|", ",", "&&"), "*": ("·", "×", "@"), "-": ("−", "–"), "..": ("...", ":"), "true": ("True", "yes"),
    "false": ("False", "no"), '"': ("'", "“"), "[": ("(",), "]": (")",),
}  # fmt: skip
_PLURAL = re.compile(r"\b(perceptron|filter)s\b")  # the same net
SIZES = re.compile(r"(?<![\w.@])(?:(\d+)@)?(\d+)x(\d+)(?![\w.])")


class Slip(NamedTuple):
    """One mutation."""

    kind: str
    text: str


# ---- the slips of a hand; each gives a mutated text, or None where it does not apply to the token


def _put(text: str, match: re.Match[str], new: str) -> str:
    return text[: match.start()] + new + text[match.end() :]


def delete(text: str, found: list[re.Match[str]], at: int, dice: random.Random) -> str | None:
    return _put(text, found[at], "")


def double(text: str, found: list[re.Match[str]], at: int, dice: random.Random) -> str | None:
    return _put(text, found[at], f"{found[at][0]} {found[at][0]}")


def swap(text: str, found: list[re.Match[str]], at: int, dice: random.Random) -> str | None:
    if at + 1 == len(found):
        return None
    one, other = found[at], found[at + 1]
    return text[: one.start()] + other[0] + text[one.end() : other.start()] + one[0] + text[other.end() :]


def _spelled(change: Callable[[str, int, random.Random], str]) -> Callable[..., str | None]:
    def slip(text: str, found: list[re.Match[str]], at: int, dice: random.Random) -> str | None:
        word = found[at][0]
        if not WORD.fullmatch(word) or len(word) < 2:
            return None
        return _put(text, found[at], change(word, dice.randrange(len(word)), dice))

    return slip


def _neighbour(word: str, at: int, dice: random.Random) -> str:
    row = next((row for row in ROWS if word[at].lower() in row), "")
    place = row.find(word[at].lower())
    return (
        word[:at]
        + (dice.choice(row[max(0, place - 1) : place] + row[place + 1 : place + 2]) if row else "_")
        + word[at + 1 :]
    )


def sign(text: str, found: list[re.Match[str]], at: int, dice: random.Random) -> str | None:
    other = SIGNS.get(found[at][0])
    return None if other is None else _put(text, found[at], dice.choice(other))


def word(text: str, found: list[re.Match[str]], at: int, dice: random.Random) -> str | None:
    """Another tool's word for a word of netspec."""
    here = found[at][0]
    tables = (foreign.LINES, foreign.NOUNS, foreign.STEPS, foreign.OPTIONS)
    words = [key for table in tables for key, value in table.items() if here == value]
    words += [here.capitalize(), here.upper()] if WORD.fullmatch(here) else []
    return _put(text, found[at], dice.choice(words)) if words else None


def sizes(text: str, found: list[re.Match[str]], at: int, dice: random.Random) -> str | None:
    """Sizes as torch and Keras write them."""
    places = list(SIZES.finditer(text))
    if not places:
        return None
    match = dice.choice(places)
    maps, height, width = match.groups()
    forms = [
        f"({height}, {width})",
        f"{height} x {width}",
        f"{height}×{width}",
        f"[{height}, {width}]",
        f"{height}*{width}",
    ]
    if maps:
        forms = [f"({maps}, {height}, {width})", f"({height}, {width}, {maps})", f"{maps}x{height}x{width}",
                 f"{height}x{width}x{maps}", f"{maps} x {height} x {width}", f"{height}x{width}@{maps}"]  # fmt: skip
    return _put(text, match, dice.choice(forms))


DEVELOPED: Mapping[str, Callable[..., str | None]] = {
    "delete": delete, "double": double, "swap": swap, "sign": sign, "word": word, "sizes": sizes,
    "letter dropped": _spelled(lambda word, at, dice: word[:at] + word[at + 1 :]),
    "letter doubled": _spelled(lambda word, at, dice: word[:at] + word[at] + word[at:]),
    "letters swapped": _spelled(lambda word, at, dice: word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :]),
    "neighbouring key": _spelled(_neighbour),
}  # fmt: skip


# ---- what is not compared while the fixes are developed


def stray(text: str, found: list[re.Match[str]], at: int, dice: random.Random) -> str | None:
    return _put(text, found[at], f"{dice.choice(found)[0]} {found[at][0]}")


def other(text: str, found: list[re.Match[str]], at: int, dice: random.Random) -> str | None:
    return _put(text, found[at], dice.choice(found)[0])


def glued(text: str, found: list[re.Match[str]], at: int, dice: random.Random) -> str | None:
    """The space or the line break behind a token is missing."""
    rest = re.match(r"\s+", text[found[at].end() :])
    return None if rest is None else text[: found[at].end()] + text[found[at].end() + rest.end() :]


def broken(text: str, found: list[re.Match[str]], at: int, dice: random.Random) -> str | None:
    return _put(text, found[at], f"\n  {found[at][0]}")


def joined(text: str, found: list[re.Match[str]], at: int, dice: random.Random) -> str | None:
    """Two lines on one."""
    place = text.find("\n", found[at].end())
    return None if place < 0 else text[:place] + " " + text[place:].lstrip()


def line_gone(text: str, found: list[re.Match[str]], at: int, dice: random.Random) -> str | None:
    lines = text.splitlines(keepends=True)
    del lines[text.count("\n", 0, found[at].start())]
    return "".join(lines)


def line_twice(text: str, found: list[re.Match[str]], at: int, dice: random.Random) -> str | None:
    lines = text.splitlines(keepends=True)
    number = text.count("\n", 0, found[at].start())
    return "".join(lines[: number + 1] + lines[number:])


def moved(text: str, found: list[re.Match[str]], at: int, dice: random.Random) -> str | None:
    """A token stands a few places later."""
    to = at + dice.randrange(2, 5)
    if to >= len(found):
        return None
    one = found[at]
    return text[: one.start()] + text[one.end() : found[to].end()] + " " + one[0] + text[found[to].end() :]


def digit(text: str, found: list[re.Match[str]], at: int, dice: random.Random) -> str | None:
    """`0` for `o`, `1` for `l`, a digit that is missing, a decimal comma."""
    here = found[at][0]
    looks = {"o": "0", "l": "1", "O": "0", "0": "o", "1": "l", ".": ",", "x": "X", "2": "two", "3": "three"}
    places = [number for number, letter in enumerate(here) if letter in looks]
    if not places:
        return None
    place = dice.choice(places)
    return _put(text, found[at], here[:place] + looks[here[place]] + here[place + 1 :])


HELD: Mapping[str, Callable[..., str | None]] = {
    "a stray token": stray, "another token": other, "space missing": glued, "line broken": broken,
    "lines joined": joined, "line missing": line_gone, "line doubled": line_twice, "token moved": moved,
    "digit for letter": digit,
    "two letters wrong": _spelled(lambda word, at, dice: word[:at] + dice.choice("aeiorst") + word[at + 2 :]),
    "word shortened": _spelled(lambda word, at, dice: word[: max(1, at)]),
    "letter inserted": _spelled(lambda word, at, dice: word[:at] + dice.choice("".join(ROWS) + "_") + word[at:]),
}  # fmt: skip


def slips(
    texts: Mapping[str, str], kinds: Mapping[str, Callable[..., str | None]], count: int, seed: int
) -> Iterator[tuple[str, Slip]]:
    """Yield `count` mutations, of each kind as many, with the name of the original."""
    from proof.mutation import tokens

    dice = random.Random(seed)
    names = sorted(texts)
    parts = {name: tokens(text) for name, text in texts.items()}
    for number in range(count):
        kind = sorted(kinds)[number % len(kinds)]
        changed = None
        while changed is None:
            name = dice.choice(names)
            changed = kinds[kind](texts[name], parts[name], dice.randrange(len(parts[name])), dice)
            changed = None if changed == texts[name] else changed
        yield name, Slip(kind, changed)


# ---- what a text means


def meaning(text: str, folder: Path | None = None) -> str | None:
    """The nets with all names and options, and the sections, as text; None where there is a mistake."""
    from rules.dump import text_of

    try:
        spec = Spec(parse_program(text, "spec.net", folder))
        if any(diagnostic.severity == "error" for diagnostic in spec.check()):
            return None
        tree = parse(SourceFile("spec.net", text))
    except Fault:
        return None
    nets = [_PLURAL.sub(r"\1", text_of(spec.net(name).graph)) for name in spec.nets]
    sections = [repr(section) for section in spec.program.main.sections]
    return "\n".join([*nets, *sections] if nets else [repr(tree)])


def originals(longest: int = LONGEST) -> dict[str, str]:
    """The valid specs of the project, short ones, each with its place under the root."""
    from proof.test_text_laws import TEXTS

    short = {name: text for name, text in TEXTS.items() if len(text) <= longest}
    return {name: text for name, text in short.items() if meaning(text, folder_of(name))}


def folder_of(name: str) -> Path:
    return (ROOT / name).parent if name.endswith(".net") else ROOT


def written(name: str, text: str, copy: Path) -> str:
    """What stands in a file after `netspec check --fix`."""
    path = copy / name if name.endswith(".net") else copy / "page.net"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            command(["check", "--fix", "--quiet", str(path)])
        return path.read_text(encoding="utf-8")
    finally:
        if (ROOT / name).is_file():
            shutil.copyfile(ROOT / name, path)


def outcome(text: str, mutated: str, after: str, folder: Path) -> str:
    """What became of a mutation: one of OUTCOMES."""
    if after == mutated:
        return "unwritten" if meaning(mutated, folder) is None else "valid"
    found = meaning(after, folder)
    return "part" if found is None else "right" if found == meaning(text, folder) else "wrong"


def tried(texts: Mapping[str, str], found: Iterable[tuple[str, Slip]]) -> Iterator[tuple[str, Slip, str, str]]:
    """Each mutation with the text after `--fix` and its outcome."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(ROOT / "specs", copy / "specs")
        for name, slip in found:
            after = written(name, slip.text, copy)
            yield name, slip, after, outcome(texts[name], slip.text, after, folder_of(name))


# ---- fixes made alone


def checked(text: str, folder: Path | None) -> Checked:
    program = parse_program(text, "spec.net", folder)
    return Checked(program.main.source, program.main.file, Spec(program).check())


def offered(text: str, folder: Path | None) -> Iterator[tuple[Diagnostic, str, bool]]:
    """Each mistake with fixes, the text after them, and whether that text has strictly fewer mistakes."""
    before = checked(text, folder)
    for diagnostic in Mender(lambda other: checked(other, folder)).judged(before):
        if diagnostic.fixes:
            mended = applied(text, diagnostic.fixes)
            yield diagnostic, mended, checked(mended, folder).mistakes < before.mistakes


def main() -> bool:
    """Prints and keeps the table; False where a wrong net was written."""
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    texts = originals()
    lines = [f"{len(texts)} valid specs of at most {LONGEST} characters."]
    good = True
    report = os.environ.get("NETSPEC_FIXES_REPORT")  # a folder for the texts of what is not right
    for title, kinds, seed in (
        ("Kinds that the fixes were developed with", DEVELOPED, 1),
        ("Kinds held back", HELD, 2),
    ):
        counts: dict[str, Counter[str]] = {kind: Counter() for kind in kinds}
        for number, (name, slip, after, became) in enumerate(tried(texts, slips(texts, kinds, COUNT, seed))):
            counts[slip.kind][became] += 1
            if report and became in ("wrong", "part"):
                Path(report).mkdir(exist_ok=True)
                case = Path(report, f"{became}-{seed}-{number:04}-{slip.kind.replace(' ', '_')}.txt")
                case.write_text("\n=====\n".join((name, texts[name], slip.text, after)), encoding="utf-8")
        total = sum(counts.values(), Counter[str]())
        good = good and not total["wrong"] and not total["part"]
        lines += [
            "",
            f"## {title} (seed {seed})",
            "",
            "| slip | tried | still valid | not written | written: the original | written: mistakes are left"
            " | written: another net |",
            "|---|---:|---:|---:|---:|---:|---:|",
        ]
        for kind, row in (*counts.items(), ("all", total)):
            lines.append(
                f"| {kind} | {sum(row.values()):,} | " + " | ".join(f"{row[each]:,}" for each in OUTCOMES) + " |"
            )
    from hostile.test_corpus import FILES, text_of

    alone = Counter[bool]()
    codes = Counter[str]()
    for name in sorted(FILES):
        for diagnostic, _, fewer in offered(text_of(name), FILES[name].parent):
            alone[fewer] += 1
            codes.update([] if fewer else [diagnostic.code])
    failing = ", ".join(f"{code} {count}" for code, count in codes.most_common())
    lines += [
        "",
        "## Each fix offered for a wrong spec of tests/hostile, made alone",
        "",
        f"{alone.total():,} fixes: {alone[True]:,} leave strictly fewer mistakes, {alone[False]:,} do not"
        + (f" ({failing})." if failing else "."),
    ]
    publish("fixes", "What `check --fix` writes", lines, ("lark",))
    return good and not alone[False]
