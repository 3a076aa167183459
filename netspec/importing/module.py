"""A module of PyTorch as a spec: captured, made canonical, written, and compared with the module."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from netspec.diagnostics.errors import SpecError, UsageError
from netspec.diagnostics.model import Diagnostic, Words
from netspec.importing import proof
from netspec.importing.blocks import recover
from netspec.importing.capture import capture
from netspec.importing.recognise import Missing, read_program
from netspec.importing.writing import Unwritten, written
from netspec.ir.types import Time, Type
from netspec.parts import need
from netspec.spec import parse

if TYPE_CHECKING:
    from torch import Tensor, nn

    from netspec.spec import Spec

BATCHES = (2, 3)  # how many examples the program is captured with, and how many a second comparison has
OPEN = (29, 31, 37, 41)  # the lengths of an example whose type says a letter, and by how much the second is longer
LONGER = 6


class Example(NamedTuple):
    """An input of a net: its name, its type with the lengths of the example, and the letter of an open length.

    `absent` has the classes that may not come in it.
    """

    name: str
    type: Type
    letter: str = ""
    absent: tuple[int, ...] = ()


class Result(NamedTuple):
    """What an import found.

    Attributes:
        spec: the spec.
        text: its text, in canonical format.
        difference: the greatest difference of outputs, as a part of the largest output.
        weights: how many weights the spec has.
        left: how many weights of the module do not act on its outputs.
        absent: for each input, the classes for which the module does something that the spec does not.
    """

    spec: Spec
    text: str
    difference: float
    weights: int
    left: int
    absent: Mapping[str, tuple[int, ...]]


def from_module(module: nn.Module, example: Any) -> Spec:
    """Return a spec that computes what a module computes.

    Parameters:
        module: a module of PyTorch. It is captured as it is after training: dropout does nothing.
        example: its inputs: types of the language by name, `{"x": "3@224x224"}`, or a tensor or a tuple of tensors
            whose first axis is the batch. Three axes are (batch, time, maps), four (batch, maps, rows, columns).

    Returns:
        The spec. Its outputs were compared with those of the module.

    Raises:
        UsageError: the example is wrong (NS259), torch cannot capture the module (NS260), it does something that the
            language has no word for (NS261), or the outputs differ (NS262).
        MissingPackageError: torch is not installed.

    Example:
        >>> import torch
        >>> spec = netspec.from_module(torch.nn.Linear(4, 3), {"x": "4"})
        >>> spec.net().weights
        15
    """
    return imported(module, examples_of(module, example)).spec


def examples_of(module: nn.Module, example: Any) -> list[Example]:
    """Return the inputs that an example describes; raise UsageError (NS259) if it describes none."""
    need("torch")
    import torch

    if isinstance(example, Mapping) and all(isinstance(value, str) for value in example.values()):
        return example_types([f"{name}: {value}" for name, value in example.items()])
    tensors = (
        [example] if isinstance(example, torch.Tensor) else [*example] if isinstance(example, list | tuple) else []
    )
    if not tensors or not all(isinstance(each, torch.Tensor) and 2 <= each.dim() <= 5 for each in tensors):
        raise UsageError(Diagnostic("NS259", None, {"given": repr(example)[:60]}))
    names = _arguments(module)
    found = []
    for number, tensor in enumerate(tensors):
        name = names[number] if number < len(names) else f"x{number + 1}"
        _, *sizes = tensor.shape
        if not tensor.is_floating_point():
            rows = [each.num_embeddings for each in module.modules() if isinstance(each, torch.nn.Embedding)]
            classes = rows[number] if number < len(rows) else int(tensor.max()) + 1
            found.append(Example(name, Type(1, (), Time(sizes[0]), classes)))
        elif len(sizes) == 2:
            found.append(Example(name, Type(sizes[1], (), Time(sizes[0]))))
        else:
            found.append(Example(name, Type(sizes[0], tuple(sizes[1:]))))
    return found


def _arguments(module: nn.Module) -> list[str]:
    import inspect

    return [name for name, each in inspect.signature(module.forward).parameters.items() if each.kind.value < 2]


def example_types(texts: Sequence[str]) -> list[Example]:
    """Return the inputs that texts such as `x: 3@224x224` describe; raise UsageError (NS259) for a wrong one."""
    found = []
    lengths = dict(zip(dict.fromkeys(letter for text in texts for letter in _LETTER.findall(text)), OPEN, strict=False))
    for text in texts:
        letter = next(iter(_LETTER.findall(text)), "")
        closed = _LETTER.sub(lambda match: f"over {lengths[match[1]]}", text)
        name = text.partition(":")[0].strip()
        step = "onehot" if "one of" in text else "identity"
        try:
            net = parse(f"net example {{\n  input  {closed}\n  output y_: {name} -> {step}\n}}").net()
        except SpecError:
            raise UsageError(Diagnostic("NS259", None, {"given": text})) from None
        found.append(Example(name, net.graph.nodes[net.graph.inputs[0]].type, letter))
    return found


_LETTER = re.compile(r"\bover\s+([^\W\d]\w*)\s*$")


def drawn(examples: Sequence[Example], batch: int, longer: int = 0) -> list[Tensor]:
    """Return random inputs of these types; open lengths are so much longer than those of the example."""
    import torch

    draw = torch.Generator().manual_seed(batch)
    found = []
    for each in examples:
        value = each.type
        time = () if value.time is None else (value.time.length + (longer if each.letter else 0),)
        if value.classes is not None:
            kept = torch.tensor([number for number in range(int(value.classes)) if number not in each.absent])  # type: ignore[arg-type]
            found.append(kept[torch.randint(0, len(kept), (batch, *time, *value.space), generator=draw)])  # type: ignore[arg-type]
        else:
            found.append(torch.randn(batch, *time, value.maps, *value.space, generator=draw))  # type: ignore[arg-type]
    return found


def imported(module: nn.Module, examples: Sequence[Example], name: str = "") -> Result:
    """Return the spec of a module, after comparing the outputs of the two.

    Parameters:
        module: the module.
        examples: its inputs.
        name: the name of the net; that of the module's class when left out.

    Raises:
        UsageError: see `from_module`.
    """
    states = [(each, each.training) for each in module.modules()]
    module.eval()
    try:
        return _imported(module, examples, name)
    finally:
        for each, training in states:
            each.training = training


def _imported(module: nn.Module, examples: Sequence[Example], name: str) -> Result:
    inputs = drawn(examples, BATCHES[0])
    try:
        program = capture(module, inputs)
    except Exception as error:  # torch and the module may raise anything: report it with its first line
        raise UsageError(Diagnostic("NS260", None, {"reason": _said(error)})) from error
    try:
        graph, missing = read_program(
            program, [each.type for each in examples], BATCHES[0], [each.name for each in examples]
        )
    except (RuntimeError, IndexError, ValueError, TypeError) as error:  # what depends on no input is computed by torch
        raise UsageError(Diagnostic("NS260", None, {"reason": _said(error)})) from error
    if missing:
        raise UsageError(_missing(missing))
    absent = {graph.steps[number].label: tuple(sorted(classes)) for number, classes in graph.absent.items()}
    examples = [each._replace(absent=absent.get(each.name, ())) for each in examples]
    inputs = drawn(examples, BATCHES[0])
    root, blocks = recover(graph, program.classes)
    lengths = {int(each.type.time.length): each.letter for each in examples if each.letter and each.type.time}  # type: ignore[arg-type]
    called = re.sub(r"\W", "_", name or type(module).__name__.lower()).strip("_") or "net"
    try:
        text, orders = written(graph, root, blocks, called if called[0].isalpha() else f"net_{called}", lengths)
        spec = parse(text)
        text = spec.format()
        net = spec.net(**{letter: length for length, letter in lengths.items()})
        made = net.module().eval()
        proof.load(made, proof.arrays(proof.pairs(graph, net, root, orders)))
        most = proof.difference(module, made, inputs)
        most = max(most, proof.difference(module, made, drawn(examples, BATCHES[1])))
        if lengths:
            most = max(most, _at_another_length(module, made, examples))
    except (SpecError, Unwritten, proof.Apart) as error:
        reason = error.diagnostic.code if isinstance(error, SpecError) else str(error)
        raise UsageError(Diagnostic("NS263", None, {"reason": reason})) from error
    if not most <= proof.CLOSE:
        raise UsageError(Diagnostic("NS262", None, {"difference": f"{most:.1g}", "most": f"{proof.CLOSE:g}"}))
    own = sum(weight.numel() for weight in module.parameters())
    count = int(net.weights)  # type: ignore[arg-type]
    return Result(spec, text, most, count, max(0, own - count), absent)


def _at_another_length(module: nn.Module, made: nn.Module, examples: Sequence[Example]) -> float:
    inputs = drawn(examples, BATCHES[1], LONGER)
    try:
        module(*inputs)
    except Exception as error:  # the module may raise anything where a length does not fit
        letters = next(each.letter for each in examples if each.letter)
        raise UsageError(Diagnostic("NS267", None, {"letter": letters, "reason": _said(error)})) from error
    return proof.difference(module, made, inputs)


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".strip().splitlines()[0][:200]


def _missing(missing: Sequence[Missing]) -> Diagnostic:
    places: dict[str, str] = {}
    for each in missing:
        places.setdefault(each.what, each.path or "the module itself")
    said = ", ".join(f"{what} ({path})" for what, path in [*places.items()][:6])
    words: Words = {"count": len(missing), "said": said}
    return Diagnostic("NS261", None, words)
