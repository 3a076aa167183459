"""`python -m docs.measured`: the numbers and pictures of the page 'Measured' -> measured.json, pictures/measured-*.svg.

Everything is trained here by netspec on scikit-learn's 1,797 digits of 8 x 8 pixels; the last 360 of a fixed
shuffle are never trained on. Takes a few minutes on one core. The pictures hold no words, so both languages use them.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from docs.fences import DOCS

SEEDS = (0, 1, 2)
DEPTHS = tuple(range(9))
COUNTS = (10, 20, 50, 100, 200, 500, 1000, 1437)
SECTIONS = """
data {
  source = sklearn("digits")
  image = image
  label = label
}

train {
  loss = cross_entropy(digit, label)
  optimizer = adam(lr = 3e-3)
  epochs = 30
  batch = 32
}
"""
NETS = {
    "linear": "net linear {\n  input  image: 1@8x8\n  output digit: 10 perceptrons\n}\n",
    "mlp": "net mlp {\n  input  image: 1@8x8\n  hidden z: 64 perceptrons -> relu\n  output digit: 10 perceptrons\n}\n",
    "cnn": "net cnn {\n  input  image: 1@8x8\n  hidden C1: 16 filters 3x3 (pad = 1) -> relu -> maxpool(2x2)\n"
    "  hidden C2: 32 filters 3x3 (pad = 1) -> relu -> maxpool(2x2)\n  output digit: 10 perceptrons\n}\n",
}
DEEP = """net deep(n = 3, H = 16) {{
  input  image: 1@8x8
  hidden z: repeat n {{ H perceptrons -> {act} }}
  output digit: 10 perceptrons
}}
"""
FEATURES = """net features {
  input  image: 1@8x8
  hidden a: 64 perceptrons -> relu
  hidden z: 2 perceptrons -> identity
  output digit: 10 perceptrons
  output seen: z -> identity
}
"""


@lru_cache(maxsize=1)
def digits() -> tuple[Any, Any, Any, Any]:
    """Images and labels to train on, and those held out; in one fixed shuffle."""
    import numpy as np
    from sklearn.datasets import load_digits

    found = load_digits()
    order = np.random.default_rng(0).permutation(len(found.target))
    images = (found.images[order, None] / 16).astype("float32")
    labels = found.target[order]
    return images[:-360], labels[:-360], images[-360:], labels[-360:]


def trained(text: str, seed: int, count: int | None = None, epochs: int = 30, **sizes: int) -> Any:
    """A net trained by netspec on the first `count` examples, as a module."""
    import netspec

    images, labels, _, _ = digits()
    data = {"image": images[:count], "label": labels[:count]}
    epochs = max(epochs, 30 * 200 // (count or 200))  # few examples: not few steps
    with tempfile.TemporaryDirectory() as folder:
        run = netspec.train(
            netspec.parse(text + SECTIONS).net(**sizes), data, out=Path(folder) / "run", seed=seed, epochs=epochs,
            threads=1, device="cpu", pictures=False,
        )  # fmt: skip
        return run.module()


def accuracy(module: Any) -> float:
    """The share of held-out digits that a module gets right."""
    import torch

    _, _, images, labels = digits()
    with torch.no_grad():
        right = module(torch.from_numpy(images)).argmax(1) == torch.from_numpy(labels)
    return float(right.float().mean())


def summary(values: list[float]) -> dict[str, float]:
    return {"mean": statistics.mean(values), "least": min(values), "most": max(values)}


def depth() -> dict[str, Any]:
    """Accuracy against the number of hidden layers, for two activation functions."""
    found: dict[str, Any] = {}
    for act in ("sigmoid", "relu"):
        rows = []
        for layers in DEPTHS:
            text = DEEP.format(act=act) if layers else NETS["linear"]
            sizes = {"n": layers} if layers else {}
            rows.append(summary([accuracy(trained(text, seed, **sizes)) for seed in SEEDS]))
        found[act] = rows
    return {"layers": list(DEPTHS), **found}


def hunger() -> dict[str, Any]:
    """Accuracy against the number of training examples."""
    found: dict[str, Any] = {"examples": list(COUNTS)}
    for name, text in NETS.items():
        found[name] = [summary([accuracy(trained(text, seed, count)) for seed in SEEDS]) for count in COUNTS]
    return found


def features() -> dict[str, Any]:
    """The two values of the last hidden layer for the held-out digits, before and after training."""
    import torch

    import netspec

    _, _, images, labels = digits()
    given = torch.from_numpy(images)
    before = netspec.parse(FEATURES).net().module(seed=0)
    after = trained(FEATURES, 0, epochs=150)
    with torch.no_grad():
        points = [[[round(float(v), 3) for v in row] for row in module(given)[1]] for module in (before, after)]
        right = float((after(given)[0].argmax(1).numpy() == labels).mean())
    return {"before": points[0], "after": points[1], "labels": labels.tolist(), "accuracy": right}


def cost() -> dict[str, Any]:
    """Weights between two grids of n x n, fully connected and with one filter of 3 x 3."""
    import netspec

    full = netspec.parse("net full(n) {\n  input  x: n x n\n  output z: n x n perceptrons\n}\n")
    one = netspec.parse("net single(n) {\n  input  x: n x n\n  output z: 1 filter 3x3 (pad = same)\n}\n")
    sizes = (4, 8, 16, 32, 64, 128, 256)
    return {
        "n": list(sizes),
        "perceptrons": [int(full.net(n=n).weights) for n in sizes],
        "filter": [int(one.net(n=n).weights) for n in sizes],
    }


MEASURES = {"features": features, "depth": depth, "hunger": hunger, "cost": cost}


# ---- pictures


def _axes(width: float, columns: int = 1) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, 3.0), layout="constrained")
    return figure, figure.subplots(1, columns, squeeze=False)[0]


def draw(name: str, found: dict[str, Any]) -> bytes:
    """The picture of one measure."""
    import io

    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": "netspec", "svg.fonttype": "path", "font.size": 9}):
        figure = {"features": _points, "depth": _depth, "hunger": _hunger, "cost": _cost}[name](found)
        stream = io.BytesIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def _points(found: dict[str, Any]) -> Any:
    figure, axes = _axes(7.0, 2)
    for place, key in zip(axes, ("before", "after"), strict=True):
        x, y = zip(*found[key], strict=True)
        place.scatter(x, y, c=found["labels"], cmap="tab10", s=9, linewidths=0)
        for digit in range(10):
            own = [point for point, label in zip(found[key], found["labels"], strict=True) if label == digit]
            middle = [statistics.median(values) for values in zip(*own, strict=True)]
            place.text(*middle, str(digit), weight="bold", ha="center", va="center")
        place.set(xlabel="$z_1$", ylabel="$z_2$")
    return figure


def _bands(place: Any, x: list[int], rows: list[dict[str, float]], label: str, style: str) -> None:
    place.plot(x, [100 * row["mean"] for row in rows], style, label=label, markersize=4)
    place.fill_between(x, [100 * row["least"] for row in rows], [100 * row["most"] for row in rows], alpha=0.15)


def _depth(found: dict[str, Any]) -> Any:
    figure, (place,) = _axes(5.0)
    for act, style in (("relu", "o-"), ("sigmoid", "s--")):
        _bands(place, found["layers"], found[act], act, style)
    place.set(xlabel="n", ylabel="%", ylim=(0, 102))
    place.legend(frameon=False)
    return figure


def _hunger(found: dict[str, Any]) -> Any:
    figure, (place,) = _axes(5.0)
    for name, style in (("cnn", "o-"), ("mlp", "s--"), ("linear", "^:")):
        _bands(place, found["examples"], found[name], name, style)
    place.set(xlabel="N", ylabel="%", xscale="log", ylim=(30, 102))
    place.legend(frameon=False)
    return figure


def _cost(found: dict[str, Any]) -> Any:
    figure, (place,) = _axes(5.0)
    place.plot(found["n"], found["perceptrons"], "o-", label="n x n perceptrons", markersize=4)
    place.plot(found["n"], found["filter"], "s--", label="1 filter 3x3", markersize=4)
    place.set(xlabel="n", xscale="log", yscale="log", xticks=found["n"], xticklabels=[str(n) for n in found["n"]])
    place.minorticks_off()
    place.legend(frameon=False)
    return figure


# ---- tables


def percent(row: dict[str, float]) -> str:
    return f"{100 * row['mean']:.1f}"


def table(name: str, found: dict[str, Any]) -> str:
    """One measure as a Markdown table."""
    if name == "depth":
        rows = [("n", *(str(n) for n in found["layers"]))]
        rows += [(f"`{act}`, %", *(percent(row) for row in found[act])) for act in ("relu", "sigmoid")]
    elif name == "hunger":
        rows = [("N", *(f"{n:,}" for n in found["examples"]))]
        rows += [(f"`{net}`, %", *(percent(row) for row in found[net])) for net in NETS]
    else:
        rows = [("n", *(str(n) for n in found["n"]))]
        rows += [("`n x n perceptrons`", *(f"{n:,}" for n in found["perceptrons"]))]
        rows += [("`1 filter 3x3`", *(f"{n:,}" for n in found["filter"]))]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]]) + "\n"


def filled(page: str) -> str:
    """A page with its `<!-- measured: NAME -->` places filled."""
    found = json.loads((DOCS / "measured.json").read_text(encoding="utf-8"))
    for name in ("depth", "hunger", "cost"):
        page = page.replace(f"<!-- measured: {name} -->\n", table(name, found[name]))
    accuracy_after = f"{100 * found['features']['accuracy']:.0f}"
    return page.replace("<!-- measured: accuracy -->", accuracy_after)


def main(names: list[str]) -> None:
    """Measures anew what is named, or everything."""
    import torch

    torch.set_num_threads(1)
    store = DOCS / "measured.json"
    found = json.loads(store.read_text(encoding="utf-8")) if names else {}
    for name in names or MEASURES:
        found[name] = MEASURES[name]()
        (DOCS / "pictures" / f"measured-{name}.svg").write_bytes(draw(name, found[name]))
        print(name)
    store.write_text(json.dumps(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main(sys.argv[1:])
