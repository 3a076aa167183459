"""The cell magic: a right cell binds and draws its net, a wrong one stops the notebook."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import netspec
from netspec.diagnostics.errors import UnforeseenError

RIGHT = "net small(K = 3) {\n  input  x: 4\n  output y: K perceptrons\n}\n"


@pytest.fixture(scope="module")
def shell() -> Iterator[Any]:
    testing = pytest.importorskip("IPython.testing.globalipapp")
    shell = testing.start_ipython() or testing.get_ipython()
    shell.run_line_magic("load_ext", "netspec.notebook")
    yield shell
    shell.reset(new_session=False)


def test_a_right_cell_binds_its_net_and_draws_it(shell: Any) -> None:
    result = shell.run_cell(f"%%netspec net K=5\n{RIGHT}")
    assert result.success
    assert (shell.user_ns["net"].weights, result.result.graph.params) == (25, {"K": 5})
    assert set(result.result._repr_mimebundle_()) == {"image/svg+xml", "text/plain"}


def test_a_wrong_cell_stops_the_notebook_and_keeps_the_message_alone(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run_cell(f"%%netspec net\n{RIGHT}")
    before = shell.user_ns["net"]
    capsys.readouterr()
    result = shell.run_cell(f"%%netspec net\n{RIGHT.replace('perceptrons', 'perceptronz')}")
    assert isinstance(result.error_in_exec, netspec.SpecError)  # `Run all` goes no further
    assert shell.user_ns["net"] is before
    shown = capsys.readouterr().out
    assert "<cell>:3:" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("line", ["net model third", "1net", "net my-model", "class", "net=3", "K=", "--help"])
def test_a_line_that_is_not_understood_stops_the_notebook(shell: Any, line: str) -> None:
    result = shell.run_cell(f"%%netspec {line}\n{RIGHT}")
    assert isinstance(result.error_in_exec, netspec.NetspecError), line


def test_what_nobody_foresaw_is_one_sentence_in_a_notebook(
    shell: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(netspec.Net, "module", lambda net: {}["no such thing"])
    result = shell.run_cell(f"%%netspec net model\n{RIGHT}")
    assert isinstance(result.error_in_exec, UnforeseenError)
    assert isinstance(result.error_in_exec.__cause__, KeyError)
    said = capsys.readouterr().out
    assert "NS923" in said
    assert "Traceback" not in said


def test_a_table_is_shown_as_it_reads() -> None:
    table = netspec.parse(RIGHT).show()
    assert repr(table) == str(table)
    assert "\n" in repr(table)
