"""Two specs that say the same are equal, and what another place changes is seen where it acts."""

from __future__ import annotations

import netspec

BASE = """
default layernorm (eps = 1e-5)

block Layer(n, act = relu) {
  input  x: d
  output y: n perceptrons -> layernorm -> act
}

net n(H = 8) {
  input  x: 4
  hidden a: Layer(H)
  hidden b: 4 perceptrons -> relu
  output y: 2 perceptrons
}
"""


def changed(old: str, new: str) -> list[str]:
    assert old in BASE
    return [str(change) for change in netspec.parse(BASE).net().diff(netspec.parse(BASE.replace(old, new)).net())]


def test_layout_and_names_of_options_are_no_difference() -> None:
    assert (
        changed(
            "  output y: n perceptrons -> layernorm -> act", "  # why\n  output y: n perceptrons\n    ->layernorm->act"
        )
        == []
    )


def test_a_default_is_seen_at_the_steps_that_it_reaches() -> None:
    assert changed("eps = 1e-5", "eps = 1e-3") == ["~ layer a.y: layernorm eps 1e-05 => 0.001"]


def test_a_step_that_is_handed_in_is_seen_inside() -> None:
    assert "~ layer a.y: steps perceptrons -> layernorm -> relu => perceptrons -> layernorm -> tanh" in changed(
        "a: Layer(H)", "a: Layer(H, tanh)"
    )


def test_a_line_that_comes_between_changes_what_the_next_one_reads() -> None:
    found = changed("  hidden b:", "  hidden c: 8 perceptrons -> relu\n  hidden b:")
    assert "~ layer b: reads a => c" in found
