"""Syntax objects -> canonical text (`netspec fmt`). Formatting changes no syntax object, and formatting twice changes
nothing.

The order of statements and the comments stay. A comment stays with its statement; inside a chain or a list it stays
with its item.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from netspec.diagnostics.display import width
from netspec.source import SourceFile
from netspec.syntax import tree
from netspec.syntax.parser import QUOTED

LIMIT = 100
INDENT = "    "  # before lines that continue a statement
TIGHT = ("*", "/", "^")
TAB = 8  # captions begin at a multiple of TAB columns, so that a longer line rarely moves the others
_PIECES = re.compile(QUOTED + r"|#[^\n]*")


@dataclass(frozen=True, slots=True)
class Comment:
    at: int
    text: str
    own_line: bool


def comments_of(source: SourceFile) -> list[Comment]:
    """Return every comment with its place, in order."""
    found = []
    for match in _PIECES.finditer(source.text):
        if match[0][0] == "#":
            before = source.text[source.text.rfind("\n", 0, match.start()) + 1 : match.start()]
            text = "# " + match[0][1:].strip() if not match[0].startswith("#!") else match[0].rstrip()
            found.append(Comment(match.start(), text.rstrip(), not before.strip()))
    return found


def format_file(source: SourceFile, file: tree.File) -> str:
    """Return the canonical text of a parsed file."""
    return _Printer(source).file(file)


@dataclass(slots=True)
class _Row:
    """One formatted statement, in parts, before captions are aligned."""

    head: str
    expect: str = ""
    caption: str = ""
    trailing: str = ""
    lines: tuple[str, ...] = ()  # the lines of a statement except the last, which is `head`

    @property
    def aligned(self) -> bool:
        return bool(self.expect or self.caption) and not self.lines


class _Printer:
    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self.comments = comments_of(source)
        self.next = 0

    # ---- comments and blank lines

    def take(self, until: int) -> list[Comment]:
        """Return the comments before a place that have not been printed yet."""
        begin = self.next
        while self.next < len(self.comments) and self.comments[self.next].at < until:
            self.next += 1
        return self.comments[begin : self.next]

    def trailing(self, end: int) -> str:
        """Return the comment after a statement on its last line."""
        if self.next < len(self.comments):
            comment = self.comments[self.next]
            between = self.source.text[end : comment.at]
            if not comment.own_line and "\n" not in between:
                self.next += 1
                return comment.text
        return ""

    def gap(self, place: int) -> bool:
        """Whether there is a blank line before a place."""
        before = self.source.text[:place].rstrip(" \t")
        return before.endswith(("\n\n", "\n\r\n"))

    def leading(self, place: int, indent: str, first: bool, rows: list[str | _Row]) -> None:
        """Add the comments before a statement, and at most one blank line where the text has any."""
        for comment in self.take(place):
            if not first and self.gap(comment.at):
                rows.append("")
            rows.append(indent + comment.text)
            first = False
        if not first and self.gap(place):
            rows.append("")

    # ---- the file

    def file(self, file: tree.File) -> str:
        rows: list[str | _Row] = []
        previous: tree.Declaration | None = None
        for declaration in file.declarations:
            if previous is not None and _apart(previous, declaration):
                rows.append("")
                self.leading(declaration.at[0], "", True, rows)
            else:
                self.leading(declaration.at[0], "", previous is None, rows)
            self.declaration(declaration, rows)
            previous = declaration
        end: list[str | _Row] = []
        self.leading(len(self.source.text) + 1, "", previous is None, end)
        while end and end[-1] == "":
            end.pop()
        rows += end
        return "\n".join(_align(rows)) + "\n"

    def declaration(self, item: tree.Declaration, rows: list[str | _Row]) -> None:
        if isinstance(item, tree.Body):
            self.body(item, rows)
        elif isinstance(item, tree.Section):
            self.section(item, rows)
        else:
            self.inner_comments(item.at, rows, "")
            rows.append(_Row(_declaration_text(item), trailing=self.trailing(item.at[1])))

    def inner_comments(self, at: tree.Place, rows: list[str | _Row], indent: str) -> None:
        """Move comments inside a statement that cannot keep them to the lines before it."""
        rows.extend(indent + comment.text for comment in self.take(at[1]))

    def body(self, item: tree.Body, rows: list[str | _Row]) -> None:
        self.inner_comments((item.at[0], item.head_at[1]), rows, "")
        params = "" if item.params is None else f"({', '.join(map(_param, item.params))})"
        caption = f" {value_text(item.caption)}" if item.caption else ""
        rows.append(
            _Row(f"{item.kind} {item.name.text}{params}{caption} {{", trailing=self.trailing(item.head_at[1] + 1))
        )
        for position, statement in enumerate(item.statements):
            self.leading(statement.at[0], "  ", position == 0, rows)
            rows.append(self.statement(statement, rows))
        self.leading(item.at[1] - 1, "  ", True, rows)
        rows.append(_Row("}", trailing=self.trailing(item.at[1])))

    def section(self, item: tree.Section, rows: list[str | _Row]) -> None:
        name = f" {item.name.text}" if item.name else ""
        brace = self.source.text.find("{", item.head_at[1]) + 1
        rows.append(_Row(f"{item.kind}{name} {{", trailing=self.trailing(brace)))
        for position, setting in enumerate(item.settings):
            self.leading(setting.at[0], "  ", position == 0, rows)
            rows.append(self.assignment(f"  {'.'.join(setting.key)} = ", setting.value, setting.at, rows))
        self.leading(item.at[1] - 1, "  ", True, rows)
        rows.append(_Row("}", trailing=self.trailing(item.at[1])))

    # ---- statements

    def statement(self, item: tree.Statement, rows: list[str | _Row]) -> _Row:
        if isinstance(item, tree.Layer):
            return self.layer(item, rows)
        if isinstance(item, tree.Let):
            return self.assignment(f"  let {item.name.text} = ", item.value, item.at, rows)
        if isinstance(item, tree.Start):
            return self.chain(f"  start  {item.label.text}: ", item.chain, item.at, rows)
        self.inner_comments(item.at, rows, "  ")
        if isinstance(item, tree.Input):
            row = _Row(f"  input  {item.label.text}: {type_text(item.type)}")
            row.caption = value_text(item.caption) if item.caption else ""
        elif isinstance(item, tree.Default):
            row = _Row(f"  default {item.target.text} {args_text(item.args)}")
        else:
            why = (" at defaults" if item.defaults else "") + (f" {value_text(item.why)}" if item.why else "")
            head = f"  require {value_text(item.left)} {item.op} "
            first, *rest = pieces(item.right, LIMIT - width(head))
            *full, last = filled(head + first, rest, INDENT, LIMIT)
            row = _Row(last + why, lines=tuple(full))
        row.trailing = self.trailing(item.at[1])
        return row

    def layer(self, item: tree.Layer, rows: list[str | _Row]) -> _Row:
        expect = f"is {type_text(item.expect)}" if item.expect else ""
        row = self.chain(f"  {item.role:<6} {item.label.text}: ", item.chain, item.at, rows, expect)
        row.expect = expect
        row.caption = value_text(item.caption) if item.caption else ""
        return row

    def chain(self, head: str, chain: tree.Chain, at: tree.Place, rows: list[str | _Row], after: str = "") -> _Row:
        """Format a chain on one line, or on several if it is too long or has comments; outer arrows are broken first.

        `after` is the type that follows; it stays on the last line.
        """
        rows.extend("  " + note.text for note in self.take(_begin(chain.items[0])))
        lines = [head]
        for position, item in enumerate(chain.items):
            notes = self.take(_begin(item)) if position else []
            last = position + 1 == len(chain.items)
            tail = width(after) + 2 if last and after else 0
            start = width(INDENT) + 3 if position else width(head)
            first, *rest = pieces(item, LIMIT - start - tail)
            if notes:
                lines += [*(INDENT + note.text for note in notes), f"{INDENT}-> {first}"]
            elif position:
                rest = [f"-> {first}", *rest]
            else:
                lines = [head + first]
            lines = [*lines[:-1], *filled(lines[-1], rest, INDENT, LIMIT, tail)]
        rows.extend("  " + note.text for note in self.take(at[1]))
        return _Row(lines[-1], trailing=self.trailing(at[1]), lines=tuple(lines[:-1]))

    def assignment(self, head: str, value: tree.Value, at: tree.Place, rows: list[str | _Row]) -> _Row:
        """Format `key = value`; a list that is too long or has comments takes a line for each item."""
        text = head + value_text(value)
        pending = [comment for comment in self.comments[self.next :] if comment.at < at[1]]
        if not isinstance(value, tree.List) or (width(text) <= LIMIT and not pending):
            if isinstance(value, tree.Chain) and width(text) > LIMIT:
                return self.chain(head, value, at, rows)
            self.inner_comments(at, rows, "  ")
            return _Row(text, trailing=self.trailing(at[1]))
        lines = [head + "["]
        texts = list_items(value)
        for position, (item, shown) in enumerate(zip(value.items, texts, strict=True)):
            lines.extend("    " + note.text for note in self.take(_begin(item)))
            comma = "," if position + 1 < len(texts) else ""
            until = _begin(value.items[position + 1]) if position + 1 < len(texts) else at[1]
            notes = [note for note in self.comments[self.next :] if note.at < until and not note.own_line]
            self.next += len(notes)
            after = "".join("  " + note.text for note in notes)
            lines.append(f"    {shown}{comma}{after}")
        lines.extend("    " + note.text for note in self.take(at[1]))
        return _Row("  ]", trailing=self.trailing(at[1]), lines=tuple(lines))


def _begin(value: tree.Value) -> int:
    return value.at[0]


def _apart(left: tree.Declaration, right: tree.Declaration) -> bool:
    """Whether canonical text has a blank line between two declarations."""
    return not (type(left) is type(right) and isinstance(left, (tree.Use, tree.Default)))


def _param(item: tree.Param) -> str:
    return item.name.text if item.default is None else f"{item.name.text} = {value_text(item.default)}"


def _declaration_text(item: tree.Declaration) -> str:
    if isinstance(item, tree.Header):
        return f"netspec {item.version}"
    if isinstance(item, tree.Use):
        names = ", ".join(
            f"{used.name.text} as {used.alias.text}" if used.alias else used.name.text for used in item.names
        )
        return f"use {names} from {value_text(item.file)}"
    assert isinstance(item, tree.Default)
    return f"default {item.target.text} {args_text(item.args)}"


def _align(rows: list[str | _Row]) -> list[str]:
    """Return the text of the rows. In consecutive lines, `is` and captions are aligned in columns."""
    out: list[str] = []
    run: list[_Row] = []
    for row in rows:
        if isinstance(row, _Row) and row.head.startswith("  ") and not row.head.startswith("   ") and not row.lines:
            run.append(row)
            continue
        out += _run(run)
        run = []
        if isinstance(row, str):
            out.append(row)
        else:
            out += [*row.lines, _finish(row.head, row, 0, 0)]
    return out + _run(run)


def _run(rows: list[_Row]) -> list[str]:
    expects = [row for row in rows if row.expect]
    first = _column([width(row.head) for row in expects])
    heads = [max(width(row.head), 0) if not row.expect else 0 for row in rows if row.caption]
    heads += [first + width(row.expect) for row in expects if row.caption]
    second = _column(heads)
    return [_finish(row.head, row, first, second) for row in rows]


def _column(widths: list[int]) -> int:
    """Return the multiple of TAB that leaves two spaces after the widest line, ignoring lines over 80 columns."""
    fitting = [item for item in widths if item <= 80]
    return 0 if len(fitting) < 2 else -(-(max(fitting) + 2) // TAB) * TAB


def _finish(head: str, row: _Row, first: int, second: int) -> str:
    text = head
    if row.expect:
        text += " " * max(2, first - width(text)) + row.expect
    if row.caption:
        text += " " * max(2, second - width(text)) + row.caption
    if row.trailing:
        text += "  " + row.trailing
    return text


# ---- items that are wider than a line


def pieces(value: tree.Value, room: int) -> list[str]:
    """Break an item at `&` and `+`, then further inside, into pieces of at most `room` columns if possible.

    Each piece after the first begins with a sign that may begin a line: `->`, `&` or `+`.
    """
    text = value_text(value)
    if width(text) <= room:
        return [text]
    match value:
        case tree.Chain():
            return _chain(value, room)
        case tree.Join():
            return _signed(value.parts, "&", room)
        case tree.Binary():
            return _binary_pieces(value, room)
        case tree.Group():
            return _enclosed("(", _chain(value.chain, room), ")")
        case tree.Repeat():
            return _enclosed(repeat_head(value) + " { ", _chain(value.chain, room), " }")
        case tree.Call() if value.step is not None:
            return _enclosed(call_head(value) + " { ", _chain(value.step, room), " }")
    return [text]


def filled(first: str, parts: list[str], indent: str, limit: int, tail: int = 0) -> list[str]:
    """Fill lines of up to `limit` columns with pieces; the last line leaves `tail` columns free."""
    lines = [first]
    for position, part in enumerate(parts, 1):
        room = limit - (tail if position == len(parts) else 0)
        if width(lines[-1]) + 1 + width(part) <= room:
            lines[-1] += f" {part}"
        else:
            lines.append(indent + part)
    return lines


def _chain(chain: tree.Chain, room: int) -> list[str]:
    return _signed(chain.items, "->", room)


def _signed(values: tuple[tree.Value, ...], sign: str, room: int) -> list[str]:
    found = pieces(values[0], room)
    for value in values[1:]:
        first, *rest = pieces(value, room - len(sign) - 1)
        found += [f"{sign} {first}", *rest]
    return found


def _enclosed(before: str, inner: list[str], after: str) -> list[str]:
    return [before + inner[0], *inner[1:-1], inner[-1] + after] if len(inner) > 1 else [before + inner[0] + after]


def _binary_pieces(value: tree.Binary, room: int) -> list[str]:
    """Break a sum before `+`, the only operator that may begin a line; break other operations inside their operands."""
    operands: list[tuple[str, tree.Value]] = []
    current: tree.Value = value
    while isinstance(current, tree.Binary):
        operands.append((current.op, current.right))
        current = current.left
    found = pieces(current, room)
    for op, operand in reversed(operands):
        first, *rest = pieces(operand, room - 2)
        if op == "+":
            found.append(f"+ {first}")
        else:
            found[-1] += f"{op}{first}" if op in TIGHT else f" {op} {first}"
        found += rest
    return found


# ---- values and chain items


def quote(text: str) -> str:
    """Return a string literal whose value is `text`."""
    # before these signs a backslash is itself, so that formulas such as \hat{y} stay as they are written
    escaped = re.sub(r"\\(?![a-mo-su-zA-Z{}|,;!$%#&_])", r"\\\\", text)
    escaped = escaped.replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def dims_text(grid: tree.Grid) -> str:
    """Format sizes: `3x3` if all are numbers, else `h x w`."""
    tight = all(isinstance(size, tree.Number) for size in grid.sizes)
    return ("x" if tight else " x ").join(value_text(size) for size in grid.sizes)


def over_text(over: tree.Over) -> str:
    kind = "" if over.kind == "exactly" else f"{over.kind} "
    name = f" as {over.name.text}" if over.name else ""
    return f"over {kind}{value_text(over.length)}{name}"


def type_text(written: tree.TypeText) -> str:
    over = f" {over_text(written.over)}" if written.over else ""
    if written.classes is not None:
        at = f" @ {dims_text(written.space)}" if written.space else ""
        return f"one of {value_text(written.classes)}{at}{over}"
    assert written.space is not None
    space = dims_text(written.space)
    if written.maps is None:
        return space + over
    tight = isinstance(written.maps, tree.Number) and " " not in space
    return f"{value_text(written.maps)}{'@' if tight else ' @ '}{space}{over}"


def args_text(args: tuple[tree.Arg, ...]) -> str:
    return f"({', '.join(arg_text(arg) for arg in args)})"


def arg_text(arg: tree.Arg) -> str:
    return f"{'.'.join(arg.name)} = {value_text(arg.value)}" if arg.name else value_text(arg.value)


def list_items(values: tree.List) -> list[str]:
    return [value_text(item) for item in values.items]


def value_text(value: tree.Value) -> str:
    """Format a value or chain item on one line. Recursion is safe, because the parser limits the nesting."""
    match value:
        case tree.Number():
            return value.text
        case tree.Text():
            return quote(value.value)
        case tree.Ref():
            return value.name
        case tree.Call():
            return call_head(value) + ("" if value.step is None else f" {{ {value_text(value.step)} }}")
        case tree.Indexed():
            return f"{value.name}[{_tight(value.index)}]"
        case tree.Group():
            return f"({value_text(value.chain)})"
        case tree.Negative():
            return f"-{value_text(value.value)}"
        case tree.Binary():
            return _binary(value)
        case tree.Join():
            return " & ".join(map(value_text, value.parts))
        case tree.Several():
            return ", ".join(map(value_text, value.parts))
        case tree.Grid():
            return dims_text(value)
        case tree.Chain():
            return " -> ".join(map(value_text, value.items))
        case tree.List():
            return f"[{', '.join(list_items(value))}]"
        case tree.TypeText():
            return type_text(value)
        case tree.Dots():
            return ".."
        case _:
            return _noun(value)


def _noun(value: tree.Value) -> str:
    match value:
        case tree.Perceptrons():
            one = dims_text(value.units) == "1"
            options = f" {args_text(value.args)}" if value.args else ""
            return f"{dims_text(value.units)} {'perceptron' if one else 'perceptrons'}{options}"
        case tree.Filters():
            count = value_text(value.count)
            options = f" {args_text(value.args)}" if value.args else ""
            return f"{count} {'filter' if count == '1' else 'filters'} {dims_text(value.kernel)}{options}"
        case tree.Repeat():
            return f"{repeat_head(value)} {{ {value_text(value.chain)} }}"
    raise AssertionError(f"no text for {type(value).__name__}")


def call_head(value: tree.Call) -> str:
    """Format a call without its step argument: `mixture(8, top = 2)`, `lstm()`, and `reversed` before braces."""
    return value.name + (args_text(value.args) if value.args or value.step is None else "")


def repeat_head(value: tree.Repeat) -> str:
    """Format the head of a repeat: `repeat 3 shared as i`."""
    shared = " shared" if value.shared else ""
    names = f" as {', '.join(each.text for each in value.names)}" if value.names else ""
    return f"repeat {value_text(value.count)}{shared}{names}"


def _binary(value: tree.Binary) -> str:
    """Format a binary operation. `a + b + c` is ((a + b) + c): a loop over the left operands, without recursion."""
    parts: list[str] = []
    current: tree.Value = value
    while isinstance(current, tree.Binary):
        parts.append(value_text(current.right))
        parts.append(current.op if current.op in TIGHT else f" {current.op} ")
        current = current.left
    parts.append(value_text(current))
    return "".join(reversed(parts))


def _tight(value: tree.Value) -> str:
    """Format the inside of `[ ]`, without spaces: `t-1`."""
    return value_text(value).replace(" ", "")
