"""Where the templates are, and the jinja2 environment that every one of them is rendered in."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from mailbot.errors import Permanent

_PACKAGE = Path(__file__).parent


@cache
def environment() -> Environment:
    """Return the environment for pages, replies and letters; names are as ``page/index.html.j2``.

    HTML is escaped, ``.txt`` and ``.txt.j2`` are not; an undefined name is an error; a line that holds only a block
    tag leaves no trace; the last newline stays.

    Raises:
        Permanent: the installation lacks its templates.
    """
    return Environment(
        loader=FileSystemLoader(folder()),
        autoescape=select_autoescape(
            enabled_extensions=("html", "html.j2"),
            disabled_extensions=("txt", "txt.j2"),
            default=True,
            default_for_string=True,
        ),
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def folder() -> Path:
    """Return the folder of the templates: inside the installed package, or at the top of a checkout.

    Raises:
        Permanent: there is none.
    """
    places = (_PACKAGE / "templates", _PACKAGE.parent / "templates")
    for place in places:
        if place.is_dir():
            return place
    raise Permanent(f"The templates are missing from this installation; looked in {places[0]} and {places[1]}")
