"""`python -m docs.scoreboard`: the cells of the Neural Network Zoo from specs -> docs/scoreboard.md, .ko.md, pictures.

The poster of 2016 (asimovinstitute.org) is the list; its pictures are no part of this project. A test draws everything
anew and compares.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import lru_cache

import netspec
from docs.gallery import DOCS
from netspec.figure.backends import Picture

FOLDER = DOCS / "pictures" / "zoo"
PAGES = {"en": DOCS / "scoreboard.md", "ko": DOCS / "scoreboard.ko.md"}


@dataclass(frozen=True)
class Cell:
    """A cell of the poster: its name in both languages, the lines of its net, and what the figure tells of it.

    Without lines it is not drawn, and `en` and `ko` say why.
    """

    short: str
    name: str
    name_ko: str
    lines: str = ""
    en: str = ""
    ko: str = ""
    view: str | None = None

    @property
    def spec(self) -> str:
        sizes = "(T)" if "over T" in self.lines else ""
        body = "".join(f"  {line.strip()}\n" for line in self.lines.strip().splitlines())
        return netspec.parse(f'netspec 1\n\nnet cell_{self.short.lower()}{sizes} "{self.name}" {{\n{body}}}\n').format()


NEURONS = "neurons"
UNDIRECTED = ("undirected or complete graph", "방향이 없거나 모두 이어진 그래프")
CELLS = (
    Cell("P", "Perceptron", "퍼셉트론", "input  x: 2\noutput y: 1 perceptron", view=NEURONS),
    Cell("FF", "Feed forward", "순방향 신경망", """
        input  x: 2
        hidden h: 2 perceptrons -> sigmoid
        output y: 1 perceptron
    """),
    Cell("RBF", "Radial basis network", "방사 기저 신경망", """
        input  x: 2
        hidden h: gaussian(2) -> exp
        output y: 1 perceptron
    """, "the note below says that units are distances to prototypes", "노드가 원형까지의 거리임을 아래에 적음"),
    Cell("DFF", "Deep feed forward", "깊은 순방향 신경망", """
        input  x: 3
        hidden h1: 4 perceptrons -> relu
        hidden h2: 4 perceptrons -> relu
        output y: 2 perceptrons
    """),
    Cell("RNN", "Recurrent neural network", "순환 신경망", """
        input  x: 3 over T
        hidden h1: x & h1[t-1] -> 3 perceptrons -> tanh
        hidden h2: h1 & h2[t-1] -> 3 perceptrons -> tanh
        output y: h2 -> 3 perceptrons
    """, "loops", "되먹임"),
    Cell("LSTM", "Long short term memory", "장단기 기억", """
        input  x: 3 over T
        hidden h1: lstm(3)
        hidden h2: lstm(3)
        output y: 3 perceptrons
    """, "the cell stands in the note", "셀의 이름은 아래에 적음"),
    Cell("GRU", "Gated recurrent unit", "게이트 순환 유닛", """
        input  x: 3 over T
        hidden h1: gru(3)
        hidden h2: gru(3)
        output y: 3 perceptrons
    """, "the cell stands in the note", "셀의 이름은 아래에 적음"),
    Cell("AE", "Auto encoder", "오토인코더", """
        input  x: 4
        hidden z: 2 perceptrons -> sigmoid
        output xhat: 4 perceptrons -> sigmoid
    """),
    Cell("VAE", "Variational auto encoder", "변분 오토인코더", """
        input  x: 4
        hidden m: x -> 2 perceptrons
        hidden s: x -> 2 perceptrons
        hidden z: m, s -> sample
        output xhat: z -> 4 perceptrons -> sigmoid
    """, "boxes: units do not show a sample", "상자로 그림. 노드로는 표본을 그리지 못함"),
    Cell("DAE", "Denoising auto encoder", "잡음 제거 오토인코더", """
        input  x: 4
        hidden n: x + (noise(4))
        hidden z: n -> 2 perceptrons -> sigmoid
        output xhat: z -> 4 perceptrons -> sigmoid
    """, "noise is a column of its own", "잡음은 따로 한 열", NEURONS),
    Cell("SAE", "Sparse auto encoder", "희소 오토인코더", """
        input  x: 2
        hidden z: 5 perceptrons -> sigmoid
        output xhat: 2 perceptrons
    """, "sparsity is in the loss, `+ 0.1*l1(z)`, not in the figure",
         "희소성은 손실(`+ 0.1*l1(z)`)에 있고 그림에는 없음"),
    Cell("MC", "Markov chain", "마르코프 사슬", "", *UNDIRECTED),
    Cell("HN", "Hopfield network", "홉필드 신경망", "", *UNDIRECTED),
    Cell("BM", "Boltzmann machine", "볼츠만 머신", "", *UNDIRECTED),
    Cell("RBM", "Restricted Boltzmann machine, one pass", "제한 볼츠만 머신의 한 번", """
        input  v: 4
        hidden h: 5 perceptrons -> sigmoid
        output vhat: 4 perceptrons (tie = transpose(h)) -> sigmoid
    """, "one pass there and back with the same weights", "같은 가중치로 한 번 갔다 옴"),
    Cell("DBN", "Deep belief network", "심층 신뢰 신경망", """
        input  x: 4
        hidden n: noise(4)
        hidden h1: (x -> 4 perceptrons) + n -> step
        hidden h2: h1 -> 4 perceptrons -> sigmoid
        output y: 2 perceptrons
    """, "a probabilistic unit is a threshold with noise", "확률 노드는 잡음이 더해진 문턱", NEURONS),
    Cell("DCN", "Deep convolutional network", "심층 컨볼루션 신경망", """
        input  x: 1@8x8
        hidden c: 4 filters 3x3 -> relu -> maxpool(2x2)
        hidden d: 8 filters 3x3 -> relu
        hidden f: 4 perceptrons -> relu
        output y: 2 perceptrons
    """),
    Cell("DN", "Deconvolutional network", "디컨볼루션 신경망", """
        input  z: 2
        hidden f: 16 perceptrons -> relu -> reshape(4@2x2)
        hidden d: 4 filters 2x2 (stride = 2, transposed = true) -> relu
        output x: 1 filter 2x2 (stride = 2, transposed = true)
    """),
    Cell("DCIGN", "Deep convolutional inverse graphics network", "심층 컨볼루션 역그래픽 신경망", """
        input  x: 1@8x8
        hidden c: 4 filters 3x3 -> relu -> maxpool(2x2)
        hidden m: c -> 2 perceptrons
        hidden s: c -> 2 perceptrons
        hidden z: m, s -> sample
        hidden f: z -> 36 perceptrons -> relu -> reshape(4@3x3)
        output y: f -> 1 filter 4x4 (stride = 2, transposed = true)
    """, "boxes: units do not show a sample", "상자로 그림. 노드로는 표본을 그리지 못함"),
    Cell("GAN", "Generative adversarial network", "생성적 적대 신경망", """
        input  z: 2
        hidden g: 3 perceptrons -> relu "generator"
        hidden fake: 3 perceptrons -> tanh
        hidden d: 3 perceptrons -> relu "discriminator"
        output real: 1 perceptron -> sigmoid
    """, "generator and discriminator in a row", "생성기와 판별기를 이어 그림"),
    Cell("LSM", "Liquid state machine", "액체 상태 기계", """
        input  x: 3 over T
        hidden r: x & r[t-1] -> 6 perceptrons (frozen = true) -> step "random, fixed"
        output y: r -> 2 perceptrons
    """, "all wires are drawn: the reservoir is not sparse", "모든 선을 그림. 저장소가 성기지 않음"),
    Cell("ELM", "Extreme learning machine", "극한 학습 기계", """
        input  x: 3
        hidden h: 6 perceptrons (frozen = true) -> sigmoid "random, fixed"
        output y: 2 perceptrons
    """, "all wires are drawn: the random layer is not sparse", "모든 선을 그림. 무작위 층이 성기지 않음"),
    Cell("ESN", "Echo state network", "반향 상태 신경망", """
        input  x: 3 over T
        hidden r: x & r[t-1] -> 6 perceptrons (frozen = true) -> tanh "random, fixed"
        output y: r -> 2 perceptrons
    """, "all wires are drawn: the reservoir is not sparse", "모든 선을 그림. 저장소가 성기지 않음"),
    Cell("DRN", "Deep residual network", "심층 잔차 신경망", """
        input  x: 3
        hidden h1: x + (x -> 3 perceptrons -> relu)
        hidden h2: h1 + (h1 -> 3 perceptrons -> relu)
        output y: h2 -> 2 perceptrons
    """),
    Cell("KN", "Kohonen network", "코호넨 신경망", "", "a self-organising map", "자기 조직화 지도"),
    Cell("SVM", "Support vector machine", "서포트 벡터 머신", """
        input  x: 2
        hidden k: gaussian(4) -> exp
        output y: 1 perceptron -> step
    """, "the note says that units are distances to support vectors", "노드가 서포트 벡터까지의 거리임을 아래에 적음"),
    Cell("NTM", "Neural Turing machine", "신경 튜링 기계", "",
         "attention at each step to a memory that the step before has written (NS350)",
         "앞 시점이 쓴 기억에 시점마다 어텐션해야 함 (NS350)"),
)  # fmt: skip
DRAWN = [cell for cell in CELLS if cell.lines]


@lru_cache(maxsize=64)
def picture(cell: Cell) -> Picture:
    return netspec.parse(cell.spec).net().render(view=cell.view)


def _row(cell: Cell, language: str) -> str:
    name = cell.name if language == "en" else cell.name_ko
    remark = cell.en if language == "en" else cell.ko
    if not cell.lines:
        return f"| {cell.short} | {name} | – | – | – | {remark} |"
    scene, lines = picture(cell).scene, len(cell.spec.strip().splitlines())
    nodes = sum(1 for node in scene.nodes if node.shape != "pill")
    return f"| [{cell.short}](#{cell.short.lower()}) | {name} | {lines} | {nodes} | {len(scene.wires)} | {remark} |"


def page(language: str) -> str:
    """The Markdown of one language: a table of all cells, then each picture with its spec."""
    english = language == "en"
    count = f"{len(DRAWN)} of {len(CELLS)}" if english else f"{len(CELLS)}개 가운데 {len(DRAWN)}개"
    heads = {
        "en": f"""# The Neural Network Zoo

