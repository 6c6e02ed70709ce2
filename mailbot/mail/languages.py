"""The languages that mails of ours are written in: which one, its words, its dates and its lines.

A catalogue is ``locale/zh_Hans/LC_MESSAGES/replies.po``, read as it is: nothing is compiled, so nothing can be stale.
English is the text of the templates itself.
"""

from __future__ import annotations

import gettext
import io
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from mailbot.config.calendar import AOE, shown, shown_aoe
from mailbot.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from babel.messages.catalog import Catalog

ENGLISH, CHINESE = "en", "zh"
TAGS = {ENGLISH: "en", CHINESE: "zh-Hans"}
"""How headers and HTML name them (BCP 47)."""

CATALOGUES = {CHINESE: "locale/zh_Hans/LC_MESSAGES/replies.po"}
"""Where each lies in the folder of the templates."""

_PACKAGE = Path(__file__).parents[1]

HAN_SHARE = 0.2
"""So many of its letters must be Han characters for a mail to be in Chinese; names of files and methods are not."""

LINE = 72
"""Columns of a line of text; a Han character takes two."""

WEEKDAYS = "一二三四五六日"


@cache
def words(language: str) -> gettext.NullTranslations:
    """Return the catalogue of a language; English has none and needs none."""
    return _compiled(_catalogue(language)) if language in CATALOGUES else gettext.NullTranslations()


@cache
def desk_words(language: str) -> gettext.NullTranslations:
    """Return the catalogue of the organizers' desk, which is a file beside the one of replies."""
    if language not in CATALOGUES:
        return gettext.NullTranslations()
    with (folder() / CATALOGUES[language]).with_name("desk.po").open("rb") as file:
        return _compiled(read_po(file, locale="zh_Hans"))


@cache
def desk_sentences(language: str, context: str) -> Mapping[str, str]:
    """Return what the desk's catalogue has in a context: in English, and in a language; nothing for English."""
    if language not in CATALOGUES:
        return {}
    with (folder() / CATALOGUES[language]).with_name("desk.po").open("rb") as file:
        own = [each for each in read_po(file, locale="zh_Hans") if each.context == context]
    return {str(each.id): str(each.string) for each in own}


def preset_in(language: str, text: str) -> str:
    """Say in a language a text of the config that is a preset's or a default, word for word; an organizer's own stays.

    They are those of the catalogue's context "preset".
    """
    return words(language).pgettext("preset", text)


def _compiled(catalogue: Catalog) -> gettext.GNUTranslations:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@cache
def _catalogue(language: str) -> Catalog:
    with (folder() / CATALOGUES[language]).open("rb") as file:
        return read_po(file, locale="zh_Hans")


def reason_in(language: str, text: str) -> str:
    """Say in a language a reason that the ledger keeps in English, whole or, between ``; ``, part by part.

    What the catalogue's context "reason" does not know, as a figure or a name, comes back as it is.
    """
    if language not in CATALOGUES:
        return text
    for pattern, wording in _reasons(language):
        if found := pattern.fullmatch(text):
            return wording % {name: reason_in(language, value) for name, value in found.groupdict().items()}
    first, semicolon, rest = text.partition("; ")
    return f"{reason_in(language, first)}\N{FULLWIDTH SEMICOLON}{reason_in(language, rest)}" if semicolon else text


@cache
def _reasons(language: str) -> list[tuple[re.Pattern[str], str]]:
    """Return the reasons of the catalogue, those with fewer figures first; ``%(who)s`` stands for anything."""
    told = [(str(each.id), str(each.string)) for each in _catalogue(language) if each.context == "reason"]
    told.sort(key=lambda pair: pair[0].count("%("))
    return [
        (re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+)", re.escape(msgid)), re.DOTALL), s) for msgid, s in told
    ]


def told_in(language: str, text: str) -> str:
    """Say in a language what is wrong with a file or a mail, which `scoring` and the mail reader say in English.

    The sentences are those of the catalogue's context "told". What stands in the place of a figure is said in the same
    way: ``8 rows``, ``1 to 20``; a name or a value of the team comes back as it is, and so does an unknown sentence.
    """
    if language not in CATALOGUES:
        return text
    for words_around, names, wording in _told(language):
        values = between(text, words_around)
        found = None if values is None else dict(zip(names, values, strict=True))
        if found is not None and all(_is_figure(found[name]) for name in names if _FIGURE.fullmatch(name)):
            return wording % {name: told_in(language, value) for name, value in found.items()}
    return text


_PLACE = re.compile(r"%\((\w+)\)s")

