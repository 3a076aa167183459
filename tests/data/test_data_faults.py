"""Faulty data of every kind: each is named with its place before the first step, and nothing is written."""

from __future__ import annotations

import gzip
import random
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from netspec.cli.main import main
from tests.data.writing import idx, idx_pair, picture, png, spec

Write = Callable[[Path], None]
CASES: list[tuple[str, Write, str, str, tuple[str, ...]]] = []  # name, files, spec, code, what the message holds
DATA = 3


def case(name: str, write: Write, text: str, code: str, *shown: str) -> None:
    CASES.append((name, write, text, code, shown))


def file(name: str, content: str | bytes) -> Write:
    def write(folder: Path) -> None:
        data = content.encode() if isinstance(content, str) else content
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)

    return write


def both(*writes: Write) -> Write:
    return lambda folder: [write(folder) for write in writes] and None


# ---- tables

HEAD = ["a", "b", "kind"]
TABLE = [[str(row), str(row / 2 + 0.25), "yes" if row % 3 else "no"] for row in range(30)]
FIELDS = ['x = columns("a", "b")', 'label = label("kind")']
TABLE_SPEC = spec('csv("t.csv")', FIELDS, "2")
LISTED = spec('csv("t.csv")', [FIELDS[0], 'label = label("kind", classes = ["no", "yes"])'], "2")


def table(rows: list[list[str]], head: list[str] | None = None) -> str:
    return "\n".join(",".join(cells) for cells in [head or HEAD, *rows]) + "\n"


def cell(row: int, column: int, value: str) -> Write:
    rows = [list(cells) for cells in TABLE]
    rows[row][column] = value
    return file("t.csv", table(rows))


def line_and_column(row: int, column: int) -> str:
    """Where the cell begins in the file, as messages say it."""
    return f"t.csv:{row + 2}:{1 + sum(len(cell) + 1 for cell in TABLE[row][:column])}"


