"""The public face: what `import netspec` offers, its one tree of errors, and the examples in its docstrings."""

from __future__ import annotations

import doctest
import inspect
import pickle
import re
from pathlib import Path

import pytest

import netspec
from netspec.diagnostics import errors
from netspec.diagnostics.errors import NetspecError
from netspec.diagnostics.model import Diagnostic
from netspec.figure.backends import WRITERS
from netspec.figure.themes import THEMES
from netspec.figure.views import VIEWS
from netspec.ops.registry import OPERATIONS
from tests.conftest import ROOT

WRONG = "net a {\n  input x: 3\n  output y: 2 perceptrons -> rellu\n}\n"


def test_the_module_prints_the_tree_of_errors_as_it_is() -> None:
    assert errors.__doc__ is not None
    printed = re.findall(r"^    ([│├└─ ]*)(\w+) {2,}", errors.__doc__, re.MULTILINE)
    parents: list[str] = []
    for lines, name in printed:
        depth = len(lines) // 4
        parents[depth:] = [name]
        error = getattr(errors, name)
        assert error.__base__.__name__ == (parents[depth - 1] if depth else "Exception")
        assert getattr(netspec, name) is error
    defined = {name for name, item in vars(errors).items() if inspect.isclass(item) and issubclass(item, NetspecError)}
    assert {name for _, name in printed} == defined


def test_the_root_of_the_tree_catches_a_wrong_spec() -> None:
    with pytest.raises(netspec.NetspecError) as caught:
        netspec.parse(WRONG, name="a.net")
    assert type(caught.value) is netspec.SpecError is netspec.SpecErrors
    assert (caught.value.exit_code, str(caught.value)) == (1, caught.value.text("en"))


def test_a_diagnostic_says_what_where_and_what_helps_in_both_languages() -> None:
    with pytest.raises(netspec.SpecError) as caught:
        netspec.parse(WRONG, name="a.net")
    found = caught.value.diagnostic
    assert (found.code, found.severity, found.file, found.line, found.column) == ("NS202", "error", "a.net", 3, 30)
    assert found.message == "there is no step `rellu`"
    assert str(found).startswith("error[NS202]: there is no step `rellu`\n --> a.net:3:30\n")
    assert found.text("ko").startswith("오류[NS202]: ")
    assert found.help[0] in str(found)
    assert [fix.replacement for fix in found.fixes] == ["relu"]


def test_a_diagnostic_without_a_place_has_no_line() -> None:
    with pytest.raises(netspec.SpecError) as caught:
        netspec.load("there/is/none.net")
    found = caught.value.diagnostic
    assert (found.code, found.file, found.line, found.column) == ("NS001", None, None, None)


def test_errors_survive_pickling() -> None:
    with pytest.raises(netspec.SpecError) as caught:
        netspec.parse(WRONG)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), str(copy)) == (netspec.SpecError, str(caught.value))
    assert isinstance(copy.diagnostic, Diagnostic)


@pytest.mark.parametrize("name", sorted(set(netspec.__all__) - {"__version__"}))
def test_examples_in_docstrings_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    monkeypatch.chdir(tmp_path)
    item = getattr(netspec, name)
    finder = doctest.DocTestFinder(exclude_empty=True)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    with OPERATIONS.temporarily(), THEMES.temporarily(), VIEWS.temporarily(), WRITERS.temporarily():
        for example in finder.find(item, name, globs={"netspec": netspec}):
            runner.run(example)
    assert runner.summarize(verbose=False).failed == 0


@pytest.mark.parametrize("name", sorted(set(netspec.__all__) - {"__version__"}))
def test_everything_on_the_face_is_described(name: str) -> None:
    item = getattr(netspec, name)
    text = inspect.getdoc(item) or ""
    if inspect.isclass(item) and issubclass(item, NetspecError) and item is not NetspecError:
        assert text
        return
    assert "Example:" in text
    if inspect.isfunction(item):
        assert all(f"{head}:" in text for head in ("Parameters", "Returns", "Raises")), name
    else:
        own = [one for one in item.__mro__ if one.__module__.startswith("netspec")]
        members = {key: member for one in own for key, member in vars(one).items() if not key.startswith("_")}
        bare = [key for key, member in members.items() if callable(member) and not inspect.getdoc(member)]
        assert not bare
