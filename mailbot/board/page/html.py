"""One HTML file that needs nothing else: no request, no font, no script from elsewhere.

The style and the script stand inside each page; a policy in its head allows exactly these two, by their hashes (W3C,
Content Security Policy Level 3), so that nothing a participant writes can run or load anything, from disk or a server.
Pages of past boards, of which there are many, share the style that does not differ, and may load that file.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from mailbot.board.page import tables
from mailbot.config import calendar
from mailbot.mail.templates import environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mailbot.board.model import Board
    from mailbot.board.page.tables import View


_FITS = 14
"""A word of so many signs fits in the narrowest column."""


SHEET = "board.css"
"""The style that pages of past boards share, beside their folders."""


def html(template: str, *, root: str, **values: object) -> bytes:
    """Render a template of ``templates/page`` with style, script and policy; ``root`` leads to the site's top.

    ``root`` is "" or as many ``../`` as the file lies deep, so that links work from disk and below any address.
    The value ``sheet`` leads to the file of the common style, where the page is to load it.
    """
    views: Sequence[View] = values.get("views", ())  # type: ignore[assignment]  # as site() put them there
    sheet = values.setdefault("sheet", "")
    style, script = ("" if sheet else common_style()) + tables.own_style(views), _source("page/board.js")
    text = (
        environment()
        .get_template(f"page/{template}.html.j2")
        .render(
            root=root,
            here="" if template == "index" and not values["latest"] else template,
            style=Markup(style),  # noqa: S704 - our own file, and titles that are escaped; the policy holds its hash
            script=Markup(script),  # noqa: S704 - our own file, and the policy holds its hash
            policy=_policy(style, script, "'self' file: " if sheet else ""),
            breakable=breakable,
            when=when,
            **values,
        )
    )
    return text.encode()


def sections(views: Sequence[View], previous: Board | None) -> list[Markup]:
    """Return the section of each table; they are most of a page, and the front page has the same as its board's own."""
    module = environment().get_template("page/tables.html.j2").make_module({"breakable": breakable})
    return [module.table(view, previous) for view in views]  # type: ignore[attr-defined]  # a macro of the template


def common_style() -> str:
    """Return the style of all pages."""
    return _source("page/board.css")


def breakable(text: str) -> Markup:
    """Let a long name break after the signs that join its parts; what is copied from the page stays the same."""
    if max(map(len, text.split()), default=0) <= _FITS:
        return escape(text)
    return Markup("<wbr>").join(re.split(r"(?<=[_/.+-])(?=.)", text))


def when(instant: datetime) -> str:
    """Show an instant that carries its zone, with the zone's name where it is known."""
    if isinstance(instant.tzinfo, ZoneInfo):
        return calendar.shown(instant, instant.tzinfo)
    return f"{instant:%a %d %b %Y, %H:%M} ({instant.tzinfo})"


def _policy(style: str, script: str, loaded: str) -> str:
    """Allow this style and this script, pictures inside the page, the style that is loaded, and nothing else."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {loaded}'{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(source: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}"


@cache
def _source(name: str) -> str:
    """Return a style or script as it is, but for comments on lines of their own and what stands before a line."""
    env = environment()
    if env.loader is None:
        raise AssertionError("templates.environment() always has a loader")
    text = env.loader.get_source(env, name)[0]
    return re.sub(r"^\s*(?:/\*.*?\*/\n|//.*\n)?", "", text, flags=re.MULTILINE)