def _cells() -> None:
    drawn = random.Random(0)
    for value, code in (("tall", "NS807"), ("1O", "NS807"), ("3,5", "NS804"), ("12.5cm", "NS807"), ("0x1F", "NS807"),
                        ("", "NS808"), ("NA", "NS808"), ("nan", "NS808"), ("?", "NS808"), ("inf", "NS809"),
                        ("-inf", "NS809"), ("1e999", "NS809")):  # fmt: skip
        row, column = drawn.randrange(30), drawn.randrange(2)
        place = f"t.csv:{row + 2}" if code == "NS804" else line_and_column(row, column)
        case(f"cell {value!r}", cell(row, column, value), TABLE_SPEC, code, place)
    for value, code in (("", "NS808"), ("None", "NS808"), ("Yes", "NS810"), ("maybe", "NS810")):
        row = drawn.randrange(30)
        case(f"class {value!r}", cell(row, 2, value), LISTED, code, line_and_column(row, 2))
    case("row too short", file("t.csv", table(TABLE[:9] + [["1", "2"]] + TABLE[9:])), TABLE_SPEC, "NS804", "t.csv:11")
    case("row too long", file("t.csv", table(TABLE[:9] + [["1"] * 4] + TABLE[9:])), TABLE_SPEC, "NS804", "t.csv:11")
    case(
        "quote not closed at the end",
        file("t.csv", table([*TABLE, ["1", "2", '"no']])),
        TABLE_SPEC,
        "NS814",
        "t.csv:32",
    )
    for name, start in (("an office file", b"PK\x03\x04" + bytes(22) + b"\x13\0\0\0[Content_Types].xml"),
                        ("a web page", b"<!DOCTYPE html><html></html>"), ("a pointer", b"version https://git-lfs.github.com/"),
                        ("Parquet", b"PAR1" + bytes(9)), ("JSON", b'[{"a": 1}]')):  # fmt: skip
        case(f"{name} as a table", file("t.csv", start), TABLE_SPEC, "NS803", "s.net", "t.csv")
    case("a title above the names", file("t.csv", "Results,,\n" + table(TABLE)), TABLE_SPEC, "NS815", "t.csv:1")
    case("quote not closed", cell(4, 0, '"4'), TABLE_SPEC, "NS814", "t.csv:6")
    case("column twice", file("t.csv", table(TABLE, ["a", "a", "kind"])), TABLE_SPEC, "NS815", "t.csv:1")
    case("column without a name", file("t.csv", table(TABLE, ["a", "", "kind"])), TABLE_SPEC, "NS815", "t.csv:1")
    case(
        "column that is not there", file("t.csv", table(TABLE, ["a", "B", "kind"])), TABLE_SPEC, "NS805", "s.net", "`b`"
    )
    commas = TABLE_SPEC.replace('csv("t.csv")', 'csv("t.csv", delimiter = ",")')
    case("semicolons", file("t.csv", table(TABLE).replace(",", ";")), commas, "NS805", "s.net", "`a`")
    case(
        "another encoding",
        file("t.csv", table(TABLE).encode() + b"1,2,\xff\n"),
        TABLE_SPEC,
        "NS802",
        "line 32",
    )
    case("a picture as a table", file("t.csv", png()), TABLE_SPEC, "NS803", "t.csv")
    case("zero bytes", file("t.csv", table(TABLE) + "\0"), TABLE_SPEC, "NS803", "t.csv")
    case("empty", file("t.csv", ""), TABLE_SPEC, "NS811", "t.csv")
    case("only names", file("t.csv", "a,b,kind\n"), TABLE_SPEC, "NS811", "t.csv")
    case("not there", file("u.csv", table(TABLE)), TABLE_SPEC, "NS800", "t.csv")
    case("a folder", file("t.csv/x", ""), TABLE_SPEC, "NS801", "t.csv")
    outside = spec('csv("../t.csv")', FIELDS, "2")
    case("outside", file("t.csv", table(TABLE)), outside, "NS835", "../t.csv")
    tested = spec('csv("t.csv", test = "u.csv")', FIELDS, "2")
    case(
        "test with other columns",
        both(file("t.csv", table(TABLE)), file("u.csv", "a,kind\n1,yes\n")),
        tested,
        "NS812",
        "u.csv",
    )
    numbered = spec('csv("t.csv")', [FIELDS[0], 'label = column("kind")'], "2")
    rows = [[*cells[:2], "1" if cells[2] == "yes" else "0"] for cells in TABLE]
    rows[17][2] = "2"
    case("class out of range", file("t.csv", table(rows)), numbered, "NS831", "t.csv:19")
    rows[17][2] = "0.5"
    case("half a class", file("t.csv", table(rows)), numbered, "NS831", "t.csv:19")
    rows[17][2] = "-1"
    two = spec(
        'csv("t.csv")', [FIELDS[0], 'label = column("kind")'], "2", classes=1, loss="binary_cross_entropy(y, label)"
    )
    case("no probability", file("t.csv", table(rows)), two, "NS833", "t.csv:19")
    rows[17][2] = "1"
    many = [[*cells[:2], f"k{row % 3}"] for row, cells in enumerate(TABLE)]
    case("more classes than outputs", file("t.csv", table(many)), TABLE_SPEC, "NS760", "s.net", "one of 3")
    small = spec('csv("t.csv")', FIELDS, "2", split="[0.99, 0, 0.01]")
    case("a part without rows", file("t.csv", table(TABLE[:3])), small, "NS825", "s.net")


# ---- arrays

ARRAYS = spec('npz("t.npz")', ['x = column("x")', 'label = label("k")'], "3")


def arrays(**values: object) -> Write:
    def write(folder: Path) -> None:
        np.savez(folder / "t.npz", **values)  # type: ignore[arg-type]

    return write


