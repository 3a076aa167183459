"""The library's face: a spec is loaded, a net is bound and checked, and from it come figure, source and module."""

from __future__ import annotations

import gc
import operator
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, SupportsFloat, SupportsIndex, TypeVar

from netspec.diagnostics.errors import SpecError
from netspec.diagnostics.model import Diagnostic, Fault, Quoted, Report
from netspec.elaborate.elaborate import elaborate
from netspec.elaborate.program import Definition, Program, load_program, parse_program
from netspec.elaborate.uncalled import check_uncalled
from netspec.elaborate.unused import check_defaults, idle_defaults, unused_names
from netspec.ir.graph import Counts, Graph, Layer
from netspec.limits import DEFAULT, Limits

if TYPE_CHECKING:
    import networkx
    import torch
    from torch import nn

    from netspec.figure.picture import Picture
    from netspec.show.diff import Change

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def without_collection(work: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Pauses the garbage collector: a graph is many small objects that all stay, and looking through them
    again and again would make the cost of a net grow faster than the net."""

    @wraps(work)
    def paused(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        running = gc.isenabled()
        gc.disable()
        try:
            return work(*args, **kwargs)
        finally:
            if running:
                gc.enable()

    return paused


def plain(name: str, value: Any) -> Any:
    """A parameter's value as the language has it: numpy's numbers become Python's. Raises TypeError for others."""
    if isinstance(value, bool | str | int | list | tuple):
        return value
    if isinstance(value, SupportsIndex):
        return operator.index(value)
    if isinstance(value, SupportsFloat):
        return float(value)
    raise TypeError(f"{name} is set to a {type(value).__name__}: it takes a number, a word, True or False, or a list")


class Spec:
    """A `.net` text that was read and checked: its nets and sections. Made by `load` and `parse`."""

    def __init__(self, program: Program, limits: Limits = DEFAULT) -> None:
        self.program = program
        self.limits = limits
        self.warnings: list[Diagnostic] = []
        self._checked: dict[str, Graph] = {}  # the graphs that `check` has made, with their defaults

    @property
    def name(self) -> str:
        """What messages call the file."""
        return self.program.name

    @property
    def nets(self) -> tuple[str, ...]:
        """The names of the file's own nets, in order."""
        return self.program.net_names

    @without_collection
    def net(self, name: str | None = None, /, **sizes: Any) -> Net:
        """A net with its sizes set, checked. Without a name: the one net that no other net uses.

        Sizes that are neither given nor have a default stay open. Raises SpecError.
        """
        if name is not None and not isinstance(name, str):
            raise TypeError(
                f"the name of a net is a str, not {type(name).__name__}; sizes are given by name: net(K=10)"
            )
        definition = self.program.net(name)
        sizes = {size: plain(size, value) for size, value in sizes.items()}
        checked = None if sizes else self._checked.get(definition.body.name.text)
        if checked is not None:
            return Net(self, checked, sizes)
        graph, report = elaborate(self.program, definition, sizes, self.limits, self.read_by_sections(definition))
        if graph is None:
            raise SpecError(*report.diagnostics)
        return Net(self, graph, sizes)

    def read_by_sections(self, definition: Definition) -> frozenset[str]:
        """The labels that data, train and figure sections name: they count as read."""
        from netspec.sections.labels import labels_read

        return labels_read(self.program, definition.body.name.text)

    @without_collection
    def check(self) -> list[Diagnostic]:
        """Every mistake and warning of the file: all its nets and blocks, and its sections."""
        report = Report()
        for diagnostic in self.program.report.diagnostics:
            report.add(diagnostic)
        graphs = self._checked = {}
        for definition in self.program.nets:
            graph, found = elaborate(self.program, definition, {}, self.limits, self.read_by_sections(definition))
            for diagnostic in found.diagnostics:
                report.add(diagnostic)
            if graph is not None:
                graphs[definition.body.name.text] = graph
        for diagnostic in (*check_defaults(self.program), *check_uncalled(self.program, self.limits)):
            report.add(diagnostic)
        if not report.failed:
            for diagnostic in (*unused_names(self.program), *idle_defaults(self.program)):
                report.add(diagnostic)
        for diagnostic in self._check_sections(graphs):
            report.add(diagnostic)
        return report.diagnostics

    def _check_sections(self, graphs: dict[str, Graph]) -> list[Diagnostic]:
        """Every mistake in the sections; what reads them is imported only where a file has some (pydantic)."""
        kinds = {section.kind for section in self.program.main.sections}
        found: list[Diagnostic] = []
        if "figure" in kinds:
            from netspec.figure.reading import check_figures

            found += check_figures(self.program, graphs)
        if kinds & {"data", "train"}:
            from netspec.sections.check import check_training

            found += check_training(self.program, graphs)
        return found

    # ---- shortcuts to the main net

    def show(self, **options: Any) -> str:
        """The table of layers of the main net, as text."""
        return self.net().show(**options)

    def render(self, **options: Any) -> Picture:
        """The figure of the main net."""
        return self.net().render(**options)

    def source(self) -> str:
        """The PyTorch source of the main net."""
        return self.net().source()

    def module(self, **options: Any) -> nn.Module:
        """The main net as a torch.nn.Module."""
        return self.net().module(**options)

    def format(self) -> str:
        """The file in canonical format."""
        from netspec.syntax.printer import format_file

        return format_file(self.program.main.source, self.program.main.file)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return self.net()._repr_mimebundle_(include, exclude)


class Net:
    """A net whose names, blocks and types are worked out. Made by `Spec.net`."""

    def __init__(self, spec: Spec, graph: Graph, sizes: dict[str, Any]) -> None:
        self.spec = spec
        self.graph = graph
        self.sizes = sizes

    @property
    def name(self) -> str:
        return self.graph.name

    @property
    def layers(self) -> list[Layer]:
        """The net's own lines, in order."""
        return self.graph.top

    @property
    def depth(self) -> int:
        """The longest path, counted in layers that compute; the input does not count."""
        return self.graph.depth

    @property
    def weights(self) -> Any:
        """How many weights are stored, trainable and frozen: an int, or a formula of the open sizes."""
        return self.graph.counts.weights

    @property
    def counts(self) -> Counts:
        return self.graph.counts

    @property
    def warnings(self) -> list[Diagnostic]:
        return self.graph.warnings

    def show(self, equations: bool = False, depth: int = 0) -> str:
        """The table of layers: types, weights, multiply-adds; with `equations` what each computes."""
        from netspec.show.table import as_text

        return as_text(self.graph, equations=equations, depth=depth)

    def to_dict(self) -> dict[str, Any]:
        """What `netspec show --json` prints."""
        from netspec.show.document import as_dict

        return as_dict(self.graph)

    def diff(self, other: Net) -> list[Change]:
        """What differs in another net and its file's sections; `str` of a change is a line of `netspec diff`."""
        from netspec.show.diff import net_differences, setting_differences

        return [
            *net_differences(self.graph, other.graph),
            *setting_differences(self.spec.program, other.spec.program),
        ]

    def source(self) -> str:
        """Python source that needs torch and nothing else. Raises SpecError where sizes are open."""
        from netspec.lower.source import emit

        self._closed()
        return emit(self.graph)

    @without_collection
    def module(self, device: str | torch.device = "cpu", seed: int = 0, dtype: torch.dtype | None = None) -> nn.Module:
        """A torch.nn.Module: the emitted source, executed. Initial weights depend on (seed, key) alone.

        Raises SpecError where sizes are open, NetspecError (exit code 5) where torch is missing.
        """
        from netspec.parts import need

        self._closed()
        need("torch")
        from netspec.lower.live import build

        return build(self.graph, seed=seed, device=device, dtype=dtype)

    def _closed(self) -> None:
        if self.graph.open:
            words: dict[str, Any] = {"names": Quoted(self.graph.open), "net": self.name, "first": self.graph.open[0]}
            raise SpecError(Diagnostic("NS516", None, words))

    def render(self, **options: Any) -> Picture:
        """The figure of the net; options as in a `figure` section and `netspec render`."""
        from netspec.figure.render import render

        return render(self.graph, self.spec.program, **options)

    def to_networkx(self) -> networkx.MultiDiGraph:
        """The nodes as a networkx.MultiDiGraph; edges carry `input`, `output` and `delay`."""
        return self.graph.to_networkx()

    def __repr__(self) -> str:
        return f"<Net {self.name}: {len(self.layers)} layers, {self.weights} weights, depth {self.depth}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self.render().svg(), "text/plain": repr(self)}


@without_collection
def load(path: str | os.PathLike[str], *, root: str | os.PathLike[str] | None = None, limits: Limits = DEFAULT) -> Spec:
    """Reads and checks a `.net` file; raises SpecError with every mistake that was found.

    `root` is the folder that `use` may not leave: by default the nearest one upward with a netspec.toml, else
    the file's own.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"netspec.load takes the path of a .net file, not {type(path).__name__}")
    try:
        program = load_program(Path(path), None if root is None else Path(root), limits)
    except Fault as fault:
        raise SpecError(fault.diagnostic) from None
    return _checked(Spec(program, limits))


@without_collection
def parse(
    text: str | bytes, *, name: str = "<text>", folder: str | os.PathLike[str] | None = None, limits: Limits = DEFAULT
) -> Spec:
    """As `load`, of a text or its UTF-8 bytes; it may `use` files only where `folder` says where it stands."""
    if not isinstance(text, str | bytes):
        raise TypeError(f"netspec.parse takes a spec's text, str or bytes, not {type(text).__name__}")
    try:
        program = parse_program(text, name, None if folder is None else Path(folder), limits)
    except Fault as fault:
        raise SpecError(fault.diagnostic) from None
    return _checked(Spec(program, limits))


def _checked(spec: Spec) -> Spec:
    found = spec.check()
    if any(diagnostic.severity == "error" for diagnostic in found):
        raise SpecError(*found)
    spec.warnings = found
    return spec
