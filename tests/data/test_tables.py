"""Tables as people have them: how they are read, what is said of it, and what `netspec new --data` makes of them."""

from __future__ import annotations

import csv
import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netspec
from benchmarks.tables import FURTHER, TEN, Table, try_out
from netspec.cli.main import main
from netspec.config.rows import FURTHER as FURTHER_PLACES
from netspec.config.rows import Faults
from netspec.config.vocabulary.sources import Csv
from netspec.diagnostics.errors import NetspecError
from netspec.training.sources.csv_ import CsvRows, table_of
from tests.data.test_sources import array, plan_of
from tests.data.writing import spec

DATA = 3


def read(text: str | bytes, **options: Any) -> CsvRows:
    return table_of(text if isinstance(text, bytes) else text.encode(), Csv(file="t.csv", **options))


@pytest.mark.parametrize(
    ("text", "columns", "count", "said"),
    [
        ("a,b\n1,2\n", ("a", "b"), 1, ()),
        ("a;b\n1,5;2\n3,25;4\n", ("a", "b"), 2, ("delimiter",)),
        ("1,5;2,5\n3,25;4,5\n", ("column1", "column2"), 2, ("delimiter", "header")),
        ("a\tb\n1 2\tx,y\n", ("a", "b"), 1, ("delimiter",)),
        ('a,b\n"x;y",1\n"z;w",2\n', ("a", "b"), 2, ()),
        (",a,b\n0,1,2\n", ("a", "b"), 1, ("index",)),
        ('"a","b"\n"1",2,3\n"2",4,5\n', ("a", "b"), 2, ("index",)),
        ("a,b,\n1,2,\n,,\n\n", ("a", "b"), 1, ("empty",)),
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", ("column1", "column2", "column3"), 2, ("header",)),
        ("country,2001,2002\nkr,1,2\n", ("country", "2001", "2002"), 1, ()),
        ("0,1,2\n.1,.2,.3\n", ("0", "1", "2"), 1, ()),
        ("name,kind\na,b\n", ("name", "kind"), 1, ()),
        ("\ufeffa,b\r\n1,2\r\n", ("a", "b"), 1, ()),
        ("이름,값\n가,1\n".encode("cp949"), ("이름", "값"), 1, ("encoding",)),
        ("이름,값\n가,1\n".encode("utf-16"), ("이름", "값"), 1, ("encoding",)),
        ('a,b\n"x\ny",1\n', ("a", "b"), 1, ()),
    ],
)
def test_how_a_table_is_written_is_found_and_said(
    text: str | bytes, columns: tuple[str, ...], count: int, said: tuple[str, ...]
) -> None:
    rows = read(text)
    assert (rows.columns, rows.count) == (columns, count)
    assert tuple(hint.text for note in rows.notes for hint in note.hints) == said
    assert all((note.code, note.severity) == ("NS858", "note") for note in rows.notes)


def test_what_the_spec_says_is_not_looked_for() -> None:
    rows = read("1;2\n3;4\n", delimiter=",", header="first")
    assert (rows.columns, rows.notes) == (("1;2",), [])


@pytest.mark.parametrize(
    ("cells", "options"),
    [
        (["1,5", "2,25"], {"decimal": ","}),
        (["1.234,5", "7,25"], {"decimal": ",", "thousands": "."}),
        (["1,234.50", "12,000", "7"], {"thousands": ","}),
        (["$1,200", "$3.50", "$7"], {"thousands": ",", "units": ("$",)}),
        (["12%", "3.5 %"], {"units": ("%",)}),
        (["₩1,200", "₩300"], {"thousands": ",", "units": ("₩",)}),
        (["12 kg", "3.5 kg"], {"units": ("kg",)}),
    ],
)
def test_numbers_as_people_write_them_name_the_option_that_reads_them(
    cells: list[str], options: dict[str, Any]
) -> None:
    text = "a;p\n" + "".join(f"{row};{cell}\n" for row, cell in enumerate(cells))
    faults = Faults()
    read(text).numbers("p", None, faults)
    (fault,) = faults.found
    assert fault.hints[0].words["source"] == Csv(file="t.csv", **options).written()
    mended, none = read(text, **options), Faults()
    found = mended.numbers("p", None, none)
    assert not none.found
    assert np.isfinite(found).all()
    assert len(set(found)) == len(cells)


