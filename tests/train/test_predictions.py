"""What an answer means comes from the loss: every reader of a run agrees with what scikit-learn says of the outputs."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn import metrics as scikit

import netspec
from netspec.cli.main import main
from netspec.config.predictions import Labels, Numbers, OneOfMany, OneOfTwo
from netspec.config.vocabulary import losses, metrics
from netspec.ir.types import Time, Type
from netspec.training.run import Run

TAGS = """net tagger {
  input  x: 4
  hidden h: 16 perceptrons -> tanh
  output y: 3 perceptrons%s
}

data {
  source = csv("tags.csv")
  x = columns("a", "b", "c", "d") -> standardize
  tags = columns("red", "round", "ripe")
  split = [0.6, 0.2, 0.2]
}

train {
  loss = binary_cross_entropy(y, tags)
  metrics = [accuracy(y, tags), f1(y, tags), f1(y, tags, average = micro), precision(y, tags), recall(y, tags)]
  best = f1_micro
  optimizer = adam(lr = 0.02)
  epochs = 15
}
"""


def write_tags(folder: Path) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Rows whose three labels are independent of each other: each row has none, one or several."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(300, 4)).round(4)
    tags = np.stack([x[:, 0] > 0.3, x[:, 1] + x[:, 2] > 0, x[:, 3] > 1.0], axis=1).astype(int)
    lines = [",".join(map(str, [*row, *tag])) for row, tag in zip(x.tolist(), tags.tolist())]
    (folder / "tags.csv").write_text("a,b,c,d,red,round,ripe\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return x, tags


@pytest.fixture(scope="module", params=["", " -> sigmoid"], ids=["sums", "sigmoid"])
def tagger(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of three labels, whose layer holds sums, or ends in sigmoid."""
    folder = tmp_path_factory.mktemp("tags")
    write_tags(folder)
    (folder / "tagger.net").write_text(TAGS % request.param, encoding="utf-8")
    return netspec.train(folder / "tagger.net", out=folder / "run", data_folder=folder, pictures=True)


