"""Themes give each role a colour. A Scene names only roles; the theme is chosen when a file is written.

A theme is added as one file in this folder, or with `netspec.register(netspec.Theme(…))`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from netspec.registry import Registry

# what each role is for
ROLES: Final[Mapping[str, str]] = {
    "ink": "lines and text",
    "paper": "the ground",
    "faint": "secondary lines",
    "guide": "frames",
    "input": "units of an input",
    "hidden": "units of a hidden layer",
    "output": "units of an output",
    "deep": "the rounds of a repeat",
    **{f"group{number}": "perceptrons that are drawn one by one" for number in range(1, 6)},
    "relay": "what leads to the next perceptron",
    "second": "what leads to the perceptron after that",
    "filter": "the weights of a filter",
    "loop": "a recurrent connection",
    "equals": "the sign between two figures",
    "light": "maps in stacks",
    "dark": "the sides of maps in stacks",
    "positive": "trained weights above 0",
    "negative": "trained weights below 0",
    "zero": "trained weights near 0",
    "value": "numbers of an example",
    "frame": "the strip view: sheets of filters",
    "flow": "the strip view: boxes",
    "rise": "the strip view: outputs",
    "tiny": "the smallest text",
    "tint-input": "the box of an input",
    "tint-output": "the box of an output",
    "tint-filters": "the box of filters",
    "tint-dense": "the box of perceptrons",
    "tint-pool": "the box of a pool",
    "tint-attention": "the box of attention",
    "tint-embed": "the box of an embedding",
    "tint-recurrent": "the box of a recurrent step",
    "tint-norm": "the box of a normalisation",
    "tint-plain": "the box of any other step",
    "tint-block": "the box of a closed block",
    "tint-cluster": "the frame of an open block",
}


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a figure.

    Parameters:
        name: what `theme = …` and `--theme` call it.
        colours: `#rrggbb` for every role of `netspec.Theme.roles()`.
        dashed: roles whose lines are dashed, where colour cannot tell them apart.
        dark: the theme whose colours a transparent SVG takes on a dark page; "" keeps the same ones.
        about: what it is for, in one English phrase: the documents and `--help` show it.
        about_ko: the same in Korean.
        sizes: texts that differ in size from others of their kind, with a factor: `input` (labels of inputs),
            `constant` (the label x_0 = 1), `sum` (the caption of a sum).

    Example:
        >>> from netspec.figure.themes import THEMES
        >>> ink = THEMES["mono"].colours | {"ink": "#222222"}
        >>> netspec.Theme("soft", ink).colour("ink")
        '#222222'
    """

    name: str
    colours: Mapping[str, str]
    dashed: frozenset[str] = frozenset()
    dark: str = ""
    about: str = ""
    about_ko: str = ""
    sizes: Mapping[str, float] = field(default_factory=dict)

    @staticmethod
    def roles() -> Mapping[str, str]:
        """Return every role that a figure draws with, and what the role is for."""
        return ROLES

    def colour(self, role: str) -> str:
        """Return the colour of a role; if `role` is a colour already, return it unchanged."""
        return role if role.startswith("#") else self.colours[role]


def _missing(theme: Theme) -> str:
    """Return a sentence that says what the theme lacks; "" if it is complete."""
    lacking = [role for role in ROLES if role not in theme.colours]
    if lacking:
        return f"it has no colour for {', '.join(lacking)}"
    unknown = [role for role in theme.colours if role not in ROLES]
    if unknown:
        return f"it colours {', '.join(unknown)}, which no figure has"
    wrong = [role for role, colour in theme.colours.items() if not re.fullmatch("#[0-9a-f]{6}", str(colour))]
    if wrong:
        return f"the colour of {wrong[0]} must be written #rrggbb in lower case, not {theme.colours[wrong[0]]!r}"
    return ""


THEMES: Final[Registry[Theme]] = Registry("theme", Theme, __package__, missing=_missing)
# names of an earlier version, which specs may still use
OLD_NAMES: Final[Mapping[str, str]] = {"post": "classic"}


def theme_named(name: str) -> Theme | None:
    """Return the theme with this name; names of an earlier version are understood, too."""
    return THEMES.find(OLD_NAMES.get(name, name))
