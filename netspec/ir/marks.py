"""Marks: what a figure must show of an operation's options. Every option declares its mark in English and Korean.

    stride = option("extent", "…", default=1, mark=structure("stride {}", "보폭 {}"))
    causal = option("flag", "…", default=False, mark=structure({True: "causal mask"}, {True: "인과 마스크"}))
    mode = option("word", "…", default="nearest", mark=kind({"linear": "linear"}, {"linear": "선형 보간"}))
    eps = option("real", "…", default=1e-5, mark=unseen("numerical safety", "ε {}", "ε {}"))
    units = option("extent", "…", mark=TITLE)

There are three classes of options. `structure` changes the wiring: sharing, order, windows, masks, directions, layers.
`kind` changes which function is computed: an activation, a norm, a mode, with or without a bias. `unseen` needs no
place in the figure, for the reason given: it does not change the values of a trained net, or it acts in training alone.
`TITLE` says that the operation's title already contains the option.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from netspec.ir.sizes import Formula
from netspec.ir.sizes import text as size_text

Class = Literal["structure", "kind", "training"]
# `{}` is the value; a mapping gives the words for single values, and "" for all others
Template = str | Mapping[Any, str]
BOX, NOTE, TOOLTIP = 1, 2, 3  # where the words are placed: in the box, in a note under the figure, in a tooltip


_PLACES = ("첫째", "둘째", "셋째", "넷째", "다섯째", "여섯째", "일곱째", "여덟째", "아홉째", "열째")


def ordinal(number: int, lang: str = "en") -> str:
    """Return which one it is, counted from 1, in words that are no size: `2nd`, `둘째`."""
    if lang == "ko":
        return _PLACES[number - 1] if number <= len(_PLACES) else f"{number}번째"
    last = 0 if number % 100 in (11, 12, 13) else number % 10
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(last, 'th') }"


class Marking(NamedTuple):
    """The mark that an option declares."""

    is_a: Class
    rank: int
    en: Template = ""
    ko: Template | None = None  # None if there is no Korean text yet
    why: str = ""  # for `unseen`: why a figure may leave it out
    titled: bool = False  # whether the operation's title contains the value

    def words(self, lang: str, value: Any, default: Any, listed: bool = False) -> tuple[str, bool]:
        """Return the words for a value ("" if it needs none), and whether they are in the requested language."""
        template = self.ko if lang == "ko" and self.ko is not None else self.en
        if isinstance(template, str):
            said = "" if value is None or value == default else template.format(shown(value, listed))
        else:
            said = template.get(value, "").format(shown(value, listed))
        return said, lang == "en" or self.ko is not None


class Mark(NamedTuple):
    """One fact about a step that a figure must show.

    Attributes:
        option: the option or the fact (`frozen`, `shared`, …) that it comes from.
        is_a: `structure`, `kind` or `training`.
        text: the words.
        rank: where the words are placed: 1 in the box, 2 in a note under the figure, 3 in a tooltip.
        translated: False if the words are English because there is no Korean text yet.
    """

    option: str
    is_a: Class
    text: str
    rank: int
    translated: bool = True


def structure(en: Template, ko: Template | None = None) -> Marking:
    """Declare an option that changes the wiring; `{}` in the words is its value."""
    return Marking("structure", BOX, en, ko)


def kind(en: Template, ko: Template | None = None, *, note: bool = False) -> Marking:
    """Declare an option that changes the function; with `note`, its words go into a note under the figure."""
    return Marking("kind", NOTE if note else BOX, en, ko)


def unseen(why: str, en: Template, ko: Template | None = None) -> Marking:
    """Declare an option that a figure may leave out, with the reason; the words are for a tooltip."""
    return Marking("training", TOOLTIP, en, ko, why)


TITLE = Marking("structure", BOX, titled=True)


def marking(mark: Marking | Template) -> Marking:
    """Return the mark of an option. Words without a class are those of an option that changes the structure."""
    return mark if isinstance(mark, Marking) else structure(mark)


def number_text(value: float) -> str:
    """Return a number as people write it: `1000000`, `0.1`, `1e-5`."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    return re.sub(r"e(-?)\+?0*", r"e\1", f"{value:g}")


def shown(value: Any, listed: bool = False) -> str:
    """Format an option's value for a figure: `3×3`, `0.1`, `normal(0, 0.02)`; with `listed`, `3, 3` for `3×3`."""
    if value is None:
        return ""
    if isinstance(value, Formula):
        return size_text(value).replace(" ", "").replace("*", "")
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {shown(item)}" for name, item in value.items())
    if isinstance(value, tuple | list) and not hasattr(value, "_fields"):
        nested = any(isinstance(item, str | tuple | list) for item in value)
        return (" / " if nested else ", " if listed else "×").join(shown(item, listed) for item in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_text(value).replace("-", "−")
    return str(value)


# ---- marks that several operations share

NO_BIAS = kind({False: "no bias"}, {False: "편향 없음"}, note=True)
NO_AFFINE = kind({False: "no scale and shift"}, {False: "배율과 이동 없음"}, note=True)
SAFETY = unseen("numerical safety", "ε {}", "ε {}")
CHANCE = unseen("acts in training alone", "p = {}", "p = {}")
STRIDE = structure("stride {}", "보폭 {}")
DILATION = structure("dilation {}", "팽창 {}")
PADDING = kind("padding {}", "패딩 {}", note=True)
GROUPS = structure("{} groups", "묶음 {}개")
OVER = structure(
    {"space": "over space", "time": "over time", "maps": "over maps", "all": "over all values"},
    {"space": "공간에 대해", "time": "시간에 대해", "maps": "맵에 대해", "all": "모든 값에 대해"},
)
