"""Writes what a perceptron computes as lines of mathematics: h(x_0, …, x_d) = σ(w_0 + w_1x_1 + … + w_dx_d)."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.figure.scene.tex import Atom, Line
from netspec.figure.scene.typeset import symbol, upright
from netspec.figure.settings import FigureSettings
from netspec.figure.units import Group
from netspec.figure.units.elided import Gap, Unit, shown_units

_ACTIVATIONS = {"sigmoid": "σ", "relu": "ReLU", "tanh": "tanh", "softmax": "softmax"}


def activation_name(activation: str) -> Atom:
    name = _ACTIVATIONS.get(activation, activation)
    return Atom(name, "italic" if len(name) == 1 else "upright")


def activation_line(activation: str) -> Line:
    """Return the text in an activation's box, such as σ(·)."""
    return (activation_name(activation), Atom("(·)", "upright"))


def formula_lines(
    group: Group,
    source: Group,
    settings: FigureSettings,
    constant: Line | None,
    summed: str,
    numbers: Sequence[Line] = (),
) -> tuple[Line, tuple[Line, ...]]:
    """Return the head f(x_1, x_2) and the lines that follow; without an activation everything is in the head.

    Parameters:
        summed: what the sum is called.
        numbers: the weights as numbers in the order of the sum, if they are known.
    """
    hints = settings.of(source.layer.path)
    entries = shown_units(source.size, hints.show[0] if hints.show else (), settings.max_units, settings.fit.least)
    name = hints.symbol or source.label
    arguments = _arguments(name, entries, bool(constant) and settings.bias != "one")
    total = _total(name, entries, constant is not None and group.bias, numbers)
    head = (
        *symbol(settings.of(group.layer.path).symbol or group.label),
        Atom("(", "upright"),
        *arguments,
        Atom(")", "upright"),
    )
    if not group.activation:
        return (*head, Atom(" = ", "upright"), *total), ()
    act = activation_name(group.activation)
    first = (Atom("= ", "upright"), act, Atom("(", "upright"), *symbol(summed), Atom(")", "upright"))
    second = (Atom("= ", "upright"), act, Atom("(", "upright"), *total, Atom(")", "upright"))
    return head, (first, second)


def _arguments(name: str, entries: list[Unit | Gap], with_zero: bool) -> list[Atom]:
    """Return all inputs, or the first, dots and the last if the figure does not draw all."""
    found: list[Atom] = [*symbol(name, upright("0"))] if with_zero else []
    if any(isinstance(entry, Gap) for entry in entries):
        entries = [entries[0], Gap("", ""), entries[-1]]
    for entry in entries:
        if found:
            found.append(Atom(", ", "upright"))
        found += upright("...") if isinstance(entry, Gap) else symbol(name, entry.index)
    return found


def _total(name: str, entries: list[Unit | Gap], with_bias: bool, numbers: Sequence[Line]) -> list[Atom]:
    known = iter(numbers)
    found: list[Atom] = []
    for entry in [*([None] if with_bias else []), *entries]:
        if isinstance(entry, Gap):
            found += [*([Atom(" + ", "upright")] if found else []), Atom("...", "upright")]
            continue
        index = upright("0") if entry is None else entry.index or upright("1")
        weight = next(known, None) or symbol("w", index)
        sign = " + "
        if found and weight[0].text[0] == "−":
            sign, weight = " − ", (weight[0]._replace(text=weight[0].text[1:]), *weight[1:])
        found += [*([Atom(sign, "upright")] if found else []), *weight]
        found += symbol(name, entry.index) if entry is not None else ()
    return found
