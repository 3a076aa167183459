"""Attention: products of queries and keys, a mask, a softmax and a weighted mean, with the layers around, as one step.

Masks and tables of rotary positions are recognised by their numbers: a program may make them in any way.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from netspec.importing.arrange import Unsaid, made_of
from netspec.importing.recognise import Partial, Site, recognises, recognises_end
from netspec.importing.steps import Fixed, Step
from netspec.importing.views import BATCH, MAPS, SPACE, TIME, Atom, View, size, squeezed, tidy
from netspec.ir.graph import Edge
from netspec.ir.types import ShapeFault, Time, Type
from netspec.ops.registry import operation

if TYPE_CHECKING:
    from torch import Tensor

LOWEST = -99.0  # a mask adds less than this to a score that it hides: e^-99 is below the least normal float32


@dataclasses.dataclass(frozen=True)
class Normed(Partial):
    """Queries or keys whose heads have a norm each; `view` is how they lie."""

    view: View
    eps: float
    weight: Fixed | None = None

    def through(self, view: View) -> Normed:
        return dataclasses.replace(self, view=view)

    def scaled(self, weight: Fixed) -> Normed:
        if self.weight is not None or weight.value.numel() != size(self.view.dims[-1]) or not weight.sources:
            raise Unsaid("attention")
        return dataclasses.replace(self, weight=Fixed(weight.value.flatten(), weight.sources))


@dataclasses.dataclass(frozen=True)
class Turned(Partial):
    """Queries or keys with rotary positions; `view` is how they lie."""

    view: View
    base: float
    part: float = 1.0
    neighbours: bool = False
    norm: Normed | None = None

    def through(self, view: View) -> Turned:
        return dataclasses.replace(self, view=view)


@dataclasses.dataclass(frozen=True)
class Scaled(Partial):
    """Queries or keys times a number; `view` is how they lie."""

    view: View
    factor: float

    def through(self, view: View) -> Scaled:
        return dataclasses.replace(self, view=view)

    def real(self, site: Site) -> View:
        return site.each("number", self.view, sign="*", value=self.factor, first=True)


HEADS = (Turned, Normed, Scaled)  # what queries and keys may be beside a plain value


@dataclasses.dataclass(frozen=True)
class Products(Partial):
    """Products of queries and keys, before or after the softmax. The axes of both are (…, steps, width)."""

    query: Any
    key: Any
    scale: float = 1.0
    mask: Tensor | None = None  # what is added to the products
    soft: bool = False
    bent: bool = False  # whether a tanh bounds them
    cap: float | None = None
    trained: Fixed | None = None  # trained scores that are added, too

    def reshaped(self, shape: tuple[int, ...]) -> Products:
        """Return the same products with other axes before those of queries and keys."""
        one, other = (each if isinstance(each, View) else each.view for each in (self.query, self.key))
        if shape[-2:] != (one.shape[-2], other.shape[-2]):
            raise Unsaid("products")
        if self.mask is not None and self.mask.shape[:-2] == (math.prod(shape[:-2]),):  # examples and heads in one axis
            return dataclasses.replace(self, mask=self.mask.reshape(*shape[:-2], *self.mask.shape[-2:]))
        return self

    def softmax(self, axis: int, axes: int) -> Products:
        if self.soft or axis % axes != axes - 1:
            raise Unsaid("softmax")
        return dataclasses.replace(self, soft=True)

    def combined(self, sign: str, other: Any) -> Products:
        if self.soft:
            raise Unsaid("products")
        if isinstance(other, Fixed) and other.value.numel() == 1 and not other.sources:
            other = float(other.value)
        if self.bent and self.cap is None:
            if sign != "*" or not isinstance(other, int | float):
                raise Unsaid("products")
            return dataclasses.replace(self, scale=self.scale * other, cap=float(other))
        if isinstance(other, int | float) and sign in "*/" and self.mask is None and not self.bent:
            return dataclasses.replace(self, scale=self.scale * other if sign == "*" else self.scale / other)
        if sign == "+" and isinstance(other, Fixed):
            if not other.sources:
                return self.masked(other.value)
            if self.trained is None:
                return dataclasses.replace(self, trained=other)
        raise Unsaid("products")

    def masked(self, added: Tensor) -> Products:
        return dataclasses.replace(self, mask=added if self.mask is None else self.mask + added)


@dataclasses.dataclass(frozen=True)
class Mixed(Partial):
    """The weighted means of the values, before the out layer; `view` is how they lie."""

    view: View
    sources: tuple[Any, ...]
    arrays: dict[str, Fixed]
    options: dict[str, Any]
    path: str
    scores: tuple[Any, ...] = ()  # a layer that is added to the products
    turn: Any = None  # by how many places the windows of the result are turned back

    def through(self, view: View) -> Mixed:
        return dataclasses.replace(self, view=view)

    def step(self, site: Site, sources: tuple[Any, ...], options: dict[str, Any], arrays: Any = None) -> View:
        """Add the attention."""
        edge = site.graph.add("attention", [*sources, *self.scores], arrays, **options)
        if self.turn is not None:
            edge = site.graph.add("roll", [edge], by=squeezed(self.turn))
        return View(edge, self.view.dims)

    def real(self, site: Site) -> View:
        """Queries, keys and values become lines of their own, with attention that has no layers."""
        sources = self.sources
        if "query.weight" in self.arrays:
            made = []
            for name, source in zip(
                ("query", "key", "value"), sources * 3 if len(sources) == 1 else sources, strict=False
            ):
                arrays = {
                    part: self.arrays[f"{name}.{part}"]
                    for part in ("weight", "bias")
                    if f"{name}.{part}" in self.arrays
                }
                edge = summed(site, source, arrays)
                made.append(edge)
            sources = tuple(made)
        options = {name: each for name, each in self.options.items() if name not in ("width", "value_width")}
        return self.step(site, tuple(sources), {**options, "project": False})


def summed(site: Site, source: Any, arrays: dict[str, Fixed]) -> Any:
    """Add sums of weights for each place of a value: perceptrons, or filters of one place where it has space."""
    space, weight = site.graph.type(source).space, arrays["weight"]
    count, biased = weight.value.shape[0], "bias" in arrays
    if not space:
        return site.graph.add("perceptrons", [source], arrays, {"dense": True}, units=(count,), bias=biased)
    ones = (1,) * len(space)
    kernel = {**arrays, "weight": Fixed(weight.value.reshape(*weight.value.shape[:2], *ones), weight.sources)}
    return site.graph.add("filters", [source], kernel, {"dense": True}, count=count, kernel=ones, bias=biased)


@recognises("scaled_dot_product_attention", takes=HEADS)
def attention(site: Site, query: Any, key: Any, value: Any, mask: Fixed | None = None, dropout: float = 0.0,
              causal: bool = False, scale: float | None = None, enable_gqa: bool = False) -> Any:  # fmt: skip
    if mask is not None and mask.sources:
        return _mixed(site, query, key, value, None, causal, scale, trained=mask)
    added = None if mask is None else mask.value
    if added is not None and added.dtype.is_floating_point is False:
        added = _added(~added)
    return _mixed(site, query, key, value, added, causal, scale)


@recognises("tanh", takes=(Products,))
def tanh(site: Site, view: View | Products) -> View | Products:
    if not isinstance(view, Products):
        return site.each("tanh", view)
    if view.bent or view.soft or view.mask is not None:
        raise Unsaid("products")
    return dataclasses.replace(view, bent=True)


def product(site: Site, one: Any, other: Any) -> Any:
    """Return what a product of two matrices means: products of queries and keys, or their use."""
    if isinstance(one, Products) and one.soft:
        return _mixed(site, one.query, one.key, other, one.mask, False, one.scale, one.cap, one.trained)
    if isinstance(one, (View, *HEADS)) and isinstance(other, (View, *HEADS)):
        left, right = (each if isinstance(each, View) else each.view for each in (one, other))
        keys = right.permute([*range(len(right.dims) - 2), len(right.dims) - 1, len(right.dims) - 2])
        key = keys if isinstance(other, View) else other.through(keys)
        if left.dims[-1] and left.dims[-1][-1].role == MAPS:
            return Products(one, key)
    raise Unsaid("matmul")


recognises("bmm", takes=(Products, *HEADS))(product)


@recognises("baddbmm", takes=HEADS)
def baddbmm(site: Site, added: Fixed, one: Any, other: Any, *, beta: float = 1, alpha: float = 1) -> Products:
    found = product(site, one, other)
    if beta != 1 or not isinstance(found, Products):
        raise Unsaid("baddbmm")
    return found.combined("*", alpha).combined("+", added)


@recognises("masked_fill", takes=(Products,))
def masked_fill(site: Site, products: Any, mask: Fixed, value: Any) -> Products:
    number = float(value.value) if isinstance(value, Fixed) else float(value)
    if not isinstance(products, Products) or number > LOWEST:
        raise Unsaid("masked_fill")
    return products.masked(_added(mask.value))


@recognises("where", takes=(Products,))
def where(site: Site, mask: Fixed, products: Any, other: Any) -> Products:
    numbers = other.value if isinstance(other, Fixed) else other
    if not isinstance(products, Products) or not isinstance(mask, Fixed) or float(numbers) > LOWEST:
        raise Unsaid("where")
    return products.masked(_added(~mask.value))


def _added(hidden: Tensor) -> Tensor:
    import torch

    return torch.zeros(hidden.shape).masked_fill(hidden, -math.inf)


def _mixed(
    site: Site,
    query: Any,
    key: Any,
    value: Any,
    added: Tensor | None,
    causal: bool,
    scale: float | None,
    cap: float | None = None,
    trained: Fixed | None = None,
) -> Any:
    scaled = [each.factor for each in (query, key) if isinstance(each, Scaled)]
    query, key = (each.view if isinstance(each, Scaled) else each for each in (query, key))
    turned = [each for each in (query, key) if isinstance(each, Turned)]
    norms = [each.norm if isinstance(each, Turned) else each for each in (query, key)]
    normed = [each for each in norms if isinstance(each, Normed)]
    views = [each if isinstance(each, View) else each.view for each in (query, key, value)]
    if len(turned) == 1 or len(normed) == 1 or any(not isinstance(view, View) for view in views):
        raise Unsaid("attention")
    # examples and windows may be axes of their own
    views = [each._replace(dims=(tidy(sum(each.dims[:-3], ())), *each.dims[-3:])) if len(each.dims) > 4 else each
             for each in views]  # fmt: skip
    parts = [_heads(site, view) for view in views]
    heads, width = parts[0][0], parts[0][1]
    kv_heads, value_width = parts[2][0], parts[2][1]
    if parts[1][:2] != (kv_heads, width):
        raise Unsaid("attention")
    options: dict[str, Any] = {"heads": heads}
    if kv_heads != heads:
        options["kv_heads"] = kv_heads
    made = [site.graph.steps[view.edge.node] for view in views]
    for place, step in enumerate(made[:2]):
        number = step.op.__dict__.get("value", 0.0)
        if not turned and step.op == operation("number")(sign="*", value=number, first=True):
            scaled.append(number)
            views[place] = views[place]._replace(edge=step.inputs[0])
            made[place] = site.graph.steps[step.inputs[0].node]
    if scaled:
        scale = math.prod(scaled) * (1 / math.sqrt(width) if scale is None else scale)
    if scale is not None and not math.isclose(scale, 1 / math.sqrt(width), rel_tol=1e-5):
        options["scale"] = float(scale)
    steps, others = (size(view.dims[-2]) for view in views[:2])
    window = _window(site, views)
    bias = None
    if trained is not None:
        bias, hidden = _apart(trained, steps, others)
        added = hidden if added is None else added + hidden
    turn = None
    if window:
        options["window"] = squeezed(window)
        if added is not None and bool((added < LOWEST).any()):
            turn = _shift(site, views[0], made, added, window)
            space = _places(site, views[0])
            options["shift"] = squeezed(tuple((n - by) % n for n, by in zip(space, turn, strict=True)))
    else:
        options |= _mask(added, heads, steps, others, causal)
    if turned:
        one, other = (dataclasses.replace(each, view=views[0], norm=None) for each in turned)
        if one != other:
            raise Unsaid("attention")
        if one.neighbours:
            options["pairs"] = "neighbours"
        options["rotary"] = turned[0].base
        if turned[0].part != 1:
            options["part"] = turned[0].part
    if cap is not None:
        options["cap"] = cap
    arrays, sources = _layers(site, views, made, parts, options)
    if turn is not None:
        if len(sources) != 1:
            raise Unsaid("attention")
        sources = [*site.graph.steps[sources[0].node].inputs]
    scores: tuple[Any, ...] = ()
    if trained is not None and bias is not None:
        places = window or _places(site, views[0])
        scores = (_relative(site, trained, bias, options, places, made_of(site.graph, views[0])),)
        options["scores"] = True
    if normed:
        if normed[0].eps != normed[1].eps or "query.weight" not in arrays or "qk_norm" in options:
            raise Unsaid("attention")
        options |= {"qk_norm": "head", "eps": normed[0].eps}
        weights = [each.weight for each in normed]
        if weights.count(None) == 1:
            raise Unsaid("attention")
        if weights[0] is None:
            options["norm_affine"] = False
        arrays |= {f"{name}_norm.weight": one for name, one in zip(("query", "key"), weights, strict=True) if one}
    batch = tuple(atom for atom in views[0].dims[0] if atom.role != MAPS)  # heads may lie in one axis with the examples
    out = View(views[0].edge, (batch, tidy((Atom(MAPS, heads, value_width),)), views[0].dims[-2],
                               tidy((Atom(MAPS, value_width),))))  # fmt: skip
    out = out.reshape(site.shape_of())
    dense = "query.weight" in arrays
    if dense:
        maps = site.graph.type(sources[0]).maps
        if heads * width != maps:
            options["width"] = width
        if value_width != width:
            options["value_width"] = value_width
    return Mixed(out, tuple(sources), arrays, options, site.path, scores, turn)


def _heads(site: Site, view: View) -> tuple[int, int]:
    """Return how many heads there are and how wide each is, of an axis order (batch, heads, steps, width)."""
    if len(view.dims) == 3:
        batch = [atom for atom in view.dims[0] if atom.role == BATCH]
        examples = batch[0].size if batch else 1
        view = view.reshape((examples, view.shape[0] // examples, *view.shape[1:]))
    if len(view.dims) != 4 or any(atom.role not in (BATCH, *SPACE) for atom in view.dims[0]):
        raise Unsaid("attention")
    first, width = view.dims[1], size(view.dims[3])
    kept = [atom for atom in first if atom.role == MAPS]
    if any(atom.role not in (MAPS, "") for atom in first) or any(atom.role != MAPS for atom in view.dims[3]):
        raise Unsaid("attention")
    if len(kept) != len(first) and [atom.role for atom in first] != [MAPS, ""][-len(first) :]:
        raise Unsaid("attention")
    heads = size(tuple(kept))
    if any(atom.role not in (TIME, *SPACE) for atom in view.dims[2]):
        raise Unsaid("attention")
    return heads, width


def _mask(added: Tensor | None, heads: int, steps: int, others: int, causal: bool) -> dict[str, Any]:
    import torch

    if added is None:
        return {"causal": True} if causal else {}
    if added.dim() < 2:
        raise Unsaid("mask")
    while added.dim() < 4:
        added = added[None]
    flat = added.expand(*added.shape[:-2], steps, others).reshape(-1, *added.shape[-3:-2], steps, others)
    seen = flat[0, 0] > LOWEST
    if not bool((flat == flat[:1]).all()) or bool(((flat[0] > LOWEST) != seen).any()):
        raise Unsaid("mask")
    past = torch.ones(steps, others, dtype=torch.bool).tril()
    if causal:
        seen = seen & past
    options: dict[str, Any] = {}
    if bool((flat[0][:, seen] != 0).any()):
        if not _falls(flat[0], seen, heads):
            raise Unsaid("mask with numbers")
        options["alibi"] = True
    if bool(seen.all()):
        return options
    if steps != others:
        raise Unsaid("mask")
    if bool((seen == past).all()):
        return options | {"causal": True}
    reach = int(seen.sum(1).max())
    if bool((seen == (past & ~past.tril(-reach))).all()):
        return options | {"causal": True, "window": reach}
    raise Unsaid("mask")


def _falls(numbers: Tensor, seen: Tensor, heads: int) -> bool:
    """Whether numbers (heads, queries, keys) fall with the distance as ALiBi's do, but for one number for each query.

    The softmax over the keys takes no notice of such a number.
    """
    import torch

    whole = 2 ** int(math.log2(heads))
    slopes = [2 ** (-8 * i / whole) for i in range(1, whole + 1)]
    slopes += [2 ** (-4 * i / whole) for i in range(1, 2 * (heads - whole), 2)]
    steps, others = seen.shape
    away = (torch.arange(steps)[:, None] - torch.arange(others)).abs()
    rest = numbers.double() + torch.tensor(slopes).double()[:, None, None] * away
    spread = rest.masked_fill(~seen, -math.inf).amax(-1) - rest.masked_fill(~seen, math.inf).amin(-1)
    return bool((spread <= 1e-5 * others).all())


def _window(site: Site, views: list[View]) -> tuple[int, ...]:
    """Return the size of the windows that lie beside the examples; () if there are none."""
    found: set[tuple[int, ...]] = set()
    for view in views:
        outer = [atom for atom in view.dims[0] if atom.role in SPACE]
        inner = [atom for atom in view.dims[-2] if atom.role in SPACE]
        if not outer:
            found.add(())
            continue
        space = dict(zip(SPACE, _places(site, view), strict=False))
        cut = {atom.role: atom for atom in outer}
        window = []
        for role, length in space.items():
            part = cut.get(role, Atom(role, 1, length))
            if part.size * part.stride != length:
                raise Unsaid("windows")
            window.append(part.stride)
        rows = zip(space, window, strict=False)
        if tuple(inner) != tidy(Atom(role, size) for role, size in rows) or len(view.dims) != 4:
            raise Unsaid("windows")
        found.add(tuple(window))
    if len(found) != 1:
        raise Unsaid("windows")
    return found.pop()


def _shift(site: Site, view: View, made: list[Step], added: Tensor, window: tuple[int, ...]) -> tuple[int, ...]:
    """Return by how much a value was turned before it was cut into windows, if the mask is that of such windows."""
    import torch

    source = site.graph.steps[made[0].inputs[0].node] if made[0].inputs else made[0]
    by = source.op.__dict__.get("by")
    space = _places(site, view)
    if by is None:
        raise Unsaid("mask")
    turn = by if isinstance(by, tuple) else (by,) * len(space)
    if source.op != operation("roll")(by=by):
        raise Unsaid("mask")
    # what came from the other end may not see the rest
    region = torch.zeros(space, dtype=torch.int64)
    for axis, (length, places) in enumerate(zip(space, turn, strict=True)):
        shape = [-1 if each == axis else 1 for each in range(len(space))]
        region = 2 * region + (torch.arange(length) >= places).long().reshape(shape)
    parts = [each for length, step in zip(space, window, strict=True) for each in (length // step, step)]
    order = [*range(0, len(parts), 2), *range(1, len(parts), 2)]
    count, places = math.prod(parts[::2]), math.prod(window)
    region = region.reshape(parts).permute(order).reshape(count, places)
    seen = region[:, :, None] == region[:, None, :]
    flat = added.reshape(-1, *added.shape[-2:]) > LOWEST
    heads = flat.shape[0] // count if added.dim() < 4 else added.shape[-3]
    given = flat.reshape(-1, count, heads if added.dim() > 3 else 1, places, places)
    if not bool((given == seen[:, None]).all()):
        raise Unsaid("mask")
    return turn


def _places(site: Site, view: View) -> tuple[int, ...]:
    """Return the lengths of a sequence's axes: none for time."""
    value = site.type(view)
    return () if value.time is not None else tuple(int(length) for length in value.space)  # type: ignore[arg-type]


