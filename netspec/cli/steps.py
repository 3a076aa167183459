"""`netspec steps`: an example on its way through a net and back, as frames and as a page with a slider."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from netspec.cli.options import Named, allow_option, common, load_net, net_options, spec_argument
from netspec.cli.output import folder_for, run_of, say
from netspec.diagnostics.catalogue import Language
from netspec.figure.settings import DIRECTIONS
from netspec.figure.themes import THEMES
from netspec.figure.views import VIEWS


@click.command("steps")
@spec_argument
@net_options
@click.option("--input", metavar="VALUES", help='One example, such as "x=1,0"; left out, that of the figure section.')
@click.option("--target", metavar="VALUES", help='What it is compared with, such as "y=1"; left out, forward only.')
@click.option("--weights", metavar="RUN", help="A run folder or a safetensors file; left out, the weights of the spec.")
@click.option("--view", type=Named(VIEWS), help="The figure to draw on: perceptron, neurons or graph.")
@click.option("--figure", metavar="NAME", help="The figure section of this name.")
@click.option("--theme", type=Named(THEMES), help="Colours.")
@click.option("--direction", type=click.Choice(DIRECTIONS), help="The way in which the net computes.")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="The folder; else the spec's name with -steps.")
@allow_option()
@common
def steps(spec: str, out: Path | None, lang: Language | None, **options: Any) -> int:
    """Draw an example forward, its loss, the gradients back and the update: numbered SVG files, and index.html with a
    slider. Needs no torch."""
    target = out or Path(f"{'net' if spec == '-' else Path(spec).stem}-steps")
    folder_for(target)
    run = run_of(spec)
    options["weights"] = run_of(options["weights"]) or options["weights"] or run
    flags = {name: options.pop(name) for name in ("net", "settings", "root", "limit", "form")}
    net = load_net(spec, flags) if run is None else run.net
    for path in net.steps(lang=lang, **options).save(target):
        say(str(path))
    return 0
