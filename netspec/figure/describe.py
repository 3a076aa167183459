"""Graph -> the title and the description of its figure: what a person who cannot see it is told."""

from __future__ import annotations

from dataclasses import replace

from netspec.figure.scene import Scene
from netspec.figure.settings import FigureSettings
from netspec.ir.graph import Graph
from netspec.ir.sizes import Formula

_TEXTS = {
    "en": {
        "of": "{net}: {count} layers, {weights} weights.",
        "input": "input {label}: {type}",
        "hidden": "hidden {label}: {type}",
        "output": "output {label}: {type}",
        "elided": "Not drawn: {parts}.",
        "part": "{hidden} units of {label}",
    },
    "ko": {
        "of": "{net}: 층 {count}개, 가중치 {weights}개.",
        "input": "입력 {label}: {type}",
        "hidden": "은닉 {label}: {type}",
        "output": "출력 {label}: {type}",
        "elided": "그리지 않은 것: {parts}.",
        "part": "{label}의 노드 {hidden}개",
    },
}


def described(scene: Scene, graph: Graph, settings: FigureSettings) -> Scene:
    """The scene with its title and description."""
    texts = _TEXTS[settings.lang]
    weights = graph.counts.weights
    shown = str(weights) if isinstance(weights, Formula) else f"{weights:,}"
    lines = [texts["of"].format(net=graph.name, count=len(graph.top) - len(graph.inputs), weights=shown)]
    for layer in graph.top:
        if layer.role in texts and layer.values:
            edge = layer.values[0]
            kind = graph.nodes[edge.node].types[edge.output]
            line = texts[layer.role].format(label=layer.label, type=kind)
            lines.append(f"{line} ({layer.caption})." if layer.caption else f"{line}.")
    if scene.hidden:
        parts = ", ".join(texts["part"].format(hidden=hidden, label=label) for label, hidden in scene.hidden.items())
        lines.append(texts["elided"].format(parts=parts))
    return replace(scene, title=graph.caption or graph.name, description=" ".join(" ".join(lines).split()))
