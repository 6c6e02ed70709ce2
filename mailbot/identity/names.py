"""Check team names: no two alike, and nothing harmful in a mail, a sheet or a page.

One place for every source of names: the roster file, the form's sheet, mails and commands. Names are compared as
Unicode does it for identifiers: by their skeletons (UTS 39, section 4), so that a Cyrillic letter in the place of a
Latin one makes no second team.
"""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from mailbot.model import name_key
from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mailbot.config.schema import Config

LONGEST_NAME = 80
"""Characters of a name."""

MOST_MARKS = 2
"""So many combining marks may follow one another: Vietnamese needs two, a tower of them covers the lines above."""

FORMULA = "=+-@"
"""What begins a formula in spreadsheets (OWASP, "CSV Injection")."""

BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that show nothing: Hangul fillers, the empty Braille cell."""

IGNORABLE = re.compile(
    "[\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\u3164"
    "\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufff8\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff]"
)
"""Code points that a display may leave out (Default_Ignorable_Code_Point of Unicode 16, DerivedCoreProperties.txt)."""

FAINT = frozenset({"Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Sk"})
"""Kinds of characters that tell no two names apart: strokes, dashes, brackets, quotation marks."""

FAINT_STOPS = frozenset("\"'`´.,:;!?*/\\·•‧・…¡¿、。|~^¦⁄§¶†‡※\ufffc\ufffd")  # noqa: RUF001  # each as a name may have it
"""Stops that tell no two names apart either; ``+``, ``#``, ``&``, ``%`` and ``@`` do, as in C++."""

SIGNS = re.compile("[\u00a9\u00ae\u00b2\u00b3\u00b9\u2120\u2122\u2190-\u27bf]+")
"""Signs that somebody puts beside a name: trade marks, numbers of notes, arrows, ticks and stars; emojis count."""

LOOSE = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+")
"""Marks that no letter is written with, where they stand alone after composition: a line below, a circle around."""


def tidy(given: str) -> str:
    """Return a name with its white space squeezed. Raises ValueError with the reason and how to fix it."""
    shown = printable(given, LONGEST_NAME)
    fault = _fault(shown, " ".join(unicodedata.normalize("NFC", given).split()))
    if fault:
        message = f"{shown!r} is not a team name: {fault}"
        raise ValueError(message)
    return shown


def _fault(shown: str, name: str) -> str | None:
    """Say what is wrong with a name by itself; ``shown`` is what became of it when it was made printable."""
    plain = unicodedata.normalize("NFKC", name)
    first = plain[:1]
    found = (
        (not name, "it is empty; write one"),
        (len(name) > LONGEST_NAME, f"it has more than {LONGEST_NAME} characters; shorten it"),
        (
            shown != name or not BLANK.isdisjoint(name) or IGNORABLE.search(name) is not None,
            "it contains invisible characters; type it again, with letters and digits",
        ),
        (
            first in tuple(FORMULA),
            f"spreadsheets take what begins with {first!r} for a formula; begin it with a letter or a digit",
        ),
        (not any(char.isalnum() for char in plain), "it has no letter and no digit; add one"),
        (_marks(name) > MOST_MARKS, "one letter has too many accents; remove some"),
    )
    return next((why for bad, why in found if bad), None)


def _marks(name: str) -> int:
    """Count the longest run of combining marks."""
    longest = run = 0
    for char in name:
        run = run + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        longest = max(longest, run)
    return longest


class Names:
    """The names that are taken. A name that is one of them, but for case and width, is that very team."""

    def __init__(self, taken: Iterable[str], reserved: Reserved | None = None) -> None:
        """Take the names of the registered teams, and what no new one may be called."""
        self._reserved = reserved
        self._keys: set[str] = set()
        self._looks: dict[str, str] = {}
        for name in taken:
            self.add(name)

    def add(self, name: str) -> None:
        """Take one more name."""
        self._keys.add(name_key(name))
        for look in looks(name):
            self._looks.setdefault(look, name)

    def fault(self, name: str) -> str | None:
        """Say whose name a new one cannot be told from, and the fix; None for one that is fine, or is that team's."""
        if name_key(name) in self._keys:
            return None
        if self._reserved is not None and self._reserved.takes(name):
            return "it could be taken for the organizers' own; choose another"
        other = next((self._looks[look] for look in looks(name) if look in self._looks), None)
        if other is None:
            return None
        return f"it looks like the name of another team, {other!r}; choose one that can be told from it"


FILLERS = frozenset({"a", "for", "of", "team", "the"})
"""Words that tell no two names apart where names are reserved."""

EVENT = frozenset({"challenge", "competition", "contest", "results", "track", "挑战赛", "竞赛", "比赛"})
"""Words that make no name of a team's out of the challenge's own; nor does a year."""