def outputs(run: Run, rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The probabilities of new rows, worked out here from the module and the learned means."""
    state = {key: value for key, value in run.data["fields"]["x"]["steps"][0].items() if key != "word"}
    x = (rows - np.array(state["mean"])) / np.array(state["std"])
    with torch.inference_mode():
        y = run.module()(torch.from_numpy(x).float())
    found: np.ndarray[Any, Any] = (
        y.numpy()
        if "sigmoid" in (run.folder / "spec" / "tagger.net").read_text(encoding="utf-8")
        else y.sigmoid().numpy()
    )
    return found


def scores(right: Any, answer: Any) -> dict[str, float]:
    """What scikit-learn says of labels (rows, labels)."""
    return {
        "accuracy": 1 - scikit.hamming_loss(right, answer),
        "f1": scikit.f1_score(right, answer, average="macro", zero_division=0),
        "f1_micro": scikit.f1_score(right, answer, average="micro", zero_division=0),
        "precision": scikit.precision_score(right, answer, average="macro", zero_division=0),
        "recall": scikit.recall_score(right, answer, average="macro", zero_division=0),
    }


def said(capsys: pytest.CaptureFixture[str], *args: object) -> str:
    assert main([str(arg) for arg in args]) == 0
    return capsys.readouterr().out


def test_python_answers_every_label(tagger: Run, tmp_path: Path) -> None:
    x, tags = write_tags(tmp_path)
    found = tagger.predict({"x": x})
    wanted = outputs(tagger, x)
    assert found["probability_tags"].shape == (300, 3)
    np.testing.assert_allclose(found["probability_tags"], wanted, atol=1e-5)
    np.testing.assert_array_equal(found["predicted_tags"], (wanted > 0.5).astype(int))
    assert scikit.f1_score(tags, found["predicted_tags"], average="micro") > 0.9
    assert found["predicted_tags"].sum(1).max() > 1  # some rows have several
    assert found["predicted_tags"].sum(1).min() == 0  # and some none


def test_every_reader_agrees_with_scikit_learn(tagger: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x, tags = write_tags(tmp_path)
    given = json.loads(said(capsys, "evaluate", tagger.folder, tmp_path / "tags.csv", "--json"))["given"]
    wanted = scores(tags, outputs(tagger, x) > 0.5)
    assert {name: given[name] for name in wanted} == pytest.approx(wanted, abs=1e-6)
    own = json.loads(said(capsys, "evaluate", tagger.folder, "--data", tagger.folder.parent, "--json"))
    assert own == tagger.scores
    listed = json.loads(said(capsys, "runs", tagger.folder, "--sort", "f1_micro", "--json"))["runs"][0]
    assert listed["scores"] == tagger.score
    best = max(row["validation"]["f1_micro"] for row in tagger.history)
    assert tagger.scores["validation"]["f1_micro"] == pytest.approx(best)
    assert not (tagger.folder / "confusion.svg").exists()  # labels are not confused with each other


def test_the_command_line_answers_every_label(
    tagger: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    x, _ = write_tags(tmp_path)
    text = said(capsys, "predict", tagger.folder, tmp_path / "tags.csv", "--all")
    rows = list(csv.DictReader(io.StringIO(text)))
    wanted = outputs(tagger, x)
    for at, name in enumerate(("red", "round", "ripe")):
        assert [int(row[f"predicted_tags_{name}"]) for row in rows] == (wanted[:, at] > 0.5).astype(int).tolist()
        probability = [float(row[f"probability_tags_{name}"]) for row in rows]
        np.testing.assert_allclose(probability, wanted[:, at], atol=1e-4)
    assert "predicted_tags" not in rows[0]

    stdin = io.TextIOWrapper(io.BytesIO((tmp_path / "tags.csv").read_bytes()))
    monkeypatch.setattr("sys.stdin", stdin)
    piped = list(csv.DictReader(io.StringIO(said(capsys, "predict", tagger.folder, "-"))))
    assert [row["predicted_tags_red"] for row in piped] == [row["predicted_tags_red"] for row in rows]
    assert "probability_tags_red" not in piped[0]

    np.savez(tmp_path / "x.npz", **dict(zip("abcd", x.T)))
    said(capsys, "predict", tagger.folder, tmp_path / "x.npz", "-o", tmp_path / "answers.npz")
    with np.load(tmp_path / "answers.npz") as arrays:
        np.testing.assert_array_equal(arrays["predicted_tags"], (wanted > 0.5).astype(int))
        np.testing.assert_allclose(arrays["probability_tags"], wanted, atol=1e-5)


def test_arrays_without_a_data_section(tmp_path: Path) -> None:
    """`accuracy(y, tags)` asks for labels because the loss does, also where nothing else says what `tags` holds."""
    x, tags = write_tags(tmp_path)
    text = TAGS.partition("data {")[0] % "" + "train {" + TAGS.partition("train {")[2]
    run = netspec.train(
        netspec.parse(text.replace("best = f1_micro\n", "")),
        {"x": x, "tags": tags},
        out=tmp_path / "run",
        pictures=False,
    )
    found = run.predict({"x": x})
    assert run.scores["training"]["f1"] == pytest.approx(
        scikit.f1_score(tags, found["predicted_tags"], average="macro"), abs=1e-6
    )


# ---- one width, four meanings


@pytest.mark.parametrize(
    ("loss", "kind", "shape"),
    [
        ("cross_entropy(y, t)", "classes", (6,)),
        ("binary_cross_entropy(y, t)", "labels", (6, 3)),
        ("squared(y, t)", "numbers", (6, 3)),
    ],
)
def test_the_loss_says_what_three_values_mean(loss: str, kind: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    text = f"net three {{\n  input x: 2\n  output y: 3 perceptrons\n}}\n\ntrain {{\n  loss = {loss}\n  epochs = 1\n}}\n"
    rng = np.random.default_rng(0)
    target = {
        "classes": rng.integers(0, 3, 6),
        "labels": rng.integers(0, 2, (6, 3)),
        "numbers": rng.normal(size=(6, 3)),
    }
    x = rng.normal(size=(6, 2)).astype(np.float32)
    run = netspec.train(netspec.parse(text), {"x": x, "t": target[kind]}, out=tmp_path / "run", pictures=False)
    found = run.predict({"x": x})
    with torch.inference_mode():
        y = run.module()(torch.from_numpy(x))
    assert found["predicted_t"].shape == shape
    if kind == "classes":
        assert found["predicted_t"].tolist() == [str(number) for number in y.argmax(1).tolist()]
        np.testing.assert_allclose(found["probability_t"], y.softmax(1).numpy(), atol=1e-6)
    elif kind == "labels":
        assert found["predicted_t"].tolist() == (y > 0).long().tolist()
        np.testing.assert_allclose(found["probability_t"], y.sigmoid().numpy(), atol=1e-6)
    else:
        np.testing.assert_allclose(found["predicted_t"], y.numpy(), atol=1e-6)
        assert "probability_t" not in found


def test_a_rebuilt_input_is_answered_by_numbers(tmp_path: Path) -> None:
    """`binary_cross_entropy(r, x)` of an autoencoder answers the input again, in its own unit; `kl` answers none."""
    text = """net vae {
  input  x: 6
  hidden mu: 2 perceptrons -> tanh
  hidden v: x -> 2 perceptrons
  output r: mu -> 6 perceptrons
}

data {
  source = csv("x.csv")
  x = columns("a", "b", "c", "d", "e", "f") -> scale(0, 1)
}

train {
  loss = binary_cross_entropy(r, x, reduce = sum) + kl(mu, v, reduce = sum)
  epochs = 2
}
"""
    x = np.random.default_rng(0).uniform(0, 255, (40, 6)).astype(np.float32)
    lines = [",".join(map(str, row)) for row in x.tolist()]
    (tmp_path / "x.csv").write_text("\n".join(["a,b,c,d,e,f", *lines]) + "\n", encoding="utf-8")
    (tmp_path / "vae.net").write_text(text, encoding="utf-8")
    run = netspec.train(tmp_path / "vae.net", out=tmp_path / "run", data_folder=tmp_path, pictures=False)
    found = run.predict({"x": x})
    assert set(found) == {"predicted_x"}
    state = {key: np.array(value) for key, value in run.data["fields"]["x"]["steps"][0].items() if key != "word"}
    low, high = state["low"], state["high"]
    with torch.inference_mode():
        r = run.module()(torch.from_numpy(((x - low) / (high - low)).astype(np.float32))).sigmoid().numpy()
    np.testing.assert_allclose(found["predicted_x"], low + r * (high - low), rtol=1e-4, atol=1e-3)


# ---- the measures themselves

PLACES = {"rows": ((), None), "space": ((2, 2), None), "time": ((), Time(5)), "both": ((2, 2), Time(5))}


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("masked", [False, True])
def test_measures_of_labels_are_scikit_learns(where: str, masked: bool) -> None:
    space, time = PLACES[where]
    layer = Type(4, space, time)
    torch.manual_seed(1)
    sizes = (30, *(() if time is None else (5,)), 4, *space)
    value, target = torch.randn(sizes), torch.rand(sizes).round()
    kind = Labels(layer)
    value.select(kind.axis, 2).fill_(-1.0)  # a label that is never answered
    mask = (torch.rand(sizes[: kind.axis]) > 0.3).float() if masked else None
    flat = [found.movedim(kind.axis, -1).reshape(-1, 4) for found in (target, value > 0)]
    if mask is not None:
        kept = mask.reshape(*mask.shape, *(1,) * len(space)).expand(*mask.shape, *space).flatten().bool()
        flat = [found[kept] for found in flat]
    wanted = scores(flat[0].long().numpy(), flat[1].numpy())
    for name, expected in wanted.items():
        word, _, average = name.partition("_")
        metric = metrics.METRICS[word](layer="y", target="t", **({"average": average} if average else {}))
        found = metrics.MetricState(metric, layer, kind)
        for start in range(0, len(value), 7):
            part = slice(start, start + 7)
            found.add(value[part], target[part], None if mask is None else mask[part])
        assert found.result() == pytest.approx(expected, abs=1e-9), name


@pytest.mark.parametrize("average", ["macro", "micro"])
@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("word", ["precision", "recall", "f1"])
def test_averages_over_classes_are_scikit_learns(word: str, classes: int, average: str) -> None:
    torch.manual_seed(5)
    layer = Type(1 if classes == 2 else classes)
    value, target = torch.randn(40, int(layer.maps)), torch.randint(classes, (40,))  # type: ignore[arg-type]
    found = metrics.MetricState(metrics.METRICS[word](layer="y", target="t", average=average), layer)
    found.add(value, target, None)
    answer = (value[:, 0] > 0).long() if classes == 2 else value.argmax(1)
    score = {"precision": scikit.precision_score, "recall": scikit.recall_score, "f1": scikit.f1_score}[word]
    assert found.result() == pytest.approx(score(target, answer, average=average, zero_division=0))


# ---- what a loss says


def test_predictions_by_loss() -> None:
    def predicted(term: losses.Term, maps: int, *others: losses.Loss) -> Any:
        return losses.prediction_of(term, others, Type(maps))

    bce = losses.BinaryCrossEntropy(layer="y", target="t")
    ce = losses.CrossEntropy(layer="y", target="t")
    assert isinstance(predicted(bce, 3), Labels)
    assert isinstance(predicted(bce, 1), OneOfTwo)
    assert isinstance(predicted(ce, 3), OneOfMany)
    assert isinstance(predicted(losses.Huber(layer="y", target="t"), 3), Numbers)
    assert predicted(losses.Kl(layer="y", target="v"), 3) is None
    assert predicted(losses.Squared(layer="y"), 3) is None
    accuracy = metrics.Accuracy(layer="y", target="t")
    assert isinstance(predicted(accuracy, 3, bce), Labels)
    assert isinstance(predicted(accuracy, 3, ce), OneOfMany)
    assert isinstance(predicted(accuracy, 3, losses.Squared(layer="y", target="t")), OneOfMany)
    other = metrics.Accuracy(layer="p", target="t")  # p = y -> sigmoid: the target tells
    assert isinstance(predicted(other, 3, bce), Labels)
    first = losses.BinaryCrossEntropy(layer="p", target="u")
    assert isinstance(predicted(accuracy, 3, first, ce), OneOfMany)  # nearest by target, whatever stands first


def test_measures_have_names_of_their_own() -> None:
    f1 = metrics.F1(layer="y", target="t")
    micro = metrics.F1(layer="y", target="t", average="micro")
    parity = metrics.F1(layer="parity", target="u")
    assert metrics.measures([f1, micro, parity, f1]) == ("f1", "f1_micro", "f1_parity", "f1_y")
    assert metrics.is_better_larger("f1_micro")
    assert metrics.is_better_larger("r2")
    assert not metrics.is_better_larger("rmse")
    assert not metrics.is_better_larger("loss")


def test_the_best_of_several_labels_is_refused() -> None:
    text = TAGS % "" + "\n"
    with pytest.raises(netspec.SpecErrors) as caught:
        netspec.parse(text.replace("accuracy(y, tags)", "accuracy(y, tags, top = 2)"))
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == ["NS782"]
