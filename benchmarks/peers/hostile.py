"""Wrong and hostile specs, each in netspec's language and in every peer's format that has words for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

CANARY = "canary"  # the harmless payload: an empty file of this name in the folder of the run
PAYLOAD = "__import__('pathlib').Path('canary').touch()"
PEERS = ("mlnode", "n-orca", "neural-dsl")
FILES = {"netspec": "spec.net", "mlnode": "spec.mlnode.json", "n-orca": "spec.n.orca.md", "neural-dsl": "spec.neural"}
MODULE = f"from pathlib import Path\n\nPath('{CANARY}').touch()\n"  # canary_module.py, named by some specs


@dataclass(frozen=True)
class Case:
    """A mistake or an attack; a peer without a text has no words for it."""

    title: str
    netspec: str
    mlnode: str = ""
    n_orca: str = ""
    neural_dsl: str = ""

    def text(self, name: str) -> str:
        return str(getattr(self, name.replace("-", "_")))


def net(*lines: str, head: str = "net Net {") -> str:
    return "\n".join([head, *(f"  {line}" for line in lines), "}", ""])


def graph(*nodes: dict[str, Any], edges: str = "x z, z y", output: str = "y", **more: Any) -> str:
    """A graph for mlnode on four numbers; edges as 'from to' pairs."""
    pairs = [pair.split() for pair in edges.split(", ")]
    document = {
        "mlnode_schema_version": "1.1",
        "input_shape": [1, 4],
        "output_node": output,
        "nodes": [{"id": "x", "type": "Input"}, *nodes],
        "edges": [{"source": one, "target": two} for one, two in pairs],
    }
    return json.dumps(document | more, indent=1)


def node(name: str, kind: str, **params: Any) -> dict[str, Any]:
    return {"id": name, "type": kind, "params": params}


def linear(name: str, size: int, *, of: int = 4) -> dict[str, Any]:
    return node(name, "Linear", in_features=of, out_features=size)


RELU = node("y", "ReLU")


def orca(*layers: str, flow: str = "x z, z y", shape: str = "1, 4", name: str = "Net") -> str:
    """An architecture for n-orca; layers as 'name: Operation(arguments)'."""
    rows = [f"| {one} | {two} | v |" for one, two in (pair.split() for pair in flow.split(", "))]
    described = [f"## layer {each.partition(': ')[0]}\n- op: {each.partition(': ')[2]}" for each in layers]
    head = [f"# architecture {name}", "## tensors", "| Name | Shape | Dtype |", "|---|---|---|"]
    head += [f"| x | ({shape}) | float32 |", "## layer x [input]"]
    end = ["## layer y [output]", "## flow", "| Source | Target | Tensor |", "|---|---|---|", *rows, ""]
    return "\n".join([*head, *described, *end])


def neural(*layers: str, shape: str = "4", loss: str = "mse") -> str:
    head = ["network Net {", f"  input: ({shape})", "  layers:", *(f"    {layer}" for layer in layers)]
    return "\n".join([*head, f'  loss: "{loss}"', '  optimizer: "sgd"', "}", ""])


NUMBERS, MAPS = "input  x: 4", "input  x: 1@4x4"
CASES = (
    Case(
        "10^15 units",
        net(NUMBERS, "hidden z: 1000000000000000 perceptrons", "output y: z -> relu"),
        graph(linear("z", 10**15), RELU),
        orca(f"z: Linear(4, {10**15})"),
        neural(f"Dense(units={10**15})"),
    ),
    Case(
        "an unknown layer",
        net(NUMBERS, "hidden z: Frobnicate(3)", "output y: z -> relu"),
        graph(node("z", "Frobnicate", size=3), RELU),
        orca("z: Frobnicate(3)"),
        neural("Frobnicate(units=3)"),
    ),
    Case(
        "a negative number of units",
        net(NUMBERS, "hidden z: -5 perceptrons", "output y: z -> relu"),
        graph(linear("z", -5), RELU),
        orca("z: Linear(4, -5)"),
        neural("Dense(units=-5)"),
    ),
    Case(
        "a filter larger than its map",
        net(MAPS, "hidden z: 3 filters 7x7", "output y: z -> relu"),
        graph(node("z", "Conv2d", in_channels=1, out_channels=3, kernel_size=7), RELU, input_shape=[1, 1, 4, 4]),
        orca("z: Conv2d(1, 3, 7, 1, 0)", shape="1, 1, 4, 4"),
        neural("Conv2D(filters=3, kernel_size=7)", shape="4, 4, 1"),
    ),
    Case(
        "a misspelt option",
        net(MAPS, "hidden z: 3 filters 3x3 (strid = 2)", "output y: z -> relu"),
        graph(
            node("z", "Conv2d", in_channels=1, out_channels=3, kernel_size=3, strid=2), RELU, input_shape=[1, 1, 4, 4]
        ),
        "",  # its arguments have no names
        neural("Conv2D(filters=3, kernel_size=3, strid=2)", shape="4, 4, 1"),
    ),
    Case(
        "the sum of 3 and 5 numbers",
        net(NUMBERS, "hidden a: x -> 3 perceptrons", "hidden b: x -> 5 perceptrons", "output y: a + b"),
        graph(linear("a", 3), linear("b", 5), node("y", "Add"), edges="x a, x b, a y, b y"),
        orca("a: Linear(4, 3)", "b: Linear(4, 5)", "z: Add", flow="x a, x b, a z, b z, z y"),
    ),
    Case(
        "a layer of 4 inputs that is given 3",
        net(NUMBERS, "hidden z: 3 perceptrons is 4", "output y: z -> 2 perceptrons"),
        graph(linear("z", 3), linear("y", 2)),
        orca("z: Linear(4, 3)", "w: Linear(4, 2)", flow="x z, z w, w y"),
    ),
    Case(
        "a cycle",
        net(NUMBERS, "hidden z: x + w -> relu", "hidden w: z -> 4 perceptrons", "output y: w"),
        graph(node("z", "Add"), linear("w", 4), RELU, edges="x z, w z, z w, w y"),
        orca("z: Add", "w: Linear(4, 4)", flow="x z, w z, z w, w y"),
    ),
    Case(
        "a name twice",
        net(NUMBERS, "hidden z: 3 perceptrons", "hidden z: 3 perceptrons", "output y: z -> relu"),
        graph(linear("z", 3), linear("z", 3, of=3), RELU),
        orca("z: Linear(4, 3)", "z: Linear(3, 3)"),
    ),
    Case(
        "10,000 brackets",
        net(NUMBERS, f"hidden z: {'(' * 10_000}x{')' * 10_000}", "output y: z -> relu"),
        graph(node("z", "Linear", out_features=0), RELU).replace(
            '"out_features": 0', f'"out_features": {"[" * 10_000}{"]" * 10_000}'
        ),
        orca(f"z: Linear(4, {'(' * 10_000}3{')' * 10_000})"),
        neural(f"Dense(units={'(' * 10_000}3{')' * 10_000})"),
    ),
    Case(
        "code in a layer's argument",
        net(NUMBERS, f"hidden z: perceptrons({PAYLOAD} or 4)".replace("'", '"'), "output y: z -> relu"),
        graph(node("z", "Linear", in_features=4, out_features=f"{PAYLOAD} or 4"), RELU),
        orca(f"z: Linear(4, {PAYLOAD} or 4)"),
        neural(f"Dense(units={PAYLOAD} or 4)"),
    ),
    Case(
        "a module named by the spec",
        'extern evil = "canary_module:Layer": 4 -> 4\n\n' + net(NUMBERS, "hidden z: evil", "output y: z -> relu"),
        graph({"id": "z", "type": "custom", "path": "canary_module.Layer", "params": {}}, RELU),
    ),
    Case(
        "code behind a quotation mark in a string",
        net(
            NUMBERS,
            f'hidden z: 4 perceptrons "\\"), {PAYLOAD}, (\\""',
            "output y: z -> relu",
            head=f"net Net \"'), {PAYLOAD}, ('\" {{",
        ),
        graph(linear("z", 4), RELU, metadata={"name": f"'), {PAYLOAD}, ('", "description": f'"), {PAYLOAD}, ("'}),
        orca("z: Linear(4, 4)").replace("## tensors", f'> """\'), {PAYLOAD}, (\'\n## tensors'),
        neural("Dense(units=4)", loss=f"mse', metrics={PAYLOAD}, name='"),
    ),
)
LENET = Case(
    "LeNet-5, 61,706 weights",
    net(
        "input  x: 1@32x32",
        *("hidden C1: 6 filters 5x5 -> tanh -> avgpool(2x2)", "hidden C3: 16 filters 5x5 -> tanh -> avgpool(2x2)"),
        *("hidden C5: 120 perceptrons -> tanh", "hidden F6: 84 perceptrons -> tanh", "output y: 10 perceptrons"),
    ),
    "",  # written by networks.mlnode_graph
    orca(
        *("c: Conv2d(1, 6, 5, 1, 0)", "d: Tanh", "e: AvgPool2d(2, 2)", "f: Conv2d(6, 16, 5, 1, 0)", "g: Tanh"),
        *("h: AvgPool2d(2, 2)", "i: Flatten(1)", "j: Linear(400, 120)", "k: Tanh", "l: Linear(120, 84)", "m: Tanh"),
        "n: Linear(84, 10)",
        flow="x c, c d, d e, e f, f g, g h, h i, i j, j k, k l, l m, m n, n y",
        shape="1, 1, 32, 32",
    ),
    neural(
        *('Conv2D(filters=6, kernel_size=5, padding="valid", activation="tanh")', "MaxPooling2D(pool_size=2)"),
        *('Conv2D(filters=16, kernel_size=5, padding="valid", activation="tanh")', "MaxPooling2D(pool_size=2)"),
        *("Flatten()", 'Dense(units=120, activation="tanh")', 'Dense(units=84, activation="tanh")', "Output(units=10)"),
        shape="32, 32, 1",
    ),
)
HARMLESS = frozenset(("code behind a quotation mark in a string",))  # a valid spec, where the text stays text
