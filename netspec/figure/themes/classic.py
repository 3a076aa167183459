"""The built-in themes: safe, which is the usual one, classic, mono and dark."""

from __future__ import annotations

from netspec.figure.themes import THEMES, Theme

_CLASSIC = {
    "ink": "#000000",
    "paper": "#ffffff",
    "faint": "#808080",
    "guide": "#4d4d4d",
    "input": "#0000ff",
    "hidden": "#ff0000",
    "output": "#008000",
    "deep": "#800000",
    "group1": "#008000",
    "group2": "#ff0000",
    "group3": "#800080",
    "group4": "#c05000",
    "group5": "#006a8e",
    "relay": "#800000",
    "second": "#6c5353",
    "filter": "#800000",
    "loop": "#ff0000",
    "equals": "#8a916f",
    "light": "#c3c3c3",
    "dark": "#808080",
    "positive": "#0000ff",
    "negative": "#d40000",
    "zero": "#000000",
    "value": "#0b5394",
    "frame": "#ff0000",
    "flow": "#0000ff",
    "rise": "#00a000",
    "tiny": "#550000",
    "tint-input": "#eaf0ff",
    "tint-output": "#e7f6e7",
    "tint-filters": "#fff0e0",
    "tint-dense": "#ffe9e9",
    "tint-pool": "#fbf6d9",
    "tint-attention": "#f1e8fb",
    "tint-embed": "#e2f3f5",
    "tint-recurrent": "#fde6f2",
    "tint-norm": "#f0f2f4",
    "tint-plain": "#ffffff",
    "tint-block": "#f7f7f4",
    "tint-cluster": "#fafaf8",
}

_DARK = {
    "ink": "#e6e6e6",
    "paper": "#15181d",
    "faint": "#8b929c",
    "guide": "#a6adb7",
    "input": "#7fb0ff",
    "hidden": "#ff8a80",
    "output": "#6fd08c",
    "deep": "#e58f8f",
    "group1": "#6fd08c",
    "group2": "#ff8a80",
    "group3": "#d7a1f9",
    "group4": "#ffb86b",
    "group5": "#6fc3df",
    "relay": "#e58f8f",
    "second": "#c9a9a6",
    "filter": "#e58f8f",
    "loop": "#ff8a80",
    "equals": "#aab28a",
    "light": "#6d747e",
    "dark": "#454b54",
    "positive": "#7fb0ff",
    "negative": "#ff8a80",
    "zero": "#e6e6e6",
    "value": "#9cc9ff",
    "frame": "#ff8a80",
    "flow": "#7fb0ff",
    "rise": "#6fd08c",
    "tiny": "#d9b3b3",
    "tint-input": "#1d2940",
    "tint-output": "#1b3324",
    "tint-filters": "#3a2c1c",
    "tint-dense": "#3b2324",
    "tint-pool": "#343019",
    "tint-attention": "#2f2540",
    "tint-embed": "#1b3236",
    "tint-recurrent": "#3a2230",
    "tint-norm": "#262a31",
    "tint-plain": "#15181d",
    "tint-block": "#1e2229",
    "tint-cluster": "#191d23",
}

# the palette of Okabe and Ito, whose colours look different to people with any kind of colour vision
_SAFE = _CLASSIC | {
    "input": "#0072b2",
    "hidden": "#d55e00",
    "output": "#009e73",
    "deep": "#8a3d00",
    "group1": "#009e73",
    "group2": "#d55e00",
    "group3": "#cc79a7",
    "group4": "#56b4e9",
    "group5": "#e69f00",
    "relay": "#8a3d00",
    "filter": "#8a3d00",
    "loop": "#d55e00",
    "positive": "#0072b2",
    "negative": "#d55e00",
    "value": "#0072b2",
    "frame": "#d55e00",
    "flow": "#0072b2",
    "rise": "#009e73",
    "tint-output": "#e0f3ee",
    "tint-dense": "#fbe7d9",
}

_GREYS = {"faint": "#808080", "guide": "#4d4d4d", "equals": "#909090", "light": "#d0d0d0", "dark": "#8c8c8c"}
_GREYS |= {"group2": "#5a5a5a", "group3": "#8c8c8c", "group4": "#303030", "group5": "#707070", "paper": "#ffffff"}
# kinds that stand in one net have greys that are far from each other
_TINTS = {
    "tint-attention": "#bebebe",
    "tint-filters": "#c6c6c6",
    "tint-recurrent": "#cdcdcd",
    "tint-norm": "#d6d6d6",
    "tint-dense": "#e2e2e2",
    "tint-embed": "#ebebeb",
    "tint-pool": "#f2f2f2",
    "tint-block": "#f8f8f8",
}
# three roles without colour: grey, black, and dashed
_GREYS |= {"input": "#8c8c8c"}
_MONO = {role: "#ffffff" if role.startswith("tint-") else "#000000" for role in _CLASSIC} | _GREYS | _TINTS

THEMES.register(
    Theme(
        "classic",
        _CLASSIC,
        sizes={"input": 0.8, "constant": 0.72, "sum": 1.65},
        dark="dark",
        about="the colours and sizes of the post: blue, red, green",
        about_ko="글의 색과 크기: 파랑, 빨강, 초록",
    )
)
THEMES.register(
    Theme("mono", _MONO, frozenset(("negative", "output")), about="black and greys, for print", about_ko="인쇄용 흑백")
)
THEMES.register(Theme("dark", _DARK, about="light lines on a dark ground", about_ko="어두운 바탕에 밝은 선"))
THEMES.register(
    Theme(
        "safe",
        _SAFE,
        dark="dark",
        about="the usual one: colours that everybody can tell apart",
        about_ko="따로 고르지 않을 때의 색. 누구나 구별할 수 있다",
    )
)
