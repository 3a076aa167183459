"""The same expression means the same in a net, in data, train and figure: a table of expressions and places.

A cell holds the codes that the expression adds, `.` for none; a warning has a question mark. What differs between
columns is what their places take: sizes are whole and divided exactly, numbers are real, and a whole setting of a
section also takes 6.0. A name that nobody knows has the code of its room, and a bare word in `show` is a letter.
"""

from __future__ import annotations

import pytest

from netspec.api import Spec
from netspec.elaborate.program import parse_program

NET = """netspec 1

net m(d = 6, H = 12) {{
  input  x: d
  {line}
  hidden z: H perceptrons -> {step}
  output y: {size} perceptrons
  {after}
}}
"""
DEFAULTS = {"line": "let p = 1", "step": "leaky(p/10)", "size": "H", "after": ""}
TRAIN = "\ntrain {{\n  loss = {loss}\n  optimizer = sgd(lr = {lr})\n  epochs = {epochs}\n}}\n"
PLAIN = {"loss": "squared(y, t)", "lr": "0.1", "epochs": "3"}
DATA = '\ndata {{\n  source = synthetic("two_moons", {option})\n  x = columns\n}}\n'


def net(**parts: str) -> str:
    return NET.format(**{**DEFAULTS, **parts})


def train(**parts: str) -> str:
    return net() + TRAIN.format(**{**PLAIN, **parts})


PLACES = {
    "size": lambda e: net(size=f"({e})"),
    "bare": lambda e: net(size=e),
    "real": lambda e: net(step=f"leaky({e})"),
    "whole": lambda e: net(step=f"repeat {e} {{ 4 perceptrons -> relu }}"),
    "constant": lambda e: net(line=f"let p = {e}"),
    "require": lambda e: net(after=f"require 100 >= {e}"),
    "lr": lambda e: train(lr=e),
    "epochs": lambda e: train(epochs=e),
    "share": lambda e: train(loss=f"squared(y, t)*({e})"),
    "rows": lambda e: net() + DATA.format(option=f"rows = {e}"),
    "noise": lambda e: net() + DATA.format(option=f"noise = {e}"),
    "show": lambda e: net() + f"\nfigure {{\n  y.show = [1, .., {e}]\n}}\n",
    "at": lambda e: net() + f"\nfigure {{\n  y.at = [{e}]\n}}\n",
    "max_units": lambda e: net() + f"\nfigure {{\n  max_units = {e}\n}}\n",
}
EXPRESSIONS = (
    "6", "d", "H/2", "H/5", "d*2 - 3", "1/sqrt(d)", "sqrt(4)", "d % 4", "d % 4 * 2", "(d % 4) * 2", "2^3", "2^3^1",
    "2^-1", "7/2", "6/3", "6.0", "1e1", "0.5*H", "-3", "+3", "(d)", "((d))", "1/0", "1 % 0", "0^-1", "10^30", "1e200^2",
    "sqrt(-4)", "true", "inf", '"6"', "[6]", "one", "zz", "d d", "H//2", "max(d, 2)", "2*-3",
)  # fmt: skip


def codes(text: str) -> list[str]:
    found = Spec(parse_program(text)).check(propose=False)
    return sorted({item.code + ("?" if item.severity == "warning" else "") for item in found})


BEFORE = {place: set(codes(text("6"))) for place, text in PLACES.items()}


def row(expression: str) -> list[str]:
    return [
        " ".join(code for code in codes(text(expression)) if code not in BEFORE[place]) or "."
        for place, text in PLACES.items()
    ]


