"""grammar/netspec.lark -> the LALR table that the parser runs.

Lark reads the grammar and computes the table. This takes 0.3 s, so the table is stored next to this file as JSON, with
a checksum of its grammar. If the checksum differs (the grammar was edited), Lark computes the table again at import
time. `./dev grammar` writes the file.
"""

from __future__ import annotations

import json
import os
import zlib
from functools import lru_cache
from typing import Any, NamedTuple, TypedDict

# The start symbols: a file, and the smaller pieces that recovery parses one by one.
STARTS = ("start", "decl", "stmt", "setting", "net_head", "block_head", "section_head")
TABLE = os.path.join(os.path.dirname(__file__), "table.json")


class Rule(NamedTuple):
    """One production of the grammar: how many symbols it has, and which of them its syntax object keeps."""

    left: str
    length: int
    action: str  # the function that gets its children
    unwrap: bool  # `?rule`: a single child replaces the rule
    keep: tuple[tuple[int, bool, int], ...]  # (position, whether it is a list to splice in, number of Nones before it)
    trailing: int  # number of Nones after the last child


class Table(TypedDict):
    grammar: str
    rules: list[Rule]
    states: list[dict[str, int]]  # symbol -> n >= 0: go to state n; n < 0: reduce by rule -n - 1
    starts: dict[str, int]
    ends: dict[str, int]


def grammar_text() -> str:
    """Return the grammar, from the installed package or from the repository."""
    package = os.path.dirname(os.path.dirname(__file__))
    inside = os.path.join(package, "grammar", "netspec.lark")
    if not os.path.isfile(inside):
        inside = os.path.join(os.path.dirname(package), "grammar", "netspec.lark")
    with open(inside, encoding="utf-8") as stream:
        return stream.read()


def compile_table(text: str) -> Table:
    """Compute the LALR(1) table with Lark; a conflict in the grammar raises lark.GrammarError."""
    from lark import Lark

    parser: Any = Lark(
        text, parser="lalr", lexer="contextual", start=list(STARTS), maybe_placeholders=True, strict=False
    )
    table = parser.parser.parser._parse_table
    made = {rule: _rule(rule) for rule in parser.rules}
    rules = sorted(set(made.values()))
    numbers = {rule: rules.index(found) for rule, found in made.items()}
    order = _numbered(table)
    states = [
        {
            symbol: -numbers[target] - 1 if str(action) == "Reduce" else order[target]
            for symbol, (action, target) in table.states[state].items()
        }
        for state in order
    ]
    return Table(
        grammar=_hash(text),
        rules=rules,
        states=states,
        starts={name: order[state] for name, state in sorted(table.start_states.items())},
        ends={name: order[state] for name, state in sorted(table.end_states.items())},
    )


def _numbered(table: Any) -> dict[Any, int]:
    """Number the states in a reproducible order: from the start states, by symbol."""
    order: dict[Any, int] = {}
    pending = [state for _, state in sorted(table.start_states.items(), reverse=True)]
    while pending:
        state = pending.pop()
        if state not in order:
            order[state] = len(order)
            shifts = sorted(
                (symbol, target) for symbol, (action, target) in table.states[state].items() if str(action) != "Reduce"
            )
            pending += [target for _, target in reversed(shifts)]
    return order


def _rule(rule: Any) -> Rule:
    """Return a production with the children that it keeps by Lark's rules (`_x` hidden or spliced, `[x]` None)."""
    missing = list(rule.options.empty_indices) or [False] * len(rule.expansion)
    keep: list[tuple[int, bool, int]] = []
    nones = 0
    position = 0
    for empty in missing:
        if empty:
            nones += 1
            continue
        symbol = rule.expansion[position]
        if rule.options.keep_all_tokens or not (symbol.is_term and symbol.filter_out):
            keep.append((position, not symbol.is_term and symbol.name.startswith("_"), nones))
            nones = 0
        position += 1
    name = str(rule.origin.name)
    return Rule(
        left=name,
        length=len(rule.expansion),
        action=str(rule.alias or name),
        unwrap=bool(rule.options.expand1) and not rule.alias,
        keep=tuple(keep),
        trailing=nones,
    )


def _hash(text: str) -> str:
    # detects an edited grammar; importing hashlib would take longer than loading the table
    return f"{len(text)}-{zlib.crc32(text.encode()):08x}"


@lru_cache(maxsize=1)
def load_table() -> Table:
    """Return the table of the current grammar."""
    text = grammar_text()
    if os.path.isfile(TABLE):
        with open(TABLE, encoding="utf-8") as stream:
            table: Table = json.load(stream)
        if table["grammar"] == _hash(text):
            return table
    return compile_table(text)


def write_table() -> None:
    """Compute the table and write its file (`./dev grammar`)."""
    table = compile_table(grammar_text())
    lines = ["{", f'"grammar": {json.dumps(table["grammar"])},', '"rules": [']
    lines.append(",\n".join(json.dumps(rule, separators=(",", ":")) for rule in table["rules"]))
    lines.append('],\n"states": [')
    lines.append(",\n".join(json.dumps(state, separators=(",", ":"), sort_keys=True) for state in table["states"]))
    lines.append(f'],\n"starts": {json.dumps(table["starts"])},\n"ends": {json.dumps(table["ends"])}\n}}')
    with open(TABLE, "w", encoding="utf-8") as stream:
        stream.write("\n".join(lines) + "\n")
