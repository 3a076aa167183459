"""Rows and ellipses -> where each stands, around zero."""

from __future__ import annotations

from typing import Final

PITCH: Final = 16.2  # of weights
OVER_DOTS: Final = 2.4  # from a weight to the next over an ellipsis, in pitches


def stack(gaps: list[bool], extra: bool, pitch: float = PITCH, over: float | None = None) -> list[float]:
    """The places of rows around 0; dots stand in the middle of a wider gap. `extra`: one more row before."""
    over = OVER_DOTS if over is None else over
    places, at, pending = [], 0.0, 0.0
    for gap in ([False] if extra else []) + gaps:
        if gap:
            # over an ellipsis: in pitches between the two around it
            pending = over * pitch if over >= 1 else pitch + over * pitch
            places.append(at + pending / 2)
            continue
        if places:
            at += pending or pitch
        places.append(at)
        pending = 0.0
    middle = (places[0] + places[-1]) / 2
    return [place - middle for place in places]
