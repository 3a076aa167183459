"""What must be seen of an operation: every option declares it, with its words in English and Korean.

    stride = option("extent", "…", default=1, mark=structure("stride {}", "보폭 {}"))
    causal = option("flag", "…", default=False, mark=structure({True: "causal mask"}, {True: "인과 마스크"}))
    mode = option("word", "…", default="nearest", mark=kind({"linear": "linear"}, {"linear": "선형 보간"}))
    eps = option("real", "…", default=1e-5, mark=unseen("numerical safety", "ε {}", "ε {}"))
    units = option("extent", "…", mark=TITLE)

An option is one of three classes: `structure` (wiring, sharing, order, windows, masks, directions, layers), `kind`
(which function is computed: an activation, a norm, a mode, with or without a bias) and training (`unseen`, with the
reason: it moves no value of a trained net, or acts in training alone). `TITLE`: the operation's title says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from netspec.ir.sizes import Formula
from netspec.ir.sizes import text as size_text

Class = Literal["structure", "kind", "training"]
Template = str | Mapping[Any, str]  # `{}` is the value; or the words of single values, "" for the others
BOX, NOTE, TOOLTIP = 1, 2, 3  # how near to the layer its words stand


class Marking(NamedTuple):
    """What an option declares about its mark."""

    is_a: Class
    rank: int
    en: Template = ""
    ko: Template | None = None  # None: there is no Korean yet
    why: str = ""  # of training: why a figure may leave it out
    titled: bool = False  # the operation's title says the value

    def words(self, lang: str, value: Any, default: Any, listed: bool = False) -> tuple[str, bool]:
        """The words for a value, and whether they are in the language asked for. "" where nothing is to be said."""
        template = self.ko if lang == "ko" and self.ko is not None else self.en
        if isinstance(template, str):
            said = "" if value is None or value == default else template.format(shown(value, listed))
        else:
            said = template.get(value, "").format(shown(value, listed))
        return said, lang == "en" or self.ko is not None


class Mark(NamedTuple):
    """One thing that a figure must show of a step.

    Attributes:
        option: the option or the fact (`frozen`, `shared`, …) it comes from.
        is_a: `structure`, `kind` or `training`.
        text: its words.
        rank: 1 stands in the box, 2 in a note under the figure, 3 in a tooltip.
        translated: false where the words are English because there is no Korean yet.
    """

    option: str
    is_a: Class
    text: str
    rank: int
    translated: bool = True


def structure(en: Template, ko: Template | None = None) -> Marking:
    """An option that changes the wiring; `{}` in its words is the value."""
    return Marking("structure", BOX, en, ko)


def kind(en: Template, ko: Template | None = None, *, note: bool = False) -> Marking:
    """An option that changes the function; `note`: gathered under the figure, not in every box."""
    return Marking("kind", NOTE if note else BOX, en, ko)


def unseen(why: str, en: Template, ko: Template | None = None) -> Marking:
    """An option that a figure need not draw, with the reason; its words are for a tooltip."""
    return Marking("training", TOOLTIP, en, ko, why)


TITLE = Marking("structure", BOX, titled=True)


def marking(mark: Marking | Template) -> Marking:
    """Words alone are of an option that changes the structure."""
    return mark if isinstance(mark, Marking) else structure(mark)


def shown(value: Any, listed: bool = False) -> str:
    """A value of an option as a figure writes it: `3×3`, `0.1`, `normal(0, 0.02)`; `listed`: a list, not an extent."""
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
        return f"{value:g}".replace("-", "−") if isinstance(value, float) else str(value).replace("-", "−")
    return str(value)


# ---- what several operations say alike

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
