"""LeNet-5 and ResNet-18 as mlnode's JSON and in Keras's functional API, each as its users would write it."""

from __future__ import annotations

import json
from typing import Any

STAGES = ((64, 1), (128, 2), (256, 2), (512, 2))  # maps and the stride of the first of two blocks


class Graph:
    """Nodes and edges in mlnode's format, each node reading the one before unless it is told otherwise."""

    def __init__(self, *shape: int) -> None:
        self.shape = shape
        self.nodes: list[dict[str, Any]] = [{"id": "x", "type": "Input"}]
        self.edges: list[dict[str, str]] = []

    def add(self, kind: str, *sources: str, **params: Any) -> str:
        name = f"{kind.lower()}{len(self.nodes)}"
        for source in sources or (self.nodes[-1]["id"],):
            self.edges.append({"source": source, "target": name})
        self.nodes.append({"id": name, "type": kind, "params": params})
        return name

    def conv(self, maps: int, filters: int, kernel: int, stride: int = 1, *source: str) -> str:
        """A convolution without bias that keeps or halves the map, and its norm."""
        self.add(
            "Conv2d", *source, in_channels=maps, out_channels=filters, kernel_size=kernel, stride=stride,
            padding=kernel // 2, bias=False,
        )  # fmt: skip
        return self.add("BatchNorm2d", num_features=filters)

    def text(self) -> str:
        document = {
            "mlnode_schema_version": "1.1",
            "input_shape": list(self.shape),
            "output_node": self.nodes[-1]["id"],
            "nodes": self.nodes,
            "edges": self.edges,
        }
        return json.dumps(document, indent=1)


def mlnode_graph(name: str) -> str:
    """The text of its file."""
    return _lenet() if name == "lenet5_plain" else _resnet18()


def _lenet() -> str:
    graph = Graph(1, 1, 32, 32)
    for maps, filters in ((1, 6), (6, 16)):
        graph.add("Conv2d", in_channels=maps, out_channels=filters, kernel_size=5)
        graph.add("Tanh")
        graph.add("AvgPool2d", kernel_size=2)
    graph.add("Flatten")
    for size, units in ((400, 120), (120, 84)):
        graph.add("Linear", in_features=size, out_features=units)
        graph.add("Tanh")
    graph.add("Linear", in_features=84, out_features=10)
    return graph.text()


def _resnet18() -> str:
    graph = Graph(1, 3, 224, 224)
    graph.conv(3, 64, 7, 2)
    graph.add("ReLU")
    end, maps = graph.add("MaxPool2d", kernel_size=3, stride=2, padding=1), 64
    for planes, first in STAGES:
        for stride in (first, 1):
            start = end
            graph.conv(maps, planes, 3, stride, start)
            graph.add("ReLU")
            end = graph.conv(planes, planes, 3)
            skip = start if maps == planes else graph.conv(maps, planes, 1, stride, start)
            graph.add("Add", end, skip)
            end, maps = graph.add("ReLU"), planes
    graph.add("AdaptiveAvgPool2d", output_size=1)
    graph.add("Flatten")
    graph.add("Linear", in_features=512, out_features=1000)
    return graph.text()


def keras_net(name: str) -> Any:
    """The model, built; Keras on torch is a module of torch, of maps that come last."""
    return _keras_lenet() if name == "lenet5_plain" else _keras_resnet18()


def _keras_lenet() -> Any:
    from keras import Sequential, layers

    return Sequential([
        layers.Input((32, 32, 1)),
        layers.Conv2D(6, 5, activation="tanh"), layers.AveragePooling2D(2),
        layers.Conv2D(16, 5, activation="tanh"), layers.AveragePooling2D(2),
        layers.Flatten(), layers.Dense(120, activation="tanh"), layers.Dense(84, activation="tanh"), layers.Dense(10),
    ])  # fmt: skip


def _keras_resnet18() -> Any:
    from keras import Model, layers

    def conv(x: Any, filters: int, kernel: int, stride: int = 1) -> Any:
        x = layers.ZeroPadding2D(kernel // 2)(x) if kernel > 1 else x
        x = layers.Conv2D(filters, kernel, strides=stride, use_bias=False)(x)
        return layers.BatchNormalization(epsilon=1e-5, momentum=0.9)(x)

    given = layers.Input((224, 224, 3))
    x = layers.ReLU()(conv(given, 64, 7, 2))
    x, maps = layers.MaxPooling2D(3, strides=2)(layers.ZeroPadding2D(1)(x)), 64
    for planes, first in STAGES:
        for stride in (first, 1):
            skip = x if maps == planes else conv(x, planes, 1, stride)
            x = conv(layers.ReLU()(conv(x, planes, 3, stride)), planes, 3)
            x, maps = layers.ReLU()(layers.Add()([x, skip])), planes
    return Model(given, layers.Dense(1000)(layers.GlobalAveragePooling2D()(x)))
