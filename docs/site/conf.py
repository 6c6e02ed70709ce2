"""How Sphinx makes the handbook: `make docs`."""

from __future__ import annotations

import gc
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes  # type: ignore[import-untyped]  # it has no types

if TYPE_CHECKING:
    from sphinx.application import Sphinx

gc.disable()  # what Sphinx makes stays until it ends: a quarter of its time went into looking for garbage

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
myst_enable_extensions = ["deflist"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["examples", "site"]
nitpicky = True

lexers["mermaid"] = lexer_classes["none"]()  # shown as it is written: what draws it would be fetched from elsewhere

html_search_scorer = str(HERE / "scorer.js")
html_theme = "furo"
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_static_path = ["static"]
html_css_files = ["handbook.css"]
html_theme_options = {"navigation_with_keys": True}

words = tomllib.loads((HERE / "words.toml").read_text(encoding="utf-8"))


def add_words(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Let the search find a page by words that people use and the page does not."""
    if docname in app.config.words:
        doctree += nodes.meta(name="keywords", content=app.config.words[docname].replace(" ", ", "))


def setup(app: Sphinx) -> None:
    """Say what is added to Sphinx."""
    app.add_config_value("words", {}, "html")
    app.connect("doctree-resolved", add_words)
