"""Captures a module's program with torch.export: its operations, its arrays, and the module that each belongs to."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netspec.importing.steps import Fixed

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.fx import Node


@dataclass
class Program:
    """A captured program.

    Attributes:
        nodes: its operations in order.
        fixed: its arrays and constants, by the name of their placeholder.
        arrays: the arrays of the module, by their names.
        classes: the class of each module, by the module's name.
        attribute: returns a constant of the program by its name.
    """

    nodes: list[Node]
    fixed: dict[str, Fixed]
    arrays: dict[str, Tensor]
    classes: dict[str, str]
    attribute: Any


def capture(module: nn.Module, example: Sequence[Tensor]) -> Program:
    """Capture what a module computes for an example.

    Parameters:
        module: the module; it is captured as it is after training.
        example: a batch for each input.
    """
    import torch

    with _quiet():
        exported = torch.export.export(module, tuple(example), strict=False)
    signature: Any = exported.graph_signature
    arrays = {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }
    fixed = {}
    for spec in signature.input_specs:
        kind = spec.kind.name
        if kind in ("PARAMETER", "BUFFER"):
            array = arrays.get(spec.target)
            if array is None:
                array = exported.state_dict.get(spec.target, exported.constants.get(spec.target))
            fixed[spec.arg.name] = Fixed(array.detach(), (spec.target,) if kind == "PARAMETER" else ())
        elif kind == "CONSTANT_TENSOR":
            fixed[spec.arg.name] = Fixed(exported.constants[spec.target].detach())
        elif kind != "USER_INPUT":
            raise TypeError(kind)
    classes = {name: type(each).__name__ for name, each in module.named_modules()}
    nodes, held = list(exported.graph.nodes), exported.graph_module
    return Program(nodes, fixed, arrays, classes, lambda name: getattr(held, name))


def path_of(node: Node) -> str:
    """Return the name of the module that an operation belongs to; "" for the whole."""
    stack: dict[str, tuple[str, Any]] = node.meta.get("nn_module_stack") or {}
    # a module that is called twice has an `@` and a number behind its name
    return next(reversed(stack.values()))[0] if stack else ""


@contextlib.contextmanager
def _quiet() -> Any:
    """Keep what torch says while it captures from the terminal: it is about torch, not about the net."""
    logger = logging.getLogger("torch")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
