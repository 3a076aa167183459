"""200 texts that would be code or markup wherever they were not escaped."""

from __future__ import annotations

import random

SEEDS = (
    '"', "'", '"""', "'''", "\\", "\\\\", '\\"', "\\n", "\\x00", "{", "}", "{0}", "{x}", "{{x}}", "%s", "%(x)s",
    "$(id)", "`id`", "${HOME}", "#", "# comment", "//", "/* */",
    "--", ";", "&&", "||", "|", "<", ">", "&", "&amp;",
    "&#60;",
    "<b>", "</text>", "</svg>", "<script>alert(1)</script>", "<!--", "-->", "<![CDATA[", "]]>", "<?xml?>",
    "<!ENTITY x SYSTEM 'file:///etc/passwd'>", "&x;", "javascript:alert(1)",
    "onload=alert(1)", '" onload="alert(1)',
    "'); import os; os.system('id'); ('", '"); import os; os.system("id"); ("', "__import__('os').system('id')",
    '"""; import os; """', "\\'); exit(); (\\'", "eval('1')", "exec('1')", "class X: pass", "lambda: 0",
    "def f(): pass", "return 1", "import torch", "nn.Linear(1, 1)", "self.x", "__class__", "{__class__}",
    "{0.__class__}",
    "%n", "%x%x",
    'a"]; evil [label="b', 'x" -> "y', "digraph {", "} graph {", "\\l", "\\N", "\\G", "\\E", "<table>", "subgraph c {",
    "label=<<b>x</b>>", "URL=http://example.com", "../../etc/passwd",
    "/etc/passwd", "C:\\windows", "file:///etc/passwd",
    "http://example.com", "\u2028", "a\tb", "=1+1", "=cmd|' /C calc'!A0",
    "@SUM(1)", "+1", "-1", "{% x %}", "{{ 7*7 }}",
    "<%= x %>", "#{x}", "!!python/object", "&anchor", "*alias",
    "null", "NaN", "true", "[]", "{}", "[x](javascript:0)",
    "![x](http://a)", "| a | b |", "***", "~~~", "```", "\\[x\\]",
    "$$x$$", "\\input{/etc/passwd}", "\\def\\x{}",
    "한글 \"따옴표\"", "مرحبا <b>", "👩‍👩‍👧 & co", "é\u0301", "ﬁ",
    "A" * 300, "]]" * 50, "((((", "))))", "0; DROP TABLE x",
)  # fmt: skip


def nasty(count: int = 200) -> list[str]:
    """The texts above and, up to `count`, mixtures of them; the same on every run."""
    generator = random.Random(5)
    found = [text for text in SEEDS if "\u2028" not in text]
    while len(found) < count:
        found.append("".join(generator.choice(found[:90]) for _ in range(generator.randrange(2, 5))))
    return found[:count]
