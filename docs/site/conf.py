"""How Sphinx makes the handbook: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import reference  # noqa: E402  # it lies beside this file
from sphinx.highlighting import lexer_classes, lexers  # noqa: E402

from mailbot import __version__  # noqa: E402

reference.write(HERE.parent / "reference")

project = "mailbot"
release = version = __version__
html_title = f"mailbot {__version__}"
language = "en"

extensions = ["myst_parser"]
myst_heading_anchors = 4
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["examples", "site"]
nitpicky = True

lexers["mermaid"] = lexer_classes["none"]()  # shown as it is written: what draws it would be fetched from elsewhere

html_theme = "furo"
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}
