"""The text that netspec itself writes into figures, in both languages. Captions of a spec are never touched."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from netspec.figure.scene import Scene
from netspec.figure.scene.tex import plain
from netspec.figure.scene.typeset import paragraph
from netspec.figure.settings import FigureSettings
from netspec.ir.graph import Graph
from netspec.ir.sizes import Formula

_WORDS: Final = {
    "weights": {"en": "weight product", "ko": "가중치곱"},
    "sum": {"en": "sum", "ko": "합"},
    "activation": {"en": "activation function", "ko": "활성함수"},
    "filter": {"en": "filter", "ko": "필터"},
    "layers": {"en": "lines {names}", "ko": "줄 {names}"},
    "channel": {"en": "channel {number}", "ko": "채널 {number}"},
    "channel of": {"en": "channel {number} of {count}", "ko": "채널 {number}/{count}"},
    "one of": {"en": "{name} {number} of {count}", "ko": "{name} {number}/{count}"},
    "step": {"en": "time step", "ko": "시점"},
    "steps": {"en": "{count} time steps", "ko": "시점 {count}개"},
    "up to steps": {"en": "up to {count} time steps", "ko": "시점 {count}개까지"},
    "here": {"en": "{most}, here {count}", "ko": "{most}, 여기서는 {count}"},
    "zeros before": {"en": "zeros before step 1", "ko": "첫 시점 앞의 0"},
    "reads": {"en": "reads {name}[t−{steps}]", "ko": "{name}[t−{steps}] 읽음"},
    "loss": {"en": "loss", "ko": "손실"},
    "above below": {
        "en": "above each line its value, below it the gradient of the loss $L$",
        "ko": "선 위는 값, 아래는 손실 $L$의 기울기",
    },
    "loss is": {"en": "the loss $L$ is {names}", "ko": "손실 $L$: {names}"},
    "loss mean": {"en": "{name}, mean of {count} values", "ko": "{name}, 값 {count}개의 평균"},
    "loss sum": {"en": "{name}, sum of {count} values", "ko": "{name}, 값 {count}개의 합"},
    "of logits": {"en": "{name} from logits", "ko": "로짓의 {name}"},
    "frame input": {"en": "the example: {name}", "ko": "예시: {name}"},
    "frame forward": {"en": "forward: {name}", "ko": "순전파: {name}"},
    "frame loss": {"en": "the loss: {term} is {value}", "ko": "손실: {term} 값은 {value}"},
    "frame back": {
        "en": "backward: the gradients of the loss at {name}, and by its weights",
        "ko": "역전파: {name}에서의 손실의 기울기와 가중치의 기울기",
    },
    "frame back alone": {
        "en": "backward: the gradients of the loss at {name}",
        "ko": "역전파: {name}에서의 손실의 기울기",
    },
    "frame update": {
        "en": "the update: the weights after one step ({step})",
        "ko": "갱신: 한 단계 뒤의 가중치 ({step})",
    },
    "frame before": {"en": "step before", "ko": "이전 단계"},
    "frame next": {"en": "next step", "ko": "다음 단계"},
    "frame slider": {"en": "step", "ko": "단계"},
    "paths": {"en": "sum over {count} paths", "ko": "경로 {count}개의 합"},
    "target": {"en": "target", "ko": "정답"},
    "one circle": {"en": "each layer is one shape", "ko": "층마다 도형 하나로 그림"},
    "sequence": {"en": "input sequence", "ko": "입력 시퀀스"},
    "maps": {"en": "feature maps", "ko": "특징 맵"},
    "f. maps": {"en": "f. maps", "ko": "맵"},
    "layer": {"en": "layer", "ko": "층"},
    "convolution": {"en": "convolution", "ko": "컨볼루션"},
    "transposed": {"en": "transposed convolution", "ko": "전치 컨볼루션"},
    "full": {"en": "full connection", "ko": "완전 연결"},
    "not drawn": {"en": "not drawn: {count}, at most {value}", "ko": "그리지 않은 가중치 {count}개: 최대 {value}"},
    "more filters": {"en": "and {count} more", "ko": "외 {count}개"},
    "own weights": {"en": "own weights", "ko": "자기 가중치"},
    "all of": {"en": "all of {label}: {words}", "ko": "{label} 전체: {words}"},
    "weights of": {"en": "same weights as {label}", "ko": "{label}의 가중치를 함께 씀"},
    "such as": {"en": "for example of {names}", "ko": "예: {names}"},
    "back": {"en": "inside, it reads {steps}", "ko": "안에서 {steps} 시점을 읽음"},
    "shared of": {"en": "shared weights of {names}", "ko": "{names}에서 함께 쓰는 가중치"},
    "shared in": {"en": "shared weights in each of {names}", "ko": "{names} 각각에서 함께 쓰는 가중치"},
    "shared": {"en": "shared weights", "ko": "가중치 공유"},
    "not shown": {"en": "not shown: {text}", "ko": "그리지 않은 것: {text}"},
    "types of net": {"en": "sizes of values inside the blocks are not written", "ko": "블록 안 값의 크기는 쓰지 않음"},
    "types of stages": {
        "en": "sizes are written at inputs and outputs, and where the resolution changes",
        "ko": "값의 크기는 입력과 출력, 해상도가 바뀌는 곳에만 씀",
    },
    "no types": {"en": "the sizes of the values are not written", "ko": "값의 크기는 쓰지 않음"},
    "after round": {"en": "after round {number}", "ko": "{number}회차 뒤"},
    "once": {"en": "equal blocks and rounds are drawn once", "ko": "같은 블록과 반복은 한 번만 그림"},
    "closed": {"en": "not opened here: {names}", "ko": "여기서 펼쳐 그리지 않은 것: {names}"},
    "first steps": {"en": "of the time steps, the first {count} are drawn", "ko": "처음 {count}개 시점까지 그림"},
    "no table": {"en": "the input sequence is not written as a table", "ko": "입력 시퀀스의 표는 그리지 않음"},
    "fewer units": {"en": "only some units of large layers are drawn", "ko": "큰 층은 노드의 일부만 그림"},
    "given": {"en": "given", "ko": "주어진 값"},
    "given weights": {"en": "given weights", "ko": "주어진 가중치"},
    "bias": {"en": "bias", "ko": "편향"},
    "without": {"en": "no {name}", "ko": "{name} 없음"},
    "of": {"en": "{words} of {read}", "ko": "{read}의 {words}"},
    "on": {"en": "{owners} on {name}", "ko": "{owners}의 {name}"},
    "at": {"en": "{owners} at {name}", "ko": "{owners}의 {name}"},
    "before": {"en": "{owners} before {name}", "ko": "{owners}의 {name} 앞"},
    "after": {"en": "{owners} after {name}", "ko": "{owners}의 {name} 뒤"},
    "nth": {"en": "the {nth} {name}", "ko": "{nth} {name}"},
    "in calls": {"en": "{owners} in the {numbers} call", "ko": "{numbers} 호출의 {owners}"},
    "and": {"en": "{most} and {last}", "ko": "{most}, {last}"},
    "all": {"en": "all", "ko": "모두"},
    "all steps": {"en": "all {name}", "ko": "모든 {name}"},
    "all drawn": {"en": "all drawn", "ko": "그린 것 모두"},
    "all drawn steps": {"en": "all drawn {name}", "ko": "그린 모든 {name}"},
    "all but": {"en": "{all} but {names}", "ko": "{names} 외 {all}"},
    "input": {"en": "input", "ko": "입력"},
    "hidden": {"en": "hidden", "ko": "은닉"},
    "output": {"en": "output", "ko": "출력"},
    "deep": {"en": "round of a repeat", "ko": "반복되는 층"},
    "recurrent": {"en": "recurrent", "ko": "순환"},
    "attention": {"en": "attention", "ko": "어텐션"},
    "perceptrons": {"en": "perceptrons", "ko": "퍼셉트론"},
    "embedding": {"en": "embedding", "ko": "임베딩"},
    "pooling": {"en": "pooling", "ko": "풀링"},
    "norm": {"en": "normalization", "ko": "정규화"},
    "block": {"en": "block", "ko": "블록"},
    "repeat": {"en": "repeat", "ko": "반복"},
    "features input": {"en": "input {label}", "ko": "입력 {label}"},
    "features hidden": {"en": "last hidden layer {label}: {count} values", "ko": "마지막 은닉층 {label}: 값 {count}개"},
    "direction classes": {"en": "across the boundary", "ko": "경계에 수직인 방향"},
    "direction rest": {"en": "along the boundary", "ko": "경계를 따르는 방향"},
    "direction 1": {"en": "the direction that tells most classes apart", "ko": "종류를 가장 잘 나누는 방향"},
    "direction 2": {"en": "the next such direction", "ko": "그다음으로 잘 나누는 방향"},
    "tokens": {"en": "{steps} tokens of {classes}", "ko": "{classes}가지 토큰 {steps}개"},
    "classes": {"en": "{classes} classes", "ko": "클래스 {classes}개"},
    "class": {"en": "class", "ko": "종류"},
}


def say(name: str, lang: str) -> str:
    """Return the text with this key in the language of the figure."""
    return _WORDS[name][lang]


# ---- the title and the description: what a person who cannot see the figure is told


_TEXTS = {
    "en": {
        "of": "{net}: {count} layers, {weights} weights.",
        "active": "{net}: {count} layers, {weights} weights, {active} active for a token.",
        "input": "input {label}: {type}",
        "hidden": "hidden {label}: {type}",
        "output": "output {label}: {type}",
        "elided": "Not drawn: {parts}.",
        "part": "{hidden} units of {label}",
    },
    "ko": {
        "of": "{net}: 층 {count}개, 가중치 {weights}개.",
        "active": "{net}: 층 {count}개, 가중치 {weights}개, 토큰마다 {active}개 사용.",
        "input": "입력 {label}: {type}",
        "hidden": "은닉 {label}: {type}",
        "output": "출력 {label}: {type}",
        "elided": "그리지 않은 것: {parts}.",
        "part": "{label}의 노드 {hidden}개",
    },
}


def _spelled(caption: str) -> str:
    """Return a caption with its mathematics as plain characters."""
    return "\n".join(map(plain, paragraph(caption)))


def described(scene: Scene, graph: Graph, settings: FigureSettings) -> Scene:
    """Return the scene with its title and description."""
    texts = _TEXTS[settings.lang]
    counts, words = graph.counts, "of" if graph.counts.idle == 0 else "active"
    weights, active = (
        str(number) if isinstance(number, Formula) else f"{number:,}" for number in (counts.weights, counts.active)
    )
    weights += " + ?" if counts.unknown else ""
    said = {"net": graph.name, "count": len(graph.top) - len(graph.inputs), "weights": weights, "active": active}
    lines = [texts[words].format_map(said)]
    for layer in graph.top:
        if layer.role in texts and layer.values:
            edge = layer.values[0]
            kind = graph.nodes[edge.node].types[edge.output]
            line = texts[layer.role].format(label=layer.label, type=kind)
            lines.append(f"{line} ({_spelled(layer.caption)})." if layer.caption else f"{line}.")
    if scene.hidden:
        parts = ", ".join(texts["part"].format(hidden=hidden, label=label) for label, hidden in scene.hidden.items())
        lines.append(texts["elided"].format(parts=parts))
    title = _spelled(settings.heading or graph.caption) or graph.name
    return replace(scene, title=title, description=" ".join(" ".join(lines).split()))
