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
    tables = own.pop("classes")
    assert own == tagger.scores
    assert tables.keys() <= own.keys()
    for part, table in tables.items():
        means = np.mean([[row["f1"], row["precision"], row["recall"]] for row in table["tags"]], axis=0)
        named = [own[part][name] for name in ("f1", "precision", "recall")]
        np.testing.assert_allclose(means, named, atol=1e-6)
    listed = json.loads(said(capsys, "runs", tagger.folder, "--sort", "f1_micro", "--json"))["runs"][0]
    assert listed["scores"] == tagger.score
    best = max(row["validation"]["f1_micro"] for row in tagger.history)
    assert tagger.scores["validation"]["f1_micro"] == pytest.approx(best)
    assert not (tagger.folder / "confusion.svg").exists()  # labels are not confused with each other


def test_the_command_line_answers_every_label(
    tagger: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    x, tags = write_tags(tmp_path)
    text = said(capsys, "predict", tagger.folder, tmp_path / "tags.csv", "--all")
    rows = list(csv.DictReader(io.StringIO(text)))
    wanted = outputs(tagger, x)
    for at, name in enumerate(("red", "round", "ripe")):
        assert [int(row[f"predicted_tags_{name}"]) for row in rows] == (wanted[:, at] > 0.5).astype(int).tolist()
        probability = [float(row[f"probability_tags_{name}"]) for row in rows]
        np.testing.assert_allclose(probability, wanted[:, at], atol=1e-4)
    assert "predicted_tags" not in rows[0]
    printed = np.array([[int(row[f"predicted_tags_{name}"]) for name in ("red", "round", "ripe")] for row in rows])
    given = json.loads(said(capsys, "evaluate", tagger.folder, tmp_path / "tags.csv", "--json"))["given"]
    wanted_scores = scores(tags, printed)  # scikit-learn reads what `predict` has printed
    assert {name: given[name] for name in wanted_scores} == pytest.approx(wanted_scores, abs=1e-6)

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


# ---- two classes, several, numbers and sequences

KINDS = {
    "two classes, one number": ("2", "1 perceptron", 'label("two")', "binary_cross_entropy", "f1"),
    "two classes, two numbers": ("2", "2 perceptrons", 'label("two")', "cross_entropy", "f1"),
    "five classes": ("2", "5 perceptrons", 'label("five")', "cross_entropy", "accuracy"),
    "numbers": ("2", "1 perceptron", 'column("price") -> standardize', "squared", "mae"),
    "a sequence of classes": ("2 over 4", "5 perceptrons", 'label("five") -> window(4)', "cross_entropy", "accuracy"),
    "a sequence of numbers": ("2 over 4", "1 perceptron", 'column("price") -> window(4)', "squared", "mae"),
}
MEASURES: dict[str, Any] = {
    "f1": lambda right, answer: scikit.f1_score(right, answer, pos_label="yes"),
    "accuracy": scikit.accuracy_score,
    "mae": scikit.mean_absolute_error,
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_answer_is_read_alike(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inputs, layer, target, loss, measure = KINDS[kind]
    rng = np.random.default_rng(5)
    x = rng.normal(size=(120, 2)).round(3)
    five = np.clip(np.floor(2 * x[:, 0] + 2.5), 0, 4).astype(int)
    columns = {
        "two": np.where(x.sum(1) > 0.4, "yes", "no"),
        "five": np.char.add("c", five.astype(str)),
        "price": (300 + 40 * x[:, 0] - 10 * x[:, 1]).round(2),
    }
    lines = [",".join(map(str, row)) for row in zip(*x.T.tolist(), *(each.tolist() for each in columns.values()))]
    (tmp_path / "t.csv").write_text("a,b,two,five,price\n" + "\n".join(lines) + "\n", encoding="utf-8")
    timed = "over" in inputs
    reads = 'columns("a", "b")' + (" -> window(4)" if timed else "")
    better = "" if measure == "mae" else f"  best = {measure}\n"
    (tmp_path / "s.net").write_text(
        f"net n {{\n  input x: {inputs}\n  hidden h: 8 perceptrons -> tanh\n  output y: {layer}\n}}\n"
        f'data {{\n  source = csv("t.csv")\n  x = {reads}\n  t = {target}\n  split = [0.8, 0.2]\n}}\n'
        f"train {{\n  loss = {loss}(y, t)\n  metrics = [{measure}(y, t)]\n{better}"
        "  optimizer = adam(lr = 0.05)\n  epochs = 4\n}\n",
        encoding="utf-8",
    )
    run = netspec.train(tmp_path / "s.net", out=tmp_path / "run", pictures=False)
    rows = x.reshape(-1, 4, 2) if timed else x
    with torch.inference_mode():
        y = run.module()(torch.from_numpy(rows).float()).numpy().astype(float)
    right = columns["five" if "five" in target else "two" if "two" in target else "price"]
    if measure == "mae":
        state = run.data["fields"]["t"]["steps"][0]
        wanted = y[..., 0] * state.get("std", [1.0])[0] + state.get("mean", [0.0])[0]
    else:
        names = np.array(run.data["fields"]["t"]["classes"])
        wanted = names[(y[..., 0] > 0).astype(int) if y.shape[-1] == 1 else y.argmax(-1)]
    found = run.predict({"x": x})["predicted_t"]
    if measure == "mae":
        np.testing.assert_allclose(np.asarray(found, float).reshape(wanted.shape), wanted, rtol=1e-5)
    else:
        np.testing.assert_array_equal(np.asarray(found).reshape(wanted.shape), wanted)
    scored = MEASURES[measure](right, wanted.reshape(-1))
    given = json.loads(said(capsys, "evaluate", run.folder, tmp_path / "t.csv", "--json"))["given"]
    assert given[measure] == pytest.approx(scored, rel=1e-5)
    own = json.loads(said(capsys, "evaluate", run.folder, "--json"))
    own.pop("classes", None)
    assert own == run.scores
    if better:
        assert run.scores["validation"][measure] == max(row["validation"][measure] for row in run.history)
    listed = json.loads(said(capsys, "runs", run.folder, "--json"))["runs"][0]
    assert listed["scores"] == run.score


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


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("kind", ["two", "many", "labels"])
@pytest.mark.parametrize("masked", [False, True])
def test_balanced_accuracy_and_auc_are_scikit_learns(where: str, kind: str, masked: bool) -> None:
    space, time = PLACES[where]
    torch.manual_seed(2)
    layer = Type(1 if kind == "two" else 4, space, time)
    sizes = (30, *(() if time is None else (5,)), int(layer.maps), *space)  # type: ignore[arg-type]
    value = torch.randn(sizes)
    if kind != "many":  # equal scores, too; those of softmax would be equal but for their last bit
        value = value.mul(2).round().div(2)
    predicted = {"two": OneOfTwo, "many": OneOfMany, "labels": Labels}[kind](layer)
    axis = predicted.axis
    inner = sizes[:axis] + sizes[axis + 1 :]
    target = torch.rand(sizes).round() if kind == "labels" else torch.randint(predicted.count, inner)
    mask = (torch.rand(sizes[:axis]) > 0.3).float() if masked else None
    flat = value.movedim(axis, -1).reshape(-1, int(layer.maps))  # type: ignore[arg-type]
    right = target.movedim(axis, -1).reshape(-1, 4) if kind == "labels" else target.flatten()
    if mask is not None:
        kept = mask.reshape(*mask.shape, *(1,) * len(space)).expand(*mask.shape, *space).flatten().bool()
        flat, right = flat[kept], right[kept]
    answers = {
        "two": (flat[:, 0] > 0).long(), "many": flat.argmax(1), "labels": (flat > 0).long(),
    }[kind]  # fmt: skip
    if kind == "labels":
        balanced = np.mean([scikit.balanced_accuracy_score(right[:, at], answers[:, at]) for at in range(4)])
        auc = scikit.roc_auc_score(right, flat.sigmoid(), average="macro")
    else:
        balanced = scikit.balanced_accuracy_score(right, answers)
        chances = flat[:, 0].sigmoid() if kind == "two" else flat.softmax(1)
        auc = scikit.roc_auc_score(right, chances.double(), multi_class="ovr", average="macro")
    for word, wanted in (("balanced_accuracy", balanced), ("auc", auc)):
        found = metrics.MetricState(metrics.METRICS[word](layer="y", target="t"), layer, predicted)
        for start in range(0, len(value), 7):
            part = slice(start, start + 7)
            found.add(value[part], target[part], None if mask is None else mask[part])
        assert found.result() == pytest.approx(wanted, abs=1e-9), word


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("word", ["precision", "recall", "f1"])
def test_the_score_of_one_class_is_scikit_learns(word: str, classes: int) -> None:
    torch.manual_seed(6)
    value, target = torch.randn(60, classes), torch.randint(classes, (60,))
    names = ("ant", "bee", "cow", "dog", "eel")[:classes]
    kind = OneOfMany(Type(classes), names)
    score = {"precision": scikit.precision_score, "recall": scikit.recall_score, "f1": scikit.f1_score}[word]
    for number, name in enumerate(names):
        metric = metrics.METRICS[word](layer="y", target="t", positive=name)
        assert metric.speaks_of(kind) == name  # type: ignore[attr-defined]
        found = metrics.MetricState(metric, Type(classes), kind)
        found.add(value, target, None)
        wanted = score(target == number, value.argmax(1) == number, zero_division=0)
        assert found.result() == pytest.approx(wanted)
    plain = metrics.METRICS[word](layer="y", target="t")
    assert plain.speaks_of(kind) == ("bee" if classes == 2 else "")  # as scikit-learn, of two classes the second
    found = metrics.MetricState(plain, Type(classes), kind)
    found.add(value, target, None)
    wanted = score(target, value.argmax(1), average="binary" if classes == 2 else "macro", zero_division=0)
    assert found.result() == pytest.approx(wanted)


def test_processes_share_the_rows_of_auc() -> None:
    torch.manual_seed(7)
    value, target = torch.randn(50, 3), torch.randint(3, (50,))
    metric = metrics.METRICS["auc"](layer="y", target="t")
    whole, one, other = (metrics.MetricState(metric, Type(3)) for _ in range(3))
    whole.add(value, target, None)
    one.add(value[:20], target[:20], None)
    other.add(value[20:], target[20:], None)
    one.share(lambda sums: sums, lambda rows: torch.cat([rows, *other.rows]))
    assert (
        one.result()
        == whole.result()
        == pytest.approx(scikit.roc_auc_score(target, value.softmax(1).double(), multi_class="ovr"))
    )


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


# ---- runs whose targets have a unit, names, or classes of unlike sizes

RENTS = """net rents {
  input  x: 2
  hidden h: 8 perceptrons -> tanh
  output y: 2 perceptrons
}

data {
  source = csv("rents.csv")
  x = columns("size", "age") -> standardize
  money = columns("rent", "fee") -> standardize
  split = [0.6, 0.2, 0.2]
}

train {
  loss = squared(y, money)
  metrics = [mae(y, money), rmse(y, money), mse(y, money), r2(y, money)]
  best = mae
  optimizer = adam(lr = 0.02)
  epochs = 20
}
"""


def test_numbers_are_measured_in_the_targets_unit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform((20, 0), (200, 60), (200, 2)).round(2)
    money = np.stack([9000 * x[:, 0] - 5000 * x[:, 1] + 1e5, 0.01 * x[:, 0]], axis=1).round(3)
    lines = [",".join(map(str, [*row, *right])) for row, right in zip(x.tolist(), money.tolist())]
    (tmp_path / "rents.csv").write_text("size,age,rent,fee\n" + "\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "rents.net").write_text(RENTS, encoding="utf-8")
    run = netspec.train(tmp_path / "rents.net", out=tmp_path / "run", data_folder=tmp_path, pictures=False)
    answers = run.predict({"x": x})["predicted_money"]
    given = json.loads(said(capsys, "evaluate", run.folder, tmp_path / "rents.csv", "--json"))["given"]
    assert {name: given[name] for name in ("mae", "rmse", "mse", "r2")} == pytest.approx(
        {
            "mae": scikit.mean_absolute_error(money, answers),
            "rmse": np.mean(scikit.mean_squared_error(money, answers, multioutput="raw_values") ** 0.5),
            "mse": scikit.mean_squared_error(money, answers),
            "r2": scikit.r2_score(money, answers),
        },
        rel=1e-4,
    )
    assert given["mae"] > 100  # of rents of a million: the loss alone counts standard deviations
    assert run.scores["validation"]["mae"] == pytest.approx(min(row["validation"]["mae"] for row in run.history))
    listed = json.loads(said(capsys, "runs", run.folder, "--sort", "mae", "--json"))["runs"][0]
    assert listed["scores"] == run.score


def test_the_unit_of_a_sequence_is_undone_map_by_map(tmp_path: Path) -> None:
    """As many steps as maps: a mean along the wrong axis would fit, too."""
    layer = Type(2, (), Time(2))
    mean, std = np.array([10.0, -500.0]), np.array([2.0, 100.0])
    kind = Numbers(layer, inverse=lambda array: array * std + mean)
    value = torch.randn(3, 2, 2)
    torch.testing.assert_close(kind.in_units(value), value.double() * torch.tensor(std) + torch.tensor(mean))
    found = metrics.MetricState(metrics.METRICS["mae"](layer="y", target="t"), layer, kind)
    found.add(value, torch.zeros_like(value), None)
    assert found.result() == pytest.approx(float((value.abs().double() * torch.tensor(std)).mean()))


RARE = """net rare {
  input  x: 2
  output y: %d perceptrons
}

data {
  source = csv("rare.csv")
  x = columns("a", "b") -> standardize
  ill = %s
  split = [0.6, 0.2, 0.2]
}

train {
  loss = %s(y, ill, weight = balanced)
  metrics = [f1(y, ill%s), balanced_accuracy(y, ill), auc(y, ill)]
  optimizer = adam(lr = 0.05)
  epochs = 20
}
"""


@pytest.mark.parametrize(
    ("outputs", "taken", "loss", "positive", "about"),
    [
        (2, 'label("ill")', "cross_entropy", "", "yes"),
        (1, 'label("ill")', "binary_cross_entropy", ', positive = "no"', "no"),
        (1, 'column("flag")', "binary_cross_entropy", "", "1"),
    ],
)
def test_a_rare_class(
    outputs: int, taken: str, loss: str, positive: str, about: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 2)).round(4)
    ill = x[:, 0] + 0.5 * rng.normal(size=400) > 1.8
    lines = [f"{a},{b},{'yes' if sick else 'no'},{int(sick)}" for (a, b), sick in zip(x.tolist(), ill.tolist())]
    (tmp_path / "rare.csv").write_text("a,b,ill,flag\n" + "\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "rare.net").write_text(RARE % (outputs, taken, loss, positive), encoding="utf-8")
    run = netspec.train(tmp_path / "rare.net", out=tmp_path / "run", data_folder=tmp_path, pictures=False)
    found = run.predict({"x": x})
    answers = np.isin(found["predicted_ill"], ("yes", "1", 1))
    chances = found["probability_ill"]
    chances = chances[:, 1] if chances.ndim > 1 else chances
    given = json.loads(said(capsys, "evaluate", run.folder, tmp_path / "rare.csv", "--json"))["given"]
    assert {name: given[name] for name in ("f1", "balanced_accuracy", "auc")} == pytest.approx(
        {
            "f1": scikit.f1_score(ill, answers, pos_label=about != "no"),
            "balanced_accuracy": scikit.balanced_accuracy_score(ill, answers),
            "auc": scikit.roc_auc_score(ill, chances),
        },
        abs=1e-6,
    )
    assert given["balanced_accuracy"] > 0.8  # without the weights the rare class is hardly answered
    counts = run.data["fields"]["ill"]["counts"]
    assert sum(map(sum, counts)) == 240
    text = said(capsys, "evaluate", run.folder, tmp_path / "rare.csv")
    assert f"f1 is about `{about}`" in text
    table = [line.split() for line in text.splitlines() if line.split()[:1] in (["no"], ["yes"], ["0"], ["1"])]
    report = scikit.classification_report(ill, answers, output_dict=True)
    for row, key in zip(table, ("False", "True"), strict=True):
        assert float(row[1]) == report[key]["support"]
        for at, name in enumerate(("precision", "recall", "f1-score"), 3):
            assert float(row[at]) == pytest.approx(report[key][name], abs=1e-4)
    assert [row["class"] for row in run.classes["ill"]] == [row[0] for row in table]


@pytest.mark.parametrize("classes", [2, 4])
def test_balanced_weights_are_scikit_learns(classes: int) -> None:
    from sklearn.utils.class_weight import compute_class_weight

    rng = np.random.default_rng(0)
    target = rng.choice(classes, 200, p=np.arange(1, classes + 1) / np.arange(1, classes + 1).sum())
    counts = np.bincount(target, minlength=classes)
    term = losses.CrossEntropy(layer="y", target="t", weight="balanced").balanced([[int(count)] for count in counts])
    wanted = compute_class_weight("balanced", classes=np.arange(classes), y=target)
    np.testing.assert_allclose(term.weight, wanted)  # type: ignore[arg-type]


def test_balanced_labels_count_as_much_as_their_absence() -> None:
    target = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 1, 0], [0, 1, 0]])
    positive = target.sum(0).long()
    counts = [(4 - positive).tolist(), positive.tolist()]
    term = losses.BinaryCrossEntropy(layer="y", target="t", weight="balanced").balanced(counts)
    value = torch.randn(4, 3)
    mean, _ = losses.loss_function(term, Type(3), Type(3), "cpu")(value, target, None)
    weight = torch.tensor([3.0, 1 / 3, 1.0])  # a label that never occurs keeps its weight
    wanted = torch.nn.functional.binary_cross_entropy_with_logits(value, target, pos_weight=weight)
    torch.testing.assert_close(mean, wanted)


def test_a_class_that_the_data_lack_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rare.csv").write_text("a,b,ill\n1,2,yes\n2,1,no\n3,1,no\n2,2,no\n3,3,yes\n", encoding="utf-8")
    text = RARE % (2, 'label("ill")', "cross_entropy", ', positive = "ja"')
    (tmp_path / "rare.net").write_text(text.replace("  split = [0.6, 0.2, 0.2]\n", ""), encoding="utf-8")
    with pytest.raises(netspec.SpecError) as caught:
        netspec.train(tmp_path / "rare.net", out=tmp_path / "run", data_folder=tmp_path, pictures=False)
    (found,) = caught.value.diagnostics
    assert (found.code, found.line) == ("NS719", 14)
    assert "`no`, `yes`" in found.text()


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