def _arrays() -> None:
    good, kinds = np.arange(12.0).reshape(4, 3), np.array([0, 1, 1, 0])
    broken = good.copy()
    broken[2, 1] = np.nan
    case("NaN in an array", arrays(x=broken, k=kinds), ARRAYS, "NS832", "x[2]")
    broken = good.copy()
    broken[3, 0] = np.inf
    case("infinity in an array", arrays(x=broken, k=kinds), ARRAYS, "NS832", "x[3]")
    case("array missing", arrays(z=good, k=kinds), ARRAYS, "NS805", "`x`")
    case("array of another shape", arrays(x=good[:, :2], k=kinds), ARRAYS, "NS830", "(rows, 2)")
    case("arrays of different lengths", arrays(x=good, k=kinds[:3]), ARRAYS, "NS819", "x: 4, k: 3")
    case("classes as a table", arrays(x=good, k=good), ARRAYS, "NS816", "`k`")
    case("texts as numbers", arrays(x=np.array(["a"] * 4), k=kinds), ARRAYS, "NS823", "`x`")
    case("pickled objects", arrays(x=np.array([{}, 1, 2, 3], dtype=object), k=kinds), ARRAYS, "NS803", "t.npz")
    case("no arrays at all", file("t.npz", "x,y\n1,2\n"), ARRAYS, "NS803", "t.npz")
    listed = spec('npz("t.npz")', ['x = column("x")', 'label = label("k", classes = ["0", "1"])'], "3")
    case("a class beyond the list", arrays(x=good, k=np.array([0, 1, 2, 0])), listed, "NS817", "k[2]")
    plain = spec('npz("t.npz")', ['x = column("x")', 'label = column("k")'], "3")
    case("class 9 of 2", arrays(x=good, k=np.array([0, 9, 1, 0])), plain, "NS831", "k[1]")


# ---- idx

IDX = spec('idx("train")', ["x = image(4x4)", "label = label"], "1@4x4", classes=3)
IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def changed(name: str, change: Callable[[bytes], bytes]) -> Write:
    def write(folder: Path) -> None:
        idx_pair(folder, "train")
        path = folder / name
        path.write_bytes(change(path.read_bytes()))

    return write


def _idx() -> None:
    case("idx cut off", changed(IMAGES, lambda data: data[:-5]), IDX, "NS843", IMAGES, "107")
    case("idx too long", changed(LABELS, lambda data: data + b"\0\0"), IDX, "NS843", LABELS)
    case("idx with another head", changed(IMAGES, lambda data: b"\x89PNG" + data[4:]), IDX, "NS803", IMAGES)
    case("idx labels as images", changed(IMAGES, lambda data: idx(np.arange(6))), IDX, "NS803", IMAGES)
    case("idx of other lengths", changed(LABELS, lambda data: idx(np.arange(5) % 3)), IDX, "NS819", LABELS)
    case("gzip cut off", changed(IMAGES, lambda data: gzip.compress(data)[:-9]), IDX, "NS801", IMAGES)
    case("idx without labels", file(IMAGES, idx(np.zeros((2, 4, 4)))), IDX, "NS800", LABELS)
    other = IDX.replace("image(4x4)", "image(28x28)").replace("1@4x4", "1@28x28")
    case("idx of another size", changed(IMAGES, lambda data: data), other, "NS840", "1@4x4", "1@28x28")
    case(
        "idx with a class too many",
        changed(LABELS, lambda data: data),
        IDX.replace("K = 3", "K = 2"),
        "NS760",
        "one of 3",
    )


# ---- pictures

PETS = spec('folder("pets")', ["x = image(4x6, maps = 1)", "label = label"], "1@4x6")


def pets(*more: Write) -> Write:
    def write(folder: Path) -> None:
        for name in ("cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png"):
            picture(folder / "pets" / name)
        for one in more:
            one(folder)

    return write


