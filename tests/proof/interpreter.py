"""Runs a checked graph node by node, without the source that netspec emits: what the emitted module must equal.

Each node is evaluated alone, by its operation's own expression (which tests/ops holds against torch). What is
not used here is everything that turns a graph into a class: names, order, loops over rounds and over time,
classes for blocks, state, folding of time.
"""

from __future__ import annotations

import math
import re
from typing import Any

import networkx
import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from netspec.ir.graph import Edge, Graph, Node
from netspec.ir.operation import Construct, Part
from netspec.ir.types import Type

Values = dict[Edge, Tensor]


class Interpreter:
    """Holds a graph's weights under their keys."""

    def __init__(self, graph: Graph, state: dict[str, Tensor]) -> None:
        self.graph = graph
        self.state = state
        self.modules: dict[int, nn.Module] = {}
        self.names: dict[str, Any] = {
            "torch": torch,
            "nn": nn,
            "F": functional,
            "math": math,
            "Tensor": Tensor,
            "Any": Any,
        }
        self.training = False

    def run(self, inputs: dict[str, Tensor], lengths: dict[str, Tensor]) -> list[Tensor]:
        """The outputs of the net for its inputs by label; `lengths` by the name of an `over up to`."""
        values: Values = {}
        for index in self.graph.inputs:
            values[Edge(index)] = inputs[self.graph.layers[self.graph.nodes[index].layer].label]
        first = next(iter(inputs.values()))
        self.context = {"lengths": lengths, "batch": len(first)}
        for part in self.order():
            if len(part) == 1 and part[0] not in self.looped:
                self.whole(self.graph.nodes[part[0]], values)
            else:
                self.loop(part, values)
        return [values[edge] for index in self.graph.outputs for edge in self.graph.layers[index].values]

    # ---- order

    @property
    def looped(self) -> set[int]:
        return {index for cell in self.graph.cells for index in cell}

    def order(self) -> list[list[int]]:
        """Strongly connected parts, each after what it reads."""
        graph = networkx.DiGraph()
        graph.add_nodes_from(range(len(self.graph.nodes)))
        graph.add_edges_from((edge.node, node.index) for node in self.graph.nodes for edge in node.inputs)
        condensed = networkx.condensation(graph)
        return [sorted(condensed.nodes[part]["members"]) for part in networkx.topological_sort(condensed)]

    # ---- one node with all its time steps

    def whole(self, node: Node, values: Values) -> None:
        name = node.op.name
        if name == "input":
            return
        given = [values[edge] for edge in node.inputs]
        types = [self.type(edge) for edge in node.inputs]
        if name == "port":
            values[Edge(node.index)] = given[0]
        elif name == "delay":
            values[Edge(node.index)] = self.shifted(node, given, types[0])
        elif node.op.over_time or all(value.time is None for value in types):
            self.put(node, self.evaluate(node, given, types), values)
        elif name == "batchnorm":  # its statistics are over time, too
            result = self.evaluate(node, [given[0].flatten(0, 1)], [types[0].step])
            self.put(node, result.unflatten(0, given[0].shape[:2]), values)
        else:
            rows = []
            for step in range(next(x.shape[1] for x, t in zip(given, types, strict=True) if t.time is not None)):
                now = [x if t.time is None else x[:, step] for x, t in zip(given, types, strict=True)]
                rows.append(self.evaluate(node, now, [value.step for value in types]))
            if isinstance(rows[0], Tensor):
                self.put(node, torch.stack(rows, 1), values)
            else:
                self.put(node, [torch.stack(parts, 1) for parts in zip(*rows, strict=True)], values)

    def put(self, node: Node, result: Any, values: Values) -> None:
        for position, value in enumerate([result] if isinstance(result, Tensor) else list(result)):
            values[Edge(node.index, position)] = value

    def shifted(self, node: Node, given: list[Tensor], value: Type) -> Tensor:
        steps = node.delay
        first = given[1] if len(given) > 1 else torch.zeros_like(given[0][:, 0])
        rows = [first] * steps + list(given[0].unbind(1))
        return torch.stack(rows[: given[0].shape[1]], 1)

    def type(self, edge: Edge) -> Type:
        return self.graph.nodes[edge.node].types[edge.output]

    # ---- a recurrence

    def loop(self, part: list[int], values: Values) -> None:
        """Every node of the loop at t = 0, 1, …: a delayed read looks into what was there before."""
        nodes = [self.graph.nodes[index] for index in part]
        timed = [e for node in nodes for e in node.inputs if e.node not in part and self.type(e).time is not None]
        steps = values[timed[0]].shape[1]
        past: dict[Edge, list[Tensor]] = {}
        for t in range(steps):
            now: Values = {}
            for node in self.by_need(nodes, part):
                given, types = [], []
                for place, edge in enumerate(node.inputs):
                    type_ = self.type(edge)
                    keys = node.op.name == "attention" and place > 0
                    inside = edge in now
                    value = now[edge] if inside else values.get(edge)
                    if value is not None and not inside and type_.time is not None and not keys:
                        value = value[:, t]
                    given.append(value)
                    types.append(type_ if keys else type_.step)
                if node.kind == "delay":
                    now[Edge(node.index)] = self.before(node, past, t, values)
                elif node.kind == "port":
                    now[Edge(node.index)] = given[0]
                else:
                    self.put(node, self.evaluate(node, given, types), now)
            for edge, value in now.items():
                past.setdefault(edge, []).append(value)
        values.update({edge: torch.stack(rows, 1) for edge, rows in past.items()})

    def before(self, node: Node, past: dict[Edge, list[Tensor]], t: int, values: Values) -> Tensor:
        edge, ago = node.inputs[0], node.delay
        if t >= ago:
            return past[edge][t - ago]
        if len(node.inputs) > 1:
            return values[node.inputs[1]].expand(self.context["batch"], *values[node.inputs[1]].shape[1:])
        value = self.type(edge)
        dtype = next((v.dtype for v in self.state.values() if v.is_floating_point()), torch.get_default_dtype())
        return torch.zeros(self.context["batch"], value.maps, *value.space, dtype=dtype)

    def by_need(self, nodes: list[Node], part: list[int]) -> list[Node]:
        graph = networkx.DiGraph()
        graph.add_nodes_from(part)
        for node in nodes:
            edges = node.inputs_now
            graph.add_edges_from((edge.node, node.index) for edge in edges if edge.node in part)
        return [self.graph.nodes[index] for index in networkx.lexicographical_topological_sort(graph)]

    # ---- one expression

    def evaluate(self, node: Node, given: list[Any], types: list[Type]) -> Any:
        lowering = node.op.torch(*types)
        for part in lowering.parts:
            self.define(part)
        names: dict[str, Any] = {"x": given[0] if given else None, "before": None}
        names |= {str(place): value for place, value in enumerate(given)}
        names |= dict(lowering.values.items())
        names |= {"batch": self.context["batch"], "device": torch.device("cpu"), "dtype": self.dtype()}
        for place, value in enumerate(types):
            if value.time is not None and value.time.varying:
                names[f"lengths{place}"] = self.context["lengths"][value.time.varying]
                names.setdefault("lengths", names[f"lengths{place}"])
        if lowering.module is not None:
            names["self"] = self.module(node, lowering.module)
        elif node.key:
            names["self"] = self.state[node.key]
        if node.tied:
            names["tied"] = self.state[node.stored()]
        renamed = {f"_{name}": value for name, value in names.items()}
        text = lowering.forward.replace("self.training", str(self.training))
        text = re.sub(r"\{(\w+)\}", r"_\1", text)
        result = eval(text, self.names | renamed)
        if "{before}" in lowering.forward:
            return result[0]  # beside it stands the state
        return result

    def dtype(self) -> torch.dtype:
        return next((v.dtype for v in self.state.values() if v.is_floating_point()), torch.get_default_dtype())

    def define(self, part: Part) -> None:
        for need in part.needs:
            self.define(need)
        if part.name not in self.names:
            exec("from __future__ import annotations\n" + part.source, self.names)

    def module(self, node: Node, call: Construct) -> nn.Module:
        """The node's own module, its arrays those of its key."""
        if node.index not in self.modules:
            made = eval(call.call, self.names)(*call.args, **call.kwargs)
            own = {name: self.state[node.stored(name)] for name in made.state_dict() if not self.lent(node, name)}
            made = made.to(self.dtype())
            made.load_state_dict(own)
            self.modules[node.index] = made.train(self.training)
        return self.modules[node.index]

    def lent(self, node: Node, name: str) -> bool:
        return bool(node.tied) and name == "weight"
