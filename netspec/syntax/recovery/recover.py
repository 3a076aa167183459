"""Reads a text that does not parse: keeps every statement that parses, and reports each statement that does not.

Every statement begins with a keyword on a line of its own, so logical lines are found without parsing: a line begins
a statement, continues a statement (brackets are open, or the line begins with -> & + ,), or closes a body. Each
logical line is then parsed on its own. The names that wrong lines may have defined are kept as `unread`, so that
uses of these names are not reported as unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from netspec.diagnostics.model import Diagnostic, Fix, Hint, Label, Quoted, Words
from netspec.names import nearest
from netspec.source import SourceFile, Span
from netspec.syntax import tree
from netspec.syntax.build import BadText
from netspec.syntax.parser import QUOTED, TooDeep, Unexpected, parse
from netspec.syntax.recovery import Unread
from netspec.syntax.recovery.lines import DECLARES, HEAD, STATEMENT, WORD, Logical, foreign, logical_lines, notation
from netspec.syntax.recovery.mistakes import STATEMENTS, explain, syntax_error
from netspec.syntax.recovery.stop import Stop

MAX_MISTAKES = 1000
# the work that may go into explaining mistakes, as the sum of the squared lengths of the lines that are wrong; when
# it is spent, further mistakes are reported without an explanation, so that a huge wrong file still ends soon
MAX_EFFORT = 30_000_000
_CLOSES = re.compile(r"\}[\s;]*")
_CONFLICT = re.compile(r"^(?:<{7} .*|>{7} .*)$", re.MULTILINE)

_BEGINS = re.compile(r"(?:(?:net|block)\s|(?:data|train|figure)\b)[^\n]*\{$")
_ENDS = re.compile(r"end\w*\s*;?")


@dataclass(slots=True)
class Recovered:
    file: tree.File
    diagnostics: list[Diagnostic]
    unread: Unread = field(default_factory=Unread)


class _Recovery:
    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self.diagnostics: list[Diagnostic] = []
        self.unread = Unread()
        self.declarations: list[Any] = []
        self.open: Any = None  # the head of the body or section that is being read
        self.inside: list[Any] = []
        self.open_line: Logical | None = None
        self.headless = False  # the head of the open body could not be read
        self.garbled = False  # the last line does not parse and is no layer: it may have been meant to close the body
        self.skipping = False  # inside a body whose kind is unknown
        self.around: list[tuple[Any, list[Any], Logical | None]] = []  # the bodies around the nested one
        self.braces = 0  # how many open braces inside the body belong to no head
        self.effort = 0  # the work of explaining so far; see MAX_EFFORT
        self.stray = False  # a line outside every body was reported; further ones join the last body

    def run(self) -> Recovered:
        lines = logical_lines(self.source.text)
        conflict = _CONFLICT.search(self.source.text)
        if conflict is not None:
            self.diagnostics.append(Diagnostic("NS010", Span(self.source, conflict.start(), conflict.end())))
            self.unread.any = True
            lines = []
        elif foreign(lines):
            first = Span(self.source, lines[0].start, lines[0].end)
            kind = notation(lines)
            hints = (Hint("table", {"file": self.source.name}),) if kind.name == "file table" else ()
            self.diagnostics.append(Diagnostic("NS009", first, {"kind": kind}, hints=hints))
            self.unread.any = True
            lines = []
        for number, line in enumerate(lines):
            if self.open is not None and not self.headless and not self.skipping and _closes(line, lines[number + 1 :]):
                self.read_last(line)
            else:
                self.read(line)
            if len(self.diagnostics) >= MAX_MISTAKES:  # the file is wrong throughout
                self.unread.any = True
                if number + 1 < len(lines):
                    span = Span(self.source, lines[number + 1].start, lines[number + 1].end)
                    self.diagnostics.append(Diagnostic("NS011", span, {"limit": MAX_MISTAKES}, severity="note"))
                break
        if self.open is not None:
            assert self.open_line is not None
            end = len(self.source.text.rstrip())
            if not self.stray and not self.garbled and not self.headless and not self.unread.any:
                span = Span(self.source, max(0, end - 1), end)
                head = Span(self.source, self.open_line.start, self.open_line.end)
                self.diagnostics.append(
                    Diagnostic("NS107", head, {"kind": self.open.kind}, labels=(Label(span, "end"),))
                )
            self.close(end)
        at = (0, len(self.source.text))
        return Recovered(tree.File(tuple(self.declarations), at), self.diagnostics, self.unread)

    def read(self, line: Logical) -> None:
        if self.skipping:
            self.skip(line)
        elif _CLOSES.fullmatch(line.text):
            if ";" in line.text:
                at = line.start + line.text.index(";")
                span = Span(self.source, at, line.end)
                self.diagnostics.append(Diagnostic("NS109", span, fixes=(Fix(span, ""),)))
            self.close_brace(line)
        elif self.nests(line):
            self.nest(line)
        elif self.open is not None and line.text in (")", "]"):
            label = Label(Span(self.source, *self.open.head_at), "opened", {"bracket": "{"})
            span = Span(self.source, line.start, line.end)
            words: Words = {"seen": line.text, "wanted": "}"}
            if not self.headless:  # else the wrong bracket in the head of the body was reported already
                self.diagnostics.append(Diagnostic("NS125", span, words, labels=(label,), fixes=(Fix(span, "}"),)))
            self.close(line.end)
        elif line.text == "{" and self.headless:
            self.headless = False  # this line is the brace that the head lacked
        elif line.text == "{" and self.open is not None:
            self.parse_into(line, "stmt", self.inside)
            self.braces += 1
        elif self.open is not None and _ENDS.fullmatch(line.text):
            self.end(line)
        elif HEAD.match(line.text) and not self.is_setting(line):
            if self.open is not None:
                if not self.stray and not self.garbled and not self.headless:
                    head = Label(Span(self.source, self.open_line.start, self.open_line.end), "opened")  # type: ignore[union-attr]
                    span = Span(self.source, line.start, line.end)
                    self.diagnostics.append(Diagnostic("NS107", span, {"kind": self.open.kind}, labels=(head,)))
                self.close(line.start)
            self.open_body(line)
        elif isinstance(self.open, tree.Section):
            self.parse_into(line, "setting", self.inside)
        elif self.open is not None:
            self.parse_into(line, "stmt", self.inside)
        elif STATEMENT.match(line.text) and not line.text.startswith("default"):
            self.outside(line)
        else:
            before = len(self.diagnostics)
            self.parse_into(line, "decl", self.declarations)
            self.skipping = len(self.diagnostics) > before and line.text.endswith("{")

    def read_last(self, line: Logical) -> None:
        """Read a line that ends with the brace of its body: `output y: 2 perceptrons }`."""
        text = line.text[:-1].rstrip()
        rest = self.source.text[line.end :].split()
        alone = not rest or rest[0].startswith("#") or DECLARES.match(" ".join(rest)) is not None
        end = line.start + len(text)
        self.read(Logical(line.start, end, text))
        span = Span(self.source, line.end - 1, line.end)
        fix = Fix(Span(self.source, end, line.end - 1), "\n", certain=alone)
        self.diagnostics.append(Diagnostic("NS160", span, {"kind": self.open.kind}, fixes=(fix,)))
        self.close(line.end)

    def nests(self, line: Logical) -> bool:
        """Whether a line begins a body inside the open net or block: it is indented deeper than the open head."""
        inner = _BEGINS.match(line.text) is not None
        if (
            not inner
            or isinstance(self.open, tree.Section)
            or self.open is None
            or self.open_line is None
            or self.headless
        ):
            return False
        column = self.source.position
        return column(line.start)[1] > column(self.open_line.start)[1]

    def nest(self, line: Logical) -> None:
        """Report a nested body, and read it as if it stood beside the outer net or block."""
        label = Label(Span(self.source, self.open_line.start, self.open_line.end), "opened")  # type: ignore[union-attr]
        inner = WORD.match(line.text)
        words: Words = {"inner": inner[0] if inner else "", "kind": self.open.kind}
        span = Span(self.source, line.start, line.end)
        hints = () if words["inner"] in ("net", "block") else (Hint("section"),)
        self.diagnostics.append(Diagnostic("NS148", span, words, labels=(label,), hints=hints))
        self.around.append((self.open, self.inside, self.open_line))
        self.open_body(line)

    def end(self, line: Logical) -> None:
        """Report the word `end` that stands in place of the closing brace."""
        span = Span(self.source, line.start, line.end)
        words: Words = {"seen": line.text, "legal": Quoted(STATEMENTS)}
        self.diagnostics.append(Diagnostic("NS116", span, words, hints=(Hint("closes"),), fixes=(Fix(span, "}"),)))
        self.close(line.end)

    def skip(self, line: Logical) -> None:
        """Pass over a line of a body whose kind is unknown, such as the body of `nte first {`."""
        self.skipping = line.text.rstrip() != "}"
        self.mark_unread(line)
        if HEAD.match(line.text) and line.text.endswith("{"):
            self.skipping = False
            self.read(line)

    def outside(self, line: Logical) -> None:
        """Report a layer outside every body: the head of its net is missing, or a `}` stands too early."""
        if not self.stray:
            word = WORD.match(line.text)
            span = Span(self.source, line.start, line.end)
            self.diagnostics.append(Diagnostic("NS108", span, {"keyword": word[0] if word else ""}))
        self.stray = True
        if self.declarations and isinstance(self.declarations[-1], tree.Body):
            self.open = self.declarations.pop()
            self.inside = list(self.open.statements)
            self.open_line = Logical(self.open.head_at[0], self.open.head_at[1], "")
            self.parse_into(line, "stmt", self.inside)
        else:
            self.mark_unread(line)

    def is_setting(self, line: Logical) -> bool:
        return isinstance(self.open, tree.Section) and re.match(r"\w+(\.\w+)*\s*=", line.text) is not None

    def close_brace(self, line: Logical) -> None:
        if self.braces:
            self.braces -= 1  # the line closes a brace that belongs to no head
        elif self.open is None and self.stray:
            self.stray = False
        elif self.open is None:
            self.diagnostics.append(Diagnostic("NS106", Span(self.source, line.start, line.end)))
        else:
            self.close(line.end)

    def close(self, end: int) -> None:
        head = self.open
        at = (head.at[0], end)
        if isinstance(head, tree.Section):
            self.declarations.append(tree.Section(head.kind, head.name, tuple(self.inside), at, head.head_at))
        else:
            self.declarations.append(
                tree.Body(head.kind, head.name, head.params, head.caption, tuple(self.inside), at, head.head_at)
            )
        self.open = None
        self.inside = []
        if self.around:
            self.open, self.inside, self.open_line = self.around.pop()

    def open_body(self, line: Logical) -> None:
        kind = HEAD.match(line.text)
        assert kind is not None
        start = "section_head" if kind[1] in ("data", "train", "figure") else f"{kind[1]}_head"
        before = len(self.diagnostics)
        head = self.parse(line, start)
        self.headless = head is None
        if head is None:
            self.mark_unread(line)
            names = WORD.findall(line.text)
            at = (line.start, line.end)
            label = tree.Name(names[1] if len(names) > 1 else "?", at)
            if start == "section_head":
                head = tree.Section(kind[1], None, (), at, at)
            else:
                head = tree.Body(kind[1], label, None, None, (), at, at)
            assert len(self.diagnostics) > before
        self.open = head
        self.open_line = line
        self.braces = 0
        self.inside = []
        self.stray = False
        if self.headless and "{" in line.text and line.text.endswith("}"):
            self.close(line.end)

    def parse_into(self, line: Logical, start: str, into: list[Any]) -> None:
        parsed = self.parse(line, start)
        self.garbled = parsed is None and ":" not in line.text
        if parsed is not None:
            into.append(parsed)
            return
        if line.unclosed is not None and line.text.endswith("{"):  # `repeat 4 {` around lines of their own
            self.braces += 1
        self.mark_unread(line)
        stand_in = _stand_in(line)
        if stand_in is not None and start == "stmt":
            into.append(stand_in)

    def parse(self, line: Logical, start: str) -> Any:
        region = (line.start, line.end)
        try:
            return parse(self.source, start, region)
        except Unexpected as unexpected:
            self.effort += (line.end - line.start) ** 2
            plainly = self.effort > MAX_EFFORT
            stop = Stop(self.source, line.start, line.end, unexpected, start, line.unclosed)
            self.diagnostics.append(explain(stop, plainly))
        except (TooDeep, BadText) as fault:
            self.diagnostics.append(syntax_error(self.source, fault))
        return None

    def mark_unread(self, line: Logical) -> None:
        """Add to the unread names every name that a line which does not parse may have defined."""
        words = WORD.findall(line.text)
        if not words:
            return
        self.unread.update(re.findall(rf"({WORD.pattern})\s*:", line.text))
        if words[0] in ("require", "default"):
            self.unread.add(words[0])
            if words[0] == "default":
                self.unread.defaults.update(words[1:] or ("",))
        elif words[0] in ("input", "hidden", "output", "start", "let"):
            label = re.split("[:=]", line.text, maxsplit=1)[0].split(maxsplit=1)[1:]
            given = WORD.findall(label[0]) if label else []
            self.unread.update(given)
            self.unread.any = self.unread.any or not given
            if given and label[0].strip() != given[0]:
                self.unread.garbled.update(given)
        else:
            self.unread.update(words)
            self.unread.any = self.unread.any or words[0] in ("net", "block", "use")
            if line.text.endswith("{"):
                self.unread.heads.update(words)


_WORDS_OF_THE_USER = re.compile(QUOTED + r"|#[^\n]*")


def _closes(line: Logical, below: list[Logical]) -> bool:
    """Whether a line ends with the brace that closes its body: it opens none, and no line below closes the body."""
    if not line.text.endswith("}") or line.text == "}" or HEAD.match(line.text) or _CLOSES.fullmatch(line.text):
        return False
    signs = _WORDS_OF_THE_USER.sub("", line.text)
    if signs.count("}") != signs.count("{") + 1:
        return False
    after = next((other.text for other in below if HEAD.match(other.text) or _CLOSES.fullmatch(other.text)), "")
    return not _CLOSES.fullmatch(after)


def _stand_in(line: Logical) -> tree.Statement | None:
    """Return a layer that stands for a line which does not parse, so that its label is known; None for other lines."""
    match = re.match(rf"({WORD.pattern})\s*({WORD.pattern})?", line.text)
    if match is None or match[1] in ("start", "let", "default", "require"):
        return None
    at = (line.start, line.end)
    role = nearest(match[1], ("input", "hidden", "output")) or "hidden"
    label = tree.Name(match[2] or "?", (line.start + match.end(1), line.start + match.end()))
    return tree.Layer(role, label, tree.Chain((tree.Unreadable(at),), at), at=at)


def recover(source: SourceFile) -> Recovered:
    """Parse a text statement by statement.

    Args:
        source: the text, with replaced characters.

    Returns:
        The statements that parse, a diagnostic for each statement that does not, and the names that wrong statements
        may have defined.
    """
    return _Recovery(source).run()
