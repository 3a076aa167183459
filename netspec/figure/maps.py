"""Maps and weights -> the maps that filters, pools and norms make of them, in numpy, for figures with numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netspec.figure.weights import Arrays
from netspec.ir.graph import Node
from netspec.ir.operation import extent
from netspec.ir.types import Type

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]


def of_maps(node: Node, value: Any, read: Type, weights: Arrays) -> Array | None:
    """The flattened value of a step over maps; None for what is not known here. `read` is the type of `value`."""
    if read.time is not None or read.classes is not None:
        return None
    sizes: Any = (read.maps, *read.space)
    maps = value.reshape(sizes)
    found: Array | None = None
    match node.op.name:
        case "filters":
            found = _filtered(node, maps, weights)
        case "maxpool" | "avgpool":
            found = _pooled(node, maps)
        case "batchnorm":
            found = _normed(node, maps, weights)
        case "mean" if getattr(node.op, "role", None) == "space" and read.space:
            found = maps.reshape(maps.shape[0], -1).mean(1)
    return None if found is None else found.reshape(-1)


def _filtered(node: Node, maps: Array, weights: Arrays) -> Array | None:
    import numpy as np

    op: Any = node.op
    if op.transposed or op.over_time or op.connect is not None:
        return None
    axes: int = maps.ndim - 1
    space = maps.shape[1:]
    stride, dilation = (extent(value, space, "") for value in (op.stride, op.dilation))
    if op.pad == "same":
        total = [gap * (kernel - 1) for gap, kernel in zip(dilation, op.kernel, strict=True)]
        pad = [(whole // 2, whole - whole // 2) for whole in total]
    else:
        pad = [(edge, edge) for edge in extent(op.pad, space, "")]
    weight = weights[node.stored()].astype(np.float64)
    seen = _windows(maps, op.kernel, stride, pad, dilation, 0.0)
    inner: Any = [0, *range(1 + axes, 1 + 2 * axes)]
    parts = zip(np.split(seen, op.groups), np.split(weight, op.groups), strict=True)
    own = list(range(1, axes + 2))
    found: Array = np.concatenate([np.tensordot(kernel, part, (own, inner)) for part, kernel in parts])
    if op.bias:
        found = found + _along(weights[node.stored("bias")], axes)
    return found


def _pooled(node: Node, maps: Array) -> Array | None:
    import numpy as np

    op: Any = node.op
    axes: int = maps.ndim - 1
    space = maps.shape[1:]
    if op.to is not None or op.ceil:
        return None
    kernel = extent(op.kernel, space, "")
    stride = kernel if op.stride is None else extent(op.stride, space, "")
    pad, dilation = extent(op.pad, space, ""), extent(getattr(op, "dilation", 1), space, "")
    largest = op.name == "maxpool"
    if not largest and any(pad):
        return None
    seen = _windows(maps, kernel, stride, [(edge, edge) for edge in pad], dilation, -np.inf)
    inner = tuple(range(1 + axes, 1 + 2 * axes))
    found: Array = seen.max(inner) if largest else seen.mean(inner)
    return found


def _windows(maps: Array, kernel: Any, stride: Any, pad: Any, dilation: Any, fill: float) -> Array:
    """(maps, places…, kernel…): what each window reads."""
    import numpy as np

    axes = tuple(range(1, maps.ndim))
    padded = np.pad(maps, [(0, 0), *pad], constant_values=fill)
    spans = tuple(gap * (size - 1) + 1 for gap, size in zip(dilation, kernel, strict=True))
    seen = np.lib.stride_tricks.sliding_window_view(padded, spans, axis=axes)
    steps = [slice(None, None, step) for step in (*stride, *dilation)]
    found: Array = seen[(slice(None), *steps)]
    return found


def _normed(node: Node, maps: Array, weights: Arrays) -> Array:
    """With the running statistics, as outside of training."""
    import numpy as np

    op: Any = node.op
    axes: int = maps.ndim - 1
    mean, variance = (_along(weights[node.stored(f"running_{name}")], axes) for name in ("mean", "var"))
    found: Array = (maps - mean) / np.sqrt(variance + op.eps)
    if op.affine:
        found = found * _along(weights[node.stored()], axes) + _along(weights[node.stored("bias")], axes)
    return found


def _along(array: Any, axes: int) -> Array:
    """A number a map, set over the map's places."""
    import numpy as np

    shape: Any = (-1, *[1] * axes)
    found: Array = array.astype(np.float64).reshape(shape)
    return found
