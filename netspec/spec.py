"""A `.net` text -> Spec; a net of it with its sizes set -> Net, which has figure, table, source and module."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, SupportsFloat, SupportsIndex, TypeVar

from netspec.diagnostics.errors import SpecError
from netspec.diagnostics.model import Diagnostic, Fault, Quoted, Report, Words
from netspec.elaborate.elaborate import elaborate
from netspec.elaborate.program import Definition, Program, load_program, parse_program
from netspec.elaborate.unused import check_defaults, check_uncalled, idle_defaults, unused_names
from netspec.ir.graph import Counts, Graph, Layer
from netspec.limits import DEFAULT, Limits
from netspec.plugins import import_allowed

if TYPE_CHECKING:
    import networkx
    import torch
    from torch import nn

    from netspec.figure.backends import Picture
    from netspec.figure.trained import Given
    from netspec.ir.sizes import Size
    from netspec.summary.diff import Change

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
StrPath = str | os.PathLike[str]
# the types of values that a parameter of a net can be set to; numbers of numpy are allowed too
Value = str | SupportsIndex | SupportsFloat | Sequence[Any]


class Table(str):
    """A text that a notebook and the Python interpreter show as it is, without quotes and escapes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Net:
    """A net whose names, blocks and types are worked out. Made by `Spec.net`.

    Attributes:
        spec: the spec that it comes from.
        graph: its operations, layers and types, for tools.
        sizes: the sizes and parameters that `Spec.net` set.

    Example:
        >>> net = netspec.parse("net small(K = 3) {\\n  input x: 4\\n  output y: K perceptrons\\n}").net(K=2)
        >>> net
        <Net small: 2 layers, 10 weights, depth 1>
        >>> net.show().splitlines()[-1]
        '8 multiply-adds an example (16 FLOPs)'
    """

    def __init__(self, spec: Spec, graph: Graph, sizes: Mapping[str, Any]) -> None:
        self.spec = spec
        self.graph = graph
        self.sizes = dict(sizes)

    @property
    def name(self) -> str:
        """What the spec calls it."""
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
    def weights(self) -> Size:
        """How many weights are stored, trainable and frozen: an int, or a formula of the open sizes."""
        return self.graph.counts.weights

    @property
    def counts(self) -> Counts:
        """Weights, frozen ones, buffers, and multiply-adds for one example."""
        return self.graph.counts

    @property
    def warnings(self) -> list[Diagnostic]:
        """What is worth a look, and no mistake."""
        return self.graph.warnings

    def show(self, *, equations: bool = False, depth: int = 0) -> Table:
        """The table of layers: types, weights, multiply-adds.

        Parameters:
            equations: adds what each layer computes.
            depth: unfolds blocks this deep.

        Returns:
            The text that `netspec show` prints.
        """
        from netspec.summary.table import as_text

        return Table(as_text(self.graph, equations=equations, depth=depth))

    def to_dict(self) -> dict[str, Any]:
        """What `netspec show --json` prints: layers, types, weights and counts."""
        from netspec.summary.document import as_dict

        return as_dict(self.graph)

    def to_networkx(self) -> networkx.MultiDiGraph:
        """The operations as a networkx.MultiDiGraph; edges carry `input`, `output` and `delay`."""
        return self.graph.to_networkx()

    def diff(self, other: Net) -> list[Change]:
        """What differs in another net and in its file's sections.

        Parameters:
            other: the net to compare with; what it has more is marked `+`.

        Returns:
            The changes; `str` of one is a line of `netspec diff`.
        """
        from netspec.summary.diff import net_differences, setting_differences

        return [
            *net_differences(self.graph, other.graph),
            *setting_differences(self.spec.program, other.spec.program),
        ]

    def source(self) -> str:
        """Python source of the net as a torch.nn.Module; it imports torch and nothing else.

        Raises:
            SpecError: sizes are open (NS516).
        """
        from netspec.codegen.source import emit

        self._closed()
        return emit(self.graph)

    def module(
        self, *, device: str | torch.device = "cpu", seed: int = 0, dtype: torch.dtype | None = None
    ) -> nn.Module:
        """The net as a torch.nn.Module: the emitted source, executed.

        It takes one tensor for each input, `(B, d)` for a vector of d units, `(B, C, *space)` for maps,
        `(B, T, …)` for what has time, `(B,)` of integers for `one of K`; and returns the outputs in the same way.

        Parameters:
            device: where its weights lie.
            seed: initial weights depend on (seed, key) alone: a line more changes no other line's weights.
            dtype: the type of its weights; torch's default when left out.

        Raises:
            SpecError: sizes are open (NS516).
            MissingPackageError: torch is not installed.
        """
        from netspec.parts import need

        self._closed()
        need("torch")
        from netspec.codegen.live import build

        return build(self.graph, seed=seed, device=device, dtype=dtype)

    def _closed(self) -> None:
        if self.graph.open:
            words: Words = {"names": Quoted(self.graph.open), "net": self.name, "first": self.graph.open[0]}
            raise SpecError(Diagnostic("NS516", None, words))

    def render(
        self,
        view: str | None = None,
        figure: str | None = None,
        *,
        theme: str | None = None,
        lang: Literal["en", "ko"] | None = None,
        direction: Literal["right", "left", "up", "down"] | None = None,
        only: str | None = None,
        depth: int | None = None,
        unfold: bool | None = None,
        details: bool | None = None,
        columns: int | None = None,
        captions: Sequence[str] | None = None,
        titles: Literal["top", "bottom", "left", "right", "none"] | None = None,
        bias: Literal["plus", "one", "x0", "none"] | None = None,
        edges: Literal["all", "none"] | None = None,
        colors: Literal["role", "per_perceptron"] | None = None,
        formula: bool | None = None,
        max_units: int | None = None,
        legend: bool | None = None,
        steps: int | None = None,
        table: bool | None = None,
        width: str | None = None,
        transparent: bool = False,
        weights: Given | None = None,
        input: str | Mapping[str, Any] | None = None,
    ) -> Picture:
        """The figure of the net.

        What is not given is taken from the figure section, else from what suits the net.

        Parameters:
            view: how the net is drawn: blocks, neurons, planes, … (`netspec.View`).
            figure: the figure section to start from; without it the section without a name.
            theme: its colours: classic, mono, dark, safe (`netspec.Theme`).
            lang: the language of the words that netspec adds.
            direction: the way in which the net computes.
            only: draws this layer alone, with what it reads.
            depth, unfold, details, columns: of the view blocks: how many levels are opened, whether each round of
                a repeat is drawn, whether each closed block stands open beside the net, in how many columns.
            captions: what stands between the layers, in order.
            titles: where the layers' captions stand.
            bias: how the constant 1 is drawn.
            edges: whether connections are drawn.
            colors: what colours tell apart.
            formula: of the view perceptron: the formula behind the output.
            max_units: up to how many units all are drawn.
            legend: explains the colours of trained weights.
            steps, table: of the view unrolled: how many time steps, and the table of the input sequence.
            width: the width on paper, such as "85mm".
            transparent: no ground.
            weights: a run or its folder, a safetensors file, or arrays by key; colours what they belong to. Where
                the view draws no weights, `Picture.warnings` says so (NS734).
            input: one example, {"x": [1, 0]} or "x=1,0": writes its numbers into the figure.

        Returns:
            The picture; `save` writes it, and a notebook shows it.

        Raises:
            SpecError: the figure section is wrong, or the view cannot draw this net (NS713).
            UsageError: an option is wrong.
        """
        from netspec.figure.render import render

        options = {
            "view": view, "theme": theme, "lang": lang, "direction": direction, "only": only, "depth": depth,
            "unfold": unfold, "details": details, "columns": columns, "captions": captions, "titles": titles,
            "bias": bias, "edges": edges, "colors": colors, "formula": formula, "max_units": max_units,
            "legend": legend, "steps": steps, "table": table, "width": width,
        }  # fmt: skip
        return render(
            self.graph,
            self.spec.program,
            options,
            figure=figure,
            transparent=transparent,
            weights=weights,
            input=input,
        )

    def __repr__(self) -> str:
        return f"<Net {self.name}: {len(self.layers)} layers, {self.weights} weights, depth {self.depth}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self.render().svg(), "text/plain": repr(self)}


