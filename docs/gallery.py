"""`./dev gallery`: specs and their figures -> docs/gallery.md, docs/gallery.ko.md, docs/pictures/gallery/.

A test draws everything anew and compares, but for the figures of trained nets: these are trained by `./dev gallery`
alone. `./dev gallery NAME …` draws only the pictures that are named.
"""

from __future__ import annotations

import shlex
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import netspec
from netspec.figure.backends import Picture

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
FOLDER = DOCS / "pictures" / "gallery"
WIDE = 2  # pictures in a row of the grid
PAGES = {"en": DOCS / "gallery.md", "ko": DOCS / "gallery.ko.md"}


@dataclass(frozen=True)
class Entry:
    """A figure: the spec it is drawn from, what is said of it in both languages, the options of `netspec render`.

    `trained`: the spec in specs/tasks whose run gives the weights. `brief`: the spec stands elsewhere on the page.
    """

    name: str
    spec: str
    en: str
    ko: str
    options: dict[str, Any] = field(default_factory=dict)
    trained: str = ""
    brief: bool = False


@dataclass(frozen=True)
class Chapter:
    en: str
    ko: str
    entries: tuple[Entry, ...]


POST = Chapter(
    "The figures of a post",
    "글 한 편의 그림들",
    (
        Entry(
            "linear",
            "post/linear",
            "A linear model: a weight for each value and one for the constant 1.",
            "선형 모델: 값마다 가중치 하나, 상수 1에도 가중치 하나.",
        ),
        Entry(
            "perceptron",
            "post/perceptron",
            "A perceptron: a weighted sum and an activation function.",
            "퍼셉트론: 가중합과 활성함수.",
        ),
        Entry(
            "perceptron_simplified",
            "post/perceptron_simplified",
            "The same perceptron as the circle that stands for it.",
            "같은 퍼셉트론과, 그것을 나타내는 원 하나.",
        ),
        Entry(
            "four_perceptrons",
            "post/four_perceptrons",
            "Three perceptrons read a vector, a fourth reads the three.",
            "퍼셉트론 셋이 벡터를 읽고 넷째가 그 셋을 읽습니다.",
        ),
        Entry(
            "mlp",
            "post/mlp",
            "A multilayer perceptron of any sizes: they stay letters until somebody sets them.",
            "크기를 정하지 않은 다층 퍼셉트론. 정하기 전까지 크기는 글자로 남습니다.",
        ),
        Entry("dnn8", "post/dnn8", "Eight layers.", "8층 심층 신경망."),
        Entry("grid", "post/grid", "Two-dimensional layers.", "2차원 층들."),
        Entry("grid_fan_out", "post/grid_fan_out", "Where the value of one node goes.", "노드 하나의 값이 가는 곳."),
        Entry("filter", "post/filter", "A filter: the window that one node reads.", "필터: 노드 하나가 읽는 영역."),
        Entry("lenet", "post/lenet", "LeNet-5, with its partial connections.", "부분 연결까지 있는 LeNet-5."),
        Entry("rnn", "post/rnn", "A recurrent net with its loop.", "되먹임이 있는 순환 신경망."),
        Entry(
            "rnn_unrolled",
            "post/rnn_unrolled",
            "The same net, time step by time step.",
            "같은 신경망을 시점별로 펼친 그림.",
        ),
    ),
)
DEEP = Chapter(
    "Deep nets",
    "깊은 신경망",
    (
        Entry(
            "resnet50",
            "zoo/resnet50",
            "ResNet-50: the whole, and each of its blocks once.",
            "ResNet-50: 전체와, 블록마다 한 번씩.",
        ),
        Entry(
            "unet",
            "zoo/unet",
            "U-Net: what a skip joins stands side by side.",
            "U-Net: 건너뛰어 이어지는 것끼리 나란히.",
        ),
        Entry(
            "gpt2", "zoo/gpt2", "GPT-2: one of twelve equal blocks stands for all.", "GPT-2: 똑같은 블록 열둘을 하나로."
        ),
        Entry("llama2", "zoo/llama2_7b", "Llama 2.", "Llama 2."),
        Entry(
            "googlenet",
            "zoo/googlenet",
            "GoogLeNet: a long chain goes on in a second column.",
            "GoogLeNet: 긴 사슬은 둘째 열로 이어집니다.",
        ),
        Entry(
            "efficientnet",
            "zoo/efficientnet_b0",
            "EfficientNet-B0: blocks within blocks.",
            "EfficientNet-B0: 블록 안의 블록.",
        ),
        Entry(
            "luong",
            "zoo/luong",
            "A translator: attention to the source, and two loops.",
            "번역기: 원문에 대한 어텐션과 되먹임 둘.",
        ),
        Entry(
            "ddpm",
            "zoo/ddpm",
            "A diffusion model's U-Net: the time that every block reads is named in each.",
            "확산 모델의 U-Net: 모든 블록이 읽는 시간은 블록 안에 이름으로 적습니다.",
        ),
    ),
)
PAPERS = Chapter(
    "Five figures of papers",
    "논문에 넣을 그림 다섯",
    (
        Entry("attention", "paper/attention", "Attention, written out.", "풀어서 쓴 어텐션."),
        Entry("autoencoder", "paper/autoencoder", "An autoencoder.", "오토인코더."),
        Entry(
            "siamese", "paper/siamese", "A siamese net: one tower, used twice.", "샴 신경망: 탑 하나를 두 번 씁니다."
        ),
        Entry("residual_mlp", "paper/residual_mlp", "A residual MLP.", "잔차 MLP."),
        Entry("cnn_lstm", "paper/cnn_lstm", "Convolutions, then time.", "컨볼루션 다음에 시간."),
    ),
)
WAYS = Chapter(
    "One net, many ways",
    "한 신경망을 여러 모습으로",
    (
        Entry("mlp_dark", "post/mlp", "Dark.", "어두운 배경.", {"theme": "dark"}, brief=True),
        Entry("mlp_mono", "post/mlp", "Black and white.", "흑백.", {"theme": "mono"}, brief=True),
        Entry(
            "mlp_safe",
            "post/mlp",
            "Colours that everybody can tell apart.",
            "누구나 구별할 수 있는 색.",
            {"theme": "safe"},
            brief=True,
        ),
        Entry("mlp_up", "post/mlp", "Upwards.", "아래에서 위로.", {"direction": "up"}, brief=True),
        Entry(
            "gpt2_right",
            "zoo/gpt2",
            "GPT-2's block alone, from left to right, in Korean.",
            "GPT-2의 블록만, 왼쪽에서 오른쪽으로, 한국어로.",
            {"only": "Transformer", "direction": "right", "lang": "ko"},
            brief=True,
        ),
        Entry(
            "majority",
            "paper/majority",
            "With numbers: every product, sum and result for one example.",
            "숫자까지: 예제 하나의 모든 곱과 합, 결과.",
            {"input": "x=1,0,1"},
        ),
        Entry(
            "luong_gates",
            "zoo/luong",
            "Inside a cell: an LSTM whose state asks an attention, and reads its answer at the next step.",
            "셀의 안. LSTM의 상태로 어텐션에 묻고, 그 답을 다음 시점에 읽습니다.",
            {"view": "gates"},
            brief=True,
        ),
        Entry(
            "vgg16_volumes",
            "zoo/vgg16",
            "VGG-16 in perspective: boxes to scale, coloured by kind.",
            "원근으로 그린 VGG-16. 상자의 크기는 비례하고 색은 종류입니다.",
            {"view": "volumes"},
            brief=True,
        ),
        Entry(
            "unet_volumes",
            "zoo/unet_padded",
            "A U-Net in perspective, with its skips over the top.",
            "원근으로 그린 U-Net. 건너뛰는 값은 위로 지나갑니다.",
            {"view": "volumes"},
            brief=True,
        ),
        Entry(
            "backprop",
            "paper/backprop",
            "As a computation: values forward, gradients back, one path, and the weights after a step.",
            "계산으로: 앞으로 가는 값, 거꾸로 오는 기울기, 경로 하나, 한 단계 뒤의 가중치.",
        ),
    ),
)
LEARNED = Chapter(
    "What a net has learned",
    "신경망이 학습한 것",
    (
        Entry(
            "tree",
            "post/tree",
            "A tree or not: 22 of 90,000 trained weights, by colour and width.",
            "나무인지 아닌지: 학습한 가중치 90,000개 가운데 22개를 색과 굵기로.",
            trained="tree",
        ),
        Entry(
            "tree_templates",
            "tasks/tree",
            "All weights of both hidden units, as the pictures they are looking for.",
            "두 은닉 노드의 가중치 전부를, 그 노드가 찾는 그림으로.",
            {"figure": "templates"},
            trained="tree",
        ),
        Entry(
            "digits_filters",
            "tasks/digits",
            "The filters of a convolutional net.",
            "컨볼루션 신경망의 필터.",
            {"view": "strip"},
            trained="digits",
            brief=True,
        ),
        Entry(
            "two_moons",
            "tasks/two_moons",
            "Why a hidden layer helps: in its own space a straight line suffices.",
            "은닉층이 필요한 까닭: 은닉층의 공간에서는 직선 하나로 나뉩니다.",
            {"view": "features"},
            trained="two_moons",
        ),
        Entry(
            "digits_features",
            "tasks/digits",
            "Ten digits as the last hidden layer has them.",
            "마지막 은닉층이 보는 숫자 열 가지.",
            {"view": "features"},
            trained="digits",
        ),
    ),
)
CHAPTERS = (POST, DEEP, PAPERS, WAYS, LEARNED)
ENTRIES = {entry.name: entry for chapter in CHAPTERS for entry in chapter.entries}


