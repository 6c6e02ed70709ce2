"""Where the templates are, and the jinja2 environment that every one of them is rendered in."""

from __future__ import annotations

from functools import cache

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, FunctionLoader, StrictUndefined, select_autoescape

from mailbot.mail.languages import CHINESE, ENGLISH, folder, labelled, on_one_line, preset_in, words, wrapped


@cache
def environment(language: str = ENGLISH) -> Environment:
    """Return the environment for pages, replies and letters; names are as ``page/index.html.j2``.

    What stands between ``trans`` tags, and in ``_()``, is said in the language. The filter ``wrapped`` breaks a
    paragraph into lines (of Chinese, into one), ``labelled`` gives a label its columns, ``preset`` says a text of the
    config in the language where it is the preset's own.

    HTML is escaped, ``.txt`` and ``.txt.j2`` are not; an undefined name is an error; a line that holds only a block
    tag leaves no trace; the last newline stays.

    Raises:
        Permanent: the installation lacks its templates.
    """
    made = Environment(
        extensions=["jinja2.ext.i18n"],
        loader=ChoiceLoader([FileSystemLoader(folder()), FunctionLoader(_twin)]),
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
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_translations(words(language), newstyle=True)  # type: ignore[attr-defined]  # the extension adds it
    made.globals["_"] = made.globals["gettext"]  # the extension's own looks that up at each call
    made.filters["preset"] = lambda text, its=language: preset_in(its, text)
    made.filters |= {"wrapped": on_one_line if language == CHINESE else wrapped, "labelled": labelled}
    return made


def _twin(name: str) -> str | None:
    """Return the macros of ``words.txt.j2`` for ``words.html.j2`` too, where they escape what they are given.

    What a macro returns counts as HTML where it is called from HTML, escaped or not: HTML must not call those of text.
    """
    if not name.endswith("/words.html.j2"):
        return None
    return (folder() / name.replace(".html.", ".txt.")).read_text(encoding="utf-8")
