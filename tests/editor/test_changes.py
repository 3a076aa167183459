"""What an editor offers to change in a line: the text after each change, and what is not offered."""

from __future__ import annotations

import pytest

from netspec.editor.engine import Engine

NET = """net n(K = 2) {
  input  x: 4
  hidden h: 2 perceptrons -> relu
  hidden g: x & h -> 3 perceptrons
  hidden r: repeat 2 { 3 perceptrons -> relu }
  output y: K perceptrons
}
"""


def changed(text: str, line: int) -> dict[str, str]:
    """The line, or the two lines, after each change of a line."""
    engine = Engine(lambda method, params: None)
    engine.request("initialize", {"capabilities": {}})
    item = {"uri": "untitled:a", "text": text}
    engine.notify("textDocument/didOpen", {"textDocument": item})
    place = {"line": line, "character": 4}
    params = {"textDocument": item, "range": {"start": place, "end": place}, "context": {"only": ["refactor"]}}
    found = {}
    for action in engine.request("textDocument/codeAction", params):
        [edit] = action["edit"]["changes"]["untitled:a"]
        rows = text.splitlines()
        start, end = edit["range"]["start"], edit["range"]["end"]
        if start["line"] == end["line"]:
            row = rows[start["line"]]
            new = row[: start["character"]] + edit["newText"] + row[end["character"] :]
            found[action["kind"]] = new if start["character"] else edit["newText"].rstrip()
        else:
            found[action["kind"]] = edit["newText"]
    return {kind.removeprefix("refactor.rewrite."): after.strip() for kind, after in found.items()}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (1, {}),
        # g goes on reading h: a copy of h would be read by nothing, and h may not go
        (2, {"more": "hidden h: 3 perceptrons -> relu", "fewer": "hidden h: 1 perceptron -> relu"}),
        # after a copy two sums would follow each other without an activation between them
        (
            3,
            {
                "more": "hidden g: x & h -> 4 perceptrons",
                "fewer": "hidden g: x & h -> 2 perceptrons",
                "remove": "",
            },
        ),
        (
            4,
            {
                "more": "hidden r: repeat 3 { 3 perceptrons -> relu }",
                "fewer": "hidden r: repeat 1 { 3 perceptrons -> relu }",
                "add": "hidden r2: repeat 2 { 3 perceptrons -> relu }",
            },
        ),
        (5, {}),
    ],
)
def test_changes_of_a_line(line: int, expected: dict[str, str]) -> None:
    found = changed(NET, line)
    assert found == expected
