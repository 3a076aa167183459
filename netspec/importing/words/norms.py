"""Norms, as single operations and as the products and means that programs write them by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netspec.importing.arrange import Unsaid, patched
from netspec.importing.recognise import Site, recognises
from netspec.importing.steps import Fixed
from netspec.importing.views import BATCH, MAPS, SPACE, TIME, View, roles_of, size


@recognises("batch_norm", "_native_batch_norm_legit_no_training", "cudnn_batch_norm", "native_batch_norm")
def batchnorm(
    site: Site, view: View, weight: Fixed | None, bias: Fixed | None, mean: Fixed, variance: Fixed, *rest: Any
) -> View:
    import torch

    training, momentum, eps = (rest[0], rest[1], rest[2]) if len(rest) >= 3 else (False, *rest)
    if training or mean is None or (weight is None) != (bias is None):
        raise Unsaid("batchnorm")
    found = site.arranged(view)
    if found.dims[1] and found.alone(1) != MAPS:
        raise Unsaid("batchnorm")
    arrays = {"running_mean": mean, "running_var": variance, "num_batches_tracked": Fixed(torch.tensor(0))}
    if weight is not None and bias is not None:
        arrays = {"weight": weight, "bias": bias, **arrays}
    options: dict[str, Any] = {"eps": float(eps), "momentum": float(momentum), "affine": weight is not None}
    return found._replace(edge=site.graph.add("batchnorm", [found.edge], arrays, **options))


@recognises("layer_norm", "native_layer_norm")
def layernorm(
    site: Site,
    view: View,
    shape: Sequence[int],
    weight: Fixed | None = None,
    bias: Fixed | None = None,
    eps: float = 1e-5,
    *_: Any,
) -> Any:
    kept = {} if weight is None else {"bias": bias is not None}
    found = over_last(site, "layernorm", view, len(shape), weight, bias, eps=float(eps), **kept)
    return [found] if "native" in str(site.node.target) else found


@recognises("rms_norm")
def rmsnorm(
    site: Site, view: View, shape: Sequence[int], weight: Fixed | None = None, eps: float | None = None
) -> View:
    return over_last(
        site, "rmsnorm", view, len(shape), weight, None, eps=1.1920928955078125e-07 if eps is None else float(eps)
    )


def over_last(
    site: Site, word: str, view: View, axes: int, scale: Fixed | None, shift: Fixed | None, **options: Any
) -> View:
    """Add a norm over the last axes of a view."""
    view = patched(site.graph, view, -1) if axes == 1 else view
    value = site.type(view)
    lengths = roles_of(value, site.batch)
    last = [atom for dim in view.dims[-axes:] for atom in dim]
    values = [role for role in lengths if role not in (BATCH, TIME) and lengths[role] > 1]
    sequence = [dim for dim in view.dims if len(dim) > 1 and all(atom.role in SPACE for atom in dim)]
    if (
        sequence
        or not view.whole(value, site.batch)
        or not last
        or any(size([each for each in last if each.role == atom.role]) != lengths[atom.role] for atom in last)
    ):
        view = site.arranged(view)
        value = site.type(view)
        lengths = roles_of(value, site.batch)
        last = [atom for dim in view.dims[-axes:] for atom in dim]
        values = [role for role in lengths if role not in (BATCH, TIME) and lengths[role] > 1]
    roles = [atom.role for atom in last]
    if set(roles) == {MAPS}:
        role = "maps" if value.space else None
    elif set(roles) == set(values):
        role = "all"
    elif set(roles) == {each for each in values if each != MAPS}:
        role = "space"
    else:
        raise Unsaid(word)
    arrays: dict[str, Fixed] = {}
    order = sorted(range(len(roles)), key=lambda place: ([MAPS, *SPACE].index(roles[place]), -last[place].stride))
    shape = [atom.size for atom in last]
    for name, array in (("weight", scale), ("bias", shift)):
        if array is not None:
            arrays[name] = Fixed(array.value.reshape(shape).permute(order), array.sources)
    if scale is None and shift is not None:
        raise Unsaid(word)
    options["affine"] = scale is not None
    return view._replace(edge=site.graph.add(word, [view.edge], arrays, role=role, **options))


@recognises("group_norm", "native_group_norm")
def groupnorm(
    site: Site,
    view: View,
    groups: int,
    weight: Fixed | None = None,
    bias: Fixed | None = None,
    eps: float = 1e-5,
    *_: Any,
) -> View:
    found = site.arranged(view)
    if found.alone(1) != MAPS or (weight is None) != (bias is None) or site.type(found).time is not None:
        raise Unsaid("groupnorm")
    arrays = {} if weight is None or bias is None else {"weight": weight, "bias": bias}
    edge = site.graph.add("groupnorm", [found.edge], arrays, groups=groups, eps=float(eps), affine=weight is not None)
    return found._replace(edge=edge)


@recognises("instance_norm")
def instancenorm(
    site: Site,
    view: View,
    weight: Fixed | None,
    bias: Fixed | None,
    mean: Any,
    variance: Any,
    use_input: bool,
    momentum: float,
    eps: float,
    *_: Any,
) -> View:
    found = site.arranged(view)
    if not use_input or mean is not None or (weight is None) != (bias is None):
        raise Unsaid("instancenorm")
    arrays = {} if weight is None or bias is None else {"weight": weight, "bias": bias}
    edge = site.graph.add("instancenorm", [found.edge], arrays, eps=float(eps), affine=weight is not None)
    return found._replace(edge=edge)


@recognises("rsqrt")
def rsqrt(site: Site, view: View) -> View:
    """The second half of a norm that a program writes out: 1 / sqrt(mean(x^2) + eps)."""
    return site.each("number", site.each("sqrt", view), sign="/", value=1.0, first=True)
