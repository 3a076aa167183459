"""Makes the table of layers as text, with columns for label, type, weights, multiply-adds and steps."""

from __future__ import annotations

from netspec.diagnostics.display import safe, width
from netspec.ir.graph import Graph
from netspec.ir.sizes import Formula, Size
from netspec.summary.equations import equation_lines
from netspec.summary.rows import Row, rows, total_macs

MAX_TEXT = 64


def as_text(graph: Graph, equations: bool = False, depth: int = 0) -> str:
    """Return the table and the totals as text; if `equations`, the equation of each line stands below the line."""
    table = [["", "layer", "type", "weights", "multiply-adds", "does"]]
    notes: dict[int, list[str]] = {}
    for row in rows(graph, depth):
        table.append(_cells(row, depth))
        if equations:
            notes[len(table) - 1] = equation_lines(graph, row.layer)
    lines = [_title(graph), "", *_columns(table, notes), "", *_totals(graph)]
    return "\n".join(line.rstrip() for line in lines)


def _title(graph: Graph) -> str:
    open_names = f"({', '.join(graph.open)} open)" if graph.open else ""
    caption = f"  {safe(graph.caption)}" if graph.caption else ""
    return f"{safe(graph.name)}{' ' if open_names else ''}{open_names}{caption}"


def _cells(row: Row, depth: int) -> list[str]:
    indent = "  " * row.level
    weights = "" if row.counts.weights == 0 else number(row.counts.weights)
    if row.counts.unknown:
        weights = f"{weights} + unknown" if weights else "unknown"
    if row.counts.frozen != 0:
        weights += " (frozen)" if row.counts.trainable == 0 else f" ({number(row.counts.frozen)} frozen)"
    macs = "" if row.macs == 0 else number(row.macs)
    does = safe(" ".join(row.does.split()))
    does = does if len(does) <= MAX_TEXT else does[: MAX_TEXT - 1] + "…"
    if row.layer.role == "input":
        does = safe(row.layer.caption)
    elif row.dimension:
        does += f"  [{row.dimension}]"
    types = ", ".join(map(str, row.types))
    return [row.layer.role, indent + safe(row.path), types, weights, macs, does]


def _columns(table: list[list[str]], notes: dict[int, list[str]]) -> list[str]:
    widths = [max(width(cells[column]) for cells in table) for column in range(len(table[0]) - 1)]
    lines: list[str] = []
    for position, cells in enumerate(table):
        shown = []
        for column, cell in enumerate(cells[:-1]):
            gap = " " * (widths[column] - width(cell))
            shown.append(gap + cell if column in (3, 4) else cell + gap)
        lines.append("  ".join([*shown, cells[-1]]))
        if position == 0:
            lines.append("  ".join("-" * size for size in [*widths, 4]))
        lines += [f"{'':>{widths[0]}}    {line}" for line in notes.get(position, [])]
    return lines


def _totals(graph: Graph) -> list[str]:
    counts = graph.counts
    parts = [f"{number(counts.weights)} weights"]
    if counts.unknown:
        parts.append(f"those of {', '.join(map(safe, graph.uncounted))} unknown (extern)")
    if counts.idle != 0:
        parts.append(f"{number(counts.active)} active for a token")
    if counts.frozen != 0:
        parts.append(f"{number(counts.trainable)} trainable, {number(counts.frozen)} frozen")
    if counts.buffers != 0:
        parts.append(f"{number(counts.buffers)} in buffers")
    macs = total_macs(graph, graph.nodes)
    deep = "deep" if graph.depth >= 2 else "not deep"
    lines = ["; ".join(parts), f"depth {graph.depth} ({deep})"]
    beside = ", extern not counted" if graph.outside else ""
    if macs != 0:
        lines.append(f"{number(macs)} multiply-adds an example ({number(2 * macs)} FLOPs){beside}")
    return lines + _kept(graph)


def _kept(graph: Graph) -> list[str]:
    """Return what the net keeps of earlier time steps."""
    kept = graph.kept(graph.nodes)
    lines = []
    if kept.step != 0:
        windows = [
            f"{number(step)} of them for the last {number(bound)} steps only"
            for bound, step in kept.bounds.items()
            if bound is not None
        ]
        size = f"{number(kept.step)} values a time step ({number(2 * kept.step)} bytes in 16 bits)"
        lines.append("; ".join([f"cache {size}", *windows]))
    if kept.fixed != 0:
        lines.append(f"state {number(kept.fixed)} values")
    return lines


def number(value: Size) -> str:
    """Return a size as text: a number such as 1,234 or a formula."""
    return str(value) if isinstance(value, Formula) else f"{value:,}"
