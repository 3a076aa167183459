"""Types, chains and values -> canonical text."""

from __future__ import annotations

from netspec.syntax import tree

TIGHT = ("*", "/", "^")


def quote(text: str) -> str:
    """A string literal that reads back as `text`."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def dims_text(grid: tree.Grid) -> str:
    """`3x3` for plain numbers, `h x w` as soon as a name is among them."""
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
    """Any value or chain item; nesting is bounded by the parser, runs of operators are unrolled."""
    match value:
        case tree.Number():
            return value.text
        case tree.Text():
            return quote(value.value)
        case tree.Ref():
            return value.name
        case tree.Call():
            return value.name + args_text(value.args)
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


def repeat_head(value: tree.Repeat) -> str:
    """`repeat 3 shared as i`."""
    shared = " shared" if value.shared else ""
    index = f" as {value.index.text}" if value.index else ""
    return f"repeat {value_text(value.count)}{shared}{index}"


def _binary(value: tree.Binary) -> str:
    """A run of operators leans left: walk down its spine, not the Python stack."""
    parts: list[str] = []
    current: tree.Value = value
    while isinstance(current, tree.Binary):
        parts.append(value_text(current.right))
        parts.append(current.op if current.op in TIGHT else f" {current.op} ")
        current = current.left
    parts.append(value_text(current))
    return "".join(reversed(parts))


def _tight(value: tree.Value) -> str:
    """`t-1`: no spaces inside `[ ]`."""
    return value_text(value).replace(" ", "")