_FIGURE = re.compile(r"n\d?")
"""The names of places that only figures may stand in."""


def _is_figure(value: str) -> bool:
    return bool(value) and not value.strip("0123456789,.+-e")


@cache
def _told(language: str) -> list[tuple[list[str], list[str], str]]:
    """Return the sentences as the texts around their places, the places' names and the translation; the longest first.

    One without a place has its translation's percent signs doubled, as those with places have.
    """
    found = []
    for each in _catalogue(language):
        if each.context == "told":
            said, wording = str(each.id), str(each.string)
            names = _PLACE.findall(said)
            found.append((_PLACE.split(said)[::2], names, wording if names else wording.replace("%", "%%")))
    return sorted(found, key=lambda one: -sum(map(len, one[0])))


def between(text: str, words_around: Sequence[str]) -> list[str] | None:
    """Return what stands between these texts in order, each found where it comes first; None where one is missing.

    Linear in the text, whatever a team wrote into it.
    """
    head, *rest = words_around
    if not rest:
        return [] if text == head else None
    if not text.startswith(head) or not text.endswith(rest[-1]):
        return None
    values, at, end = list[str](), len(head), len(text) - len(rest[-1])
    for one in rest[:-1]:
        found = text.find(one, at, end)
        if found < 0:
            return None
        values.append(text[at:found])
        at = found + len(one)
    return [*values, text[at:end]] if at <= end else None


def language_of(text: str) -> str:
    """Tell the language of what somebody wrote by its share of Han characters; addresses are in none."""
    letters = [char for char in _WORD.sub(_unless_address, text) if char.isalpha()]
    han = sum(map(has_han, letters))
    return CHINESE if letters and han >= HAN_SHARE * len(letters) else ENGLISH


_WORD = re.compile("[!-~]++")


def _unless_address(word: re.Match[str]) -> str:
    return "" if "@" in word[0][1:-1] else word[0]


def has_han(text: str) -> bool:
    """Whether there is any Han character in a text."""
    return any("\u4e00" <= char <= "\u9fff" for char in text)


def shown_in(language: str, instant: datetime, zone: ZoneInfo) -> str:
    """Show an instant to people, never without its zone."""
    return _shown_in(language, instant.astimezone(zone), shown(instant, zone))


def aoe_in(language: str, instant: datetime) -> str:
    """Show an instant as deadlines often are, Anywhere on Earth."""
    return _shown_in(language, instant.astimezone(AOE), shown_aoe(instant))


def _shown_in(language: str, local: datetime, english: str) -> str:
    if language != CHINESE:
        return english
    day = f"{local.year}年{local.month}月{local.day}日（周{WEEKDAYS[local.weekday()]}）"  # noqa: RUF001  # brackets as Chinese has them
    _, _, zone = english.partition(f"{local:%H:%M} ")
    return f"{day}{local:%H:%M} {zone}"


def day_in(language: str, instant: datetime, *, year: bool = False) -> str:
    """Show the day of an instant, on the clock that it carries, where all can tell which zone is meant."""
    if language != CHINESE:
        return f"{instant:%d %b %Y}" if year else f"{instant:%d %b}"
    return (f"{instant.year}年" if year else "") + f"{instant.month}月{instant.day}日"


def width(text: str) -> int:
    """Return how many columns a text takes (Unicode Standard Annex 11)."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def labelled(text: str, columns: int = 17) -> str:
    """Return a label with its spaces, so that what stands behind it is in line."""
    return text + " " * max(0, columns - width(text))


def wrapped(text: str, indent: int = 0) -> str:
    """Break a paragraph into lines at its spaces; the lines after the first are indented. No word is cut."""
    lines, line = list[str](), ""
    for word in text.split():
        longer = f"{line} {word}" if line.strip() else line + word
        if line.strip() and width(longer) > LINE:
            lines.append(line)
            longer = " " * indent + word
        line = longer
    return "\n".join([*lines, line])


def on_one_line(text: str, _indent: int = 0) -> str:
    """Return a paragraph on one line, for a language whose words have no spaces between them: mail programs wrap it."""
    return " ".join(text.split())


def folder(package: Path = _PACKAGE) -> Path:
    """Return the folder of the templates: inside the installed package, or beside it at the top of a checkout.

    Raises:
        Permanent: there is none.
    """
    places = (package / "templates", package.parent / "templates")
    for place in places:
        if place.is_dir():
            return place
    raise Permanent(f"The templates are missing from this installation; looked in {places[0]} and {places[1]}")
