"""Arrays: windows on numbers are numpy's, sums are einsum's, gradients are slopes."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from netspec.compute.arrays import Array, constants, filled, given, gradients, join, onto, order, place, total
from netspec.compute.evaluate import evaluate, evaluate_numpy

SHAPE = (2, 3, 4)
NUMBERS = np.random.default_rng(0).normal(size=SHAPE)
X = given(SHAPE, "x")
WINDOWS: dict[str, tuple[Callable[[Array], Array], Callable[[Any], Any]]] = {
    "as it is": (lambda x: x, lambda x: x),
    "permute": (lambda x: x.permute(2, 0, 1), lambda x: x.transpose(2, 0, 1)),
    "swap": (lambda x: x.swap(0, -1), lambda x: x.swapaxes(0, 2)),
    "move": (lambda x: x.move(0, -1), lambda x: np.moveaxis(x, 0, -1)),
    "move forward": (lambda x: x.move(2, 0), lambda x: np.moveaxis(x, 2, 0)),
    "a slice": (lambda x: x.pick(2, range(1, 4, 2)), lambda x: x[:, :, 1:4:2]),
    "a flip": (lambda x: x.pick(1, range(2, -1, -1)), lambda x: x[:, ::-1]),
    "a flip of a slice": (lambda x: x.pick(2, range(1, 4)).pick(2, range(2, -1, -1)), lambda x: x[:, :, 3:0:-1]),
    "chosen": (lambda x: x.pick(2, [3, 0, 0, 2]), lambda x: x[:, :, [3, 0, 0, 2]]),
    "chosen of chosen": (lambda x: x.pick(2, [3, 0, 1]).pick(2, [2, 2]), lambda x: x[:, :, [1, 1]]),
    "one index": (lambda x: x.at(1, 2), lambda x: x[:, 2]),
    "a new axis": (lambda x: x.add_axis(1, 2), lambda x: np.repeat(x[:, None], 2, 1)),
    "a last axis": (lambda x: x.add_axis(-1, 3), lambda x: np.repeat(x[..., None], 3, -1)),
    "split": (lambda x: x.split(2, 2, 2), lambda x: x.reshape(2, 3, 2, 2)),
    "split of a flip": (lambda x: x.pick(2, range(3, -1, -1)).split(2, 2, 2),
                        lambda x: x[..., ::-1].reshape(2, 3, 2, 2)),
    "split of chosen": (lambda x: x.pick(2, [3, 0, 1, 1]).split(2, 2, 2),
                        lambda x: x[..., [3, 0, 1, 1]].reshape(2, 3, 2, 2)),
    "windows": (lambda x: x.window(2, 2, 1, 3, 1), lambda x: np.stack([x[..., 0:3], x[..., 1:4]], 2)),
    "windows apart": (lambda x: x.window(2, 2, 1, 2, 2), lambda x: np.stack([x[..., [0, 2]], x[..., [1, 3]]], 2)),
    "reshape": (lambda x: x.swap(0, 2).reshape(4, -1), lambda x: x.swapaxes(0, 2).reshape(4, -1)),
    "broadcast": (lambda x: x.pick(0, range(1)).broadcast((2, 2, 3, 4)),
                  lambda x: np.broadcast_to(x[:1], (2, 2, 3, 4))),
    "pad": (lambda x: x.pad(1, 2, 1, 7.0), lambda x: np.pad(x, [(0, 0), (2, 1), (0, 0)], constant_values=7)),
    "sum": (lambda x: x.sum(0, 2), lambda x: x.sum((0, 2), keepdims=True)),
    "mean": (lambda x: x.mean(-1), lambda x: x.mean(-1, keepdims=True)),
    "largest": (lambda x: x.largest(1), lambda x: x.max(1, keepdims=True)),
    "largest of two axes": (lambda x: x.largest(0, 2), lambda x: x.max((0, 2), keepdims=True)),
    "first largest": (lambda x: x.first_largest(), lambda x: x.max(-1)),
    "join": (lambda x: join(1, x, x.pick(1, range(1))), lambda x: np.concatenate([x, x[:, :1]], 1)),
    "shared axes": (lambda x: x * x.at(0, 1) - x.pick(2, range(1)), lambda x: x * x[1] - x[:, :, :1]),
    "scalars": (lambda x: (2 - x) / 4 + (x > 0), lambda x: (2 - x) / 4 + (x > 0)),
    "products": (lambda x: total("abc,abd->acd", x, x), lambda x: np.einsum("abc,abd->acd", x, x)),
    "a repeated sum": (lambda x: total("ab->b", x.at(2, 0).add_axis(0, 5).at(1, 0)), lambda x: 5 * x[0, :, 0]),
}  # fmt: skip


@pytest.mark.parametrize("name", WINDOWS)
def test_windows_are_numpys(name: str) -> None:
    build, wanted = WINDOWS[name]
    array, right = build(X), wanted(NUMBERS)
    assert array.shape == right.shape
    (plain,) = evaluate([array], {"x": NUMBERS.reshape(-1).tolist()})
    (fast,) = evaluate_numpy([array], {"x": NUMBERS})
    np.testing.assert_allclose(np.reshape(plain, right.shape), right, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(fast, right, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("name", WINDOWS)
def test_gradients_are_slopes(name: str) -> None:
    array = WINDOWS[name][0](X)
    source = random.Random(1)
    slope = constants([source.uniform(-1, 1) for _ in range(math.prod(array.shape))], array.shape)
    (back,) = gradients([(array, slope)], [X])
    numbers = NUMBERS.reshape(-1).tolist()
    (found,), (fast,) = evaluate([back], {"x": numbers}), evaluate_numpy([back], {"x": NUMBERS})
    weighted = (array * slope).reshape(-1).sum(0)

    def value(at: int, step: float) -> float:
        moved = [*numbers]
        moved[at] += step
        return evaluate([weighted], {"x": moved})[0][0]

    wanted = [(value(at, 1e-6) - value(at, -1e-6)) / 2e-6 for at in range(len(numbers))]
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(fast.reshape(-1), found, rtol=1e-12, atol=1e-12)


def test_equal_values_share_a_gradient_or_the_first_has_it() -> None:
    numbers = [1.0, 3.0, 3.0, 2.0]
    x = given((1, 4), "x")
    one = filled(1.0, (1, 1))
    (shared,) = gradients([(x.largest(1), one)], [x])
    (first,) = gradients([(x.first_largest(), filled(1.0, (1,)))], [x])
    assert evaluate([shared, first], {"x": numbers}) == [[0, 0.5, 0.5, 0], [0, 1, 0, 0]]
    assert [each.tolist() for each in evaluate_numpy([shared, first], {"x": numbers})] == [
        [[0, 0.5, 0.5, 0]],
        [[0, 1, 0, 0]],
    ]


def test_no_gradient_passes_a_stop_and_what_is_not_read_has_none() -> None:
    y = given((3,), "y")
    x = given((3,), "z")
    both = gradients([(x * x.stop() + 1, filled(1.0, (3,)))], [x, y])
    assert evaluate(both, {"z": [1.0, 2.0, 3.0], "y": [0.0] * 3}) == [[1, 2, 3], [0, 0, 0]]


def test_sums_that_meet_add_up() -> None:
    x = given((3,), "x")
    numbers = {"x": [1.0, 2.0, 3.0]}
    spread = onto((5,), lambda whole: whole.window(0, 3, 1, 3, 1), "a,b->ab", x, filled(1.0, (3,)))
    placed = place((4,), (x, (0,)), (x, ([3, 1, 1],)))
    assert evaluate([spread, placed], numbers) == [[1, 3, 6, 5, 3], [1, 7, 3, 1]]
    assert [each.tolist() for each in evaluate_numpy([spread, placed], numbers)] == [[1, 3, 6, 5, 3], [1, 7, 3, 1]]


def test_wrong_shapes_are_said() -> None:
    with pytest.raises(AssertionError, match="as"):
        X.reshape(5, 5)
    with pytest.raises(AssertionError, match="b is"):
        total("ab,b->a", given((2, 3), "m"), given((4,), "v"))
    with pytest.raises(AssertionError):
        given((2, 3), "m") + given((2, 4), "n")
    with pytest.raises(KeyError):
        evaluate([X])


def test_what_is_computed_once_is_one_node() -> None:
    shared = X.tanh()
    assert len(order([shared + shared * shared])) == 4
    assert [type(node).__name__ for node in order([X.swap(0, 1).at(0, 0)])] == ["Given"]
