"""Checks the data and train sections of a file against the nets of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netspec import foreign
from netspec.diagnostics.errors import SpecError
from netspec.diagnostics.model import Diagnostic, Quoted, Report, suggestion
from netspec.ir.graph import Graph
from netspec.names import nearest
from netspec.source import Span
from netspec.syntax import tree

if TYPE_CHECKING:
    from netspec.config.data import Data
    from netspec.config.match import Match
    from netspec.config.settings import Sections
    from netspec.config.train import Train
    from netspec.elaborate.program import Program


def check_training(program: Program, graphs: dict[str, Graph]) -> list[Diagnostic]:
    """Return every mistake in the data and train sections. Nets with mistakes are not in `graphs`."""
    report = Report()
    matched(program, graphs, report)
    return _without_followers(report.diagnostics, program)


def matched(program: Program, graphs: dict[str, Graph], report: Report) -> tuple[Data, Train, Graph, Match] | None:
    """Read the sections and match them with their net; None if the net has mistakes or is not named."""
    # imported only for files that have sections
    from netspec.config.data import read_data
    from netspec.config.match import match
    from netspec.config.settings import gather
    from netspec.config.train import read_train

    main = program.main
    sections = gather(((main.source, section) for section in main.sections), report)
    name = net_of(program, sections, report)
    graph = graphs.get(name) if name is not None else None
    names = None if graph is None else names_of(graph)
    data = read_data(sections.data, names, report)
    train = read_train(sections, names, report)
    return None if graph is None else (data, train, graph, match(data, train, graph, report))


def _without_followers(found: list[Diagnostic], program: Program) -> list[Diagnostic]:
    """Return the diagnostics without those that only follow from another mistake.

    A setting may be missing because its line could not be read or has another name, a field may be unused because the
    loss that names it is wrong, and a score may be missing because two sections have one name.
    """
    main = program.main
    misnamed = [str(diagnostic.words["name"]) for diagnostic in found if diagnostic.code == "NS752"]
    unread = main.unread | {foreign.SETTINGS.get(name) or nearest(name, ("loss", "source")) or "" for name in misnamed}
    places = [(section.at[0], section.at[1]) for section in main.sections if section.kind == "train"]
    wrong = bool({"loss", "metrics"} & unread) or any(
        diagnostic.severity == "error"
        and diagnostic.code != "NS758"
        and diagnostic.span is not None
        and any(begin <= diagnostic.span.start < end for begin, end in places)
        for diagnostic in found
    )
    twice = any(diagnostic.code == "NS766" for diagnostic in found)
    return [
        diagnostic
        for diagnostic in found
        if not (diagnostic.code == "NS758" and wrong)
        and not (diagnostic.code == "NS769" and twice)
        and not (diagnostic.code == "NS754" and diagnostic.words["name"] in unread)
    ]


def training_of(program: Program, graph: Graph) -> Train | None:
    """Return what the train sections of a checked file say of a net; None if they are not about it, or if none are."""
    from netspec.config.settings import gather
    from netspec.config.train import read_train

    report = Report()
    sections = gather(((program.main.source, section) for section in program.main.sections), report)
    if not sections.trains or net_of(program, sections, report) != graph.name:
        return None
    return read_train(sections, names_of(graph), report)


def names_of(graph: Graph) -> dict[str, Any]:
    """Return what a section may use of its net, by name: sizes, parameters and lists."""
    return {**graph.params, **graph.lists}


def net_of(program: Program, sections: Sections, report: Report) -> str | None:
    """Return the name of the net that the sections are about: `net = NAME`, else the net that no other net uses.

    Report a wrong name or an unclear choice, and return None.
    """
    names = program.net_names
    written = sections.train.settings.get("net")
    if written is not None:
        chosen = written.text.strip()
        if chosen in names:
            return chosen
        hints, fixes = suggestion(nearest(chosen.strip('"'), names), written.span)
        words: dict[str, Any] = {"name": chosen, "nets": Quoted(names), "file": program.name}
        report.add(Diagnostic("NS622", written.span, words, hints=hints, fixes=fixes))
        return None
    try:
        return program.net().body.name.text
    except SpecError:
        span = sections.train.span or sections.data.span or Span(program.main.source, 0, 0)
        report.add(Diagnostic("NS774", span, {"nets": Quoted(names)}))
        return None


def labels_read(program: Program) -> frozenset[str]:
    """Return every name that a section mentions; a layer with such a name counts as used."""
    found: set[str] = set()
    for section in program.main.sections:
        found.update(setting.key[0] for setting in section.settings)
        found.update(value.path[0] for value in tree.walk(section.settings) if isinstance(value, tree.Ref))
    return frozenset(found)