def _pictures() -> None:
    case("picture cut off", pets(file("pets/dog/3.png", png()[:60])), PETS, "NS839", "pets/dog/3.png")
    case("empty picture", pets(file("pets/cat/0.jpg", b"")), PETS, "NS839", "pets/cat/0.jpg")
    case("a text as a picture", pets(file("pets/cat/0.gif", "a cat")), PETS, "NS839", "pets/cat/0.gif")
    wide = pets(lambda folder: picture(folder / "pets/dog/wide.png", (4, 60)))
    case("picture of another size", wide, PETS, "NS840", "pets/dog/wide.png", "4x60")
    case("loose picture", pets(lambda folder: picture(folder / "pets/3.png")), PETS, "NS844", "pets/3.png")
    case("one class", lambda folder: picture(folder / "pets/cat/1.png"), PETS, "NS842", "pets")
    case(
        "class without pictures",
        pets(file("pets/hen/read.me", "")),
        PETS.replace("K = 2", "K = 3"),
        "NS846",
        "pets/hen",
    )
    listed = PETS.replace('folder("pets")', 'folder("pets", classes = ["cat", "hen"])')
    case("class that is not there", pets(), listed, "NS845", "hen")
    case("folder that is not there", file("x", ""), PETS, "NS800", "pets")
    case("folder that is a file", file("pets", "x"), PETS, "NS801", "pets")

    def linked(folder: Path) -> None:
        picture(folder.parent / "secret.png")
        (folder / "pets" / "cat" / "9.png").symlink_to(folder.parent / "secret.png")

    case("a link out of the folder", pets(linked), PETS, "NS835", "pets/cat/9.png")
    third = pets(lambda folder: picture(folder / "pets/hen/1.png"))
    case("a class too many", third, PETS, "NS760", "one of 3")


# ---- texts

TEXT = """net first(V = 4, T = 3) {
  input  c: one of V over T
  hidden e: onehot
  output y: V perceptrons
}

data {
  source = text("t.txt")
  c = chars(alphabet = "abc ") -> window(T)
  next = chars(alphabet = "abc ") -> window(T, ahead = 1)
}

train {
  loss = cross_entropy(y, next)
  epochs = 1
}
"""


def _texts() -> None:
    case("a character beyond the alphabet", file("t.txt", "abc abc ab\u00e9 abc"), TEXT, "NS841", "t.txt:1:11")
    case("a line end beyond the alphabet", file("t.txt", "abc abc\nabc abc"), TEXT, "NS841", "t.txt:1:8", "U+000A")
    case("a text in another encoding", file("t.txt", "abc\nab\xe9".encode("latin-1")), TEXT, "NS802", "line 2")
    case("an empty text", file("t.txt", ""), TEXT, "NS811", "t.txt")
    case("a text too short", file("t.txt", "ab"), TEXT, "NS828", "s.net")
    free = TEXT.replace('alphabet = "abc "', "").replace("chars()", "chars")
    case("more characters than outputs", file("t.txt", "abcdefgh" * 3), free, "NS760", "one of 8")


# ---- functions

PYTHON = spec('python("faulty_points:load")', ['x = column("x")', 'label = label("k")'], "3")


def function(body: str) -> Write:
    return file("faulty_points.py", f"import numpy as np\n\n\ndef load():\n    {body}\n")


def _functions() -> None:
    case("a function that fails", function("raise KeyError('sensor 7')"), PYTHON, "NS838", "sensor 7")
    case("a function that is not there", file("faulty_points.py", ""), PYTHON, "NS838", "load")
    case("a function that returns a list", function("return [1, 2]"), PYTHON, "NS838", "list")
    case(
        "a function with arrays of other lengths",
        function("return {'x': np.eye(3), 'k': [1, 2]}"),
        PYTHON,
        "NS819",
        "k: 2",
    )
    case("a function that returns objects", function("return {'x': [None, {}], 'k': [1, 2]}"), PYTHON, "NS823", "`x`")


for make in (_cells, _arrays, _idx, _pictures, _texts, _functions):
    make()


def test_there_are_enough() -> None:
    assert len(CASES) >= 60
    assert len({name for name, *_ in CASES}) == len(CASES)


