"""Bits are compared only where one program runs the same calls in the same order twice, or where nothing is computed.

Two programs that mean the same round differently on another processor: a test that asks them for equal bits is
green where it was written and red elsewhere. Such tests state a bound. What may ask for bits stands here, with why.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT

EXACT = {"equal", "array_equal", "assert_array_equal", "assert_equal", "tobytes"}
SAME_PROGRAM = "the same source runs twice"
NOTHING_COMPUTED = "values are drawn or copied, not computed"
ALLOWED = {
    "tests/codegen/test_emitting.py:test_without_an_input_there_is_one_example": "the same call of one module",
    "tests/codegen/test_outside.py:test_a_net_of_other_peoples_classes": SAME_PROGRAM,
    "tests/codegen/test_initial_values.py:test_values_depend_on_the_seed_and_on_each_key": NOTHING_COMPUTED,
    "tests/codegen/test_initial_values.py:test_torchs_default_device_is_left_aside": NOTHING_COMPUTED,
    "tests/codegen/test_initial_values.py:test_no_initial_value_is_drawn_twice": "the state of a generator",
    "tests/codegen/test_locals.py:test_nets_of_such_labels_compute": "sums of whole numbers",
    "tests/ops/audit.py:carry": NOTHING_COMPUTED,
    "tests/ops/test_attention.py:test_buckets_are_those_of_t5": "values that are picked, and 0 added",
    "tests/ops/test_forms.py:test_attention_without_layers_drops_in_training_alone": SAME_PROGRAM,
    "tests/ops/test_training.py:test_chance_has_a_part_in_training_alone": SAME_PROGRAM,
    "tests/ops/test_training.py:test_as_many_are_dropped_as_asked_and_the_rest_is_scaled": "truth values",
    "tests/train/test_begin.py:test_a_run_begins_with_the_weights_of_another_and_frozen_ones_stay": NOTHING_COMPUTED,
    "tests/train/test_begin.py:test_a_killed_run_goes_on_as_if_it_had_not_been": SAME_PROGRAM,
    "tests/train/test_export.py:test_weights_alone_have_the_names_of_the_spec": NOTHING_COMPUTED,
    "tests/proof/test_cells.py:test_the_steps_are_torchs_modules_bit_for_bit": "both call one module of torch",
    "tests/proof/test_emitted.py:test_alone_it_is_the_same_module": SAME_PROGRAM,
    "tests/ops/test_forms.py:test_values_are_torchs": "a buffer that nothing may write to",
    "tests/hostile/test_promise.py:test_names_work_end_to_end": "a run that is cut and resumed, the same calls",
    "tests/train/test_predictions.py:test_the_command_line_answers_every_label": "labels, not numbers",
    "tests/train/test_predictions.py:test_each_kind_of_answer_is_read_alike": "labels, not numbers",
    "tests/train/test_predictions.py:test_python_answers_every_label": "labels, not numbers",
    "tests/codegen/test_pickling.py:test_a_module_is_saved_whole_and_copied": SAME_PROGRAM,
    "tests/train/test_turns.py:test_values_of_a_layer_are_what_the_net_makes_of_chance_or_of_rows": SAME_PROGRAM,
    "tests/proof/test_padded_losses.py:test_a_padded_loss_is_that_of_its_examples": "zeros",
}


def asked(source: str, name: str) -> Iterator[str]:
    """`file:function` of every function that asks two arrays for equal bits; that they differ may be asked anywhere."""
    tree = ast.parse(source)
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        denied = {id(part) for node in ast.walk(function) if _is_not(node) for part in ast.walk(node)}
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and id(node) not in denied:
                compared = node.func.attr != "tobytes"  # bytes are written to files, too: only `==` compares them
                if node.func.attr in EXACT and (compared or _beside_equals(function, node)):
                    yield f"{name}:{function.name}"


def _is_not(node: ast.AST) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def _beside_equals(function: ast.FunctionDef, call: ast.Call) -> bool:
    return any(
        isinstance(node, ast.Compare) and any(isinstance(sign, ast.Eq) for sign in node.ops) and call in ast.walk(node)
        for node in ast.walk(function)
    )


def test_bits_are_compared_only_where_they_must_be_equal() -> None:
    found = set()
    for path in sorted([*(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]):
        if path != Path(__file__):
            found |= set(asked(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()))
    assert found == set(ALLOWED), "state a bound; or add the function here, with the reason why its bits must be equal"


def test_a_test_that_asks_two_programs_for_equal_bits_is_seen() -> None:
    text = "def test_a():\n    assert all(torch.equal(x, y) for x, y in both)\n"
    assert list(asked(text, "t.py")) == ["t.py:test_a"]
    assert list(asked("def test_a():\n    assert x.numpy().tobytes() == y\n", "t.py")) == ["t.py:test_a"]
    assert not list(asked("def test_a():\n    assert not torch.equal(x, y)\n    f.write(x.tobytes())\n", "t.py"))