@dataclass(frozen=True, kw_only=True)
class Reserved:
    """Names that readers would take for the organizers' own: the challenge's, and words for those who run it."""

    #: Skeletons, without white space.
    words: frozenset[str]
    own: frozenset[str]

    @classmethod
    def of(cls, config: Config) -> Reserved:
        """Take the words of the config, and the names of its challenge and tracks."""
        own = (config.challenge.name, config.challenge.short_name, *config.tracks)
        return cls(words=_joined(tuple(config.registration.reserved)), own=_joined(own))

    def takes(self, name: str) -> bool:
        """Whether a name is the challenge's, a reserved word, or made of such alone: ``The SIQA organizers``."""
        told = [word for word in _words(name) if word.plain not in EVENT and not word.plain.isdecimal()]
        return any(
            self._takes([word.looks[form] for word in words]) for words in (_words(name), told) for form in (0, 1)
        )

    def _takes(self, words: list[str]) -> bool:
        whole = "".join(words)
        rest = {whole.removeprefix(own) for own in self.own} | {whole.removesuffix(own) for own in self.own}
        return bool(words) and (not rest.isdisjoint(self.words | {""}) or (self.words | self.own).issuperset(words))


class _Word(NamedTuple):
    """A word of a name."""

    #: In small letters.
    plain: str
    #: How it looks in small letters, and as written.
    looks: tuple[str, str]


@lru_cache(maxsize=16)
def _joined(texts: tuple[str, ...]) -> frozenset[str]:
    """Return how texts look, each without what stands between its words. They stand in a config, and stay the same."""
    return frozenset("".join(word.looks[form] for word in _words(text)) for text in texts for form in (0, 1)) - {""}


_LETTERS = re.compile(r"(?<!\w)(\w)\.(?=\w(?!\w))")


def _words(text: str) -> list[_Word]:
    """Return the words of a text without fillers; single letters with stops between them are one, as ``S.I.Q.A.``."""
    plain = _LETTERS.sub(r"\1", _plain(text))
    found = [word for word in re.findall(r"\w+", plain) if word.casefold() not in FILLERS]
    looks_small = {word: _skeleton(word.casefold()) for word in found}
    return [_Word(word.casefold(), (looks_small[word], _skeleton(_skeleton(word).casefold()))) for word in found]


def looks(name: str) -> tuple[str, str]:
    """Return the forms of a name that no other team's may share: how it looks in small letters, and as written."""
    plain = _without_faint(_plain(name))
    return (f"small {_skeleton(plain.casefold())}", f"written {_skeleton(_skeleton(plain).casefold())}")


def _plain(text: str) -> str:
    """Return a text without what a display may leave out, and without marks that make no letter."""
    shown = unicodedata.normalize("NFKC", SIGNS.sub("", IGNORABLE.sub("", text)))
    return "".join(map(_small_capital, LOOSE.sub("", shown)))


def _small_capital(char: str) -> str:
    """Return a capital for a small one, which the list of look-alikes does not have."""
    _, is_one, letter = unicodedata.name(char, "").partition("LATIN LETTER SMALL CAPITAL ")
    return letter.lower() if is_one and len(letter) == 1 else char


def _without_faint(plain: str) -> str:
    """Return a name without the characters that nobody would tell two names by; between digits they count (``1.0``)."""
    kept = []
    for place, char in enumerate(plain):
        is_between = plain[place - 1 : place].isdigit() and plain[place + 1 : place + 2].isdigit()
        if is_between or not (unicodedata.category(char) in FAINT or char in FAINT_STOPS):
            kept.append(char)
    return "".join(kept)


def _skeleton(text: str) -> str:
    """Return a text with each character as its prototype (UTS 39, section 4), without white space."""
    prototypes = _prototypes()
    decomposed = unicodedata.normalize("NFD", text)
    replaced = "".join(prototypes.get(char, char) for char in decomposed)
    return "".join(unicodedata.normalize("NFD", replaced).split())


@cache
def _prototypes() -> dict[str, str]:
    """Return the prototype of each character that can be taken for another."""
    flat = _flat_prototypes().split("\0")
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _flat_prototypes() -> str:
    """Return each character and its prototype, one after the other, with NUL between them.

    The library lists who looks like whom, in both directions. A class is the prototype and all that look like it; the
    prototype is the one with the most neighbours, of two the longer (``m`` looks like ``rn``), else the lesser. The
    list takes ten megabytes; as one text, the answer keeps none of them, and so they are given back.
    """
    from confusable_homoglyphs.utils import load  # noqa: PLC0415  # it brings urllib, and most commands need none of it

    beside = {text: [str(each["c"]) for each in others] for text, others in load("confusables.json").items()}
    found: dict[str, str] = {}
    for text in beside:
        if text not in found:
            alike = _reached(text, beside)
            best = min(alike, key=lambda each: (-len(beside.get(each, ())), -len(each), each))
            found |= dict.fromkeys(alike, best)
    return "\0".join(f"{text}\0{prototype}" for text, prototype in found.items() if len(text) == 1)


def _reached(start: str, beside: dict[str, list[str]]) -> set[str]:
    """Return all that is reached from a character by steps to what looks like it."""
    seen, waiting = {start}, deque([start])
    while waiting:
        new = [each for each in beside.get(waiting.popleft(), ()) if each not in seen]
        seen.update(new)
        waiting.extend(new)
    return seen
