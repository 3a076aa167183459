"""Runs that begin with the weights of another run or of a file: what fits, what is new, what is refused."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import netspec
from netspec.cli import main
from netspec.training.loop.progress import Callbacks, Row
from netspec.training.pairing import pair

NET = """
net digits {{
  input  x: 2
  hidden {hidden}: 4 perceptrons{frozen} -> tanh
  output {head}: {K} perceptrons
}}
{data}
train {{
  loss = cross_entropy({head}, kind)
  optimizer = sgd(lr = 0.1)
  epochs = 3
  batch = 8
}}
"""


def net(hidden: str = "h", head: str = "y", K: str = "3", frozen: str = "") -> netspec.Spec:
    return netspec.parse(NET.format(hidden=hidden, head=head, K=K, frozen=frozen, data=""))


def data(classes: int = 3) -> dict[str, Any]:
    numbers = np.random.default_rng(0)
    x = numbers.normal(size=(48, 2)).astype("float32")
    return {"x": x, "kind": (np.abs(x).sum(1) * 2).astype(int) % classes}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("begin") / "first"
    netspec.train(net(), data(), out=folder, pictures=False)
    return folder


def test_a_run_begins_with_the_weights_of_another_and_frozen_ones_stay(first: Path, tmp_path: Path) -> None:
    new = net(head="other", frozen=" (frozen = true)")
    run = netspec.train(new, data(), out=tmp_path / "run", pictures=False, weights=first)
    before, after = load_file(first / "weights.safetensors"), load_file(run.folder / "weights.safetensors")
    assert np.array_equal(before["h.weight"], after["h.weight"])
    assert np.array_equal(before["h.bias"], after["h.bias"])
    assert (run.folder / "begin.map").read_text().split("\n")[2].split() == ["other.weight", "=", "-"]
    assert set(run.predict({"x": data()["x"][:2]})) == {"predicted_kind", "probability_kind"}
    assert run.render().svg()


def test_training_on_starts_where_the_run_ended(first: Path, tmp_path: Path) -> None:
    run = netspec.train(net(), data(), out=tmp_path / "run", pictures=False, weights=first)
    ended, begun = netspec.load_run(first), run.history
    assert begun[0]["training"]["loss"] < ended.history[0]["training"]["loss"]
    assert begun[-1]["training"]["loss"] < ended.history[-1]["training"]["loss"]


class Killed(Exception):
    pass


class Kill(Callbacks):
    def row(self, row: Row) -> None:
        raise Killed


def test_a_killed_run_goes_on_as_if_it_had_not_been(first: Path, tmp_path: Path) -> None:
    more: dict[str, Any] = {"pictures": False, "weights": first}
    whole = netspec.train(net(), data(), out=tmp_path / "whole", **more)
    with pytest.raises(Killed):
        netspec.train(net(), data(), out=tmp_path / "cut", watch=Kill(), **more)
    cut = netspec.resume(tmp_path / "cut", data())  # no checkpoint was written: it begins with the same weights
    ours, theirs = (load_file(run.folder / "weights.safetensors") for run in (whole, cut))
    assert all(np.array_equal(ours[key], theirs[key]) for key in ours)


def test_arrays_belong_together_by_order_where_no_name_is_in_both(first: Path) -> None:
    found = pair(net(hidden="a", head="b").net().graph, first)
    assert found.how == "order"
    assert found.pairs == {"a.weight": "h.weight", "a.bias": "h.bias", "b.weight": "y.weight", "b.bias": "y.bias"}


def test_arrays_of_a_class_of_another_package_are_in_no_order(tmp_path: Path) -> None:
    def outside(name: str) -> netspec.Spec:
        line = f'  hidden {name}: {name}0 -> extern("torch:nn.Linear", in_features = 4, out_features = 4) is 4\n'
        text = NET.format(hidden=f"{name}0", head=f"{name}1", K="3", frozen="", data="")
        return netspec.parse(text.replace("  output", f"{line}  output"))

    run = netspec.train(outside("a"), data(), out=tmp_path / "run", pictures=False)
    with pytest.raises(netspec.UsageError) as error:
        pair(outside("b").net().graph, run.folder)
    assert error.value.diagnostic.code == "NS892"


def test_a_map_pairs_the_arrays_of_a_file(tmp_path: Path) -> None:
    arrays = {
        "fc.0.weight": np.ones((4, 2), "float32"),
        "fc.0.bias": np.zeros(4, "float32"),
        "spare": np.ones(1, "float32"),
    }
    save_file(arrays, tmp_path / "w.safetensors")
    (tmp_path / "map").write_text("# ours = theirs\nh.* = fc.0.*\ny.bias = -\n")
    found = pair(net().net().graph, tmp_path / "w.safetensors", tmp_path / "map")
    assert found.pairs == {"h.weight": "fc.0.weight", "h.bias": "fc.0.bias"}
    assert (found.how, found.new, found.left) == ("map", ("y.weight", "y.bias"), ("spare",))
    (tmp_path / "again").write_text(found.text())
    assert pair(net().net().graph, tmp_path / "w.safetensors", tmp_path / "again").pairs == found.pairs


WRONG = {
    "shape": ("", net(K="5"), "NS891"),
    "none": ("", net("a", "b", K="5"), "NS892"),
    "form": ("h.weight fc", net(), "NS893"),
    "ours": ("g.weight = h.weight", net(), "NS893"),
    "theirs": ("h.weight = g.weight", net(), "NS893"),
    "stars": ("h.* = h.weight", net(), "NS893"),
    "binary": ("\udcff", net(), "NS893"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_loads_nothing(name: str, first: Path, tmp_path: Path) -> None:
    text, spec, code = WRONG[name]
    by = tmp_path / "map" if text else None
    if by is not None:
        by.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(netspec.UsageError) as error:
        netspec.train(spec, data(), out=tmp_path / "run", weights=first, map=by)
    assert error.value.diagnostic.code == code
    assert not (tmp_path / "run").exists()


def test_the_command_says_what_fitted_and_trains_a_run_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = "".join(
        f"{a},{b},{'yes' if a * b > 0 else 'no'}\n" for a, b in itertools.product(range(-3, 4), range(-3, 4))
    )
    (tmp_path / "a.csv").write_text("x1,x2,kind\n" + rows)
    section = '\ndata {\n  source = csv("a.csv")\n  x = columns("x1", "x2")\n  kind = label("kind")\n}\n'
    text = NET.format(hidden="h", head="y", K="2", frozen="", data=section)
    (tmp_path / "a.net").write_text(text)
    assert main(["train", "a.net", "--out", "one", "--no-pictures", "-q"]) == 0
    assert main(["train", "--from", "one", "--epochs", "1", "--out", "two", "--no-pictures"]) == 0
    said = capsys.readouterr().out
    assert "4 of 4 arrays of the net are those of one, by their names" in said
    assert len(netspec.load_run("two").history) == 1
    assert main(["evaluate", "two"]) == 0
    assert main(["train", "a.net", "--map", "m"]) == 2
    assert main(["train", "--resume", "two", "--from", "one"]) == 2
    assert "--from" in capsys.readouterr().err