def picture(entry: Entry, runs: dict[str, Any]) -> Picture:
    """The figure of an entry; a run that it needs and that is not there yet is trained."""
    net = netspec.load(ROOT / "specs" / f"{entry.spec}.net").net()
    if not entry.trained:
        return net.render(**entry.options)
    if entry.trained not in runs:
        folder = Path(tempfile.mkdtemp()) / entry.trained
        task = netspec.load(ROOT / "specs" / "tasks" / f"{entry.trained}.net")
        runs[entry.trained] = netspec.train(task, out=folder, pictures=False, device="cpu", threads=1)
    return net.render(weights=runs[entry.trained], **entry.options)


def command(entry: Entry) -> str:
    """How the command line asks for it."""
    words = ["netspec", "render", f"specs/{entry.spec}.net"]
    for name, value in entry.options.items():
        words += [f"--{name}", str(value)]
    if entry.trained:
        words += ["--weights", f"runs/{entry.trained}-1"]
    return shlex.join(words)


def page(language: str) -> str:
    """The Markdown of one language: a grid of pictures for each chapter; a click on a picture opens its spec."""
    head = {
        "en": "# Gallery\n\nA click on a figure opens the spec and the command that it is drawn with."
        " `./dev gallery` draws them all.\n",
        "ko": "# 그림 모음\n\n그림을 누르면 그 그림을 그린 명세와 명령이 열립니다."
        " `./dev gallery`로 전부 다시 그립니다.\n",
    }
    parts = [head[language]]
    for chapter in CHAPTERS:
        cells = [_cell(entry, language) for entry in chapter.entries]
        rows = [f"<tr>{''.join(cells[at : at + WIDE])}</tr>\n" for at in range(0, len(cells), WIDE)]
        parts.append(f"\n## {getattr(chapter, language)}\n\n<table>{''.join(rows)}</table>\n")
    return "".join(parts)