TABLE = """
| expression  | size  | bare  | real  | whole | constant | require | lr     | epochs | share  | rows   | noise  | show   | at     | max_units |
| 6           | .     | .     | .     | .     | .        | .       | .      | .      | .      | .      | .      | .      | .      | .         |
| d           | .     | .     | .     | .     | .        | .       | .      | .      | .      | .      | .      | .      | .      | .         |
| H/2         | .     | .     | .     | .     | .        | .       | .      | .      | .      | .      | .      | .      | .      | .         |
| H/5         | NS403 | NS403 | .     | NS403 | NS403    | NS403   | .      | NS401  | .      | NS401  | .      | NS403  | NS403  | NS401     |
| d*2 - 3     | .     | .     | .     | .     | .        | .       | .      | .      | .      | .      | .      | .      | .      | .         |
| 1/sqrt(d)   | NS412 | NS412 | .     | NS412 | .        | .       | .      | NS401  | .      | NS401  | .      | NS412  | NS412  | NS401     |
| sqrt(4)     | NS412 | NS412 | .     | NS412 | .        | .       | .      | .      | .      | .      | .      | NS412  | NS412  | .         |
| d % 4       | .     | .     | .     | .     | .        | .       | .      | .      | .      | .      | .      | .      | .      | .         |
| d % 4 * 2   | NS407 | NS407 | NS407 | NS407 | NS407    | NS407   | NS407? | NS407? | NS407? | NS407? | NS407? | NS407? | NS407? | NS407?    |
| (d % 4) * 2 | .     | .     | .     | .     | .        | .       | .      | .      | .      | .      | .      | .      | .      | .         |
| 2^3         | .     | .     | .     | .     | .        | .       | .      | .      | .      | .      | .      | .      | .      | .         |
| 2^3^1       | NS113 | NS113 | NS113 | NS113 | NS113    | NS113   | NS113  | NS113  | NS113  | NS113  | NS113  | NS113  | NS113  | NS113     |
| 2^-1        | NS410 | NS410 | .     | NS410 | NS410    | NS410   | .      | NS401  | .      | NS401  | .      | NS410  | NS410  | NS401     |
| 7/2         | NS403 | NS403 | .     | NS403 | NS403    | NS403   | .      | NS401  | .      | NS401  | .      | NS403  | NS403  | NS401     |
| 6/3         | .     | .     | .     | .     | .        | .       | .      | .      | .      | .      | .      | .      | .      | .         |
| 6.0         | NS414 | NS414 | .     | NS414 | .        | .       | .      | .      | .      | .      | .      | NS414  | NS414  | .         |
| 1e1         | NS414 | NS414 | .     | NS414 | .        | .       | .      | .      | .      | .      | .      | NS414  | NS414  | .         |
| 0.5*H       | NS414 | NS414 | .     | NS414 | .        | .       | .      | .      | .      | .      | .      | NS414  | NS414  | .         |
| -3          | NS402 | NS402 | .     | NS402 | .        | .       | NS750  | NS420  | .      | NS419  | NS420  | NS707  | NS707  | NS705     |
| +3          | NS139 | NS139 | NS139 | NS139 | NS139    | NS139   | NS139  | NS139  | NS139  | NS139  | NS139  | NS139  | NS139  | NS139     |
| (d)         | .     | .     | .     | .     | .        | .       | .      | .      | .      | .      | .      | .      | .      | .         |
| ((d))       | .     | .     | .     | .     | .        | .       | .      | .      | .      | .      | .      | .      | .      | .         |
| 1/0         | NS408 | NS408 | NS408 | NS408 | NS408    | NS408   | NS408  | NS408  | NS408  | NS408  | NS408  | NS408  | NS408  | NS408     |
| 1 % 0       | NS408 | NS408 | NS408 | NS408 | NS408    | NS408   | NS408  | NS408  | NS408  | NS408  | NS408  | NS408  | NS408  | NS408     |
| 0^-1        | NS408 | NS408 | NS408 | NS408 | NS408    | NS408   | NS408  | NS408  | NS408  | NS408  | NS408  | NS408  | NS408  | NS408     |
| 10^30       | NS409 | NS409 | NS409 | NS409 | NS409    | NS409   | NS409  | NS409  | NS409  | NS409  | NS409  | NS409  | NS409  | NS409     |
| 1e200^2     | NS409 | NS409 | NS409 | NS409 | NS409    | NS409   | NS409  | NS409  | NS409  | NS409  | NS409  | NS409  | NS409  | NS409     |
| sqrt(-4)    | NS412 | NS412 | NS413 | NS412 | NS413    | NS413   | NS413  | NS413  | NS413  | NS413  | NS413  | NS412  | NS412  | NS413     |
| true        | NS404 | NS404 | NS404 | NS404 | NS404    | NS404   | NS404  | NS404  | NS404  | NS404  | NS404  | .      | NS704  | NS704     |
| inf         | NS404 | NS404 | NS404 | NS404 | NS404    | NS404   | NS404  | NS404  | NS404  | NS404  | NS404  | .      | NS704  | NS704     |
| "6"         | NS101 | NS101 | NS404 | NS101 | NS101    | NS101   | NS404  | NS404  | NS101  | NS404  | NS404  | NS704  | NS704  | NS704     |
| [6]         | NS101 | NS101 | NS404 | NS569 | NS405    | NS101   | NS404  | NS404  | NS101  | NS404  | NS404  | NS704  | NS704  | NS704     |
| one         | NS206 | NS206 | NS206 | NS206 | NS206    | NS206   | NS404  | NS404  | NS404  | NS404  | NS404  | .      | NS704  | NS704     |
| zz          | NS206 | NS206 | NS206 | NS206 | NS206    | NS206   | NS404  | NS404  | NS404  | NS404  | NS404  | .      | NS704  | NS704     |
| d d         | NS138 | NS138 | NS138 | NS138 | NS138    | NS138   | NS138  | NS138  | NS138  | NS138  | NS138  | NS138  | NS138  | NS138     |
| H//2        | NS122 | NS122 | NS122 | NS122 | NS122    | NS122   | NS122  | NS122  | NS122  | NS122  | NS122  | NS122  | NS122  | NS122     |
| max(d, 2)   | NS404 | NS404 | NS404 | NS404 | NS404    | NS404   | NS404  | NS404  | NS764  | NS404  | NS404  | NS704  | NS704  | NS704     |
| 2*-3        | NS402 | NS402 | .     | NS402 | .        | .       | NS750  | NS420  | .      | NS419  | NS420  | NS707  | NS707  | NS705     |
"""  # noqa: E501
EXPECTED = {
    cells[0].strip(): [cell.strip() for cell in cells[1:]]
    for cells in (line.strip("| ").split(" | ") for line in TABLE.strip().splitlines()[1:])
}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_means_the_same_everywhere(expression: str) -> None:
    assert dict(zip(PLACES, row(expression), strict=True)) == dict(zip(PLACES, EXPECTED[expression], strict=True))


if __name__ == "__main__":  # prints the table anew
    print("| expression | " + " | ".join(PLACES) + " |")
    for shown in EXPRESSIONS:
        print("| " + " | ".join([shown, *row(shown)]) + " |")
