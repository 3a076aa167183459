"""A `.net` text -> Spec; one of its nets with sizes set -> Net, which has figure, table, source and module."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, SupportsFloat, SupportsIndex, TypeVar

from netspec.diagnostics.errors import SpecError
from netspec.diagnostics.model import Diagnostic, Fault, Quoted, Report, Words
from netspec.elaborate.elaborate import elaborate
from netspec.elaborate.program import Program, load_program, parse_program
from netspec.elaborate.unused import check_defaults, check_uncalled, idle_defaults, products_of_sizes, unused_names
from netspec.ir.graph import Counts, Graph, Layer
from netspec.limits import DEFAULT, Limits
from netspec.plugins import import_allowed
from netspec.source import SourceFile

if TYPE_CHECKING:
    import networkx
    import torch
    from torch import nn

    from netspec.figure.backends import Picture
    from netspec.figure.steps import Steps
    from netspec.figure.trained import Given
    from netspec.ir.sizes import Size
    from netspec.summary.diff import Change

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
StrPath = str | os.PathLike[str]
# the types of values for a parameter of a net; numpy numbers are allowed too
Value = str | SupportsIndex | SupportsFloat | Sequence[Any]


class Table(str):
    """A text that notebooks and the Python prompt show without quotes and escapes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Net:
    """A checked net: its names, blocks and types are resolved. `Spec.net` returns it.

    Attributes:
        spec: the spec that contains it.
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
        """The net's name in the spec."""
        return self.graph.name

    @property
    def layers(self) -> list[Layer]:
        """The net's own lines, in order."""
        return self.graph.top

    @property
    def depth(self) -> int:
        """The number of computing layers on the longest path; the input does not count."""
        return self.graph.depth

    @property
    def weights(self) -> Size:
        """The number of weights, trainable and frozen: an int, or a formula if sizes are open.

        Those of `extern` classes count if the spec says how many they are, or once they were imported
        (`counts.unknown`).
        """
        return self.graph.counts.weights

    @property
    def active(self) -> Size:
        """The number of weights that one token uses: fewer than `weights` if the net has a mixture of experts."""
        return self.graph.counts.active

    @property
    def counts(self) -> Counts:
        """The numbers of trainable weights, frozen weights and buffers, and the multiply-adds for one example."""
        return self.graph.counts

    @property
    def warnings(self) -> list[Diagnostic]:
        """Warnings: the net is valid, but this may not be intended."""
        return self.graph.warnings

    def show(self, *, equations: bool = False, depth: int = 0) -> Table:
        """Return the table of layers: types, weights, multiply-adds.

        Parameters:
            equations: whether to add the equation of each layer.
            depth: how many levels of blocks to show with their own layers.

        Returns:
            The text that `netspec show` prints.
        """
        from netspec.summary.table import as_text

        return Table(as_text(self.graph, equations=equations, depth=depth))

    def to_dict(self) -> dict[str, Any]:
        """Return the document of `netspec show --json`: layers, types, weights and counts."""
        from netspec.summary.document import as_dict

        return as_dict(self.graph)

    def to_networkx(self) -> networkx.MultiDiGraph:
        """Return the operations as a networkx.MultiDiGraph; edges have `input`, `output` and `delay`."""
        return self.graph.to_networkx()

    def diff(self, other: Net) -> list[Change]:
        """Compare with another net and the sections of its file.

        Parameters:
            other: the other net; what only it has is marked `+`.

        Returns:
            The changes; the `str` of each is a line of `netspec diff`.
        """
        from netspec.summary.diff import net_differences, setting_differences

        return [*net_differences(self.graph, other.graph), *setting_differences(self.spec.program, other.spec.program)]

    def source(self) -> str:
        """Return Python source of the net as a torch.nn.Module. It imports only torch, and what `extern` names.

        Raises:
            SpecError: sizes are open (NS516).
        """
        from netspec.codegen.source import emit

        self._closed()
        return emit(self.graph)

    def module(
        self, *, device: str | torch.device = "cpu", seed: int = 0, dtype: torch.dtype | None = None
    ) -> nn.Module:
        """Return the net as a torch.nn.Module, made from the emitted source.

        Its forward method takes a tensor for each input and returns the outputs. Shapes are `(B, d)` for a vector of d
        units, `(B, C, *space)` for maps, `(B, T, …)` for values with time, and `(B,)` integers for `one of K`.

        Parameters:
            device: the device of the weights.
            seed: the seed of initial values. They depend only on (seed, key), so a new line does not change other
                lines' values.
            dtype: the dtype of the weights; torch's default if None.

        Raises:
            SpecError: sizes are open (NS516).
            MissingPackageError: torch is not installed.
        """
        from netspec.parts import need

        self._closed()
        need("torch")
        from netspec.codegen.live import build

        self.admit(self.spec.allow)
        return build(self.graph, seed=seed, device=device, dtype=dtype)

    def admit(self, allow: Iterable[str]) -> None:
        """Import the classes of other packages that the net applies, and check them against what the spec says.

        Parameters:
            allow: the modules that may be imported; those of `torch.nn` need no permission.

        Raises:
            UsageError: a class is not allowed (NS439), cannot be used (NS440), or is not what the spec says.
        """
        from netspec.codegen.outside import admit

        admit(self.graph, allow)

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
        arrows: Sequence[str] | None = None,
        titles: Literal["top", "bottom", "left", "right", "none"] | None = None,
        bias: Literal["plus", "one", "x0", "none"] | None = None,
        edges: Literal["all", "none"] | None = None,
        colors: Literal["role", "per_perceptron", "kind"] | None = None,
        formula: bool | None = None,
        max_units: int | None = None,
        legend: bool | None = None,
        steps: int | None = None,
        table: bool | None = None,
        notes: Literal["all", "none"] | None = None,
        heading: str | None = None,
        embed: bool | None = None,
        width: str | None = None,
        type: int | None = None,
        transparent: bool = False,
        target: str | None = None,
        path: str | None = None,
        update: bool | None = None,
        weights: Given | None = None,
        input: str | Mapping[str, Any] | None = None,
    ) -> Picture:
        """Draw the figure of the net.

        A setting that is None is taken from the figure section, or else chosen to suit the net.

        Parameters:
            view: the kind of figure: blocks, neurons, planes, … (`netspec.View`).
            figure: the figure section to start from; by default the section without a name.
            theme: the colours: safe (the usual ones), classic, mono, dark (`netspec.Theme`).
            lang: the language of words that netspec adds.
            direction: the direction from input to output.
            only: draw only this layer and its inputs.
            depth, unfold, details, columns: for the view blocks: how many levels of blocks are opened, whether each
                round of a repeat is drawn, whether each closed block is drawn open beside the net, and the number of
                columns.
            captions: the texts between layers, in order.
            arrows: words on arrows of the blocks view, each as `x -> y: words`.
            titles: the position of the layers' captions.
            bias: how the constant 1 is drawn.
            edges: whether connections are drawn.
            colors: what the colours distinguish.
            formula: for the view perceptron: whether the formula is written after the output.
            max_units: layers with up to this many units are drawn completely.
            legend: whether to explain the colours below the figure; by default those of trained weights alone.
            steps, table: for the view unrolled: the number of time steps, and whether to show the table of the input
                sequence.
            notes: whether a line below says what the figure does not show.
            heading: the figure's own title, which stands above it.
            embed: whether an SVG carries the letters that it uses, for viewers without its fonts.
            width: the width on paper for which the figure is laid out: a length such as "85mm", or a word: column (85
                mm, 8 pt), page (170 mm), slide.
            type: the size of the letters on paper in points.
            transparent: whether the background is transparent.
            target, path, update: for the view graph: what the example is compared with, "y=1"; the symbol of a number,
                "w_1", whose way to the loss is emphasised; whether weights also stand there after one step of the
                optimizer.
            weights: a run or its folder, a safetensors file, or arrays by key; they set the colours of weights. If the
                view does not draw weights, `Picture.warnings` says so (NS734).
            input: one example, {"x": [1, 0]} or "x=1,0", whose values are written into the figure. A run prepares it by
                the steps of its fields, as `predict` does; other weights take it as it is.

        Returns:
            The picture; `save` writes it to a file, and a notebook displays it.

        Raises:
            SpecError: the figure section is wrong, or the view cannot draw this net (NS713).
            UsageError: an option is wrong.
        """
        from netspec.figure.render import render

        options = {
            "view": view, "theme": theme, "lang": lang, "direction": direction, "only": only, "depth": depth,
            "unfold": unfold, "details": details, "columns": columns, "captions": captions, "titles": titles,
            "arrows": arrows, "bias": bias, "edges": edges, "colors": colors, "formula": formula,
            "max_units": max_units, "legend": legend, "steps": steps, "table": table, "notes": notes,
            "heading": heading, "embed": embed, "width": width, "type": type, "target": target, "path": path,
            "update": update,
        }  # fmt: skip
        return render(
            self.graph, self.spec.program, options, figure=figure, transparent=transparent, weights=weights, input=input
        )

    def steps(
        self,
        input: str | Mapping[str, Any] | None = None,
        target: str | Mapping[str, Any] | None = None,
        *,
        weights: Given | None = None,
        view: str | None = None,
        figure: str | None = None,
        theme: str | None = None,
        lang: Literal["en", "ko"] | None = None,
        direction: Literal["right", "left", "up", "down"] | None = None,
    ) -> Steps:
        """Draw an example on its way through the net: forward, the loss, back, the update, on the net's own figure.

        The loss and the optimizer are those of the train section; everything is computed without torch.

        Parameters:
            input: the example, {"x": [1, 0]} or "x=1,0"; by default that of the figure section.
            target: what it is compared with, "y=1"; without one only the way forward is drawn.
            weights: as for `render`; by default those that the spec gives.
            view: perceptron, neurons or graph; by default what suits the net.
            figure, theme, lang, direction: as for `render`.

        Returns:
            The frames; `save` writes them and a page with a slider into a folder.

        Raises:
            SpecError: there are no weights (NS728), or the view cannot draw the net (NS713).
            UsageError: the example or the target does not fit (NS727, NS960), or the view has no steps (NS966).

        Example:
            >>> text = "net n {\\n  input x: 2\\n  output y: 1 perceptron (weights = [[0, 1, -1]])\\n}"
            >>> netspec.parse(text).net().steps("x=1,2")
            <Steps of n: 2 frames>
        """
        from netspec.figure.render import render_steps

        options = {"view": view, "theme": theme, "lang": lang, "direction": direction}
        return render_steps(
            self.graph, self.spec.program, options, figure=figure, weights=weights, input=input, target=target
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
    """A checked `.net` text: its nets and sections. `load` and `parse` return it.

    `show`, `render`, `source` and `module` apply to the only net that no other net uses.

    Attributes:
        program: the file and the files that it uses, for tools.
        limits: the limits that it was checked with.
        allow: modules whose classes its nets may import.
        warnings: places that are valid but may not be intended.
        graphs: the graphs that `check` has made, of the nets without a mistake, for tools.

    Example:
        >>> spec = netspec.parse("net small(K = 3) {\\n  input x: 4\\n  output y: K perceptrons\\n}")
        >>> spec.nets
        ('small',)
        >>> spec.net(K=10).weights
        50
    """

    def __init__(self, program: Program, limits: Limits = DEFAULT, allow: Sequence[str] = ()) -> None:
        self.program = program
        self.limits = limits
        self.allow = tuple(allow)
        self.warnings: list[Diagnostic] = []
        self.graphs: dict[str, Graph] = {}

    @property
    def name(self) -> str:
        """The name of the file in messages."""
        return self.program.name

    @property
    def nets(self) -> tuple[str, ...]:
        """The names of the file's own nets, in order."""
        return self.program.net_names

    def net(self, name: str | None = None, /, **sizes: Value) -> Net:
        """Return a net with its sizes set, after checking it.

        Parameters:
            name: the net; by default the only one that no other net uses.
            sizes: sizes and parameters by name, `net(K=10)`; those without a value and without a default stay open.

        Returns:
            The net.

        Raises:
            SpecError: there is no such net, or the sizes do not fit together.
            TypeError: a value is not a number, a word, True or False, or a list.
        """
        if name is not None and not isinstance(name, str):
            raise TypeError(
                f"the name of a net is a str, not {type(name).__name__}; sizes are given by name: net(K=10)"
            )
        definition = self.program.net(name)
        given = {size: _plain(size, value) for size, value in sizes.items()}
        checked = None if given else self.graphs.get(definition.body.name.text)
        if checked is not None:
            return Net(self, checked, given)
        graph, report = elaborate(self.program, definition, given, self.limits, self._read_by_sections())
        if graph is None:
            raise SpecError(*report.diagnostics)
        return Net(self, graph, given)

    def _read_by_sections(self) -> frozenset[str]:
        """Return the labels that data, train and figure sections name; such layers count as read."""
        from netspec.config.check import labels_read

        return labels_read(self.program)

    def check(self, *, propose: bool = True) -> list[Diagnostic]:
        """Return every mistake and warning of the file: all its nets, blocks and sections.

        `load` and `parse` already raise an error for mistakes; this is for tools that need the diagnostics.

        Parameters:
            propose: whether to look for the statement as it must be written, which takes up to a hundred checks.
        """
        found = self._found()
        return self._proposed(found) if propose else found

    def _proposed(self, found: list[Diagnostic]) -> list[Diagnostic]:
        if not any(diagnostic.severity == "error" for diagnostic in found):
            return found
        from netspec.proposals import proposed

        def check(text: SourceFile) -> tuple[list[Diagnostic], int]:
            other = Spec(self.program.reread(text), self.limits)
            return other._found(), other.program.work

        return proposed(self.program.main.source, found, check)

    def _found(self) -> list[Diagnostic]:
        report = Report()
        for diagnostic in self.program.report.diagnostics:
            report.add(diagnostic)
        graphs = self.graphs = {}
        read = self._read_by_sections()
        for definition in self.program.nets:
            graph, found = elaborate(self.program, definition, {}, self.limits, read)
            for diagnostic in found.diagnostics:
                report.add(diagnostic)
            if graph is not None:
                graphs[definition.body.name.text] = graph
        for diagnostic in (*check_defaults(self.program), *check_uncalled(self.program, self.limits)):
            report.add(diagnostic)
        if not report.failed:
            for diagnostic in (
                *unused_names(self.program),
                *idle_defaults(self.program),
                *products_of_sizes(self.program),
            ):
                report.add(diagnostic)
        for diagnostic in self._check_sections(graphs):
            report.add(diagnostic)
        return report.diagnostics

    def _check_sections(self, graphs: dict[str, Graph]) -> list[Diagnostic]:
        """Return every mistake in the sections. pydantic is imported only if there are sections."""
        kinds = {section.kind for section in self.program.main.sections}
        found: list[Diagnostic] = []
        if any("$" in unit.source.text for unit in (self.program.main, *self.program.units.values())):
            from netspec.figure.reading import check_captions

            found += check_captions(self.program)
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
        """Return the file in canonical format, as `netspec fmt` writes it."""
        from netspec.syntax.printer import format_file

        return format_file(self.program.main.source, self.program.main.file)

    def __repr__(self) -> str:
        return f"<Spec {self.name}: {', '.join(self.nets) or 'blocks only'}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return self.net()._repr_mimebundle_(include, exclude)


def load(path: StrPath, *, root: StrPath | None = None, limits: Limits = DEFAULT, allow: Sequence[str] = ()) -> Spec:
    """Read and check a `.net` file.

    Parameters:
        path: the file.
        root: the folder outside of which `use` reads no files; by default the nearest folder upward with a
            netspec.toml, else the file's own.
        limits: limits on the size of the spec and of its nets.
        allow: top-level modules that may be imported: for `extern`, and for steps, losses, themes, … that they add.

    Returns:
        The spec.

    Raises:
        SpecError: the file cannot be read or is wrong; it has all mistakes that were found.
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
    return _checked(Spec(program, limits, allow))


def parse(
    text: str | bytes,
    *,
    name: str = "<text>",
    folder: StrPath | None = None,
    limits: Limits = DEFAULT,
    allow: Sequence[str] = (),
) -> Spec:
    """Read and check the text of a spec.

    Parameters:
        text: the text, or its UTF-8 bytes.
        name: its name in messages.
        folder: the folder to which paths in `use` are relative; without it `use` is an error.
        limits: limits on the size of the spec and of its nets.
        allow: top-level modules that may be imported: for `extern`, and for steps, losses, themes, … that they add.

    Returns:
        The spec.

    Raises:
        SpecError: the text is wrong; it has all mistakes that were found.
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
    return _checked(Spec(program, limits, allow))


def _checked(spec: Spec) -> Spec:
    found = spec.check(propose=False)
    if any(diagnostic.severity == "error" for diagnostic in found):
        raise SpecError.proposing(found, lambda: spec._proposed(found))
    spec.warnings = found
    return spec


def _plain(name: str, value: Any) -> Any:
    """Return a parameter's value with numpy numbers converted to Python numbers; raise TypeError for other types."""
    if isinstance(value, bool | str | int | list | tuple):
        return value
    if isinstance(value, SupportsIndex):
        return operator.index(value)
    if isinstance(value, SupportsFloat):
        return float(value)
    raise TypeError(f"{name} is set to a {type(value).__name__}: it takes a number, a word, True or False, or a list")
