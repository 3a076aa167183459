"""Each data source: what it reads, and the parts and fields that come out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netspec
from netspec.diagnostics.errors import NetspecError
from netspec.documents import Request
from netspec.training.data.random_streams import split
from netspec.training.plan import Plan, make_plan
from tests.data.writing import idx_pair, picture, spec


def plan_of(text: str, folder: Path, allow: tuple[str, ...] = (), data: Path | None = None) -> Plan:
    path = folder / "first.net"
    path.write_text(text, encoding="utf-8")
    request = Request(folder=str(folder), pictures=False, data=None if data is None else str(data))
    return make_plan(netspec.load(path), request, allow=allow)


def array(plan: Plan, name: str) -> np.ndarray[Any, Any]:
    return plan.dataset.fields[name].values.array


@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_bring_pictures_classes_and_a_test_part(tmp_path: Path, packed: bool) -> None:
    idx_pair(tmp_path, "train", 6, packed)
    idx_pair(tmp_path, "t10k", 3, packed)
    plan = plan_of(
        spec('idx("train", test = "t10k")', ["x = image(4x4)", "label = label"], "1@4x4", classes=3), tmp_path
    )
    assert {name: len(rows) for name, rows in plan.dataset.parts.items()} == {"training": 6, "test": 3}
    assert array(plan, "x")[1].ravel().tolist() == list(range(16, 32))
    assert array(plan, "label").tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 2]
    assert plan.dataset.fields["label"].values.classes == ("0", "1", "2")


def test_a_folder_of_pictures_is_sorted_by_class_and_name(tmp_path: Path) -> None:
    for name, value in (("dog/b.png", 3), ("cat/z.png", 1), ("dog/a.png", 2), ("cat/deep/y.png", 9)):
        picture(tmp_path / "pets" / name, value=value)
    plan = plan_of(spec('folder("pets")', ["x = image", "label = label"], "1@4x6"), tmp_path)
    assert array(plan, "x")[:, 0, 0, 0].tolist() == [9, 1, 2, 3]
    assert array(plan, "label").tolist() == [0, 0, 1, 1]
    turned = spec('folder("pets", classes = ["dog", "cat"])', ["x = image", "label = label"], "1@4x6")
    assert array(plan_of(turned, tmp_path), "label").tolist() == [0, 0, 1, 1]
    assert plan_of(turned, tmp_path).dataset.fields["label"].values.classes == ("dog", "cat")


@pytest.mark.parametrize(
    ("mode", "maps", "seen"),
    [("L", 1, 7), ("RGB", 3, 7), ("RGBA", 3, 255 - 7 + 0), ("I;16", 1, 7), ("L", 3, 7), ("RGB", 1, 7)],
)
def test_pictures_become_grey_or_colour_as_asked(tmp_path: Path, mode: str, maps: int, seen: int) -> None:
    for kind in ("a", "b"):
        picture(tmp_path / "set" / kind / "1.png", mode=mode)
    plan = plan_of(spec('folder("set")', [f"x = image(maps = {maps})", "label = label"], f"{maps}@4x6"), tmp_path)
    values = array(plan, "x")
    assert values.shape == (2, maps, 4, 6)
    if mode != "RGBA":
        assert (values == seen).all()
    else:
        assert (values > 240).all()  # almost transparent: the white behind it shows


def test_pictures_of_all_sizes_are_brought_to_one_by_resize(tmp_path: Path) -> None:
    picture(tmp_path / "set" / "a" / "1.png", (4, 6))
    picture(tmp_path / "set" / "b" / "1.png", (40, 10))
    plan = plan_of(spec('folder("set")', ["x = image -> resize(8x8)", "label = label"], "1@8x8"), tmp_path)
    assert array(plan, "x").shape == (2, 1, 8, 8)
    assert (array(plan, "x") == 7).all()


def test_a_text_is_cut_into_stretches_that_do_not_reach_into_the_next_part(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("abcdefghij" * 4, encoding="utf-8")
    text = """net first(V = 10, T = 5) {
  input  c: one of V over T
  hidden e: onehot
  output y: V perceptrons
}

data {
  source = text("t.txt")
  c = chars -> window(T)
  next = chars -> window(T, ahead = 1)
  split = [0.5, 0.5]
}

