"""38 figures laid out for a column of 85 mm with 8 pt and for a page of 170 mm: letters, lines, height, cuts, overlaps.

A figure passes at a width if its letters have at least 6 pt, it is at most 230 mm high, no word is cut, no text lies on
another, and it has everything of the default figure, or one fold that a note below it names.
`SHOW=folder` also writes each picture there as PNG.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.publish import publish

if TYPE_CHECKING:
    from netspec.figure.scene import Scene

ROOT = Path(__file__).resolve().parent.parent
LEAST, HIGHEST, THIN = 6.0, 230.0, 0.25  # pt, mm, pt
PAGES: dict[str, dict[str, Any]] = {"85 mm, 8 pt": {"width": "85mm", "type": 8}, "170 mm": {"width": "170mm"}}

IRIS = """
net iris(H1 = 16, H2 = 8) "iris" {
  input  x: 4                          "sepals and petals"
  hidden h1: H1 perceptrons -> relu    "first hidden layer"
  hidden h2: H2 perceptrons -> relu    "second hidden layer"
  output y: 3 perceptrons -> softmax   "setosa, versicolor, virginica"
}
figure {
  captions = ["input weights", "hidden weights", "output weights"]
}
"""
DEEP = """
net deep(L = 10) "a deep multilayer perceptron" {
  input  x: 20
  hidden h: repeat L { 12 perceptrons -> relu }
  output y: 5 perceptrons
}
"""
VAE = """
net vae(d = 784, z = 20) "variational autoencoder" {
  input  x: d                                     "image"
  hidden h: 400 perceptrons -> relu               "encoder"
  hidden mu: h -> z perceptrons -> identity       "mean"
  hidden v: h -> z perceptrons -> identity        "logarithm of the variance"
  hidden code: mu, v -> sample                    "a sample"
  hidden g: code -> 400 perceptrons -> relu       "decoder"
  output y: d perceptrons -> sigmoid              "reconstruction"
}
"""
TRANSFORMER = """
net transformer(S, T, V = 37000, N = 6, d = 512) "Transformer" {
  input  source: one of V over S
  input  target: one of V over T
  hidden e: source -> embed(d)
  hidden memory: e + (e -> positions(kind = sine)) -> repeat N { Encoder(8, 4*d, 0.1) }
  hidden g: target -> embed(d)
  hidden h: g + (g -> positions(kind = sine)) -> repeat N { Decoder(8, 4*d, 0.1, memory = memory) }
  output y: h -> layernorm -> V perceptrons -> softmax
}
"""
WAVENET = """
block Gated(c, s, d) {
  input  x: c over T
  hidden past: x[t-d] & x
  hidden g: (past -> c perceptrons -> tanh)*(past -> c perceptrons -> sigmoid)
  output y: x + (g -> c perceptrons)
  output skip: g -> s perceptrons
}
net wavenet(T, c = 32, s = 64) "WaveNet" {
  input  x: one of 256 over T
  hidden e: x -> embed(c)
  hidden g1: e -> Gated(c, s, 1)
  hidden g2: g1.y -> Gated(c, s, 2)
  hidden g3: g2.y -> Gated(c, s, 4)
  hidden g4: g3.y -> Gated(c, s, 8)
  hidden all: g1.skip + g2.skip + g3.skip + g4.skip + (g4.y -> s perceptrons) -> relu
  output y: all -> 256 perceptrons -> softmax
}
"""
BIDIRECTIONAL = """
net tagger(T, V = 20000, H = 128, K = 17) "a tagger" {
  input  words: one of V over T   "words"
  hidden e: embed(64)
  hidden h: lstm(H, layers = 2, bidirectional = true) -> dropout(0.3)  "both directions"
  output tag: K perceptrons -> softmax
}
"""
EXPERTS = """
net experts(d = 32, H = 64, K = 10) "a mixture of experts" {
  input  x: d                                          "features"
  hidden gate: x -> 3 perceptrons -> softmax           "gate"
  hidden a: x -> H perceptrons -> relu                 "first expert"
  hidden b: x -> H perceptrons -> relu                 "second expert"
  hidden c: x -> H perceptrons -> relu                 "third expert"
  hidden w: gate -> split(sizes = [1, 1, 1])
  hidden wa: w.1 -> expand(maps = H)
  hidden wb: w.2 -> expand(maps = H)
  hidden wc: w.3 -> expand(maps = H)
  hidden mix: wa*a + wb*b + wc*c                       "mixture"
  output y: mix -> K perceptrons -> softmax
}
"""
KOREAN = """
net credit "대출 심사" {
  input  x: 12                             "신청자의 자료"
  hidden z1: 8 perceptrons -> tanh         "첫 은닉층"
  hidden z2: 8 perceptrons -> tanh         "둘째 은닉층"
  hidden z3: 4 perceptrons -> tanh         "셋째 은닉층"
  output y: 2 perceptrons -> softmax       "승인 또는 거절"
}
figure {
  lang = ko
  captions = ["입력 가중치", "은닉 가중치", "은닉 가중치", "출력 가중치"]
}
"""

DILATIONS = "".join(
    f"  hidden h{k}: {read} & {read}[t-{2 ** (k - 1)}] -> 16 perceptrons -> tanh\n"
    for k, read in enumerate(("x", *(f"h{k}" for k in range(1, 10))), 1)
)
DILATED = f"""
net dilated(T) "ten dilations" {{
  input  x: 1 over T  "sound"
{DILATIONS}  output y: h10 -> 1 perceptron  "next sample"
}}
figure {{
  view = unrolled
}}
"""
TRANSLATOR = """
net seq(S, T, V = 9000, H = 64) "a translator" {
  input  source: one of V over S   "source words"
  input  target: one of V over T   "target words"
  hidden a: source -> embed(32)
  hidden e: a -> gru(H)            "encoder"
  hidden b: target -> embed(32)
  hidden d: b & d[t-1] -> H perceptrons -> tanh "decoder"
  start d: e -> last(time)
  output y: V perceptrons -> softmax  "next word"
}
figure {
  view = unrolled
}
"""
THREE = """
net deep(T, H = 20) "three recurrent layers" {
  input  x: 6 over T  "signal"
  hidden h1: x & h1[t-1] -> H perceptrons -> tanh  "first state"
  hidden h2: h1 & h2[t-1] -> H perceptrons -> tanh "second state"
  hidden h3: h2 & h3[t-1] -> H perceptrons -> tanh "third state"
  output y: 2 perceptrons "answer"
}
figure {
  view = unrolled
}
"""
TEN = """
net tenconv "ten convolutions" {
  input  image: 3@64x64 "photograph"
  hidden a: 32 filters 3x3 (pad = same) -> relu -> 32 filters 3x3 (pad = same) -> relu -> maxpool(2x2)
  hidden b: 64 filters 3x3 (pad = same) -> relu -> 64 filters 3x3 (pad = same) -> relu -> maxpool(2x2)
  hidden c: 128 filters 3x3 (pad = same) -> relu -> 128 filters 3x3 (pad = same) -> relu -> maxpool(2x2)
  hidden d: 256 filters 3x3 (pad = same) -> relu -> 256 filters 3x3 (pad = same) -> relu -> maxpool(2x2)
  output y: 20 perceptrons -> softmax "breed of the dog"
}
"""
WINDOW = """
net big "one filter of a large picture" {
  input  x: 1@28x28 "picture"
  output y: 1 filter 7x7 -> relu "answer of the filter"
}
figure {
  view = filter
}
"""
KOREAN_MAPS = """
net kolenet "합성곱 신경망" {
  input  image: 1@28x28 "숫자 그림"
  hidden c1: 12 filters 5x5 -> relu "첫째 합성곱"
  hidden s2: maxpool(2x2) "최대 풀링"
  hidden c3: 24 filters 3x3 -> relu "둘째 합성곱"
  hidden s4: maxpool(2x2) "최대 풀링"
  hidden f: 64 perceptrons -> relu "완전 연결"
  output y: 10 perceptrons "숫자 열 가지"
}
figure {
  lang = ko
  view = planes
}
"""


class Figure(NamedTuple):
    """A figure of the list: the file of its spec or its text, the options of its drawing, and the net's name."""

    name: str
    spec: str
    options: dict[str, Any] = {}  # noqa: RUF012
    net: str | None = None


