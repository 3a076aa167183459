"""`netspec runs`: what was trained, what it came to, and what made the difference."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netspec.cli.options import allow_option, common
from netspec.cli.output import language_of, output_for, report, say, table, write_json, write_text
from netspec.diagnostics.catalogue import Language, phrase
from netspec.diagnostics.errors import NetspecError, UsageError
from netspec.diagnostics.model import Diagnostic, Hint, Quoted
from netspec.training.comparison import RunSummary, differing_settings, find_runs, summary

if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE = 2


@click.command("runs")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@click.option("--out", "-o", type=click.Path(path_type=Path), help="curves.svg: the curves of all runs side by side.")
@click.option("--sort", metavar="SCORE", help="By a score, such as accuracy; the best first for accuracy, f1 and r2.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@allow_option()
@common
def runs(folders: tuple[Path, ...], **flags: Any) -> int:
    """List runs, those in `runs` when no folder is named; compare the ones that are named."""
    if flags["out"] is not None:
        output_for(flags["out"], (".svg",), ())
    language = language_of(["--lang", flags["lang"]] if flags["lang"] else [])
    paths = find_runs(list(folders) or [Path("runs")])
    everything = [summary(path) for path in paths]
    found = [item for item in everything if item.fault is None]
    faults = [item.fault for item in everything if item.fault is not None]
    if flags["sort"]:
        scores = tuple(dict.fromkeys(name for item in found for name in item.scores))
        if flags["sort"] not in scores:
            words: dict[str, Any] = {"flag": "--sort", "legal": Quoted(scores), "value": flags["sort"]}
            raise UsageError(Diagnostic("NS914", None, words, hints=(Hint("scores"),)))
        everything.sort(key=lambda item: _rank(item, flags["sort"]))
    # runs that are named one by one are compared; a folder that holds several runs is only listed
    compared = len(found) > 1 and len(paths) == len(folders)
    differing: dict[str, list[str]] = {}
    try:
        differing = differing_settings([Path(item.folder) for item in found]) if compared else {}
    except NetspecError as error:
        faults += error.diagnostics
    if flags["as_json"]:
        write_json({"runs": [item.document(language) for item in everything], "differ": differing})
    else:
        table(_table(everything, language))
        if differing:
            say()
            table([["", *(item.folder for item in found)], *([key, *values] for key, values in differing.items())])
    if flags["out"] is not None and found:
        write_text(flags["out"], _curves(found))
        say(str(flags["out"]))
    unread = [Path(item.folder) for item in everything if item.fault]
    failed = not found or (compared and faults) or set(unread) & set(folders)  # a run that is named must be read
    if faults and not flags["as_json"]:
        shown = [fault if failed else fault._replace(severity="warning") for fault in faults]
        report(shown, "text", language)
    return USAGE if failed else 0


def _rank(item: RunSummary, score: str) -> tuple[bool, float]:
    value = item.scores.get(score)
    from netspec.config.vocabulary.metrics import is_better_larger

    if value is None or math.isnan(value):
        return True, 0.0
    return False, -value if is_better_larger(score) else value


def _table(found: Sequence[RunSummary], language: Language) -> list[list[str]]:
    names = list(dict.fromkeys(name for item in found for name in item.scores))
    rows = [[*phrase("runs heads", language).split("|"), *names]]
    for item in found:
        state = phrase(f"state {item.state}", language) + (f" ({item.fault.code})" if item.fault else "")
        part = phrase(f"part {item.part}", language) if item.part else ""
        seconds = f"{item.seconds:.0f}" if item.seconds else ""
        scores = [f"{item.scores[name]:.4f}" if item.scores.get(name) is not None else "" for name in names]
        rows.append([item.folder, item.net, state, str(item.epochs), item.began, seconds, part, *scores])
    return rows


def _curves(found: Sequence[RunSummary]) -> str:
    from netspec.training.report.plots import curves
    from netspec.training.run import Run

    return curves({item.folder: Run(Path(item.folder)).history for item in found})
