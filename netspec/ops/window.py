"""Sliding windows: the arithmetic of filters and pools, with torch's rules for valid options."""

from __future__ import annotations

from collections.abc import Iterable

from netspec.ir.operation import Remark
from netspec.ir.sizes import Formula, Size, text
from netspec.ir.types import refuse

AXES = ("row", "column", "depth")


def slide(
    size: Size, kernel: Size, stride: Size, pad: Size, dilation: Size, *, option: str, axis: str, ceil: bool = False
) -> Size:
    """Return how many windows fit along one axis: floor((size + 2 pad - dilation (kernel-1) - 1) / stride) + 1.

    `ceil` rounds up, but as in torch the last window must begin inside the input or the padding before it. So a window
    that is larger than the padded input may extend beyond it.
    """
    reach = dilation * (kernel - 1) + 1
    room = size + 2 * pad - reach
    if room + (stride - 1 if ceil else 0) < 0:
        wide = dilation > 1 and size + 2 * pad >= kernel  # it would fit without gaps: the dilation is the cause
        refuse(
            "NS301",
            option="dilation" if wide else option,
            axis=axis,
            size=text(size),
            kernel=text(kernel),
            arithmetic=_arithmetic(size, kernel, stride, pad, dilation),
            room=text(size + 2 * pad),
            reach=text(reach),
        )
    if not ceil:
        return room // stride + 1
    # With a small window, the last one could lie entirely in the padding at the end; it must begin before that.
    begins = room + stride - 1 if reach - pad >= stride else size + pad - 1
    return begins // stride + 1


def _arithmetic(size: Size, kernel: Size, stride: Size, pad: Size, dilation: Size) -> str:
    """Return the arithmetic of a window that does not fit: `28 + 2*1 - 40 + 1 = -9`."""
    padded = text(size) if pad == 0 else f"{text(size)} + 2*{text(pad)}"
    reach = text(kernel) if dilation == 1 else f"({text(dilation)}*({text(kernel)} - 1) + 1)"
    return f"{padded} - {reach} + 1 = {text(size + 2 * pad - dilation * (kernel - 1))}"


def unread(size: Size, kernel: Size, stride: Size, pad: Size, dilation: Size) -> Size:
    """Return how many rows at the end of one axis no window reads; rows of padding do not count.

    If the stride is larger than the window, rows between windows are skipped on purpose; as many rows at the end are
    ignored.
    """
    if stride == 1:
        return 0
    if any(isinstance(value, Formula) for value in (size, kernel, stride, pad, dilation)):
        return 0
    reach = dilation * (kernel - 1) + 1
    windows = (size + 2 * pad - reach) // stride + 1
    last = (windows - 1) * stride + reach
    left = size + pad - last
    return left if left > max(0, stride - reach) else 0


def unread_rows(axes: Iterable[tuple[str, Size]]) -> tuple[Remark, ...]:
    """Return a warning for the first axis with unread rows. `axes` has each axis and its number of unread rows."""
    found = next(((axis, left) for axis, left in axes if left != 0), None)
    return () if found is None else (Remark("NS329", {"axis": found[0], "count": text(found[1])}, edge=True),)