@pytest.mark.parametrize(
    ("cell", "options"),
    [("1.5", {"decimal": ","}), ("1,5", {"thousands": ","}), ("12,34,567", {"thousands": ","}), ("A12", {})],
)
def test_a_number_that_could_be_two_is_none(cell: str, options: dict[str, Any]) -> None:
    faults = Faults()
    read(f"a;p\n1;{cell}\n2;7\n", **options).numbers("p", None, faults)
    assert [(fault.code, fault.words["value"]) for fault in faults.found] == [("NS807", cell)]


def test_the_advice_for_names_that_are_there_twice_is_true() -> None:
    with pytest.raises(NetspecError) as caught:
        read("a,a,,b\n1,2,3,4\n")
    assert caught.value.diagnostic.code == "NS815"
    rows = read("a,a,,b\n1,2,3,4\n", names=("a", "a_2", "column3", "b"), header="first")
    assert caught.value.diagnostic.hints[-1].words["source"] == rows.source.written()
    assert (rows.columns, rows.count) == (("a", "a_2", "column3", "b"), 1)


# ---- missing cells, dates, and classes that only new rows have

GAPS = "a,b,kind,when\n1,2,x,2024-01-01\n,4,y,2024-01-03\n5,NA,x,2024-02-01\n7,8,,2024-03-01\n"


def gaps(folder: Path, source: str, field: str, type: str, label: str = 'label("kind", classes = ["x", "y"])') -> Any:
    (folder / "t.csv").write_text(GAPS, encoding="utf-8")
    return plan_of(spec(f'csv("t.csv"{source})', [f"x = {field}", f"label = {label}"], type), folder)


def test_missing_cells_are_left_out_or_filled_as_the_spec_says(tmp_path: Path) -> None:
    both = 'columns("a", "b")'
    dropped = gaps(tmp_path, ", missing = drop", both, "2")
    assert array(dropped, "x").tolist() == [[1, 2]]
    (note,) = dropped.dataset.notes
    assert (note.code, note.words["count"], note.words["lines"]) == ("NS868", 3, "3, 4, 5")
    assert array(gaps(tmp_path, ", missing = mean", both, "2"), "x").tolist() == [[1, 2], [3, 4], [5, 3]]
    flagged = gaps(tmp_path, ", missing = flag", both, "4")
    assert array(flagged, "x").tolist() == [[1, 2, 0, 0], [3, 4, 1, 0], [5, 3, 0, 1]]
    own = gaps(tmp_path, ", missing = drop", 'columns("a", "b") -> fill(median) -> standardize', "2")
    assert len(array(own, "x")) == 3
    with pytest.raises(NetspecError) as caught:
        gaps(tmp_path, "", both, "2")
    assert [(fault.code, fault.words["column"]) for fault in caught.value.diagnostics] == [
        ("NS808", "a"),
        ("NS808", "b"),
        ("NS808", "kind"),
    ]


def test_dates_are_days_or_parts(tmp_path: Path) -> None:
    field = 'date("when", parts = ["days", "month", "weekday"])'
    values = array(gaps(tmp_path, ", missing = drop", field, "3"), "x")
    assert values.tolist() == [[19723, 1, 0], [19725, 1, 2], [19754, 2, 3]]
    text = GAPS.replace("2024-01-01", "1.12.2024").replace("2024-01-03", "13.2.2024").replace("2024-0", "1.1.2")
    (tmp_path / "t.csv").write_text(text.replace("1.1.22-01", "2.1.2024").replace("1.1.23-01", "3.1.2024"))
    with pytest.raises(NetspecError) as caught:
        plan_of(spec('csv("t.csv", missing = drop)', ['x = date("when")', 'label = label("kind")'], "1"), tmp_path)
    assert caught.value.diagnostic.code == "NS787"
    assert caught.value.diagnostic.hints[0].words["text"] == 'date("when", order = dmy)'


