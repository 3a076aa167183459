"""Finds, among many legal names, the one that a wrong name was probably meant to be."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

# Cyrillic and Greek letters that look like Latin ones
LOOKS_LIKE = dict(zip(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425"
    "\u0406\u0408\u0405\u03bf\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
    "aeopcyxijsdABEKMHOPCTXIJSoABEZHIKMNOPTYX", strict=True,
))  # fmt: skip
_LATIN = str.maketrans(LOOKS_LIKE)


# The keys of the Korean keyboard (two sets): of the parts of syllables, and of single letters, in the order of Unicode.
_VOWELS = "k o i O j p u P h hk ho hl y n nj np nl b m ml l".split()
_FIRST = "r R s e E f a q Q t T d w W c z x v g".split()
_LAST = ["", *"r R rt s sw sg e f fr fa fq ft fx fv fg a q qt t T d w c z x v g".split()]
_ALONE = [*"r R rt s sw sg e E f fr fa fq ft fx fv fg a q Q qt t T d w W c z x v g".split(), *_VOWELS]


def typed(word: str) -> str:
    """Return the keys by which Korean letters are typed: `input` for `ㅑㅞㅕㅅ`, written with the wrong keyboard."""
    keys = []
    for letter in unicodedata.normalize("NFC", word):
        code = ord(letter)
        if 0xAC00 <= code <= 0xD7A3:
            first, rest = divmod(code - 0xAC00, 588)
            keys += [_FIRST[first], _VOWELS[rest // 28], _LAST[rest % 28]]
        else:
            keys.append(_ALONE[code - 0x3131] if 0x3131 <= code <= 0x3163 else letter)
    return "".join(keys)


# A file with more names than this is not written by hand; only the last ones are compared, to save time.
MAX_NAMES = 500


def looks(word: str) -> str:
    """Return a key that is equal for two words that look the same to a reader.

    Cyrillic and Greek letters that look like Latin ones are replaced by those.
    """
    return word if word.isascii() else word.translate(_LATIN)


def distance(left: str, right: str, limit: int) -> int:
    """Return how many edits turn one word into the other, or limit + 1 if there are more than `limit`.

    An edit inserts, deletes or replaces a letter, or swaps two neighbours.
    """
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    before: list[int] = []
    above = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        row = [i]
        for j, b in enumerate(right, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and b == left[i - 2]:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
        before, above = above, row
    return above[-1]


def meant(word: str, legal: Iterable[str]) -> str | None:
    """Return the only legal name of which `word` is a longer or shorter form, or None.

    For example, `batch_size` is a longer form of `batch`, and `decay` a shorter form of `weight_decay`.
    """
    parts = set(word.casefold().split("_")) - {""}
    found = [
        name
        for name in legal
        if name != word and (_form(parts, set(name.casefold().split("_"))) or _begins(word.casefold(), name.casefold()))
    ]
    closest = max((_shared(parts, name) for name in found), default=0)
    found = [name for name in found if _shared(parts, name) == closest]
    return found[0] if len(found) == 1 else None


def _shared(parts: set[str], name: str) -> int:
    return len(parts & set(name.casefold().split("_")))


def _form(left: set[str], right: set[str]) -> bool:
    smaller, larger = sorted((left, right), key=len)
    return smaller < larger and len("".join(smaller)) > 2


def _begins(left: str, right: str) -> bool:
    shorter, longer = sorted((left, right), key=len)
    return len(shorter) > 3 and longer.startswith(shorter)


def nearest(word: str, legal: Iterable[str]) -> str | None:
    """Return the legal name that `word` was probably meant to be, or None."""
    best: tuple[tuple[int, int], int, str] | None = None
    for position, name in enumerate(list(legal)[-MAX_NAMES:]):
        slip = _slip(word, name)
        if slip is not None and (best is None or (slip, position) < best[:2]):
            best = (slip, position, name)
    return None if best is None else best[2]


def alike(word: str, name: str, legal: Iterable[str]) -> list[str]:
    """Return the other legal names that `word` may as well have been meant to be as `name`.

    A name of which the word is the beginning is as near as another one with a letter changed: `sig`, `sin`, `sigmoid`.
    """
    bound = _slip(word, name)
    slips = {other: _slip(word, other) for other in legal if other not in (word, name)}
    near = [other for other, slip in slips.items() if slip is not None and (bound is None or slip <= bound)]
    cut = len(word) > 1 and not name.startswith(word)
    return near + [other for other in slips if cut and other.startswith(word) and other not in near]


def _slip(word: str, name: str) -> tuple[int, int] | None:
    """Return how far a word is from a name, or None if it is too far for a slip of a hand.

    First comes the number of edits; among words as far, those with the same letters are nearer, then those with the
    same digits: nobody writes `reluu` for `relu6`.
    """
    if not word or len(word) > 60:
        return None
    if not word.isascii() and name.isascii():
        word = typed(word)
    folded, other = (looks(text).casefold().replace("_", "") for text in (unicodedata.normalize("NFKC", word), name))
    if folded == other:
        return 0, 0
    limit = max(1, min(len(folded), len(other)) // 3)
    edits = distance(folded, other, limit)
    if edits > limit or (len(other) <= 2 and len(folded) <= 2):
        return None
    digits = [[letter for letter in text if letter.isdigit()] for text in (folded, other)]
    return edits, 0 if sorted(folded) == sorted(other) else 1 if digits[0] == digits[1] else 2