FIGURES = (
    Figure("perceptron", "post/perceptron"),
    Figure("MLP with names and captions", IRIS),
    Figure("MLP in Korean", KOREAN),
    Figure("XOR", "tasks/xor"),
    Figure("deep MLP of 10 layers", DEEP),
    Figure("autoencoder", "paper/autoencoder"),
    Figure("VAE", VAE),
    Figure("grid", "post/grid"),
    Figure("LeNet", "post/lenet"),
    Figure("AlexNet", "zoo/alexnet"),
    Figure("VGG-16", "zoo/vgg16"),
    Figure("GAN: generator", "zoo/dcgan", net="generator"),
    Figure("GAN: discriminator", "zoo/dcgan", net="discriminator"),
    Figure("ResNet-18", "zoo/resnet18"),
    Figure("ResNet-18 unfolded", "zoo/resnet18", {"unfold": True, "depth": 2}),
    Figure("DenseNet-121", "zoo/densenet121"),
    Figure("Inception", "zoo/googlenet"),
    Figure("MobileNetV2", "zoo/mobilenetv2"),
    Figure("U-Net", "zoo/unet"),
    Figure("RNN", "post/rnn"),
    Figure("RNN unrolled", "post/rnn_unrolled"),
    Figure("bidirectional LSTM", BIDIRECTIONAL),
    Figure("translation with attention", "zoo/luong"),
    Figure("Transformer", TRANSFORMER),
    Figure("GPT-2", "zoo/gpt2"),
    Figure("siamese net", "paper/siamese"),
    Figure("WaveNet", WAVENET),
    Figure("mixture of experts", EXPERTS),
    Figure("ViT", "zoo/vit_b16"),
    Figure("ten dilations, unrolled", DILATED),
    Figure("bidirectional LSTM, unrolled", BIDIRECTIONAL, {"view": "unrolled"}),
    Figure("encoder and decoder, unrolled", TRANSLATOR),
    Figure("three recurrent layers, unrolled", THREE),
    Figure("ten convolutions", TEN),
    Figure("maps in Korean", KOREAN_MAPS),
    Figure("filter", "post/filter"),
    Figure("filter of 7x7", WINDOW),
    Figure("layer as perceptrons", "post/mlp", {"view": "equals"}),
)


