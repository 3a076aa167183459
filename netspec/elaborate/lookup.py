"""Names in chains -> layers, with every way a layer's name can be wrong."""

from __future__ import annotations

from netspec.diagnostics.model import Diagnostic, Fault, Fix, Hint, Label, Quoted
from netspec.elaborate.evaluate import Broken, fault
from netspec.elaborate.frame import Bound, Flow, Frame
from netspec.elaborate.suggest import meant, method
from netspec.names import nearest
from netspec.syntax import tree
from netspec.syntax.tree import Place


def is_layer(name: str, frame: Frame) -> bool:
    """Whether a name is a label of this body, above or below."""
    return name in frame.layers or name in frame.labels


def layer_named(ref: tree.Ref, frame: Frame, option: bool = False) -> Bound:
    """The layer above that a name means, whole; `option`: its weights or type are wanted, not its value."""
    name = ref.path[0]
    bound = frame.layers.get(name)
    if bound is not None:
        return bound
    raise unknown_layer(name, ref.at, frame, option)


def unknown_layer(name: str, at: Place, frame: Frame, option: bool = False) -> Exception:
    """Broken where the name's line is, else a Fault that says why it names no layer here."""
    if name in frame.broken or name in frame.poisoned:
        return Broken()
    if name in frame.labels:
        below = frame.labels[name]
        if below.at[0] <= at[0] and at[1] <= below.at[1]:
            return fault(frame, at, "NS252", Hint("another" if option else "delayed"), name=name)
        label = Label(frame.span(below.at), "below", {"name": name})
        return Fault(Diagnostic("NS212", frame.span(at), {"name": name}, labels=(label,)))
    if name in frame.env:
        return fault(frame, at, "NS214", name=name)
    guess = nearest(name, frame.layers)
    if not guess and frame.misnamed:
        return Broken()
    hints = meant(name, guess)
    if not guess and frame.layers:
        hints.append(Hint("above", {"names": Quoted(tuple(frame.layers)[-8:])}))
    fix = Fix(frame.span(at), guess) if guess else None
    return fault(frame, at, "NS201", *hints, fix=fix, name=name)


def read(ref: tree.Ref, frame: Frame) -> Flow:
    """The values that `x`, `p.left` or `r.2` stands for."""
    bound = layer_named(ref, frame)
    rest = ".".join(ref.path[1:])
    if not rest:
        return bound.values
    if rest in bound.parts:
        return bound.parts[rest]
    if any(value is None for value in bound.values):
        raise Broken
    guess = nearest(rest, bound.parts)
    hints = [Hint("nearest", {"name": f"{ref.path[0]}.{guess}"})] if guess else []
    hints += method(ref.path) if not guess else ()
    if bound.parts:
        hints.append(Hint("parts", {"names": Quoted(tuple(f"{ref.path[0]}.{part}" for part in bound.parts)[:12])}))
    raise fault(frame, ref.at, "NS216", *hints, name=ref.path[0], part=rest)
