"""A table of one's own -> a spec that trains on it, with comments that say why each column is taken or left out.

The target is the column that the caller names, else one with a name such as `target` or `species`, else the last one
that can be a target. Numbers are standardized, words become classes, and what says nothing about other rows (numbers of
rows, dates, texts that differ in every row, columns that never change) is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Literal

from netspec.config.dates import orders_of
from netspec.config.vocabulary.sources import Csv
from netspec.config.vocabulary.steps import Date, Label
from netspec.diagnostics.catalogue import Language, Word, Words, phrase
from netspec.diagnostics.errors import DataError, UsageError
from netspec.diagnostics.model import Diagnostic, Hint, Phrase, Quoted, suggestion
from netspec.names import nearest
from netspec.ops.registry import OPERATIONS
from netspec.source import SourceFile
from netspec.syntax.parser import KEYWORDS, NOUNS
from netspec.syntax.printer import format_file, quote
from netspec.syntax.read import read
from netspec.training.sources.csv_ import (
    CsvRows,
    is_missing,
    is_number,
    number_form,
    number_of,
    open_csv,
    plain_number,
)

TARGETS = (
    "target label class y species outcome diagnosis output result category response survived churn default "
    "정답 레이블 라벨 목표 목표값 결과 종류 분류 품종 클래스 합격 판정"
).split()
_TAKEN = "any true false data train figure source split x y z t H".split()
_COUNTS = re.compile(
    r"(?:.*[\W_])?(?:id|ids|uuid|guid|index|idx|no|nr|key|row|rownum|serial)|.*[a-z](?:Id|ID)|unnamed: \d+"
    r"|.*(?:번호|아이디|순번|일련번호|식별자)",
    re.IGNORECASE,
)
MOST_CLASSES = 100
MOST_COLUMNS = 5_000
MOST_LINES = 1_000  # columns that are no numbers: each is an input, or a comment, of its own
FEW = 20  # rows; with fewer there is nothing to choose weights by
ROWS_PER_INPUT = 10  # training rows, of each class alike: with fewer a hidden layer learns the rows by heart


@dataclass(slots=True)
class Column:
    """A column of the table: its cells without those that are missing, how often each is there, what they are."""

    name: str
    counted: Counter[str]
    kind: Literal["number", "words", "left"] = "left"
    why: str = ""  # why it is left out
    words: dict[str, Word] = field(default_factory=dict)
    gaps: bool = False


@dataclass(slots=True)
class Input:
    """An input of the net: its width, and the line of the data section that fills it."""

    name: str
    width: int
    field: str
    comment: str = ""


def starter_spec(path: Path, place: str, net: str, target: str | None, language: Language) -> str:
    """Return the text of a spec for a table.

    Parameters:
        path: the table.
        place: its path from the folder of the spec.
        net: the net's name.
        target: the column to predict; None: the one with a name such as `target`, else the last.
        language: of the comments.

    Raises:
        DataError: the table cannot be read (exit code 3).
        UsageError: it has no such column (NS790), or none that can be predicted from others (NS791).
    """
    rows, source = _opened(path, place)
    found = [_column(rows, name) for name in rows.columns]
    source = _form(found, source)
    columns = [_judged(column, source) for column in found]
    chosen, how = _target(columns, target, path.name)
    if chosen.gaps:  # those rows will not be there: a value that only they have is no class
        rows.leave_out((chosen.name,))
        others = (chosen if name == chosen.name else _column(rows, name) for name in rows.columns)
        columns = [column if column is chosen else _judged(column, source) for column in others]
    inputs = [column for column in columns if column is not chosen]
    if not any(column.kind != "left" for column in inputs):
        for column in inputs:  # a table of one column of numbers in order: that is what there is
            if column.why == "counts" and all(is_number(cell, source) for cell in column.counted):
                column.kind = "number"
    if not any(column.kind != "left" for column in inputs):
        raise UsageError(Diagnostic("NS791", None, {"file": path.name, "name": chosen.name}, hints=(Hint("inputs"),)))
    return _Text(path.name, net, rows.count, source, chosen, how, inputs, language).text()


# ---- the table


def _opened(path: Path, place: str) -> tuple[CsvRows, Csv]:
    """Read the table; columns of one name, or without a name, get others in the spec."""
    source = Csv(file=place)
    rows = open_csv(source, path, None, "distinct")
    if rows.faults:
        raise DataError(*rows.faults)
    first = [cell for cell in rows.sheets[0].cells[0] if not is_missing(cell)]
    texts = sum(not number_form((cell,), source) and not is_number(cell, source) for cell in first)
    for what, count, most in (
        (Phrase("wide"), len(rows.columns), MOST_COLUMNS),
        (Phrase("wide texts"), texts, MOST_LINES),
    ):
        if count > most:
            words: Words = {"file": path.name, "what": what, "count": count, "most": most}
            raise UsageError(Diagnostic("NS793", None, words))
    if rows.head.renamed:
        source = Csv(file=place, header="first", names=rows.head.names)
    if rows.form["delimiter"] != "," or not rows.head.listed:
        source = source.changed(
            delimiter=None if rows.form["delimiter"] == "," else rows.form["delimiter"],
            header=source.header if rows.head.listed else "none",
        )
    return rows, source


def _form(columns: list[Column], source: Csv) -> Csv:
    """Return the source with the signs of decimals, thousands and units with which most columns are numbers."""
    cells = [column.counted for column in columns]
    forms = [number_form(given, source) for given in cells]
    changes: dict[str, object] = {}
    for key in ("decimal", "thousands"):
        signs = Counter(form[key] for form in forms if form.get(key) is not None)
        if signs:
            changes[key] = signs.most_common(1)[0][0]
    units = tuple(dict.fromkeys(unit for form in forms for unit in form.get("units", ())))
    if units:
        changes["units"] = units
    if not changes:
        return source
    written = source.changed(**changes)

    def numbers(form: Csv) -> int:
        return sum(bool(given) and all(is_number(cell, form) for cell in given) for given in cells)

    return written if numbers(written) > numbers(source) else source


def _column(rows: CsvRows, name: str) -> Column:
    """Read a column: how often each cell is there, in the order of the rows, and whether others are missing."""
    cells = Counter(rows.texts(name, None))
    missing = [cell for cell in cells if is_missing(cell)]
    for cell in missing:
        del cells[cell]
    return Column(name, cells, gaps=bool(missing))


def _judged(found: Column, source: Csv) -> Column:
    """Say what a column is, and return it."""
    name, known, total = found.name, found.counted, found.counted.total()
    numbers = [(cell, number_of(cell, source)) for cell in known]
    wrong = Counter({cell: known[cell] for cell, number in numbers if number is None})
    if not known:
        found.why = "empty"
    elif len(known) == 1:
        found.why, found.words = "constant", {"value": quote(next(iter(known)))}
    elif not wrong:
        values = [number for _, number in numbers if number is not None]
        if len(values) == total and _counts_rows(name, values):
            found.why = "counts"
        else:
            found.kind = "number"
    elif orders := orders_of(known):
        step = Date(column=name, order=orders[0]).written()
        found.why, found.words = "date", {"step": step}
    elif len(known) > max(10, 0.5 * total):
        counts = _COUNTS.fullmatch(name) is not None
        found.why = "counts" if counts else "texts"
        found.words = {"count": len(known), "rows": total}
        if not counts and wrong.total() <= 0.2 * total:
            found.why, found.words = "mixed", {"count": wrong.total(), "value": quote(next(iter(wrong)))}
    else:
        found.kind = "words"
    return found


def _counts_rows(name: str, values: list[float]) -> bool:
    """Whether a column numbers the rows: each value is there once, and it is called so or grows by equal steps."""
    if len(set(values)) < len(values) or any(value != int(value) for value in values):
        return False
    steps = {right - left for left, right in pairwise(values)}
    return _COUNTS.fullmatch(name) is not None or (len(values) >= FEW and len(steps) == 1)


def _target(columns: list[Column], name: str | None, file: str) -> tuple[Column, str]:
    """Return the column to predict, and the comment that says how it was chosen."""
    legal = [column for column in columns if column.kind != "left"]
    if name is not None:
        found = next((column for column in columns if column.name == name), None)
        if found is None:
            hints, _ = suggestion(nearest(name, [column.name for column in columns]))
            words: Words = {"file": file, "name": name, "columns": _names(columns)}
            raise UsageError(Diagnostic("NS790", None, words, hints=hints))
        if found not in legal:
            hint = Hint("other", {"columns": _names(legal)})
            raise UsageError(Diagnostic("NS791", None, {"file": file, "name": name}, hints=(hint,)))
        return found, ""
    for column in legal:
        if column.name.casefold() in TARGETS:
            return column, "named"
    usable = [column for column in legal if column.kind == "number" or len(column.counted) <= MOST_CLASSES]
    if not usable:
        raise UsageError(Diagnostic("NS791", None, {"file": file, "name": columns[-1].name}, hints=(Hint("inputs"),)))
    return usable[-1], "last"


def _names(columns: Iterable[Column]) -> Quoted:
    return Quoted(tuple(column.name for column in columns)[:30])


# ---- the text


class _Text:
    """Writes the spec."""

    def __init__(
        self,
        file: str,
        net: str,
        rows: int,
        source: Csv,
        target: Column,
        how: str,
        columns: list[Column],
        language: Language,
    ) -> None:
        self.file, self.net, self.rows, self.source = file, net, rows, source
        self.target, self.how, self.columns, self.language = target, how, columns, language
        self.taken = {*KEYWORDS, *NOUNS, *OPERATIONS, *_TAKEN}
        self.few = rows < FEW
        self.training = rows if self.few else round(0.7 * rows)

    def say(self, key: str, **words: Word) -> str:
        return phrase(f"new {key}", self.language, **words)

    def text(self) -> str:
        inputs = self.inputs()
        classes = self.classes()
        goal = self.name(self.target.name, "target")
        names = " & ".join(item.name for item in inputs)
        width = sum(item.width for item in inputs)
        line = self.few or self.equal(classes) < ROWS_PER_INPUT * (width + 1)
        hidden = 16 if self.training < 2000 else 32
        answers = "1 perceptron" if classes is None else f"{len(classes)} perceptrons"
        lines = ["netspec 1", ""]
        title = self.say("title", target=self.target.name, file=self.file)
        lines.append(f"net {self.net}{'' if line else f'(H = {hidden})'} {quote(title)} {{")
        lines += [f"  input {item.name}: {item.width}" for item in inputs]
        if line:
            lines += [
                f"  # {self.say('few' if self.few else 'narrow', rows=self.equal(classes), inputs=width)}",
                f"  output y: {names} -> {answers}",
            ]
        else:
            lines += [f"  hidden z: {names} -> H perceptrons -> relu -> dropout(0.5)", f"  # {self.say('straight')}"]
            lines.append(f"  output y: {names} & z -> {answers}")
        lines += ["}", "", "data {", *self.data(inputs, goal, classes), "}", "", *self.train(goal, classes, line)]
        source = SourceFile(self.file, "\n".join(lines) + "\n")
        return format_file(source, read(source).file)

    def name(self, column: str, otherwise: str) -> str:
        """Return a name for a column that the spec may use, and that nothing else has."""
        plain = re.sub(r"\W+", "_", column).strip("_").lstrip("0123456789_") or otherwise
        plain = plain if plain[0].isalpha() and plain.isidentifier() else otherwise
        name, number = plain, 2
        while name in self.taken:
            name, number = f"{plain}{number}", number + 1
        self.taken.add(name)
        return name

    def inputs(self) -> list[Input]:
        """Return the inputs: all numbers together, and each column of words by itself."""
        found = []
        numbers = [column for column in self.columns if column.kind == "number"]
        if numbers:
            names = ", ".join(quote(column.name) for column in numbers)
            comment = self.say("gaps") if any(column.gaps for column in numbers) else ""
            found.append(Input("x", len(numbers), f"columns({names}) -> standardize", comment))
        for column in self.columns:
            if column.kind == "words":
                least = self.least(column)
                step = Label(column=column.name, other=least).written()
                kept = sum(count >= least for value, count in column.counted.items() if value != "other")
                comment = self.say("rare", least=least) if least > 1 else ""
                found.append(Input(self.name(column.name, "words"), kept + 1, f"{step} -> onehot", comment))
        return found

    def least(self, column: Column) -> int:
        """Return in how many rows a value must be to count by itself: so many that at most MOST_CLASSES / 2 remain."""
        least = 1
        counts = sorted(column.counted.values(), reverse=True)
        if len(counts) > MOST_CLASSES // 2:
            least = counts[MOST_CLASSES // 2] + 1
        return min(max(least, 1), counts[0])

    def classes(self) -> list[str] | None:
        """Return the classes of the target, or None for a number.

        Words are classes; so are two numbers, and whole numbers of which there are few.
        """
        known = self.target.counted
        if self.target.kind == "number" and len(known) > 2:
            whole = all(float(plain_number(cell, self.source)).is_integer() for cell in known)
            if not whole or len(known) > 10 or self.rows < 5 * len(known):
                return None
        return list(known)

    def equal(self, classes: list[str] | None) -> int:
        """Return how many training rows there are, if each class had as few as the rarest one."""
        counts = self.target.counted.values()
        share = 1.0 if classes is None else len(counts) * min(counts) / sum(counts)
        return round(share * self.training)

    def skewed(self) -> bool:
        counts = self.target.counted.values()
        return max(counts) > 4 * min(counts)

    def data(self, inputs: list[Input], goal: str, classes: list[str] | None) -> list[str]:
        gaps = any(item.gaps for item in self.columns if item.kind != "left")
        missing = "mean" if gaps else "drop" if self.target.gaps else None
        lines = [f"source = {self.source.written(missing=missing)}"]
        for column in self.columns:
            if column.kind == "left":
                why = self.say(column.why, **column.words)
                lines.append(f"# {self.say('left', name=quote(column.name), why=why)}")
        for item in inputs:
            lines += [f"# {item.comment}"] * bool(item.comment) + [f"{item.name} = {item.field}"]
        if self.how:
            other = self.say("other", file=self.file)
            lines.append(f"# {self.say(self.how, target=self.target.name)}; {other}")
        if self.target.gaps:
            lines.append(f"# {self.say('drop')}")
        if classes is None:
            lines.append(f"{goal} = column({quote(self.target.name)}) -> standardize")
        else:
            lines.append(f"{goal} = label({quote(self.target.name)})")
        if not self.few:
            lines.append("split = [0.7, 0.15, 0.15]")
        return [f"  {line}" for line in lines]

    def train(self, goal: str, classes: list[str] | None, line: bool) -> list[str]:
        lines = []
        if classes is None:
            lines += [f"loss = squared(y, {goal})", f"metrics = [r2(y, {goal}), mae(y, {goal})]"]
        else:
            lines += [f"# {self.say('skewed')}"] * self.skewed()
            lines.append(f"loss = cross_entropy(y, {goal}{', weight = balanced' if self.skewed() else ''})")
            measure = "balanced_accuracy" if self.skewed() else "accuracy"
            lines.append(f"metrics = [{measure}(y, {goal}), f1(y, {goal}, average = macro)]")
        batch = 32 if self.training < 5000 else 128
        steps = -(-self.training // batch)
        epochs = min(500, max(20, 1500 // steps))
        rate = "3e-2" if line else "1e-2"  # a line has one best place, and weights may have far to go
        lines += [f"optimizer = adamw(lr = {rate})", "schedule = cosine", f"epochs = {epochs}", f"batch = {batch}"]
        if not self.few:
            lines.append("best = loss")
        return ["train {", *(f"  {line}" for line in lines), "}"]