PLACE = """net first {
  input  place: 3
  output y: place -> 2 perceptrons
}

data {
  source = csv("t.csv")
  place = label("place", other = 2) -> onehot
  label = label("kind")
}

train {
  loss = cross_entropy(y, label)
  epochs = 1
}
"""


def test_a_value_that_only_new_rows_have_is_other_or_a_fault(inside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (inside / "t.csv").write_text("place,kind\n" + "a,x\nb,y\n" * 5 + "rare,x\n,y\n", encoding="utf-8")
    (inside / "s.net").write_text(PLACE, encoding="utf-8")
    assert main(["train", "s.net", "--out", "r", "--no-pictures"]) == 0
    assert json.loads((inside / "r" / "data.json").read_text())["fields"]["place"]["classes"] == ["a", "b", "other"]
    (inside / "new.csv").write_text("place\nrare\nnever seen\na\n", encoding="utf-8")
    capsys.readouterr()
    assert main(["predict", "r", "new.csv"]) == 0
    first, second, third = list(csv.reader(capsys.readouterr().out.splitlines()))[1:]
    assert first[1:] == second[1:] != third[1:]
    (inside / "s.net").write_text(PLACE.replace(", other = 2", "").replace("place: 3", "place: 2"), encoding="utf-8")
    (inside / "t.csv").write_text("place,kind\n" + "a,x\nb,y\n" * 5, encoding="utf-8")
    assert main(["train", "s.net", "--out", "q", "--no-pictures"]) == 0
    answers = {}
    for cells in ("a\nb", "b"):  # a class keeps its number, whatever others the new rows have
        (inside / "few.csv").write_text(f"place\n{cells}\n", encoding="utf-8")
        capsys.readouterr()
        assert main(["predict", "q", "few.csv", "--all"]) == 0
        answers[cells] = capsys.readouterr().out.splitlines()[-1]
    assert answers["a\nb"] == answers["b"]
    assert main(["predict", "q", "new.csv"]) == DATA
    assert 'label("place", other = 1)' in capsys.readouterr().err


# ---- netspec new --data


@pytest.mark.parametrize("table", [*TEN, *FURTHER], ids=lambda table: table.name)
def test_the_proposed_spec_checks_trains_and_answers(table: Table, tmp_path: Path) -> None:
    rows = table.rows
    table = Table(**{**{name: getattr(table, name) for name in Table.__dataclass_fields__}, "rows": min(rows, 120)})
    if table.regions != ("north", "east") and len(table.regions) > 4:
        table.regions = table.regions[:6]
    found = try_out(table, tmp_path, 3, epochs=2)
    assert np.isfinite(found.own)
    assert main(["fmt", "--check", str(tmp_path / "t.net")]) == 0


def test_a_value_that_only_rows_without_a_target_have_is_no_class(inside: Path) -> None:
    rows = [f"{'cab'[row % 3] if row else 'once'},{row * 37 % 11}.5,{row * 3 % 17 if row else ''}" for row in range(60)]
    (inside / "t.csv").write_text("place,size,price\n" + "\n".join(rows) + "\n", encoding="utf-8")
    assert main(["new", "--data", "t.csv"]) == 0
    assert "input  place: 4" in (inside / "t.net").read_text(encoding="utf-8")
    assert main(["train", "t.net", "--epochs", "1", "--no-pictures"]) == 0


def test_what_is_left_out_is_said_with_its_reason_in_both_languages(
    inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        f"{7000 + row},2024-01-{1 + row % 28:02},KR,note {row},{row * 37 % 11}.5,{'ab'[row % 2]}" for row in range(60)
    ]
    (inside / "t.csv").write_text("id,when,country,note,size,kind\n" + "\n".join(rows) + "\n", encoding="utf-8")
    for language, words in (
        ("en", ("numbers the rows", 'date("when") would', 'every row says "KR"', "60 different texts")),
        ("ko", ("줄의 번호", 'date("when")으로 쓰면', '모든 줄이 "KR"', "서로 다른 글이 60가지")),
    ):
        assert main(["new", "--data", "t.csv", "--force", "--lang", language]) == 0
        text = (inside / "t.net").read_text(encoding="utf-8")
        assert all(word in text for word in words), text
        assert netspec.load("t.net").check() == []
    assert "input  x: 1" in text
    assert main(["new", "--data", "t.csv", "--force", "--target", "size"]) == 0
    assert 'size = column("size") -> standardize' in (inside / "t.net").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "shown"),
    [
        (["--data", "t.csv", "--target", "seize"], "NS790", "`size`"),
        (["--data", "t.csv", "--target", "id"], "NS791", "`size`, `kind`"),
        (["--data", "u.csv"], "NS800", "u.csv"),
        (["--data", "one.csv"], "NS791", "two columns"),
        (["below/t.net", "--data", "t.csv"], "NS792", "t.net"),
        (["--data", "wide.csv"], "NS793", "1,200 columns that are not numbers"),
        (["--target", "size"], "NS919", "--data"),
        ([""], "NS906", "folder"),
        (["--data", "."], "NS801", "folder"),
    ],
)
def test_a_table_that_gives_no_spec_is_refused(
    arguments: list[str], code: str, shown: str, inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f"{row},{row * 7 % 5}.5,{'ab'[row % 2]}\n" for row in range(30))
    (inside / "t.csv").write_text(f"id,size,kind\n{rows}", encoding="utf-8")
    (inside / "one.csv").write_text("kind\n" + "a\nb\n" * 9, encoding="utf-8")
    (inside / "wide.csv").write_text(f"{','.join(map(str, range(1200)))}\n{','.join('a' * 1200)}\n", encoding="utf-8")
    (inside / "below").mkdir()
    assert main(["new", *arguments]) != 0
    said = capsys.readouterr().err
    assert f"error[{code}]" in said
    assert shown in said
    assert not list(inside.rglob("*.net"))