def _cell(entry: Entry, language: str) -> str:
    said = getattr(entry, language)
    alt = said.replace("[", "(").replace("]", ")").rstrip(".")
    text = f"```sh\n{command(entry)}\n```\n"
    if not entry.brief:
        text += f"\n```net\n{(ROOT / 'specs' / f'{entry.spec}.net').read_text(encoding='utf-8')}```\n"
    image = f"![{alt}](pictures/gallery/{entry.name}.svg)"
    shown = f"<details><summary>\n\n{image}\n\n{said}\n\n</summary>\n\n{text}\n</details>"
    return f'<td width="{100 // WIDE}%" style="vertical-align: top">{shown}</td>\n'


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in ENTRIES]
    if unknown:
        print(f"no picture is called {', '.join(unknown)}; there are {', '.join(ENTRIES)}", file=sys.stderr)
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    runs: dict[str, Any] = {}
    for name, entry in ENTRIES.items():
        if not names or name in names:
            picture(entry, runs).save(FOLDER / f"{name}.svg")
            print(FOLDER / f"{name}.svg")
    for path in FOLDER.glob("*.svg"):
        if path.stem not in ENTRIES:
            path.unlink()
    for language, target in PAGES.items():
        target.write_text(page(language), encoding="utf-8")
        print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
