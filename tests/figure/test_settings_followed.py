"""A setting that its view does not follow is refused: what each view says it follows is what changes its figure."""

from __future__ import annotations

import pytest

import netspec
from netspec import SpecError, UsageError
from netspec.figure.views import ASKED, VIEWS

NET = "net n {\n  input x: 4\n  hidden z: 3 perceptrons -> tanh\n  output y: 2 perceptrons\n}\n\nfigure {\n%s}\n"


def parsed(*settings: str) -> netspec.Net:
    return netspec.parse(NET % "".join(f"  {setting}\n" for setting in settings)).net()


@pytest.mark.parametrize(
    ("view", "setting"),
    [
        ("neurons", "bias = one"),
        ("neurons", "steps = 4"),
        ("neurons", "table = false"),
        ("neurons", "formula = false"),
        ("neurons", "colors = role"),
        ("neurons", 'x.letter = "A"'),
        ("neurons", "z.at = [1]"),
        ("grid", "bias = none"),
        ("grid", "titles = left"),
        ("planes", "max_units = 3"),
        ("blocks", 'captions = ["a", "b"]'),
        ("blocks", "x.show = [1, 2]"),
        ("equals", "edges = none"),
    ],
)
def test_a_setting_without_effect_is_refused_at_its_place(view: str, setting: str) -> None:
    with pytest.raises(SpecError) as caught:
        parsed(f"view = {view}", setting)
    (found,) = caught.value.diagnostics
    assert found.code == "NS737"
    assert found.span is not None
    assert found.span.text == setting


@pytest.mark.parametrize(
    ("view", "option"),
    [
        ("neurons", {"steps": 4}),
        ("neurons", {"formula": False}),
        ("grid", {"bias": "none"}),
        ("blocks", {"max_units": 3}),
    ],
)
def test_an_option_without_effect_is_refused(view: str, option: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="NS731"):
        parsed().render(view=view, **option)  # type: ignore[arg-type]


def test_a_section_may_be_drawn_in_another_view() -> None:
    assert parsed("view = neurons", "max_units = 2").render(view="blocks").dot()
    assert parsed("view = neurons", "direction = up").render(view="grid").svg()


@pytest.mark.parametrize("view", ["perceptron", "neurons", "equals"])
def test_what_a_view_follows_changes_its_figure(view: str) -> None:
    values = {
        "bias": ("plus", "one", "none"), "captions": ("none" if view == "perceptron" else ["a"],),
        "titles": ("bottom", "none"),
        "edges": ("all", "none"), "colors": ("role",), "max_units": (30,), "direction": ("left",), "formula": (False,),
    }  # fmt: skip
    deep = '  hidden z: 8 perceptrons -> tanh "mid"\n'
    ends = ((deep, 7), ("", 1))
    nets = [
        netspec.parse(f'net n {{\n  input x: 9 "in"\n{hidden}  output y: {count} perceptron\n}}\n').net()
        for hidden, count in ends
    ]
    for name, choices in values.items():
        if name in VIEWS[view].takes:
            pairs = [(net.render(view=view), net.render(view=view, **{name: one})) for net in nets for one in choices]  # type: ignore[arg-type]
            assert any(plain.svg() != changed.svg() for plain, changed in pairs), name
    assert {each.split(" = ")[0] for each in VIEWS[view].takes} <= set(ASKED)
