"""What a run has learned, as points: every example on the side where the net puts it, and straight lines between."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

import netspec
from netspec.diagnostics.errors import NetspecError
from netspec.figure.scene import Node, Wire
from netspec.figure.settings import FigureSettings
from netspec.figure.trained import features as view
from netspec.figure.trained.contours import contours
from netspec.training.run import Run

MOONS = """netspec 1
net moons(H = 6) "two moons" {
  input  x: 2
  hidden a: 16 perceptrons -> tanh
  hidden b: H perceptrons -> tanh
  output y: 2 perceptrons
}
data {
  source = synthetic("two_moons", rows = 160, noise = 0.15)
  x = columns("x1", "x2") -> standardize
  moon = label
  split = [0.75, 0, 0.25]
}
train {
  loss = cross_entropy(y, moon)
  optimizer = adamw(lr = 0.03)
  epochs = 12
  batch = 32
}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("features") / "run"
    return netspec.train(netspec.parse(MOONS), out=out, pictures=False, device="cpu", threads=1)


def test_every_example_stands_on_the_side_where_the_net_puts_it(run: Run) -> None:
    found = run.features()
    scene = run.render(view="features").scene
    assert found.inputs is not None
    with torch.inference_mode():
        sums = run.module()(torch.from_numpy(found.inputs).float())
    line = scene.find("features.boundary.1")
    assert isinstance(line, Wire)
    assert abs(line.points[0].x - line.points[-1].x) < 1e-6  # of two classes: seen across the boundary
    for number, row in enumerate(sums.tolist(), 1):
        node = scene.find(f"features.{number}")
        assert isinstance(node, Node)
        if abs(row[1] - row[0]) > 1e-3:
            assert (node.x > line.points[0].x) == (row[1] > row[0])
    assert len(sums) == 40


def test_the_boundary_in_the_plane_of_the_inputs_is_where_the_net_changes_its_mind(run: Run) -> None:
    found = run.features()
    assert found.grid is not None
    xs, ys, sums = found.grid
    places = [place for line in contours(xs, ys, sums[1] - sums[0]) for place in line]
    with torch.inference_mode():
        values = run.module()(torch.tensor(places))
    apart = (values[:, 1] - values[:, 0]).abs().max().item()
    assert len(places) > 50
    assert apart < 0.05 * float(np.abs(sums[1] - sums[0]).max())


def test_what_is_missing_is_said(run: Run, tmp_path: Path) -> None:
    net = run.net
    for given in (None, run.folder / "weights.safetensors", run.weights()):
        with pytest.raises(NetspecError) as wrong:
            net.render(view="features", weights=given)
        assert wrong.value.diagnostic.code == "NS732"


def test_a_net_that_predicts_numbers_has_no_such_boundary(tmp_path: Path) -> None:
    text = MOONS.replace("moon = label", "moon = label -> onehot").replace("cross_entropy", "squared")
    run = netspec.train(netspec.parse(text), out=tmp_path / "run", pictures=False, epochs=1, device="cpu", threads=1)
    with pytest.raises(NetspecError) as wrong:
        run.features()
    assert wrong.value.diagnostic.code == "NS733"


def test_straight_pieces_lie_where_two_classes_are_equal_and_none_is_larger() -> None:
    draw = np.random.default_rng(0)
    low, high = np.array([-2.0, -2.0]), np.array([2.0, 2.0])
    pieces = 0
    for count in (2, 3, 5, 9):
        slopes, starts = draw.normal(size=(count, 2)), draw.normal(size=count)
        for piece in view._straight(slopes, starts, low, high):
            pieces += 1
            for x, y in [*piece, tuple(np.mean(piece, axis=0))]:
                values = np.sort(slopes @ np.array([x, y]) + starts)
                assert values[-1] - values[-2] < 1e-9
                assert -2 - 1e-9 <= x <= 2 + 1e-9
                assert -2 - 1e-9 <= y <= 2 + 1e-9
    assert pieces > 8


def test_a_circle_is_one_closed_line() -> None:
    xs = np.linspace(-2, 2, 41)
    grid = xs[None] ** 2 + xs[:, None] ** 2 - 1.7
    (ring,) = contours(xs, xs, grid)
    assert ring[0] == ring[-1]
    assert max(abs(math.hypot(x, y) - math.sqrt(1.7)) for x, y in ring) < 0.01


def test_ten_classes_are_named_where_their_points_are() -> None:
    draw = np.random.default_rng(1)
    centres = draw.normal(size=(10, 8)) * 6
    classes = np.arange(200) % 10
    values = centres[classes] + draw.normal(size=(200, 8)) * 0.3
    found = view.Features("z", values, classes, tuple("abcdefghij"), centres, -(centres**2).sum(1) / 2)
    scene = view.features_scene(found, FigureSettings())
    badges = [node for node in scene.nodes if "class" in node.classes]
    assert [scene.find(f"{badge.id}.label").plain for badge in badges] == list("abcdefghij")  # type: ignore[union-attr]
    points = [node for node in scene.nodes if "example" in node.classes]
    for badge in badges:
        own = [node for node in points if node.tip == scene.find(f"{badge.id}.label").plain]  # type: ignore[union-attr]
        assert badge.x == pytest.approx(np.mean([node.x for node in own]))
        assert badge.y == pytest.approx(np.mean([node.y for node in own]))
