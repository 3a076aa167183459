"""What may not change in an output when only a text of the spec does: its structure without its texts."""

from __future__ import annotations

import ast
import io
import tokenize
from xml.etree import ElementTree

SPACE = "{http://www.w3.org/XML/1998/namespace}space"  # keeps blanks as they are


def code_shape(source: str) -> list[str]:
    """The kinds of a module's syntax nodes; texts and comments may differ."""
    return [type(node).__name__ for node in ast.walk(ast.parse(source))]


def code_tokens(source: str) -> list[str]:
    """What the module says beside texts and comments."""
    silent = (tokenize.COMMENT, tokenize.STRING, tokenize.NL)
    return [
        token.string for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type not in silent
    ]


def svg_shape(svg: str) -> tuple[set[str], set[str]]:
    """The kinds of elements and of attributes; a longer caption may take more lines, so kinds are not counted."""
    items = list(ElementTree.fromstring(svg).iter())
    return {item.tag for item in items}, {name for item in items for name in item.attrib} - {SPACE}


def json_shape(document: object) -> object:
    if isinstance(document, dict):
        return {key: json_shape(value) for key, value in document.items()}
    if isinstance(document, list):
        return [json_shape(value) for value in document]
    return type(document).__name__
