"""grammar/netspec.lark -> the LALR table that the driver runs.

Lark reads the grammar and computes the table. That costs 0.3 s, so the table is kept beside this file
as JSON, with the hash of the grammar it came from; where the hash differs (someone edits the grammar),
Lark compiles it again on the spot. `./dev grammar` writes the file anew.
"""

from __future__ import annotations

import json
import os
import zlib
from functools import lru_cache
from typing import Any, NamedTuple, TypedDict

# What may stand alone: a file, and the pieces that recovery parses line by line.
STARTS = ("start", "decl", "stmt", "setting", "net_head", "block_head", "section_head")
TABLE = os.path.join(os.path.dirname(__file__), "table.json")


class Rule(NamedTuple):
    """One production of the grammar: how many symbols it replaces, and which of them its tree keeps."""

    left: str
    length: int
    action: str  # the name its children are handed to
    unwrap: bool  # `?rule`: a single child stands for the rule
    keep: tuple[tuple[int, bool, int], ...]  # (position, splice its list in, Nones before it)
    trailing: int  # Nones after the last kept child


class Table(TypedDict):
    grammar: str
    rules: list[Rule]
    states: list[dict[str, int]]  # symbol -> n >= 0: go to state n; n < 0: reduce by rule -n - 1
    starts: dict[str, int]
    ends: dict[str, int]


def grammar_text() -> str:
    """The grammar, from the installed package or from the checkout beside it."""
    package = os.path.dirname(os.path.dirname(__file__))
    inside = os.path.join(package, "grammar", "netspec.lark")
    if not os.path.isfile(inside):
        inside = os.path.join(os.path.dirname(package), "grammar", "netspec.lark")
    with open(inside, encoding="utf-8") as stream:
        return stream.read()


def compile_table(text: str) -> Table:
    """Lets Lark build the LALR(1) table; a conflict in the grammar raises lark.GrammarError."""
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
    """Numbers the states in an order that is the same in every run: from the start states on, by symbol."""
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
    """Which children a production keeps: Lark's own convention (`_x` hidden or spliced, `[x]` None)."""
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
    """The table of the grammar as it stands."""
    text = grammar_text()
    if os.path.isfile(TABLE):
        with open(TABLE, encoding="utf-8") as stream:
            table: Table = json.load(stream)
        if table["grammar"] == _hash(text):
            return table
    return compile_table(text)


def write_table() -> None:
    """Compiles the grammar and writes the table file (a developer's command)."""
    table = compile_table(grammar_text())
    lines = ["{", f'"grammar": {json.dumps(table["grammar"])},', '"rules": [']
    lines.append(",\n".join(json.dumps(rule, separators=(",", ":")) for rule in table["rules"]))
    lines.append('],\n"states": [')
    lines.append(",\n".join(json.dumps(state, separators=(",", ":"), sort_keys=True) for state in table["states"]))
    lines.append(f'],\n"starts": {json.dumps(table["starts"])},\n"ends": {json.dumps(table["ends"])}\n}}')
    with open(TABLE, "w", encoding="utf-8") as stream:
        stream.write("\n".join(lines) + "\n")