The cells of the poster of 2016 (asimovinstitute.org): {count} are drawn, each from a spec of at most 15 lines. Nodes
and wires are those of our figure. `python -m docs.scoreboard` draws them all.
""",
        "ko": f"""# 신경망 동물원

2016년 포스터(asimovinstitute.org)의 칸 {count}를 15줄이 넘지 않는 명세로 그렸습니다. 노드와 선의 수는 이 그림의
것입니다. `python -m docs.scoreboard`로 모두 다시 그립니다.
""",
    }
    parts = [
        heads[language],
        "| | cell | lines | nodes | wires | |" if english else "| | 칸 | 줄 | 노드 | 선 | |",
        "|---|---|---|---|---|---|",
        *(_row(cell, language) for cell in CELLS),
    ]
    for cell in DRAWN:
        name = cell.name if english else cell.name_ko
        view = f" --view {cell.view}" if cell.view else ""
        file = cell.short.lower()
        parts.append(
            f"\n## {cell.short}\n\n![{name}](pictures/zoo/{file}.svg)\n\n"
            f"```sh\nnetspec render {file}.net{view}\n```\n\n```net\n{cell.spec}```"
        )
    return "\n".join(parts) + "\n"


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for cell in DRAWN:
        picture(cell).save(FOLDER / f"{cell.short.lower()}.svg")
    for language, target in PAGES.items():
        target.write_text(page(language), encoding="utf-8")
        print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
