"""Sliding windows: the arithmetic that filters and pools share, with torch's rules on what is legal."""

from __future__ import annotations

from collections.abc import Iterable

from netspec.ir.operation import Remark
from netspec.ir.sizes import Formula, Size, text
from netspec.ir.types import refuse


def slide(
    size: Size, kernel: Size, stride: Size, pad: Size, dilation: Size, *, option: str, axis: str, ceil: bool = False
) -> Size:
    """How many windows fit along one axis: floor((size + 2 pad - dilation (kernel-1) - 1) / stride) + 1.

    `ceil` rounds up, but the last window must start inside the input or its left padding (torch); so a window
    that is larger than the input may hang over, too.
    """
    reach = dilation * (kernel - 1) + 1
    room = size + 2 * pad - reach
    if room + (stride - 1 if ceil else 0) < 0:
        refuse(
            "NS301",
            option=option,
            axis=axis,
            size=text(size),
            kernel=text(kernel),
            arithmetic=_arithmetic(size, kernel, stride, pad, dilation),
            room=text(size + 2 * pad),
            reach=text(reach),
        )
    if not ceil:
        return room // stride + 1
    # where the window is small, the last one would lie wholly in the right padding: it must begin before that
    begins = room + stride - 1 if reach - pad >= stride else size + pad - 1
    return begins // stride + 1


def _arithmetic(size: Size, kernel: Size, stride: Size, pad: Size, dilation: Size) -> str:
    """`28 + 2*1 - 40 = -10`: what is left for the window to move in."""
    padded = text(size) if pad == 0 else f"{text(size)} + 2*{text(pad)}"
    reach = text(kernel) if dilation == 1 else f"({text(dilation)}*({text(kernel)} - 1) + 1)"
    return f"{padded} - {reach} + 1 = {text(size + 2 * pad - dilation * (kernel - 1))}"


def unread(size: Size, kernel: Size, stride: Size, pad: Size, dilation: Size) -> Size:
    """Rows at the end of one axis that no window reads: of the input itself, not of its padding.

    Where the stride is larger than the window, rows are left out between windows on purpose; as many at
    the end don't count.
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
    """The warning of the first axis on which some rows of the input are never read: (axis, how many) of each."""
    found = next(((axis, left) for axis, left in axes if left != 0), None)
    return () if found is None else (Remark("NS329", {"axis": found[0], "count": text(found[1])}, edge=True),)
