"""Tables as people have them: `netspec new --data`, train, predict, against scikit-learn's linear models."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.publish import publish

Cells = list[list[str]]
NUMBERS = ("area", "rooms", "age", "walk")
REGIONS = ("north", "east", "south", "west")
SHARE = 0.03  # how much less than scikit-learn's score is allowed


@dataclass
class Facts:
    """What a table says, before anybody writes it down: numbers, words, and the target of each row."""

    numbers: Any
    words: list[str]
    target: list[str]
    classes: bool

    @property
    def features(self) -> Any:
        """The facts as scikit-learn wants them: gaps are means, words are 0 and 1."""
        gaps = np.isnan(self.numbers)
        means = np.nanmean(self.numbers, axis=0)
        known = sorted(set(self.words))
        words = np.array([[word == one for one in known] for word in self.words], dtype=float)
        return np.concatenate([np.where(gaps, means, self.numbers), words], axis=1)


def facts(
    seed: int, rows: int, classes: int = 0, share: float = 0.5, regions: Iterable[str] = REGIONS, width: int = 4
) -> Facts:
    """Rows drawn from one world; `world` and rows have streams of their own, so that new rows are of the same world."""
    names = list(regions)
    world = np.random.default_rng(1000 + len(names) + width)
    slopes, bonus = world.normal(size=width), world.normal(size=len(names))
    drawn = np.random.default_rng(seed)
    plain = drawn.normal(size=(rows, width))
    chosen = drawn.integers(0, len(names), rows)
    value = plain @ slopes + bonus[chosen] + 0.4 * np.maximum(plain[:, 0], 0) + drawn.normal(size=rows) * 0.5
    numbers = plain * np.array([20, 1.5, 12, 4] + [1] * (width - 4))[:width] + 60
    if not classes:
        target = [f"{200 + 40 * one:.1f}" for one in value]
    elif classes == 2:
        target = ["yes" if one > np.quantile(value, 1 - share) else "no" for one in value]
    else:
        bounds = np.quantile(value, np.linspace(0, 1, classes + 1)[1:-1])
        target = [("low", "middle", "high", "top")[int(at)] for at in np.searchsorted(bounds, value)]
    return Facts(numbers.round(2), [names[at] for at in chosen], target, classes > 0)


def cells_of(known: Facts, target: bool) -> Cells:
    """The rows of a table: numbers, the word, and the target where it is known."""
    return [
        ["" if np.isnan(number) else f"{number:g}" for number in row] + [word] + [aim] * target
        for row, word, aim in zip(known.numbers, known.words, known.target)
    ]


def text(rows: Iterable[list[str]], delimiter: str = ",", end: str = "\n") -> bytes:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator=end).writerows(rows)
    return stream.getvalue().encode()


Writer = Callable[[Facts, bool], bytes]


@dataclass
class Table:
    """A way to write a table, and the facts that it says."""

    name: str
    write: Writer
    rows: int = 400
    classes: int = 0
    share: float = 0.5
    regions: tuple[str, ...] = REGIONS
    width: int = 4
    spoil: Callable[[Facts], None] = lambda known: None

    def facts(self, seed: int, rows: int | None = None) -> Facts:
        known = facts(seed, rows or self.rows, self.classes, self.share, self.regions, self.width)
        self.spoil(known)
        return known


def head(target: bool, *more: str) -> list[str]:
    return [*more, *NUMBERS, "region", *["price"] * target]


def plain(known: Facts, target: bool) -> bytes:
    return text([head(target), *cells_of(known, target)])


def pandas_index(known: Facts, target: bool) -> bytes:
    rows = cells_of(known, target)
    return text([head(target, ""), *([str(at), *row] for at, row in enumerate(rows))])


def semicolons(known: Facts, target: bool) -> bytes:
    rows = cells_of(known, target)
    return text([head(target), *([cell.replace(".", ",") for cell in row] for row in rows)], ";")


def korean(known: Facts, target: bool) -> bytes:
    names = ["면적", "방 수", "연식", "도보(분)", "지역", *["등급"] * target]
    return text([names, *cells_of(known, target)]).decode().encode("cp949")


def spoiled(known: Facts) -> None:
    drawn = np.random.default_rng(len(known.words))
    known.numbers[drawn.random(known.numbers.shape) < 0.08] = np.nan
    for row in np.flatnonzero(drawn.random(len(known.words)) < 0.05):
        known.words[row] = ""
    for row in (3, 17, 40):
        if row < len(known.target):
            known.target[row] = ""


def missing(known: Facts, target: bool) -> bytes:
    signs = ("NA", "", "?", "-", "NaN")
    rows = [
        [cell or signs[(at + row) % 5] for at, cell in enumerate(one)]
        for row, one in enumerate(cells_of(known, target))
    ]
    return text([head(target), *rows])


def dates(known: Facts, target: bool) -> bytes:
    rows = cells_of(known, target)
    return text(
        [head(target, "sold"), *([f"2023-{1 + at % 12:02}-{1 + at % 28:02}", *row] for at, row in enumerate(rows))]
    )


def ids(known: Facts, target: bool) -> bytes:
    rows = cells_of(known, target)
    more = [[str(70001 + 7 * at), f"{at * 2654435761 % 2**32:08x}", "KR"] for at in range(len(rows))]
    return text([head(target, "customer_id", "token", "country"), *([*one, *row] for one, row in zip(more, rows))])


def line_breaks(known: Facts, target: bool) -> bytes:
    rows = cells_of(known, target)
    return text([head(target, "note"), *([f'seen on day {at},\nsaid "good"', *row] for at, row in enumerate(rows))])


def no_header(known: Facts, target: bool) -> bytes:
    return text(cells_of(known, target))


CITIES = tuple(
    f"{name}{end}" for name in ("Ka", "Lo", "Mi", "Ne", "Po") for end in ("ra", "sel", "ton", "vik", "wa", "zen")
)
TEN = (
    Table("pandas index", pandas_index),
    Table("semicolons, decimal commas", semicolons),
    Table("Korean headers in cp949", korean, classes=3),
    Table("missing cells", missing, spoil=spoiled),
    Table("dates", dates, classes=2),
    Table("IDs", ids),
    Table("95:5 classes", plain, rows=1200, classes=2, share=0.05),
    Table("quoted line breaks", line_breaks, classes=2),
    Table("no header", no_header, classes=3),
    Table("a category column", plain, rows=900, regions=CITIES),
)


# ---- ten further ones, with other quirks


def tabs(known: Facts, target: bool) -> bytes:
    return text([head(target), *cells_of(known, target)], "\t", "\r\n")


def thousands(known: Facts, target: bool) -> bytes:
    def grouped(cell: str) -> str:
        return f"{float(cell) * 1000:,.0f}"

    return text(
        [head(target), *([grouped(row[0]), *row[1:5], *map(grouped, row[5:])] for row in cells_of(known, target))]
    )


def currency(known: Facts, target: bool) -> bytes:
    rows = cells_of(known, target)
    return text(
        [head(target), *([f"{row[0]}%", *row[1:5], *(f"${float(one) * 100:,.2f}" for one in row[5:])] for row in rows)]
    )


def truth(known: Facts, target: bool) -> bytes:
    names = {"north": "Yes", "east": "No"}
    rows = cells_of(known, target)
    return text(
        [
            head(target),
            *([*row[:4], names[row[4]], *({"yes": "True", "no": "False"}[one] for one in row[5:])] for row in rows),
        ]
    )


def trailing(known: Facts, target: bool) -> bytes:
    return text([[*row, "", ""] for row in (head(target), *cells_of(known, target))]) + b",,,,,\n\n\n"


def doubled(known: Facts, target: bool) -> bytes:
    names = ["x", "x", "x", "walk", "region", *["price"] * target]
    return text([names, *cells_of(known, target)])


def mixed_case(known: Facts, target: bool) -> bytes:
    signs = ("na", "N/A", "nan", "NULL", "None")
    rows = [
        [cell or signs[(at + row) % 5] for at, cell in enumerate(one)]
        for row, one in enumerate(cells_of(known, target))
    ]
    return text([head(target), *rows], end="\r\n")


def wide(known: Facts, target: bool) -> bytes:
    names = [f"sensor {at}" for at in range(known.numbers.shape[1])]
    return text([[*names, "region", *["class"] * target], *cells_of(known, target)])


def marked(known: Facts, target: bool) -> bytes:
    return b"\xef\xbb\xbf" + text([head(target), *cells_of(known, target)], "|")


def utf16(known: Facts, target: bool) -> bytes:
    return text([head(target), *cells_of(known, target)], "\t", "\r\n").decode().encode("utf-16")


FURTHER = (
    Table("tabs, Windows line ends", tabs, classes=2),
    Table("separators of thousands", thousands),
    Table("currency and percent", currency),
    Table("yes and no, True and False", truth, classes=2, regions=("north", "east")),
    Table("empty lines and columns at the end", trailing),
    Table("headers twice", doubled, classes=3),
    Table("NA in all cases", mixed_case, spoil=spoiled),
    Table("200 columns", wide, rows=1500, classes=2, width=200),
    Table("a mark, and bars", marked),
    Table("UTF-16 of a spreadsheet", utf16, classes=3),
    Table("5 rows", plain, rows=5),
)


# ---- from the table to predictions


@dataclass
class Result:
    """The scores of the net and of scikit-learn on the rows of the test part."""

    name: str
    measure: str
    own: float
    other: float
    rows: int
    spec: str

    @property
    def holds(self) -> bool:
        return self.own >= self.other - SHARE


def try_out(table: Table, folder: Path, seed: int, epochs: int | None = None) -> Result:
    """Call the commands that `netspec new` prints, in a folder of the table; compare with scikit-learn."""
    import netspec
    from netspec.cli.main import main
    from netspec.training.inference.predictor import Predictor

    known = table.facts(seed)
    (folder / "t.csv").write_bytes(table.write(known, True))
    (folder / "new.csv").write_bytes(table.write(table.facts(seed + 500, 30), False))
    before = Path.cwd()
    os.chdir(folder)
    try:
        for command in (
            ["new", "--data", "t.csv"],
            ["check", "t.net"],
            ["train", "t.net", "--out", "run", "--no-pictures", *([] if epochs is None else ["--epochs", str(epochs)])],
            ["predict", "run", "new.csv", "-o", "answers.csv"],
        ):
            heard = io.StringIO()
            with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
                code = main(command)
            if code:
                raise RuntimeError(f"{table.name}: {' '.join(command)}: {heard.getvalue()}")
        answered = list(csv.reader(io.StringIO((folder / "answers.csv").read_text(encoding="utf-8"))))
        if len(answered) != 31 or not all(row[-1] for row in answered):
            raise RuntimeError(f"{table.name}: {len(answered) - 1} answers for 30 rows")
        run = netspec.load_run("run")
        parts = Predictor(run).own().parts
        predicted = _answers(folder, known, parts)
    finally:
        os.chdir(before)
    return _compared(table, known, parts, predicted, (folder / "t.net").read_text(encoding="utf-8"))


def _answers(folder: Path, known: Facts, parts: dict[str, Any]) -> list[str]:
    """What the run answers for every row of the table that has a target."""
    from netspec.cli.main import main

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = main(["predict", "run", "t.csv", "-o", "all.csv"])
    if code:
        raise RuntimeError("predict of the table itself")
    names, *rows = csv.reader(io.StringIO((folder / "all.csv").read_text(encoding="utf-8")))
    at = next(at for at, name in enumerate(names) if name.startswith("predicted_"))
    return [row[at] for row, aim in zip(rows, known.target) if aim]


def _compared(table: Table, known: Facts, parts: dict[str, Any], predicted: list[str], spec: str) -> Result:
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.metrics import accuracy_score, balanced_accuracy_score, r2_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    there = [row for row, aim in enumerate(known.target) if aim]
    features, target = known.features[there], np.array([known.target[row] for row in there])
    training, test = parts["training"], parts.get("test", parts["training"])
    skewed = table.classes > 0 and table.share < 0.2
    if not known.classes:
        model = LinearRegression()
        target = target.astype(float)
        answers = np.array(predicted, dtype=float)
        scale = np.std(answers) / np.std(target)  # a table may have written the target in another unit
        if scale > 50:
            answers = answers / (1000 if scale > 300 else 100)
        score, measure = r2_score, "r2"
    else:
        model = LogisticRegression(max_iter=2000, class_weight="balanced" if skewed else None)
        answers = np.array([{"True": "yes", "False": "no"}.get(one, one) for one in predicted])
        score, measure = accuracy_score, "accuracy"
        if skewed:  # what balanced weights are for
            score, measure = balanced_accuracy_score, "balanced accuracy"
    model = make_pipeline(StandardScaler(), model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(features[training], target[training])
    other = float(score(target[test], model.predict(features[test])))
    return Result(table.name, measure, float(score(target[test], answers[test])), other, len(test), spec)


def main() -> bool:
    """Tries all tables; False where a score is lower than scikit-learn's by more than is allowed."""
    lines, good = [], True
    for title, tables, seed in (
        ("Ten tables as people have them", TEN, 1),
        ("Ten further ones, and five rows", FURTHER, 7),
    ):
        lines += [
            f"## {title}",
            "",
            "| table | measure | netspec | scikit-learn | test rows | |",
            "|---|---|---|---|---|---|",
        ]
        for table in tables:
            with tempfile.TemporaryDirectory() as folder:
                found = try_out(table, Path(folder), seed)
            print(f"{found.name}: {found.own:.3f} {found.other:.3f}", file=sys.stderr)
            good &= found.holds
            mark = "holds" if found.holds else "**less**"
            lines.append(
                f"| {found.name} | {found.measure} | {found.own:.3f} | {found.other:.3f} | {found.rows} | {mark} |"
            )
        lines.append("")
    lines.append(
        "Each spec is written by `netspec new --data t.csv`, checked, trained, and answers 30 new rows; "
        "nothing is changed by hand. scikit-learn fits a linear or logistic regression to the same training rows, "
        "standardized, gaps filled by means, words as 0 and 1 (with balanced classes where the spec has them). "
        f"A score holds where it is at most {SHARE} lower."
    )
    publish("tables", "Tables from `new --data` to predictions", lines, ("torch", "numpy", "scikit-learn"))
    return good
