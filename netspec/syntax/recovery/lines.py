"""Splits a text into logical lines, one for each statement, without parsing it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from netspec.diagnostics.model import Phrase
from netspec.names import nearest
from netspec.syntax.parser import MARKS, QUOTED

WORD = re.compile(rf"(?<![\w{MARKS}])[^\W\d][\w{MARKS}]*+")
HEAD = re.compile(r"(net|block|data|train|figure)\b")
STATEMENT = re.compile(r"(input|hidden|output|start|default|require|let)\b(?!\s*=)")
DECLARES = re.compile(r"(?:netspec\s+\d|use\b|default\b|(?:net|block|data|train|figure)\b(?!\s*[:=(.,]))")
_STRONG = re.compile(
    r"(?:input|hidden|output|start)\s+\w+\s*:|(?:net|block)\s+\w+|let\s+\w+\s*=|require\s|default\s+\w+\s*\("
)
BRACKETS = re.compile(QUOTED + r"|#[^\n]*|[()\[\]{}]")
_CONTINUES = re.compile(r"->|[&+,]|→")
# a line that ends like this goes on in the next
_GOES_ON = re.compile(r"(?:->|[&+,*/=:-]|→)$")
# multi-line comments of other languages: opening -> closing sign
COMMENTS = {'"""': '"""', "'''": "'''", "/*": "*/", "<!--": "-->"}


@dataclass(slots=True)
class Logical:
    """One statement, at `[start, end)` of the text, without the comments and blanks around it."""

    start: int
    end: int
    text: str  # while the file is being split, only the last physical line of the statement
    unclosed: tuple[str, int] | None = None  # the bracket that is never closed, and its place


def logical_lines(text: str) -> list[Logical]:
    """Split a text into statements. An open bracket counts as ended where the next statement clearly begins."""
    lines: list[Logical] = []
    open_brackets: list[tuple[str, int]] = []
    current: Logical | None = None
    offset = 0
    blank = False
    headed = repeats = False  # whether the current line begins a body, and whether it holds a `repeat`
    closer = ""  # closing sign of the multi-line comment that is open
    last = {closing: text.rfind(closing) for closing in COMMENTS.values()}
    for raw in text.splitlines(keepends=True):
        begin = offset + len(raw) - len(raw.lstrip())
        offset += len(raw)
        stripped = raw.strip()
        if closer:
            assert current is not None
            if closer in stripped:
                current.end, current.text, closer = begin + len(stripped), stripped, ""
            continue
        if not stripped or stripped.startswith("#"):
            blank = blank or not stripped
            continue
        brackets, end = _brackets(raw, offset - len(raw))
        fresh = current is None or (
            not open_brackets and not _CONTINUES.match(stripped) and (headed or not _runs_on(current, stripped))
        )
        if open_brackets and (_STRONG.match(stripped) or (stripped[0] == "}" and open_brackets[-1][0] != "{")):
            fresh = True
        if not fresh and blank and not open_brackets:
            fresh = True  # a blank line ends a statement; a sign that asks for more is reported later
        if fresh:
            if current is not None and open_brackets:
                current.unclosed = open_brackets[0]
            open_brackets = []
            current = Logical(begin, end, text[begin:end])
            lines.append(current)
            headed, repeats = HEAD.match(stripped) is not None, False
            closer = _open_comment(stripped, offset, last)
        else:
            assert current is not None
            current.end, current.text = end, text[begin:end]
        head = fresh and (headed or stripped == "{")
        repeats = repeats or "repeat" in current.text
        _track(open_brackets, brackets, head, head or repeats)
        blank = False
    if current is not None and open_brackets:
        current.unclosed = open_brackets[0]
    for line in lines:
        line.text = text[line.start : line.end]
    return lines


def _track(open_brackets: list[tuple[str, int]], brackets: list[tuple[str, int]], head: bool, braces: bool) -> None:
    """Update the open brackets with the brackets of a line; `{` opens nothing (it is a mistake) unless `braces`."""
    for bracket, at in brackets:
        if bracket in "([" or (bracket == "{" and braces):
            open_brackets.append((bracket, at))
        elif open_brackets and (bracket != "}" or open_brackets[-1][0] == "{"):
            open_brackets.pop()
    if head and open_brackets and open_brackets[-1][0] == "{":
        open_brackets.pop()  # the brace of the body itself stays open over many statements: it is not counted


def _open_comment(stripped: str, offset: int, last: dict[str, int]) -> str:
    """Return the sign that closes the foreign multi-line comment which begins here, or "" if no comment begins."""
    for opening, closing in COMMENTS.items():
        if stripped.startswith(opening) and closing not in stripped[len(opening) :] and last[closing] >= offset:
            return closing
    return ""


def _runs_on(current: Logical, stripped: str) -> bool:
    """Whether the line above ends with a sign after which more must follow, and this line begins no statement."""
    if not _GOES_ON.search(current.text):
        return False
    return stripped[0] not in "}#" and not STATEMENT.match(stripped) and not DECLARES.match(stripped)


def _brackets(raw: str, offset: int) -> tuple[list[tuple[str, int]], int]:
    """Return the brackets of a physical line that are in no string or comment, and the place where its code ends."""
    brackets = []
    code_end = len(raw.rstrip())
    for match in BRACKETS.finditer(raw):
        if match[0][0] == "#":
            code_end = len(raw[: match.start()].rstrip())
            break
        if match[0][0] == '"' and (len(match[0]) == 1 or match[0][-1] != '"'):
            return [], offset + code_end  # a text that is not closed may have taken a bracket in
        if match[0][0] != '"':
            brackets.append((match[0], offset + match.start()))
    return brackets, offset + code_end


def foreign(lines: list[Logical]) -> bool:
    """Whether the text is not a spec at all: no line begins with a keyword or with a misspelt keyword."""
    listed = not any("{" in line.text for line in lines) and any(line.text.startswith("- ") for line in lines)
    if lines and listed:  # a list without any brace is YAML
        return True
    if not lines or any(DECLARES.match(line.text) or STATEMENT.match(line.text) for line in lines):
        return False
    words = {match[0] for line in lines if (match := WORD.match(line.text))}
    return not any(nearest(word, ("net", "block", "input", "hidden", "output")) for word in words if word != "in")


_FOREIGN = (
    ("keras", re.compile(r"(?:from|import)\s+(?:keras|tensorflow)\b")),
    ("pytorch", re.compile(r"(?:from|import)\s+torch\b|class\s+\w+\((?:torch\.)?nn\.Module\)")),
    ("darknet", re.compile(r"\[(?:net|convolutional|connected|maxpool)\]")),
    ("ini", re.compile(r"\[\w[\w.]*\]\s*$")),
    ("dot", re.compile(r"(?:strict\s+)?(?:di)?graph\b[^:=]*\{")),
    ("python", re.compile(r"(?:import|from|class|def|@|async|print\()(?:\s|\w)|\w+\s*=\s*\w+\.\w+")),
    ("table", re.compile(r"(?=[^,;\t\n]*[,;\t])(?>[^{}()\[\]:=#\n]*)$")),
    ("json", re.compile(r"[\[{]\s*(?:$|[\"\[{\d])")),
    ("markup", re.compile(r"<[!?\w]")),
    ("prototxt", re.compile(r"(?:layers?|name|input_param|input)\s*[:{]")),
    ("yaml", re.compile(r"(?:---|- |\w[\w-]*:(?:\s|$))")),
)


def notation(lines: list[Logical]) -> Phrase:
    """Return the notation (Python, JSON, YAML, …) that the first three lines look like."""
    for name, pattern in _FOREIGN:
        if any(pattern.match(line.text) for line in lines[:3]):
            return Phrase(f"file {name}")
    return Phrase("file elsewhere")
