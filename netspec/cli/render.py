"""`netspec render`: the figure of a net."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from netspec.cli.options import Named, allow_option, common, load_net, net_options, spec_argument
from netspec.cli.output import output_for, report, run_of, say, write_bytes
from netspec.diagnostics.catalogue import Language
from netspec.figure.backends import form_of, writer_of
from netspec.figure.settings import DIRECTIONS, PRESETS
from netspec.figure.themes import THEMES
from netspec.figure.views import VIEWS


def figure_options(function: Any) -> Any:
    """Add the flags that set how a figure looks to a command."""
    for option in reversed(
        (
            click.option("--view", type=Named(VIEWS), help="How the net is drawn."),
            click.option("--figure", metavar="NAME", help="The figure section of this name."),
            click.option("--theme", type=Named(THEMES), help="Colours."),
            click.option("--direction", type=click.Choice(DIRECTIONS), help="The way in which the net computes."),
            click.option("--depth", type=click.IntRange(0, 40), help="blocks: how many levels are opened."),
            click.option("--unfold", is_flag=True, default=None, help="blocks: draw each round of a repeat."),
            click.option(
                "--details/--no-details",
                default=None,
                help="blocks: each closed block once, open, beside the net; else where it helps.",
            ),
            click.option(
                "--columns",
                type=click.IntRange(1, 12),
                help="blocks: columns of a long chain (rows, with --direction right).",
            ),
            click.option(
                "--only", metavar="LAYER", help="This layer alone, with what it reads; blocks: also a block's name."
            ),
            click.option(
                "--weights",
                metavar="RUN",
                help="A run folder or a safetensors file: colours what its weights belong to.",
            ),
            click.option(
                "--input", metavar="VALUES", help='One example, such as "x=1,0": writes every number into the figure.'
            ),
            click.option("--target", metavar="VALUES", help='graph: what the example is compared with, such as "y=1".'),
            click.option("--path", metavar="SYMBOL", help="graph, neurons: emphasises every way from it on."),
            click.option("--update", is_flag=True, default=None, help="graph: the weights after one step."),
            click.option(
                "--notes", type=click.Choice(("all", "none")), help="The line below: what the figure does not show."
            ),
            click.option("--legend/--no-legend", default=None, help="Below the figure: what its colours say."),
            click.option("--embed", is_flag=True, default=None, help="SVG: carry the letters, for any viewer."),
            click.option("--heading", metavar="TEXT", help="The figure's own title."),
            click.option(
                "--width", metavar="LENGTH", help=f"Lays out for a width on paper: 85mm, or {', '.join(PRESETS)}."
            ),
            click.option("--type", type=click.IntRange(4, 72), help="Size of the letters on paper in points."),
            click.option("--scale", type=click.FloatRange(0.1, 20), help="PNG: pixels to 1/96 inch; usually 2."),
            click.option("--transparent", is_flag=True, help="No ground."),
        )
    ):
        function = option(function)
    return function


@click.command("render")
@spec_argument
@net_options
@click.option(
    "--out",
    "-o",
    metavar="FILE",
    help="x.svg, .png, .pdf or .dot; else the spec's name with .svg; - writes SVG to the output.",
)
@figure_options
@allow_option()
@common
def render(spec: str, out: str | None, scale: float | None, lang: Language | None, **options: Any) -> int:
    """Draw the figure of a net: SVG, PNG, PDF or DOT. Needs no torch.

    SPEC may be the folder of a run: then its net is drawn with the weights it has learned.
    """
    target = Path(out) if out else Path(f"{'net' if spec == '-' else Path(spec).stem}.svg")
    if out != "-":
        output_for(target, (), (spec,))
        writer_of(form_of(target))
    run = run_of(spec)
    options["weights"] = run_of(options["weights"]) or options["weights"] or run
    flags = {name: options.pop(name) for name in ("net", "settings", "root", "limit", "form")}
    found = load_net(spec, flags) if run is None else run.net
    picture = found.render(lang=lang, **options)
    data = picture.data("svg" if out == "-" else form_of(target), scale)
    if out == "-":
        sys.stdout.buffer.write(data)
    else:
        write_bytes(target, data)
        say(str(target))
    if picture.warnings:
        report(picture.warnings, "text", lang or "en")
    return 0
