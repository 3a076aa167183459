"""Sphinx: how the assembled pages of one language become HTML. Run by docs/build.py, which sets `language`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from docs.korean_search import SearchKorean
from netspec.syntax.highlight import NetspecLexer
from netspec.version import VERSION

project = "netspec"
project_copyright = "the netspec authors"
version = release = VERSION
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns: list[str] = []
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
nitpicky = False
napoleon_use_ivar = True  # attributes are described once
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
html_theme = "furo"
html_title = f"netspec {VERSION}"
html_static_path: list[str] = []
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}
pygments_style = "friendly"


def setup(app: Any) -> None:
    app.add_lexer("net", NetspecLexer)
    app.add_search_language(SearchKorean)
