"""The law of fixes: what `check --fix` writes was meant, or is not written; `./dev soak fixes` tries thousands."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.soak import fixes
from netspec.cli import main
from tests.hostile.test_corpus import FILES, text_of

BROKEN = """net first {
  input  x： 2
  hidden z: x => 3 neurons -> reluu
  output y: z → 1 perceptron;
}
"""
MENDED = """net first {
  input  x: 2
  hidden z: x -> 3 perceptrons -> relu
  output y: z -> 1 perceptron
}
"""


def written(text: str, folder: Path) -> str:
    """What stands in a file after `check --fix`."""
    path = folder / "spec.net"
    path.write_text(text, encoding="utf-8")
    main(["check", "--fix", "--quiet", str(path)])
    return path.read_text(encoding="utf-8")


# what is wrong -> what is written in its place; None where the fix is a guess
KINDS = {
    "a word with one near word": ("hidden a: x -> 4 perceptrons -> batchnrom", "batchnrom", "batchnorm"),
    "letters swapped": ("hidden a: x -> 4 perceptrons -> erlu", "erlu", "relu"),
    "two words are as near": ("hidden a: x -> 4 perceptrons -> rlu", "rlu", None),
    "several slips in a line": ("hidden a: x => 4 units -> reluu", "=> 4 units -> reluu", "-> 4 perceptrons -> relu"),
    "a word that stands twice": ("hidden hidden a: x -> 4 perceptrons -> relu", "hidden hidden", "hidden "),
    "a name that stands twice": ("hidden a a: x -> 4 perceptrons -> relu", "a a", "a "),
    "a step that stands twice, or an arrow is missing": ("hidden a: x -> 4 perceptrons -> tanh tanh", "", None),
    "two words for a name": ("hidden a: x -> 4 perceptrons\n  hidden netspec b: a -> relu", "", None),
    "a type after `is`": ("hidden a: x -> 4 perceptrons -> relu  is 5", "", None),
    "a step before a caption may have lost its arrow": ('hidden a: x -> 4 perceptrons  sigmoid "z"', "", None),
    "a word that begins another one": ("hidden a: x -> 4 perceptrons -> sig", "", None),
    "a line broken behind its first word": ("hidden\n  a: x -> 4 perceptrons", "", None),
    "a word of another tool in the wrong place": ("hidden a: x -> 4 perceptrons logsoftmax tanh", "", None),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line, wrong, right = KINDS[kind]
    text = f"net first {{\n  input  x: 2\n  {line}\n  output y: a -> 1 perceptron\n}}\n"
    assert written(text, tmp_path) == (text if right is None else text.replace(wrong, right))
    capsys.readouterr()


# a spec -> what is written in its place; None where the fix is not certain, or where there is none
WHOLE = {
    "maps last": ("input x: (28, 28, 1)\noutput y: 3 perceptrons", "input x: 1@28x28\noutput y: 3 perceptrons"),
    "maps first": ("input x: [3, 32, 32]\noutput y: 3 perceptrons", "input x: 3@32x32\noutput y: 3 perceptrons"),
    "maps on either side": ("input x: (8, 9, 9)\noutput y: 3 perceptrons", None),
    "an arrow for the colon": ("input x -> 4\noutput y: 3 perceptrons", "input x: 4\noutput y: 3 perceptrons"),
    "a colon for an arrow": (
        "input x: 4\nhidden z: 3 perceptrons : relu\noutput y: 2 perceptrons",
        "input x: 4\nhidden z: 3 perceptrons -> relu\noutput y: 2 perceptrons",
    ),
    "an arrow for `hidden`": (
        "input x: 4\nhidden z: 3 perceptrons\n-> z2: 5 perceptrons\noutput y: 2 perceptrons",
        "input x: 4\nhidden z: 3 perceptrons\nhidden z2: 5 perceptrons\noutput y: 2 perceptrons",
    ),
    "an arrow for `hidden` below an input": (
        "input x: 4\n-> z: 3 perceptrons\noutput y: 2 perceptrons",
        "input x: 4\nhidden z: 3 perceptrons\noutput y: 2 perceptrons",
    ),
    "a comma before `over`": ("input x: 8, over 9\noutput y: lstm(4)", "input x: 8 over 9\noutput y: lstm(4)"),
    "a function": (
        "input x: 4\noutput y: x * sigmoid(x)",
        "input x: 4\noutput y: x * (x -> sigmoid)",
    ),
    "sizes as one argument": (
        "input x: 3@9x9\nhidden h: x -> B(3x3)\noutput y: 2 perceptrons\n}\n"
        "block B(k) {\ninput x: c @ h x w\noutput y: c filters k",
        None,
    ),
    "a step is gone between two arrows": ("input x: 4\noutput y: x ->  -> 3 perceptrons", None),
    "an arrow twice": ("input x: 4\noutput y: x -> -> 3 perceptrons", "input x: 4\noutput y: x ->  3 perceptrons"),
    "a bracket that nobody opened": ("input x: 4\noutput y: x + x -> relu) -> 3 perceptrons", None),
    "a number that may stand twice": ("input x: 8 8x8\noutput y: 3 perceptrons", None),
    "no blank behind `hidden`": (
        "input x: 4\nhiddenpatch: 3 perceptrons\noutput y: 2 perceptrons",
        "input x: 4\nhidden patch: 3 perceptrons\noutput y: 2 perceptrons",
    ),
    "an arrow in the line below its own": (
        "input x: 4\nhidden z: 3 perceptrons relu\nhidden -> w: tanh\noutput y: 2 perceptrons",
        "input x: 4\nhidden z: 3 perceptrons -> relu\nhidden w: tanh\noutput y: 2 perceptrons",
    ),
    "a brace in place of a word": ("input x: 4\noutput y: 3 }\nperceptrons", None),
    "a name that is right here and wrong at its block": (
        "input x: 4\noutput y: x -> Double(4)\n}\nblock Doublec() {\ninput x: d\noutput y: c perceptrons",
        None,
    ),
    "groups that divide only the filters": ("input x: 8@9x9\noutput y: 6 filters 3x3 (groups = 4)", None),
    "a sum inside a repeat": ("input x: 4\noutput y: repeat 3 { x + (x -> 4 perceptrons) }", None),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_what_is_written_in_a_whole_spec(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong, right = WHOLE[kind]
    text = f"net first {{\n{wrong}\n}}\n"
    assert written(text, tmp_path) == (text if right is None else text.replace(wrong, right))
    capsys.readouterr()


def test_a_brace_at_the_end_of_a_line_is_one_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "net first {\n  input  x: 3\n  output y: 2 perceptrons }\n"
    assert written(text, tmp_path) == text.replace(" }", "\n}")
    path = tmp_path / "spec.net"
    path.write_text(text, encoding="utf-8")
    capsys.readouterr()
    main(["check", "--format", "json", str(path)])
    assert [item["code"] for item in json.loads(capsys.readouterr().out)] == ["NS160"]


NAMES = """net first {{
  input  x: 2
  hidden {defined}: x -> 4 perceptrons -> relu
  output y: {used}
}}
"""


@pytest.mark.parametrize(
    ("defined", "used", "fixed"),
    [
        ("gate", "gtae -> 1 perceptron", None),  # which of the two is wrong?
        ("gate", "gate + gtae -> 1 perceptron", ("gate", "gate + gate -> 1 perceptron")),
        ("gtae", "gate + (gate -> tanh) -> 1 perceptron", ("gate", "gate + (gate -> tanh) -> 1 perceptron")),
    ],
)
def test_a_name_is_wrong_where_it_is_used_or_where_it_is_defined(
    defined: str, used: str, fixed: tuple[str, str] | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = NAMES.format(defined=defined, used=used)
    right = text if fixed is None else NAMES.format(defined=fixed[0], used=fixed[1])
    assert written(text, tmp_path) == right
    capsys.readouterr()


def test_slips_in_specs_whose_original_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    texts = fixes.originals(longest=250)
    became = Counter(row[3] for row in fixes.tried(texts, fixes.slips(texts, fixes.DEVELOPED, 80, 3)))
    assert not became["wrong"]
    assert became["right"] > 30
    capsys.readouterr()


@pytest.mark.parametrize("name", sorted(FILES)[::25])
def test_each_fix_that_is_offered_leaves_strictly_fewer_mistakes(name: str) -> None:
    assert all(fewer for _, _, fewer in fixes.offered(text_of(name), FILES[name].parent))


def test_json_tells_a_certain_fix_from_a_guess(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "spec.net"
    path.write_text(NAMES.format(defined="gate", used="gtae -> 1 perceptron -> sigmoyd"), encoding="utf-8")
    assert main(["check", "--format", "json", str(path)]) == 1
    name, step = json.loads(capsys.readouterr().out)
    assert [(fix["replacement"], fix["certain"]) for fix in (*name["fixes"], *step["fixes"])] == [
        ("gate", False),
        ("sigmoid", True),
    ]


def test_check_fix_writes_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "broken.net"
    path.write_text(BROKEN, encoding="utf-8")
    assert main(["check", "--fix", str(path)]) == 0
    assert path.read_text(encoding="utf-8") == MENDED
    assert "fixed" in capsys.readouterr().out
    assert main(["check", "--fix", str(path)]) == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["broken.net"]


def test_what_no_machine_can_mend_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "broken.net"
    text = "net first {\n  input  x: 3@8x8\n  output y: 4 filters 9x9 -> reluu\n}\n"
    path.write_text(text, encoding="utf-8")
    assert main(["check", "--fix", str(path), "--format", "json"]) == 1
    assert [item["code"] for item in json.loads(capsys.readouterr().out)] == ["NS301"]
    assert path.read_text(encoding="utf-8") == text.replace("reluu", "relu")


def test_check_without_fix_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "broken.net"
    path.write_text(BROKEN, encoding="utf-8")
    assert main(["check", str(path)]) == 1
    capsys.readouterr()
    assert path.read_text(encoding="utf-8") == BROKEN
