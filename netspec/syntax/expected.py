"""Terminals of the grammar -> how messages call them."""

from __future__ import annotations

from netspec.diagnostics.model import Phrase
from netspec.syntax.parser import END

KEYWORDS = frozenset(
    "NETSPEC USE FROM AS EXTERN NET BLOCK INPUT HIDDEN OUTPUT START DEFAULT REQUIRE LET IS ONE OF OVER REPEAT".split()
)
_SHOWN = {
    "COMMA": ",", "EQUAL": "=", "COLON": ":", "LPAR": "(", "RPAR": ")", "LBRACE": "{", "RBRACE": "}", "LSQB": "[",
    "RSQB": "]", "AT": "@", "AMPERSAND": "&", "CIRCUMFLEX": "^", "DOT": ".", "_ARROW": "->", "DOTS": "..", "_X": "x",
    "IS": "is", "OVER": "over", "REPEAT": "repeat", "ONE": "one of", "OF": "of", "FROM": "from", "AS": "as",
    "SHARED": "shared", "UPTO": "up to", "ANY": "any", "PERCEPTRON": "perceptrons", "FILTER": "filters",
}  # fmt: skip
_PHRASES = {
    "NAME": "a name", "INT": "a number", "NUMBER": "a number", "STRING": "a text", "CMP": "a comparison",
    "_NL": "the end of the line", END: "the end of the line", "ADDOP": "an operator", "MULOP": "an operator",
}  # fmt: skip
# what says most comes first; the rest of a long list helps nobody
_ORDER = ("NAME", "INT", "_ARROW", "COLON", "EQUAL", "CMP", "STRING", "PERCEPTRON", "FILTER", "RPAR", "RSQB", "RBRACE")


def expected(accepts: frozenset[str]) -> tuple[Phrase | str, ...]:
    """At most six of the things that could stand somewhere, the telling ones first."""
    ordered = [terminal for terminal in _ORDER if terminal in accepts]
    ordered += sorted(accepts - set(_ORDER))
    words: list[Phrase | str] = []
    for terminal in ordered:
        if terminal in _PHRASES:
            word: Phrase | str = Phrase(_PHRASES[terminal])
        elif terminal in _SHOWN:
            word = f"`{_SHOWN[terminal]}`"
        elif terminal in KEYWORDS:
            word = f"`{terminal.lower()}`"
        else:
            continue
        if word not in words:
            words.append(word)
    return tuple(words[:6])