def test_a_sign_for_inches_in_the_last_cell_opens_no_text() -> None:
    assert read('size,kind\n5",a\n7,b"\n').count == 2


def test_new_rows_may_be_divided_by_another_sign_and_get_no_advice_for_the_spec() -> None:
    rows = table_of(b"a;b\n1;2\nx;\n", Csv(file="t.csv"), ",")
    rows.new = True
    faults = Faults()
    for name in rows.columns:
        rows.numbers(name, None, faults)
    assert rows.columns == ("a", "b")
    assert [(fault.code, fault.hints) for fault in faults.found] == [("NS807", ()), ("NS808", ())]


def test_of_a_fault_in_every_row_only_those_that_are_shown_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = read("a,k,c\n" + "x,,x\n,v,\ninf,w,x\n" * 2000)
    made: list[int] = []
    monkeypatch.setattr(CsvRows, "place", lambda self, row, name: made.append(row))
    faults = Faults()
    rows.numbers("a", None, faults)
    rows.classes("k", ("v",), None, faults)
    rows.chars("c", "x", None, faults)
    assert sorted((fault.code, fault.times) for fault in faults.found) == [
        ("NS807", 2000), ("NS808", 2000), ("NS808", 2000), ("NS808", 2000), ("NS809", 2000), ("NS810", 2000)
    ]  # fmt: skip
    assert len(made) <= 6 * (FURTHER_PLACES + 1) + 1


@pytest.mark.parametrize(("begin", "row"), [("x,y\n", "1,2\n"), ("x,y\n1,2\n", "1\n")], ids=["alike", "ragged"])
def test_a_small_file_of_very_many_rows_takes_little(begin: str, row: str) -> None:
    data = (begin + row * 50_000).encode()
    tracemalloc.start()
    try:
        rows = table_of(data, Csv(file="t.csv"))
        assert tracemalloc.get_traced_memory()[1] < 100 * 50_000
    finally:
        tracemalloc.stop()
    assert sum(fault.times for fault in rows.faults) == (50_000 if row == "1\n" else 0)
