"""`netspec show` and `netspec diff`: the table of layers, and what differs between two specs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from netspec.cli.options import allow_option, common, load_net, net_options, spec_argument
from netspec.cli.output import say, write_json


@click.command("show")
@spec_argument
@net_options
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
@click.option("--equations", is_flag=True, help="What each layer computes.")
@click.option("--depth", type=click.IntRange(0, 20), default=0, help="Unfold blocks this deep.")
@allow_option()
@common
def show(spec: str, as_json: bool, equations: bool, depth: int, **flags: Any) -> int:
    """Table of layers with types, weights and multiply-adds. Open sizes stay open. Needs no torch."""
    found = load_net(spec, flags)
    if as_json:
        write_json(found.to_dict())
    else:
        say(found.show(equations=equations, depth=depth))
    return 0


@click.command("diff")
@click.argument("before")
@click.argument("after")
@net_options
@click.option("--json", "as_json", is_flag=True, help="The differences as a JSON list.")
@allow_option()
@common
def diff(before: str, after: str, as_json: bool, **flags: Any) -> int:
    """Compare two specs: layers, types, weights and settings; text and comments don't count. Exit 1 if they differ."""
    found = load_net(before, flags).diff(load_net(after, flags))
    if as_json:
        write_json([asdict(change) for change in found])
    else:
        say("\n".join(map(str, found)) if found else "no differences")
    return 1 if found else 0
