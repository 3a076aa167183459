"""The one registry: what it takes, what it refuses, and when it imports the built-in modules."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from netspec.registry import Registry, register


class Shape:
    """A base for the tests."""

    name = ""
    formula = ""


class Circle(Shape):
    name = "circle"
    formula = "r"


@pytest.fixture
def shapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry[type[Shape]]:
    """A package with two built-in shapes, one module that is only a helper, and a registry over it."""
    package = f"shapes_{tmp_path.name}"
    folder = tmp_path / package
    folder.mkdir()
    base = f"from {__name__} import Shape\nfrom netspec.registry import register\n"
    (folder / "__init__.py").write_text("")
    (folder / "helper.py").write_text("WIDTH = 3\n")
    built_in = base + "@register\nclass {0}(Shape):\n    name = {1!r}\n    formula = 'a'\n"
    (folder / "square.py").write_text(built_in.format("Square", "square"))
    (folder / "others.py").write_text(built_in.format("Kite", "kite"))
    monkeypatch.syspath_prepend(tmp_path)
    return Registry(
        "shape", Shape, package, homes={"kite": "others"}, missing=lambda shape: "" if shape.formula else "no formula"
    )


def imported(registry: Registry[type[Shape]]) -> set[str]:
    package = registry._home
    return {name.removeprefix(package + ".") for name in sys.modules if name.startswith(package + ".")}


def test_a_name_imports_its_own_module_alone(shapes: Registry[type[Shape]]) -> None:
    assert shapes["square"].formula == "a"
    assert imported(shapes) == {"square"}
    assert shapes["kite"].formula == "a"
    assert imported(shapes) == {"square", "others"}


def test_the_names_import_every_module_and_a_helper_is_no_thing(shapes: Registry[type[Shape]]) -> None:
    assert list(shapes) == ["kite", "square"]
    assert imported(shapes) == {"square", "others", "helper"}
    assert "helper" not in shapes
    assert shapes.get("helper") is None
    with pytest.raises(KeyError):
        shapes["helper"]


def test_register_finds_the_registry_by_the_base(shapes: Registry[type[Shape]]) -> None:
    version = shapes.version
    assert register(Circle) is Circle
    assert shapes["circle"] is Circle
    assert len(shapes) == 3
    assert shapes.version > version
    with pytest.raises(TypeError, match=r"Path cannot be registered: it inherits from none of .*Shape"):
        register(Path)


def test_what_is_incomplete_is_refused_in_a_sentence(shapes: Registry[type[Shape]]) -> None:
    class Nameless(Shape):
        formula = "x"

    class Half(Shape):
        name = "half"

    class Kite(Shape):
        name = "kite"
        formula = "another"

    with pytest.raises(ValueError, match=r"Nameless has no name: a shape needs name = "):
        shapes.register(Nameless)
    with pytest.raises(TypeError, match=r"the shape 'half' \(.*Half\) is incomplete: no formula"):
        shapes.register(Half)
    with pytest.raises(ValueError, match=r"a shape named 'kite' exists already: .*others\.Kite"):
        shapes.register(Kite)
    with pytest.raises(TypeError, match="Path is not a shape: it must inherit from Shape"):
        shapes.register(Path)
    assert list(shapes) == ["kite", "square"]


def test_what_is_registered_for_a_while_is_forgotten(shapes: Registry[type[Shape]]) -> None:
    with shapes.temporarily(Circle):
        assert "circle" in shapes
    assert "circle" not in shapes
    assert list(shapes) == ["kite", "square"]


def test_a_cell_that_runs_again_replaces_its_class(shapes: Registry[type[Shape]]) -> None:
    first, again = (
        type("Mine", (Shape,), {"name": "mine", "formula": formula, "__module__": "__main__"}) for formula in "ab"
    )
    shapes.register(first)
    shapes.register(again)
    assert shapes["mine"] is again


def test_instances_are_things_too() -> None:
    class Theme:
        def __init__(self, name: str) -> None:
            self.name = name

    themes: Registry[Theme] = Registry("theme", Theme)
    paper = register(Theme("paper"))
    assert themes["paper"] is paper
    with pytest.raises(ValueError, match="a theme named 'paper' exists already"):
        register(Theme("paper"))
