"""A setting that its view does not follow is refused: what each view says it follows is what changes its figure."""

from __future__ import annotations

from itertools import combinations

import pytest

import netspec
from netspec import SpecError, UsageError
from netspec.figure.blocks.boxes import plan_of
from netspec.figure.settings import FigureSettings
from netspec.figure.views import ASKED, VIEWS, Drawing

NET = "net n {\n  input x: 4\n  hidden z: 3 perceptrons -> tanh\n  output y: 2 perceptrons\n}\n\nfigure {\n%s}\n"


def parsed(*settings: str) -> netspec.Net:
    return netspec.parse(NET % "".join(f"  {setting}\n" for setting in settings)).net()


@pytest.mark.parametrize(
    ("view", "setting"),
    [
        ("neurons", "bias = x0"),
        ("neurons", "steps = 4"),
        ("neurons", "table = true"),
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


TOGETHER = {"columns": 2, "depth": 2, "details": True, "unfold": True, "only": "r2"}
RESIDUAL = """
block Basic(c) {
  input  a: c@h x w
  hidden b: c filters 3x3 (pad = same) -> batchnorm -> relu
  output y: a + b
}
net deep {
  input  image: 3@32x32
  hidden stem: 8 filters 3x3
  hidden r1: repeat 3 { Basic(8) }
  hidden r2: 16 filters 3x3 -> Basic(16) -> repeat 2 { Basic(16) }
  output y: mean(space) -> 10 perceptrons
}
"""


@pytest.mark.parametrize(("one", "other"), list(combinations(TOGETHER, 2)))
def test_two_settings_of_blocks_both_work_or_a_code_says_which_does_not(one: str, other: str) -> None:
    net = netspec.parse(RESIDUAL).net()

    def told(*names: str) -> tuple[str, list[str]]:
        picture = net.render(view="blocks", **{name: TOGETHER[name] for name in names})  # type: ignore[arg-type]
        return picture.dot(), [warning.code for warning in picture.warnings]

    both, codes = told(one, other)
    for name, left in ((one, other), (other, one)):
        assert both != told(left)[0] or codes or told()[0] == told(name)[0], name


def test_each_round_is_a_box_and_what_changes_nothing_is_said() -> None:
    net = netspec.parse(RESIDUAL).net()
    assert sum("Basic" in str(box.rows) for box in net.render(unfold=True).plan.boxes) == 6  # type: ignore[union-attr]
    plain = parsed()
    assert [warning.code for warning in plain.render(unfold=True, details=True).warnings] == ["NS749", "NS749"]
    assert not plain.render(depth=1).warnings
    with pytest.raises(UsageError, match="`depth` asks for the view `blocks`"):
        plain.render(depth=1, max_units=3)


def test_a_section_names_a_block_or_a_round_to_draw() -> None:
    for name in ("Basic", "r1.2", "r2"):
        net = netspec.parse(RESIDUAL + f"figure {{\n  only = {name}\n}}\n").net()
        assert 0 < len(net.render().plan.boxes) < 10  # type: ignore[union-attr]


def test_a_note_names_the_blocks_that_have_no_room_beside_the_net() -> None:
    blocks = "".join(
        f"block B{k} {{\n  input  a: 4\n  hidden b: 4 perceptrons -> relu\n  hidden c: 4 perceptrons -> tanh\n"
        "  output y: a + c\n}\n"
        for k in range(1, 9)
    )
    lines = "".join(f"  hidden h{k}: B{k} -> layernorm -> B{k} -> layernorm\n" for k in range(1, 9))
    net = netspec.parse(f"{blocks}net many {{\n  input  x: 4\n{lines}  output y: 2 perceptrons\n}}\n").net()
    (note,) = [text.plain for text in net.render().scene.texts if "fold" in text.classes]
    assert note == "not opened here: B7, B8"
    assert "not opened here: B7, B8" in net.render().dot()
    (note,) = [text.plain for text in net.render(details=False).scene.texts if "fold" in text.classes]
    assert note == "not opened here: " + ", ".join(f"B{k}" for k in range(1, 9))
    drawing = Drawing(net.graph, FigureSettings(view="blocks"))
    ways = [ways[-1] for ways in VIEWS["blocks"]()._folds(drawing)]  # type: ignore[attr-defined]
    plans = {way.fit.less: plan_of(net.graph, way) for way in ways}
    assert all(plan.boxes for plan in plans.values())
    assert plans[frozenset(range(6))].left_out == tuple(f"B{k}" for k in range(1, 9))