@pytest.mark.parametrize(
    ("write", "text", "code", "shown"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_it_is_named_with_its_place(
    write: Write,
    text: str,
    code: str,
    shown: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import sys

    monkeypatch.delitem(sys.modules, "faulty_points", raising=False)
    inner = tmp_path / "inner"
    inner.mkdir()
    monkeypatch.chdir(inner)
    write(inner)
    (inner / "s.net").write_text(text, encoding="utf-8")
    before = sorted(inner.rglob("*"))
    exit_code = main(["train", "s.net", "--allow", "faulty_points", "--no-pictures", "--format", "concise"])
    said = capsys.readouterr().err
    assert (exit_code, [line for line in said.splitlines() if code in line] != []) == (DATA, True), said
    for part in shown:
        assert part in said
    assert "Traceback" not in said
    left = [path for path in inner.rglob("*") if "__pycache__" not in path.parts]
    assert sorted(left) == before


def test_all_faults_are_said_at_once_and_in_the_order_of_the_file(
    inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [list(cells) for cells in TABLE]
    rows[3][1], rows[8][0], rows[8][1], rows[20][2] = "x", "", "y", ""
    (inside / "t.csv").write_text(table(rows), encoding="utf-8")
    (inside / "s.net").write_text(LISTED, encoding="utf-8")
    assert main(["train", "s.net", "--format", "concise"]) == DATA
    lines = capsys.readouterr().err.strip().splitlines()
    assert [line.split(":")[1] for line in lines] == ["5", "10", "22"]
    assert "the first of 2" in lines[0]


# ---- one message a cause


def test_a_cause_is_said_once_with_its_count_its_first_places_and_the_option_that_helps(
    inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "\n".join(f"{row};{row},5;{'yes' if row % 3 else 'no'}" for row in range(400))
    (inside / "t.csv").write_text(f"a;b;kind\n{rows}\n", encoding="utf-8")
    (inside / "s.net").write_text(TABLE_SPEC, encoding="utf-8")
    assert main(["train", "s.net"]) == DATA
    said = capsys.readouterr().err
    assert said.count("error[") == 1
    assert "the first of 400" in said
    for place in ("t.csv:2:3", "3 | 1;1,5;yes", "4 |", "5 |", "s.net:8:20", 'csv("t.csv", decimal = ",")'):
        assert place in said
    assert len(said.splitlines()) < 25


def test_all_that_is_wrong_with_pictures_is_said_at_once_by_its_cause(
    inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind in ("cat", "dog", "hen"):
        for number in range(4):
            picture(inside / "pets" / kind / f"{number}.png", (4, 6))
    picture(inside.parent / "secret.png")
    for kind in ("cat", "dog"):
        (inside / "pets" / kind / "1.png").write_bytes(png()[:60])
        (inside / "pets" / kind / "9.png").symlink_to(inside.parent / "secret.png")
    for kind in ("ape", "bee"):
        (inside / "pets" / kind).mkdir()
    (inside / "s.net").write_text(PETS, encoding="utf-8")
    assert main(["train", "s.net", "--format", "concise"]) == DATA
    said = capsys.readouterr().err
    assert sorted(re.findall(r"NS\d{3}", said)) == ["NS835", "NS839", "NS846"]
    assert said.count("the first of 2 such places") == 3
    assert main(["train", "s.net"]) == DATA
    said = capsys.readouterr().err
    for place in ("`pets/dog/9.png`", "`pets/dog/1.png`", "`pets/bee`"):
        assert f"the same in {place}" in said


@pytest.mark.parametrize(("size", "given"), [("1@4x6", ""), ("1@4x6", "(4x6)")])
def test_the_nets_own_size_is_the_norm_of_pictures(
    size: str, given: str, inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(6):
        picture(inside / "pets" / "cat" / f"a{number}.png", (9, 9 + number))
        picture(inside / "pets" / "dog" / f"{number}.png", (4, 6))
    (inside / "s.net").write_text(spec('folder("pets")', [f"x = image{given}", "label = label"], size))
    assert main(["train", "s.net"]) == DATA
    said = capsys.readouterr().err
    assert said.count("error[") == 1
    assert "pets/cat/a0.png must be 1@4x6, not 1@9x9 (the first of 6 such places)" in said
    assert "the same in `pets/cat/a1.png`, `pets/cat/a2.png`" in said
    assert "dog" not in said
