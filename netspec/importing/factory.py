"""Reads `package.module:factory`: a function or class of an allowed package that makes a module of PyTorch."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Words
from netspec.importing.module import example_types, examples_of, imported
from netspec.importing.sources import Imported, Wanted
from netspec.parts import need
from netspec.plugins import importing, permitted


def read(source: str, wanted: Wanted) -> Imported:
    """Call a factory and import the module that it makes.

    Raises:
        UsageError: its package is not allowed (NS257), it makes no module (NS258), or see `netspec.from_module`.
    """
    place, _, path = source.partition(":")
    if not permitted(place, wanted.allow):
        raise UsageError(Diagnostic("NS257", None, {"module": place, "top": place.partition(".")[0]}))
    need("torch")
    import torch

    try:
        with importing():
            found: Any = import_module(place)
            for name in path.split("."):
                found = getattr(found, name)
            torch.manual_seed(0)
            made = found() if callable(found) and not isinstance(found, torch.nn.Module) else found
        example = None
        if isinstance(made, tuple) and len(made) == 2:
            made, example = made
        if not isinstance(made, torch.nn.Module):
            raise TypeError(f"{path} gives {type(made).__name__}, no torch.nn.Module")
    except Exception as error:  # code of others may raise anything: report it with its source
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UsageError(Diagnostic("NS258", None, {"source": source, "reason": reason})) from error
    if wanted.examples:
        examples = example_types(wanted.examples)
    elif example is not None:
        examples = examples_of(made, example)
    else:
        names = list(inspect.signature(made.forward).parameters)[:1]
        raise UsageError(Diagnostic("NS264", None, {"name": names[0] if names else "x"}))
    result = imported(made, examples, path.rpartition(".")[2].lower())
    said: Words = {"difference": f"{result.difference:.1g}", "weights": result.weights, "lines": _lines(result.text)}
    notes = [Diagnostic("NS265", None, said, severity="note")]
    if result.left:
        notes.append(Diagnostic("NS266", None, {"count": result.left}, severity="warning"))
    for name, classes in result.absent.items():
        told = ", ".join(map(str, classes))
        notes.append(Diagnostic("NS273", None, {"input": name, "classes": told}, severity="warning"))
    return Imported(result.text, tuple(notes))


def _lines(text: str) -> int:
    return sum(bool(line.strip()) for line in text.splitlines())
