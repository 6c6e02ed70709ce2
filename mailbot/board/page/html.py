"""One HTML file that needs nothing else: no request, no font, no script from elsewhere.

The style and the script stand inside each page; a policy in its head allows exactly these two, by their hashes (W3C,
Content Security Policy Level 3), so that nothing a participant writes can run or load anything, from disk or a server.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from markupsafe import Markup

from mailbot.config import calendar
from mailbot.mail.templates import environment

if TYPE_CHECKING:
    from datetime import datetime


def html(template: str, *, root: str, **values: object) -> bytes:
    """Render a template of ``templates/page`` with style, script and policy; ``root`` leads to the site's top.

    ``root`` is "" or as many ``../`` as the file lies deep, so that links work from disk and below any address.
    """
    style, script = _source("page/board.css"), _source("page/board.js")
    text = (
        environment()
        .get_template(f"page/{template}.html.j2")
        .render(
            root=root,
            here="" if template == "index" and not values["latest"] else template,
            style=Markup(style),  # noqa: S704 - our own file, and the policy holds its hash
            script=Markup(script),  # noqa: S704 - our own file, and the policy holds its hash
            policy=_policy(style, script),
            breakable=breakable,
            when=when,
            **values,
        )
    )
    return text.encode()


def breakable(text: str) -> Markup:
    """Let a long name break after the signs that join its parts; what is copied from the page stays the same."""
    return Markup("<wbr>").join(re.split(r"(?<=[_/.+-])(?=.)", text))


def when(instant: datetime) -> str:
    """Show an instant that carries its zone, with the zone's name where it is known."""
    if isinstance(instant.tzinfo, ZoneInfo):
        return calendar.shown(instant, instant.tzinfo)
    return f"{instant:%a %d %b %Y, %H:%M} ({instant.tzinfo})"


def _policy(style: str, script: str) -> str:
    """Allow this style and this script, pictures inside the page, and nothing else."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(source: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}"


def _source(name: str) -> str:
    """Return a template's text as it is, without rendering."""
    env = environment()
    if env.loader is None:
        raise AssertionError("templates.environment() always has a loader")
    return env.loader.get_source(env, name)[0]