def _apart(trained: Fixed, steps: int, others: int) -> tuple[Tensor, Tensor]:
    """Return trained scores (heads, queries, keys), and the mask that was added to them."""
    import torch

    value = trained.value.float()
    while value.dim() < 3:
        value = value[None]
    value = value.expand(*value.shape[:-2], steps, others)
    flat = value.reshape(-1, *value.shape[-3:])
    bias, hidden = flat.amax(0), flat < LOWEST
    if bool((flat != bias)[~hidden].any()) and not torch.allclose(flat[~hidden], bias.expand_as(flat)[~hidden]):
        raise Unsaid("attention with trained scores")
    if bool((hidden != hidden[:, :1]).any()):
        raise Unsaid("mask")
    return bias, _added(hidden[:, :1])


def _relative(
    site: Site,
    trained: Fixed,
    bias: Tensor,
    options: Mapping[str, Any],
    space: tuple[int, ...],
    before: tuple[int, ...],
) -> Any:
    """Return a step that holds trained scores: one number for each way from place to place, or for each pair.

    `before` are the places that became the time steps, if they are such.
    """
    import torch

    heads, steps, others = bias.shape
    if len(trained.sources) != 1 or steps != others or heads not in (1, options["heads"]):
        raise Unsaid("attention with trained scores")
    table = site.program.arrays[trained.sources[0]]
    seen = bias > LOWEST
    value = Type(heads, space) if space else Type(heads, (), Time(steps))
    kinds: list[dict[str, Any]] = [{"value": value}]
    if not space:
        kinds += [{"value": Type(heads, before)}] if before else []
        kinds += [{"value": value, "buckets": table.shape[0], "causal": causal} for causal in (False, True)]
    for given in kinds:
        op = operation("relative")(**given)
        try:
            op.shape()
            ((shape, *_),) = [(weight.shape,) for weight in op.weights()]
        except ShapeFault:
            continue
        if math.prod(shape) != table.numel():
            continue
        rows = torch.tensor(op.rows())  # type: ignore[attr-defined]
        held = table.float() if "buckets" in given else torch.zeros(table.numel() // heads, heads)
        if "buckets" not in given:
            held[rows.flatten()] = bias.permute(1, 2, 0).reshape(-1, heads)
        if held.shape[-1] == heads and torch.equal(held[rows].permute(2, 0, 1)[seen], bias[seen]):
            return _once(site, "relative", trained, Fixed(held, trained.sources), given)
    if table.numel() == bias.numel() and bool(seen.all()):
        return _once(site, "learned", trained, Fixed(bias, trained.sources), {"value": Type(heads, (steps, others))})
    raise Unsaid("attention with trained scores")


def _once(site: Site, word: str, trained: Fixed, array: Fixed, options: dict[str, Any]) -> Any:
    """Add a step that reads nothing, unless a step holds these weights already."""
    op = operation(word)(**options)
    for number, step in enumerate(site.graph.steps):
        if step.op == op and step.arrays["weight"].sources == trained.sources:
            return Edge(number)
    return site.graph.add(word, (), {"weight": array}, **options)


def _layers(
    site: Site, views: list[View], made: list[Step], parts: list[tuple[int, int]], options: dict[str, Any]
) -> tuple[dict[str, Fixed], list[Any]]:
    """Return the arrays of the query, key and value layers, and what they read; or no arrays where there are none."""
    norms: dict[str, Fixed] = {}
    for place, name in enumerate(("query", "key")):
        step, eps = made[place], made[place].op.__dict__.get("eps")
        if eps is not None and step.op == operation("rmsnorm")(eps=eps) and not views[place].begins:
            norms[f"{name}_norm.weight"] = step.arrays["weight"]
            options |= {"qk_norm": "maps", "eps": eps}
            made = [*made[:place], site.graph.steps[step.inputs[0].node], *made[place + 1 :]]
    if len(norms) == 1:
        raise Unsaid("attention")
    if all("dense" in step.facts for step in made):
        arrays: dict[str, Fixed] = {}
        for name, view, step, (heads, width) in zip(("query", "key", "value"), views, made, parts, strict=True):
            begin = dict(view.begins).get(MAPS, 0)
            rows = _rows(view, begin, heads, width)
            for part, array in step.arrays.items():
                flat = array.value.reshape(array.value.shape[0], -1) if part == "weight" else array.value
                chosen = flat if rows == [*range(flat.shape[0])] else flat[rows]
                arrays[f"{name}.{part}"] = Fixed(chosen, array.sources)
        sources = [step.inputs[0] for step in made]
        biased = {name for name in arrays if name.endswith(".bias")}
        if len(biased) in (0, 3):
            return arrays | norms, [sources[0]] if len(set(sources)) == 1 else sources
    if norms:
        raise Unsaid("attention")
    return {}, [site.arranged(_joined(view)).edge for view in views]


def _rows(view: View, begin: int, heads: int, width: int) -> list[int]:
    """Return which rows of a layer's matrix make the heads, head by head."""
    first = next((atom.stride for atom in view.dims[-3] if atom.role == MAPS), 0) if len(view.dims) > 3 else 0
    if len(view.dims) == 3:
        first = next((atom.stride for atom in view.dims[0] if atom.role == MAPS), 0)
    digits = [0]
    for atom in view.dims[-1]:
        digits = [digit + place * atom.stride for digit in digits for place in range(atom.size)]
    return [begin + head * first + digit for head in range(heads) for digit in digits]


def _joined(view: View) -> View:
    """Return queries, keys or values as (batch, steps, maps)."""
    if len(view.dims) == 3:
        batch = [atom for atom in view.dims[0] if atom.role == BATCH]
        examples = batch[0].size if batch else 1
        view = view.reshape((examples, view.shape[0] // examples, *view.shape[1:]))
    if "" in view.roles:
        kept = tuple(atom for atom in view.dims[1] if atom.role == MAPS)
        view = view._replace(dims=(view.dims[0], kept, *view.dims[2:]))
    moved = view.permute([0, 2, 1, 3])
    return moved.reshape((*moved.shape[:2], moved.shape[2] * moved.shape[3]))


def projected(site: Site, mixed: Mixed, arrays: dict[str, Fixed]) -> View | None:
    """Return attention with its out layer, if that is what perceptrons of these arrays are."""
    if [atom.role for atom in mixed.view.dims[-1]] != [MAPS] or "query.weight" not in mixed.arrays:
        return None
    found = {**mixed.arrays, "out.weight": arrays["weight"]}
    biased = "query.bias" in found
    options = dict(mixed.options, bias=biased)
    if "bias" in arrays:
        found["out.bias"] = arrays["bias"]
    if ("bias" in arrays) != biased:
        options["out_bias"] = "bias" in arrays
    source = site.graph.type(mixed.sources[0])
    if arrays["weight"].value.shape[0] != source.maps:
        return None
    path = site.graph.path
    site.graph.path = mixed.path
    out = mixed.step(site, mixed.sources, options, found)
    site.graph.path = path
    return out


@recognises_end("mul")
def normed(node: Any, values: Mapping[Any, Any]) -> Normed | None:
    """Return queries or keys if a program norms each of their heads: x / sqrt(mean(x^2) + eps)."""
    for x, root in (node.args[:2], node.args[:2][::-1]):
        view = values.get(x) if hasattr(x, "op") else None
        if not _named(root, "rsqrt") or not isinstance(view, View) or not _of_a_head(view):
            continue
        added = root.args[0]
        mean = added.args[0] if _named(added, "add") else added
        eps = float(added.args[1]) if mean is not added else 0.0
        square = mean.args[0] if _named(mean, "mean") and list(mean.args[1]) in ([-1], [len(view.dims) - 1]) else None
        if (
            square is not None
            and _named(square, "pow", "square")
            and values.get(square.args[0]) == view
            and square.args[1:] in ((2,), ())
        ):
            return Normed(view, eps)
    return None


def _of_a_head(view: View) -> bool:
    """Whether the last axis is a part of the maps."""
    last = view.dims[-1]
    return [atom.role for atom in last] == [MAPS] and view.roles.count(MAPS) > 1


@recognises_end("add")
def turned(node: Any, values: Mapping[Any, Any]) -> Turned | None:
    """Return the value of a sum if it is rotary positions: x cos + (-second half of x, first half of x) sin."""
    sides = [_factors(_bare(side), values) for side in node.args[:2] if hasattr(side, "args")]
    if len(sides) != 2 or None in sides:
        return None
    for (x, cos), (half, sin) in (sides, sides[::-1]):
        value = values.get(x)
        if not isinstance(value, View | Normed):
            continue
        neighbours = _neighbours(half, x)
        if neighbours or _halves(half, x):
            base = _base(cos.value, sin.value, neighbours)
            if base is not None:
                norm = value if isinstance(value, Normed) else None
                return Turned(value if isinstance(value, View) else value.view, base, 1.0, neighbours, norm)
    return None


def _bare(node: Any) -> Any:
    """Return the node behind those that only change the kind of its numbers."""
    while _named(node, "to", "_to_copy", "type_as", "float", "contiguous"):
        node = node.args[0]
    return node


def _named(node: Any, *names: str) -> bool:
    return hasattr(node, "target") and str(node.target).removeprefix("aten.").partition(".")[0] in names


def _factors(node: Any, values: Mapping[Any, Any]) -> Any:
    if not _named(node, "mul"):
        return None
    for value, table in (node.args[:2], node.args[:2][::-1]):
        if hasattr(table, "op") and isinstance(values.get(table), Fixed) and not values[table].sources:
            return _bare(value), values[table]
    return None


def _halves(node: Any, x: Any) -> bool:
    if not _named(node, "cat") or len(node.args[0]) != 2:
        return False
    negative, first = node.args[0]
    if not _named(negative, "neg"):
        return False
    second, half = negative.args[0], x.meta["val"].shape[-1] // 2
    parts = []
    for part in (second, first):
        if not _named(part, "slice") or _bare(part.args[0]) is not x:
            return False
        parts.append((part.args[2] or 0, min(part.args[3] if len(part.args) > 3 else 2 * half, 2 * half)))
    return parts == [(half, 2 * half), (0, half)]


def _neighbours(node: Any, x: Any) -> bool:
    """Whether a node is x with each two neighbours swapped, the first of them with the other sign."""
    while _named(node, "flatten", "view", "reshape"):
        node = _bare(node.args[0])
    if not _named(node, "stack") or len(node.args[0]) != 2 or not _named(node.args[0][0], "neg"):
        return False
    second, first = node.args[0][0].args[0], node.args[0][1]
    strided = all(
        _named(part, "slice") and _bare(part.args[0]) is x and part.args[4:] == (2,) for part in (second, first)
    )
    return strided and (second.args[2], first.args[2] or 0) == (1, 0)


def joined(parts: Any) -> Turned | None:
    """Return heads of which a part is turned, where a program joins that part and the rest."""
    first, rest = parts if len(parts) == 2 else (None, None)
    if not isinstance(first, Turned) or not isinstance(rest, View) or first.norm is not None:
        return None
    one, other = first.view, rest
    width, more = size(one.dims[-1]), size(other.dims[-1])
    begins = dict(one.begins)
    begins[MAPS] = begins.get(MAPS, 0) + width
    if one.edge != other.edge or one.dims[:-1] != other.dims[:-1] or tuple(sorted(begins.items())) != other.begins:
        return None
    whole = one._replace(dims=(*one.dims[:-1], (Atom(MAPS, width + more),)))
    return dataclasses.replace(first, view=whole, part=width / (width + more))


def _base(cos: Tensor, sin: Tensor, neighbours: bool = False) -> float | None:
    """Return the base of tables (…, steps, width) of rotary positions; None if they are no such tables."""
    import torch

    width = cos.shape[-1]
    steps = max(cos.shape[-2:-1] or (0,))
    if cos.dim() >= 3 and steps == 1:
        cos, sin = cos.transpose(-2, -3), sin.transpose(-2, -3)
        steps = cos.shape[-2]
    flat = [table.reshape(-1, steps, width)[0].double() for table in (cos, sin)]
    if steps < 2 or width < 4:
        return None
    if neighbours:  # every number stands there twice, side by side
        flat = [torch.cat([table[:, ::2], table[:, 1::2]], -1) for table in flat]
    half = width // 2
    rate = float(torch.atan2(flat[1][1, half - 1], flat[0][1, half - 1]))
    if rate <= 0:
        return None
    exact = rate ** (-width / (width - 2))
    base = float(f"{exact:.4g}")
    rates = base ** (-torch.arange(0, width, 2).double() / width)
    angles = torch.arange(steps).double()[:, None] * rates
    wanted = torch.cat([angles, angles], -1)
    close = all(
        bool((table - wave).abs().max() < 1e-3) for table, wave in ((flat[0], wanted.cos()), (flat[1], wanted.sin()))
    )
    return base if close else None
