"""What torch says of an operation: the frame that the tables in torch_*.py fill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from torch import Tensor, nn

from ops.shapes import Shape

Options = dict[str, Any]
Shapes = tuple[Shape, ...]


class Refused(Exception):
    """What has no counterpart in torch, or contradicts itself: no module can be built of it."""


def need(condition: bool) -> None:
    if not condition:
        raise Refused


class Function(nn.Module):
    """A function of tensors as a module that stores nothing."""

    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *values: Tensor) -> Tensor:
        return self.function(*values)


def no_special(shapes: Shapes) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Oracle:
    """How to draw an operation's inputs and the options that need a context, and torch's module of them.

    `build` raises where torch refuses the options; calling the module raises where it refuses the inputs. It
    is given one time step (B, maps, *space) at a time unless `over_time` says that it wants (B, T, maps, *space).
    """

    build: Callable[[Options, Shapes], nn.Module]
    inputs: st.SearchStrategy[Shapes]
    special: Callable[[Shapes], dict[str, Any]] = no_special
    rarely: tuple[str, ...] = ()  # options that leave little else legal
    over_time: Callable[[Options], bool] = lambda o: False
    noun: Callable[[Shapes], st.SearchStrategy[tuple[Options, str]]] | None = None  # `N`, `N filters KxK`
    stricter: frozenset[str] = frozenset()  # codes by which the language refuses what torch would take
    results: Callable[[Options, Shapes], int] = lambda o, shapes: 1


def always(options: Options) -> bool:
    return True