def _of_main_net(
    method: Callable[Concatenate[Net, Parameters], Result],
) -> Callable[Concatenate[Spec, Parameters], Result]:
    """Return a method of Spec that calls a method of Net, on the net that no other net uses."""

    @wraps(method)
    def call(self: Spec, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        return method(self.net(), *args, **kwargs)

    return call


class Spec:
    """A `.net` text that was read and checked: its nets and sections. Made by `load` and `parse`.

    `show`, `render`, `source` and `module` are those of the one net that no other net uses.

    Attributes:
        program: the file and all that it uses, for tools.
        limits: what it may ask for at most.
        warnings: what is worth a look, and no mistake.

    Example:
        >>> spec = netspec.parse("net small(K = 3) {\\n  input x: 4\\n  output y: K perceptrons\\n}")
        >>> spec.nets
        ('small',)
        >>> spec.net(K=10).weights
        50
    """

    def __init__(self, program: Program, limits: Limits = DEFAULT) -> None:
        self.program = program
        self.limits = limits
        self.warnings: list[Diagnostic] = []
        self._checked: dict[str, Graph] = {}  # the graphs that `check` has made, for nets whose parameters are not set

    @property
    def name(self) -> str:
        """What messages call the file."""
        return self.program.name

    @property
    def nets(self) -> tuple[str, ...]:
        """The names of the file's own nets, in order."""
        return self.program.net_names

    def net(self, name: str | None = None, /, **sizes: Value) -> Net:
        """A net with its sizes set, checked.

        Parameters:
            name: the net; without it the one that no other net uses.
            sizes: sizes and parameters by name, `net(K=10)`; those that are neither given nor have a default stay
                open.

        Returns:
            The net.

        Raises:
            SpecError: there is no such net, or the sizes do not fit together.
            TypeError: a size is neither a number, a word, True or False, nor a list.
        """
        if name is not None and not isinstance(name, str):
            raise TypeError(
                f"the name of a net is a str, not {type(name).__name__}; sizes are given by name: net(K=10)"
            )
        definition = self.program.net(name)
        given = {size: _plain(size, value) for size, value in sizes.items()}
        checked = None if given else self._checked.get(definition.body.name.text)
        if checked is not None:
            return Net(self, checked, given)
        graph, report = elaborate(self.program, definition, given, self.limits, self._read_by_sections(definition))
        if graph is None:
            raise SpecError(*report.diagnostics)
        return Net(self, graph, given)

    def _read_by_sections(self, definition: Definition) -> frozenset[str]:
        """Return the labels that data, train and figure sections name; such layers count as read."""
        from netspec.config.check import labels_read

        return labels_read(self.program)

    def check(self) -> list[Diagnostic]:
        """Every mistake and warning of the file: all its nets and blocks, and its sections.

        `load` and `parse` have done so and raised; this is for tools that want the diagnostics themselves.
        """
        report = Report()
        for diagnostic in self.program.report.diagnostics:
            report.add(diagnostic)
        graphs = self._checked = {}
        for definition in self.program.nets:
            graph, found = elaborate(self.program, definition, {}, self.limits, self._read_by_sections(definition))
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
            from netspec.config.check import check_training

            found += check_training(self.program, graphs)
        return found

    # ---- the main net

    show = _of_main_net(Net.show)
    render = _of_main_net(Net.render)
    source = _of_main_net(Net.source)
    module = _of_main_net(Net.module)

    def format(self) -> str:
        """The file in canonical format, as `netspec fmt` writes it."""
        from netspec.syntax.printer import format_file

        return format_file(self.program.main.source, self.program.main.file)

    def __repr__(self) -> str:
        return f"<Spec {self.name}: {', '.join(self.nets) or 'blocks only'}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return self.net()._repr_mimebundle_(include, exclude)


def load(path: StrPath, *, root: StrPath | None = None, limits: Limits = DEFAULT, allow: Sequence[str] = ()) -> Spec:
    """Reads and checks a `.net` file.

    Parameters:
        path: the file.
        root: the folder that `use` may not leave: by default the nearest one upward with a netspec.toml, else the
            file's own.
        limits: what the spec may ask for at most.
        allow: top modules whose packages may be imported for the steps, losses, themes, … that they offer.

    Returns:
        The spec.

    Raises:
        SpecError: the file cannot be read, or is wrong; it carries every mistake that was found.
        UsageError: an allowed package cannot be imported (NS922).

    Example:
        >>> netspec.load("specs/zoo/resnet18.net").net().weights
        11689512
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"netspec.load takes the path of a .net file, not {type(path).__name__}")
    import_allowed(allow)
    try:
        program = load_program(Path(path), None if root is None else Path(root), limits)
    except Fault as fault:
        raise SpecError(fault.diagnostic) from None
    return _checked(Spec(program, limits))


def parse(
    text: str | bytes,
    *,
    name: str = "<text>",
    folder: StrPath | None = None,
    limits: Limits = DEFAULT,
    allow: Sequence[str] = (),
) -> Spec:
    """Reads and checks a spec's text.

    Parameters:
        text: the text, or its UTF-8 bytes.
        name: what messages call it.
        folder: where it stands: `use` reads files from there; without it, it may use none.
        limits: what the spec may ask for at most.
        allow: top modules whose packages may be imported for the steps, losses, themes, … that they offer.

    Returns:
        The spec.

    Raises:
        SpecError: the text is wrong; it carries every mistake that was found.
        UsageError: an allowed package cannot be imported (NS922).

    Example:
        >>> netspec.parse("net small {\\n  input x: 4\\n  output y: 2 perceptrons\\n}").net().weights
        10
    """
    if not isinstance(text, str | bytes):
        raise TypeError(f"netspec.parse takes a spec's text, str or bytes, not {type(text).__name__}")
    import_allowed(allow)
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


def _plain(name: str, value: Any) -> Any:
    """Return a parameter's value with numbers of numpy turned into those of Python; raise TypeError for others."""
    if isinstance(value, bool | str | int | list | tuple):
        return value
    if isinstance(value, SupportsIndex):
        return operator.index(value)
    if isinstance(value, SupportsFloat):
        return float(value)
    raise TypeError(f"{name} is set to a {type(value).__name__}: it takes a number, a word, True or False, or a list")