class Measured(NamedTuple):
    """What a figure has on paper: the least letters and lines in pt, the height in mm, and what is wrong in it."""

    letters: float
    scripts: float
    lines: float
    height: float
    cut: int
    over: int
    left_out: int
    folded: bool

    @property
    def passes(self) -> bool:
        whole = not self.left_out or self.folded
        return self.letters >= LEAST - 0.01 and self.height <= HIGHEST and not self.cut and not self.over and whole


def measured(svg: str, scene: Scene, default: Scene) -> Measured:
    """Measure a figure in the size in which its file is printed."""
    from netspec.figure.scene import Node, Wire
    from netspec.figure.scene.typeset import set_line
    from tests.figure.geometry import label_overlaps, labels_outside, off_canvas

    wide, high, across = _size(svg)
    pt = wide / across * 72 / 25.4  # points for one mm of the scene
    texts = [text for text in scene.texts if text.plain.strip()]
    scripts = [run.size for text in texts for line in text.lines for run in set_line(line, text.size)[0]]
    pens = [item.pen.width for item in scene if isinstance(item, Node | Wire) and item.pen.width]
    has = {item.id for item in scene}
    return Measured(
        min((text.size for text in texts), default=99.0) * pt,
        min(scripts, default=99.0) * pt,
        min(pens, default=9.0) * pt,
        high,
        len(labels_outside(scene)) + sum("label" in fault or "mark" in fault for fault in off_canvas(scene)),
        len(label_overlaps(scene)),
        sum(node.id not in has for node in default.nodes),
        any("fold" in text.classes for text in texts),
    )


def _size(svg: str) -> tuple[float, float, float]:
    """Return width and height of an SVG on paper in mm, and the width of what it shows."""
    from netspec.figure.settings import millimetres

    head = svg.partition(">")[0]
    given = re.search(r'viewBox="(\S+) (\S+) (\S+) (\S+)" width="(\S+)" height="(\S+)"', head)
    assert given is not None, head
    return millimetres(given[5]), millimetres(given[6]), float(given[3])


def main() -> bool:
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    only, show = os.environ.get("ONLY", ""), os.environ.get("SHOW", "")
    rows, passed = [], dict.fromkeys(PAGES, 0)
    for figure in FIGURES:
        if only not in figure.name:
            continue
        cells = []
        for page, options in PAGES.items():
            found = drawn(figure, options, show and f"{show}/{figure.name} {page}.png")
            passed[page] += found.passes
            cells.append(cell(found))
        rows.append(f"| {figure.name} | " + " | ".join(cells) + " |")
    columns = " | ".join(f"{page}: letters (scripts), lines pt; height mm; left out" for page in PAGES)
    table = [f"| | {columns} |", "|---|" + "---|" * len(PAGES), *rows, ""]
    table += [f"{page}: {count} of {len(rows)} pass." for page, count in passed.items()]
    publish("page", "Figures laid out for a page", table, ())
    return all(count == len(rows) for count in passed.values())


def drawn(figure: Figure, options: dict[str, Any], png: str) -> Measured:
    import netspec

    text = figure.spec
    spec = netspec.parse(text) if "\n" in text else netspec.load(ROOT / "specs" / f"{text}.net")
    net = spec.net(figure.net)
    picture = net.render(**figure.options, **options)
    if png:
        Path(png.replace("|", "")).write_bytes(picture.png(3.0))
    return measured(picture.svg(), picture.scene, net.render(**figure.options).scene)


def cell(found: Measured) -> str:
    said = f"{found.letters:.1f} ({found.scripts:.1f}), {found.lines:.2f}; {found.height:.0f}"
    faults = [f"{found.left_out} {'folded' if found.folded else 'LEFT OUT'}"] if found.left_out else []
    faults += [f"{count} {word}" for count, word in ((found.cut, "cut"), (found.over, "over")) if count]
    return "; ".join((said, *faults)) + ("" if found.passes else " **no**")
