"""Warns of data from which a net learns little: unscaled inputs, IDs, absent classes, targets that it cannot reach."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from netspec.config.data import Data, Field
from netspec.config.match import Match, type_of, value_of
from netspec.config.predictions import Numbers
from netspec.config.remarks import MOST_NAMED, bounds_of, range_text, remark
from netspec.config.train import Train
from netspec.config.vocabulary.losses import prediction_of
from netspec.config.vocabulary.steps import Column, Columns
from netspec.diagnostics.model import Diagnostic, Hint, Quoted, Words
from netspec.ir.graph import Graph
from netspec.training.data.dataset import Dataset, Prepared

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

SAMPLE = 10_000  # rows of training that are looked at
LARGE = 10.0  # inputs whose root mean square is larger are not scaled
APART = 1000.0  # columns whose root mean squares differ by such a factor are not scaled
LEAST = 20  # rows below which a column of different numbers may be chance
_SUMS = ("dense", "filters", "recurrent", "attention")  # families of operations that add up what they read
_PASSES = ("rearrange", "regulariser")
_ID = re.compile(
    r"(.*[_\s.-])?(?i:id|idx|index|nr|no|number|key|uuid|unnamed: ?\d+)|.*[a-z](Id|ID)|.*(번호|아이디|순번)|"
)


def data_remarks(graph: Graph, data: Data, train: Train, match: Match, dataset: Dataset) -> Iterator[Diagnostic]:
    """Yield the warnings about a data set that a new run is to learn from, without those that are meant."""
    summed = _summed(graph)
    features = sum(dataset.fields[name].values.array[:1].size for name in match.inputs)
    for name in match.inputs:
        item, found = data.fields.get(name) or Field(name), dataset.fields[name]
        if "unscaled" not in train.meant and name in summed:
            yield from _unscaled(item, found, dataset)
        if "id" not in train.meant and not dataset.windowed and features > 1:
            yield from _ids(item, found)
    for name, want in match.wanted.items():
        if name not in match.inputs and "absent" not in train.meant and want.classes is not None and want.time is None:
            yield from _absent(data.fields.get(name) or Field(name), dataset, match)
    if "unreachable" not in train.meant:
        yield from _unreachable(graph, train, dataset)


def _summed(graph: Graph) -> set[str]:
    """Return the inputs that weighted sums read as they are, with no norm or arithmetic before them."""
    readers: dict[int, list[int]] = {}
    for node in graph.nodes:
        for edge in node.inputs:
            readers.setdefault(edge.node, []).append(node.index)
    found = set()
    for number in graph.inputs:
        pending, seen = [number], {number}
        while pending:
            for reader in readers.get(pending.pop(), ()):
                op = graph.nodes[reader].op
                if op.family in _SUMS:
                    found.add(graph.layers[graph.nodes[number].layer].label)
                elif reader not in seen and (op.alias or op.family in _PASSES):
                    seen.add(reader)
                    pending.append(reader)
    return found


def _maps(item: Field, found: Prepared, count: int) -> Sequence[str]:
    """Return the names of the maps of a field: its columns, if it has as many."""
    first = item.steps[0] if item.steps else None
    names = found.columns
    if isinstance(first, Columns):
        names = first.names or found.columns
    elif isinstance(first, Column):
        names = (first.name,)
    return names if len(names) == count else [f"{item.name}[{number}]" for number in range(count)]


def _unscaled(item: Field, found: Prepared, dataset: Dataset) -> Iterator[Diagnostic]:
    import numpy as np

    values = found.values
    if values.classes is not None or values.pending or values.array.ndim < 2 or values.lengths is not None:
        return
    rows = dataset.parts["training"]
    chosen = rows[:: max(1, len(rows) // SAMPLE)]
    array = values.array[chosen].astype(np.float64)
    sizes = np.sqrt(np.square(array).mean(axis=tuple(axis for axis in range(array.ndim) if axis != 1)))
    some = sizes[sizes > 0]
    if not len(some) or (some.max() <= LARGE and some.max() <= APART * some.min()):
        return
    names = _maps(item, found, len(sizes))
    largest, smallest = int(sizes.argmax()), int(np.where(sizes > 0, sizes, np.inf).argmin())
    low, high = (f"{bound:.4g}" for bound in (array[:, largest].min(), array[:, largest].max()))
    picture = array.ndim == 4
    words: Words = {"name": item.name, "map": names[largest], "low": low, "high": high}
    mend = Hint("picture" if picture else "mend")
    if sizes[largest] <= LARGE:
        sized = {"other": names[smallest], "typical": f"{sizes[largest]:.2g}", "small": f"{sizes[smallest]:.2g}"}
        mend = Hint("apart", sized)
    yield remark("NS895", item.span, words, mend)


def _ids(item: Field, found: Prepared) -> Iterator[Diagnostic]:
    """Warn of columns whose values number the rows, and of classes that differ from row to row."""
    import numpy as np

    values = found.values
    rows = len(values.array)
    if rows < LEAST or values.length is not None or values.lengths is not None or values.array.ndim > 2:
        return
    if values.classes is not None:
        if len(np.unique(values.array)) == rows:
            yield remark("NS896", item.span, {"names": Quoted((item.name,)), "rows": rows}, Hint("mend"))
        return
    array = values.array.reshape(rows, -1).astype(np.float64)
    for step, state in reversed(found.learned):
        array = step.inverse(array, state)
    names = _maps(item, found, array.shape[1])
    known = [name for name, column in zip(names, array.T) if _numbers_rows(column, name)]
    if known:
        words: Words = {"names": Quoted(tuple(known[:MOST_NAMED])), "rows": rows}
        yield remark("NS896", item.span, words, Hint("mend"))


def _numbers_rows(column: Array, name: str) -> bool:
    """Whether every row has a whole number of its own, and they are consecutive or the column is called an ID."""
    import numpy as np

    whole = np.round(column)
    slack = max(1e-3, 1e-6 * float(np.abs(column).max()))  # the column may come from float32, out of `standardize`
    if np.abs(column - whole).max() > slack or len(np.unique(whole)) < len(whole):
        return False
    return bool(whole.max() - whole.min() + 1 == len(whole)) or _ID.fullmatch(name) is not None


def _absent(item: Field, dataset: Dataset, match: Match) -> Iterator[Diagnostic]:
    import numpy as np

    values = dataset.fields[item.name].values
    if dataset.windowed:
        return
    count = int(match.wanted[item.name].classes)  # type: ignore[arg-type]
    codes = values.array[dataset.parts["training"]].reshape(-1)
    missing = np.flatnonzero(np.bincount(codes, minlength=count)[:count] == 0)
    if not len(missing):
        return
    names = values.classes or tuple(map(str, range(count)))
    shown = tuple(names[number] for number in missing[:MOST_NAMED])
    words: Words = {"classes": Quoted(shown), "count": len(missing), "of": count, "name": item.name}
    yield remark("NS897", item.span, words, Hint("mend"), match.places.get(item.name))


def _unreachable(graph: Graph, train: Train, dataset: Dataset) -> Iterator[Diagnostic]:
    """Warn of targets that lie where the last step of the layer cannot reach."""
    losses = train.terms
    for term in losses:
        edge = value_of(graph, term.layer)
        target = dataset.fields.get(term.compared or "")
        if edge is None or target is None or term.classifies or target.values.pending:
            continue
        kind = prediction_of(term, losses, type_of(graph, edge))
        low, high = bounds_of(graph, graph.through(edge))
        if not isinstance(kind, Numbers) or target.values.classes is not None:
            continue
        array = target.values.array[dataset.parts["training"]] if not dataset.windowed else target.values.array
        slack = 1e-4 * max(1.0, abs(low) if low > -1e9 else 1.0)
        outside = int(((array < low - slack) | (array > high + slack)).sum())
        if outside:
            node = graph.nodes[graph.through(edge).node]
            words: Words = {
                "step": node.word,
                "layer": term.layer,
                "name": target.name,
                "range": range_text((low, high)),
                "outside": outside,
                "values": int(array.size),
            }
            yield remark("NS898", node.span, words, Hint("mend"), term.at("target"))
