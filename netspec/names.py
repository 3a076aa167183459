"""Names: the nearest of many to one that is wrong."""

from __future__ import annotations

from collections.abc import Iterable


def distance(left: str, right: str, limit: int) -> int:
    """Edits (insert, delete, replace, swap neighbours) from one word to the other, or limit + 1."""
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


def nearest(word: str, legal: Iterable[str]) -> str | None:
    """The legal name that `word` was probably meant to be, or None."""
    if not word or len(word) > 60:
        return None
    folded = word.casefold().replace("_", "")
    best: tuple[int, int, str] | None = None
    for position, name in enumerate(legal):
        other = name.casefold().replace("_", "")
        limit = max(1, min(len(folded), len(other)) // 3)
        if folded == other:
            score = 0
        else:
            score = distance(folded, other, limit)
            if score > limit or (len(other) <= 2 and len(folded) <= 2):
                continue
        if best is None or (score, position) < best[:2]:
            best = (score, position, name)
    return None if best is None else best[2]
