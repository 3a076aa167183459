"""Syntax highlighting for documentation and notebooks: a Pygments lexer, registered as `net`."""

from __future__ import annotations

from typing import Any, ClassVar

from pygments.lexer import RegexLexer, bygroups, words
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Text, Whitespace

from netspec.syntax.parser import KEYWORDS, NOUNS, QUOTED

_ROLES = ("input", "hidden", "output", "start")
_HEADS = ("net", "block", "data", "train", "figure")


class NetspecLexer(RegexLexer):  # type: ignore[misc]
    """Colours keywords, nouns, labels, sizes, captions and comments."""

    name = "netspec"
    aliases: ClassVar[list[str]] = ["net", "netspec"]
    filenames: ClassVar[list[str]] = ["*.net"]
    url = ""
    tokens: ClassVar[dict[str, Any]] = {
        "root": [
            (r"#[^\n]*", Comment.Single),
            (QUOTED, String.Double),
            (rf"\b({'|'.join(_ROLES)})([ \t]+)(\w+)", bygroups(Keyword, Whitespace, Name.Variable)),
            (rf"\b({'|'.join(_HEADS)})([ \t]+)(\w+)", bygroups(Keyword.Declaration, Whitespace, Name.Class)),
            (r"->|→", Operator.Word),
            (r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?=x\d|×\d)", Number, "grid"),
            (r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", Number),
            (words(tuple(NOUNS), prefix=r"\b", suffix=r"\b"), Name.Builtin),
            (
                words((*KEYWORDS, *_HEADS, "up to", "at defaults", "any", "true", "false"), prefix=r"\b", suffix=r"\b"),
                Keyword,
            ),
            (r"([^\W\d]\w*)([ \t]*)(=)(?!=)", bygroups(Name.Attribute, Whitespace, Operator)),
            (r"[^\W\d]\w*", Name),
            (r"==|!=|<=|>=|\.\.|[-+*/%^&@=<>×]", Operator),
            (r"[(){}\[\],:.]", Punctuation),
            (r"\s+", Whitespace),
            (r".", Text),
        ],
        "grid": [(r"(x|×)(\d+)", bygroups(Operator, Number)), (r"", Text, "#pop")],
    }
