"""`use`: files that name each other, names that meet, and how many files and calls a spec may ask for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from netspec.api import Spec
from netspec.diagnostics.model import Diagnostic
from netspec.elaborate.program import load_program
from netspec.limits import DEFAULT, Limits

BLOCK = "block {0} {{\n  input  x: d\n  output y: {1}\n}}\n"


def check(folder: Path, main: str, limits: Limits = DEFAULT, **others: str) -> list[Diagnostic]:
    for name, text in others.items():
        (folder / f"{name}.net").write_text(text, encoding="utf-8")
    (folder / "main.net").write_text(main, encoding="utf-8")
    return Spec(load_program(folder / "main.net", limits=limits), limits).check()


def net(chain: str) -> str:
    return f"net n {{\n  input  x: 4\n  output y: {chain}\n}}\n"


def said(found: list[Diagnostic]) -> list[tuple[str, str]]:
    return [(item.code, "" if item.span is None else item.span.text) for item in found]


def test_two_lines_may_name_one_file_and_two_files_each_other(tmp_path: Path) -> None:
    a = 'use C from "main.net"\n' + BLOCK.format("A", "C -> relu") + BLOCK.format("B", "d perceptrons")
    main = 'use A from "a.net"\nuse B from "a.net"\n' + net("A -> B") + BLOCK.format("C", "d perceptrons")
    assert said(check(tmp_path, main, a=a)) == []


def test_a_name_is_used_once(tmp_path: Path) -> None:
    a = BLOCK.format("A", "relu") + BLOCK.format("B", "relu")
    found = check(tmp_path, 'use A from "a.net"\nuse B, A from "a.net"\n' + net("A -> B"), a=a)
    assert said(found) == [("NS204", "A")]
    assert found[0].span is not None
    assert found[0].span.line == 2
    assert [label.span.source.name.rpartition("/")[2] for label in found[0].labels] == ["a.net"]


def test_a_used_name_is_none_of_the_file_s_own(tmp_path: Path) -> None:
    found = check(tmp_path, 'use A from "a.net"\n' + net("A") + BLOCK.format("A", "tanh"), a=BLOCK.format("A", "relu"))
    assert said(found) == [("NS204", "A")]


def test_a_block_that_is_not_there(tmp_path: Path) -> None:
    (found,) = check(tmp_path, 'use Blocc from "a.net"\n' + net("Blocc"), a=BLOCK.format("Block", "relu"))
    assert (found.code, [hint.text for hint in found.hints]) == ("NS602", ["nearest", "defined"])
    (found,) = check(tmp_path, 'use Blocc from "a.net"\n' + net("Blocc"), a="netspec 1\ndefault relu ()\n")
    assert (found.code, found.hints) == ("NS602", ())


def test_a_block_in_a_line_that_cannot_be_read_is_not_missed(tmp_path: Path) -> None:
    broken = BLOCK.format("A", "relu").replace("block A", "blok A")
    assert said(check(tmp_path, 'use A from "a.net"\n' + net("A -> relu"), a=broken)) == [("NS116", "blok")]


@pytest.mark.parametrize(("files", "codes"), [(4, []), (3, [("NS605", '"c.net"')])])
def test_so_many_files(tmp_path: Path, files: int, codes: list[tuple[str, str]]) -> None:
    main = "".join(f'use {name.upper()} from "{name}.net"\n' for name in "abc") + net("A -> B -> C")
    texts = {name: BLOCK.format(name.upper(), "relu") for name in "abc"}
    assert said(check(tmp_path, main, replace(DEFAULT, files=files), **texts)) == codes


@pytest.mark.parametrize(("calls", "codes"), [(5, []), (4, [("NS613", "B5")])])
def test_so_many_blocks_inside_blocks(tmp_path: Path, calls: int, codes: list[tuple[str, str]]) -> None:
    blocks = "".join(BLOCK.format(f"B{depth}", f"B{depth + 1}") for depth in range(1, 5)) + BLOCK.format("B5", "relu")
    assert said(check(tmp_path, net("B1") + blocks, replace(DEFAULT, calls=calls))) == codes


def test_of_wrong_blocks_that_nothing_calls_nobody_reads_more_than_some(tmp_path: Path) -> None:
    from netspec.elaborate.unused import MAX_ERRORS

    blocks = "".join(BLOCK.format(f"B{number}", f"wrong{number}") for number in range(MAX_ERRORS + 20))
    assert len(check(tmp_path, net("relu") + blocks)) == MAX_ERRORS


def test_of_a_net_that_is_wrong_throughout_nobody_reads_more_than_some(tmp_path: Path) -> None:
    from netspec.elaborate.builder import MAX_MISTAKES

    lines = "".join(f"  hidden z{number}: x -> wrong{number}\n" for number in range(MAX_MISTAKES + 20))
    found = check(tmp_path, "net n {\n  input  x: 4\n" + lines + "  output y: x -> relu\n}\n")
    assert [item.code for item in found] == ["NS202"] * MAX_MISTAKES + ["NS011"]


def test_too_many_files_are_one_mistake(tmp_path: Path) -> None:
    others = {f"b{number}": BLOCK.format("A", "relu") for number in range(9)}
    uses = "".join(f'use A as A{number} from "b{number}.net"\n' for number in range(9))
    found = check(tmp_path, uses + net("relu"), replace(DEFAULT, files=3), **others)
    assert [item.code for item in found] == ["NS605"]
    assert len(found[0].labels) == 6


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_a_file_with_nothing_in_it_is_placed_in_its_first_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "main.net").write_text(text)
    for found in (load_program(tmp_path / "main.net").report.diagnostics, check(tmp_path, text)):
        assert [(item.code, item.line, item.column) for item in found] == [("NS004", 1, 1)]