train {
  loss = cross_entropy(y, next)
  epochs = 1
}
"""
    plan = plan_of(text, tmp_path)
    assert plan.dataset.parts["training"].tolist() == [0, 5, 10]
    assert plan.dataset.parts["validation"].tolist() == [20, 25, 30]
    import torch

    from netspec.training.data.batches import Part

    part = Part(plan.dataset, "validation", "cpu", torch.float32)
    batch = part.take(torch.tensor([1]))
    assert batch["c"].tolist() == [[5, 6, 7, 8, 9]]
    assert batch["next"].tolist() == [[6, 7, 8, 9, 0]]


@pytest.mark.parametrize("name", ["xor", "two_moons", "circles", "spirals", "blobs"])
def test_generated_points_are_the_same_for_the_same_seed_and_balanced(tmp_path: Path, name: str) -> None:
    def made(options: str) -> Plan:
        classes = 3 if name == "blobs" else 2
        fields = ['x = columns("x1", "x2")', "label = label"]
        return plan_of(spec(f'synthetic("{name}", rows = 120{options})', fields, "2", classes=classes), tmp_path)

    first, again, other = made(""), made(""), made(", seed = 1")
    assert (array(first, "x") == array(again, "x")).all()
    assert not (array(first, "x") == array(other, "x")).all()
    assert len(set(np.bincount(array(first, "label")))) == 1


def test_neither_green_nor_brown_alone_tells_trees_apart(tmp_path: Path) -> None:
    source = 'synthetic("trees", rows = 200, noise = 0)'
    plan = plan_of(spec(source, ["x = image", "label = label"], "3@100x150"), tmp_path)
    pictures, labels = array(plan, "x").astype(int), array(plan, "label")
    assert pictures.shape == (200, 3, 100, 150)
    green = (pictures[:, 1] > 1.5 * pictures[:, 0]).mean(axis=(1, 2))
    brown = (pictures[:, 0] > 1.3 * pictures[:, 1]).mean(axis=(1, 2))
    for share in (green, brown):
        best = max(((share > at) == labels).mean() for at in np.linspace(share.min(), share.max(), 50))
        assert best < 0.75


def test_a_function_is_called_only_when_its_module_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "my_points.py"
    module.write_text(
        "import numpy as np\n\ndef load():\n    return {'x': np.eye(4), 'label': np.array(['b', 'a', 'a', 'b'])}\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    text = spec('python("my_points:load")', ['x = column("x")', 'label = label("label")'], "4")
    with pytest.raises(NetspecError) as refused:
        plan_of(text, tmp_path)
    assert refused.value.diagnostic.code == "NS837"
    import sys

    assert "my_points" not in sys.modules
    plan = plan_of(text, tmp_path, allow=("my_points",))
    assert array(plan, "label").tolist() == [1, 0, 0, 1]
    assert plan.dataset.fields["label"].values.classes == ("a", "b")


def test_statistics_come_from_the_training_part_alone(tmp_path: Path) -> None:
    rows = [f"{value},{value % 2}" for value in range(100)]
    (tmp_path / "t.csv").write_text("a,k\n" + "\n".join(rows) + "\n", encoding="utf-8")
    text = spec('csv("t.csv")', ['x = columns("a") -> standardize', 'label = label("k")'], "1", split="[0.5, 0, 0.5]")
    plan = plan_of(text, tmp_path)
    chosen = plan.dataset.parts["training"].astype(float)
    state = plan.dataset.fields["x"].learned[0][1]
    assert state["mean"] == [pytest.approx(chosen.mean())]
    assert state["std"] == [pytest.approx(chosen.std())]
    assert array(plan, "x")[plan.dataset.parts["training"]].mean() == pytest.approx(0, abs=1e-6)


def test_the_parts_depend_on_the_seed_alone(tmp_path: Path) -> None:
    fields = ['x = columns("x1", "x2")', "label = label"]
    text = spec('synthetic("xor", rows = 100)', fields, "2", split="[0.6, 0.2, 0.2]")
    first, again = plan_of(text, tmp_path), plan_of(text, tmp_path)
    other = plan_of(text.replace("epochs = 1", "epochs = 1\n  seed = 5"), tmp_path)
    for name, size in (("training", 60), ("validation", 20), ("test", 20)):
        assert len(first.dataset.parts[name]) == size
        assert (first.dataset.parts[name] == again.dataset.parts[name]).all()
    assert set(first.dataset.parts["test"]) != set(other.dataset.parts["test"])
    everything = np.concatenate(list(first.dataset.parts.values()))
    assert sorted(everything.tolist()) == list(range(100))


def test_the_data_folder_replaces_the_specs_own(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "t.csv").write_text("a,k\n1,0\n2,1\n", encoding="utf-8")
    text = spec('csv("t.csv")', ['x = columns("a")', 'label = label("k")'], "1")
    with pytest.raises(NetspecError) as refused:
        plan_of(text, tmp_path / "here")
    assert refused.value.diagnostic.code == "NS800"
    assert len(array(plan_of(text, tmp_path / "here", data=tmp_path / "there"), "x")) == 2


# ---- split


def rare(folder: Path) -> None:
    """A table of 100 rows, 10 of them of the class `yes`."""
    rows = [f"{number},{'yes' if number % 10 == 3 else 'no'},{int(number % 10 == 3)}" for number in range(100)]
    (folder / "rare.csv").write_text("a,label,number\n" + "\n".join(rows) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("field", "loss", "outputs"),
    [
        ('label = label("label")', "cross_entropy(y, label)", 2),
        ('label = label("label")', "binary_cross_entropy(y, label)", 1),
        ('label = column("number")', "binary_cross_entropy(y, label)", 1),
        ('label = column("number")', "cross_entropy(y, label)", 2),
    ],
)
def test_every_part_has_its_share_of_each_class(tmp_path: Path, field: str, loss: str, outputs: int) -> None:
    rare(tmp_path)
    text = spec('csv("rare.csv")', ['x = columns("a") -> standardize', field], "1", loss=loss, split="[0.6, 0.2, 0.2]")
    text = text.replace("output y: K perceptrons", f"output y: {outputs} perceptrons").replace("(K = 2)", "")
    for seed in range(5):
        plan = plan_of(text.replace("epochs = 1", f"epochs = 1\n  seed = {seed}"), tmp_path)
        found = {name: array(plan, "label")[rows] for name, rows in plan.dataset.parts.items()}
        assert {name: (len(rows), int(rows.sum())) for name, rows in found.items()} == {
            "training": (60, 6), "validation": (20, 2), "test": (20, 2)
        }  # fmt: skip
        assert plan.dataset.document().stratified == "label"


def test_numbers_and_windows_are_not_stratified(tmp_path: Path) -> None:
    rare(tmp_path)
    fields = ['x = columns("a") -> standardize', 'label = column("number")']
    text = spec('csv("rare.csv")', fields, "1", loss="squared(y, label)", split="[0.6, 0.4]", classes=1)
    assert plan_of(text, tmp_path).dataset.stratified is None
    fields = ['x = columns("a") -> window(4)', 'label = label("label") -> window(4)']
    text = spec('csv("rare.csv")', fields, "1 over 4", split="[0.6, 0.4]")
    plan = plan_of(text, tmp_path)
    assert plan.dataset.stratified is None
    assert plan.dataset.parts["training"].max() < 60


def test_classes_of_unlike_sizes_are_divided_alike() -> None:
    classes = np.repeat([0, 1, 2, 3], [500, 41, 7, 1])
    for seed in range(10):
        parts = split(seed, len(classes), (0.6, 0.2, 0.2), classes=classes)
        assert [len(part) for part in parts] == [len(part) for part in split(seed, len(classes), (0.6, 0.2, 0.2))]
        assert sorted(np.concatenate(parts)) == list(range(len(classes)))
        counts = np.array([np.bincount(classes[part], minlength=4) for part in parts])
        wanted = np.outer((0.6, 0.2, 0.2), np.bincount(classes))
        assert np.abs(counts - wanted).max() <= 1.0
    one, other = (split(seed, len(classes), (0.5, 0.5), classes=classes)[0] for seed in (0, 1))
    assert one.tolist() != other.tolist()  # the rows are drawn, too
