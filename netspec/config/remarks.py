"""Makes the warnings of mistakes with which a net trains and learns little.

Those known from the net and its loss alone are found by `netspec.config.match`, those known from the data or the run by
`netspec.training.data.remarks` and by the session. Each says what helps; `meant = WORD` in the train section says that
it is meant, and then it is not given.
"""

from __future__ import annotations

from netspec.diagnostics.model import Diagnostic, Hint, Label, Words
from netspec.ir.graph import Edge, Graph
from netspec.ir.operation import ANY, Bounds
from netspec.source import Span

# the word of each warning in the language, by its code
REMARKS = {
    "NS715": "bounded",
    "NS716": "squashed",
    "NS799": "untrained",
    "NS885": "seldom",
    "NS895": "unscaled",
    "NS896": "id",
    "NS897": "absent",
    "NS898": "unreachable",
    "NS899": "unanswered",
    "NS900": "exploded",
}
MOST_NAMED = 8  # classes or columns that a warning names


def remark(code: str, span: Span | None, words: Words, mend: Hint, asked: Span | None = None) -> Diagnostic:
    """Return a warning.

    Parameters:
        code: one of REMARKS.
        span: the place that it is about.
        words: the words of the message.
        mend: what helps.
        asked: a second place that belongs to it.
    """
    labels = () if asked is None else (Label(asked),)
    hints = (mend, Hint("meant", {"word": REMARKS[code]}))
    return Diagnostic(code, span, words, labels=labels, hints=hints, severity="warning")


def bounds_of(graph: Graph, edge: Edge) -> Bounds:
    """Return the numbers between which a value of the net lies, as far as the steps just before it say so."""
    chain = []
    while not (node := graph.nodes[edge.node]).op.delay and node.op.effect != "new" and len(node.inputs) == 1:
        chain.append(node.op)
        (edge,) = node.inputs
    found = node.op.bounds(*(ANY for _ in node.inputs))
    for op in reversed(chain):
        found = op.bounds(found)
    return found


def range_text(bounds: Bounds) -> str:
    """Return bounds as messages show them: `0 … 1`, `≥ 0` or `≤ 0`."""
    low, high = (f"{bound:.4g}" for bound in bounds)
    if bounds[1] == ANY[1]:
        return f"≥ {low}"
    return f"≤ {high}" if bounds[0] == ANY[0] else f"{low} … {high}"
