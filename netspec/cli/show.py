"""`netspec show`: the table of layers."""

from __future__ import annotations

import json
from pathlib import Path

import click

from netspec.cli.options import allow_option, common, load_net, net_options, spec_argument


@click.command("show")
@spec_argument
@net_options
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
@click.option("--equations", is_flag=True, help="What each layer computes.")
@click.option("--depth", type=click.IntRange(0, 20), default=0, help="Unfold blocks this deep.")
@allow_option()
@common
def command(
    spec: str,
    net: str | None,
    settings: tuple[str, ...],
    root: Path | None,
    limit: tuple[str, ...],
    as_json: bool,
    equations: bool,
    depth: int,
    lang: str | None,
    form: str,
) -> int:
    """Table of layers with types, weights and multiply-adds. Open sizes stay open. Needs no torch."""
    found = load_net(spec, net, settings, root, limit)
    if as_json:
        print(json.dumps(found.to_dict(), ensure_ascii=False, indent=2))
    else:
        print(found.show(equations=equations, depth=depth))
    return 0
