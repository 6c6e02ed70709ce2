"""Letters take whatever name a team bears: in HTML it is text, in both languages, whoever's name it is."""

from __future__ import annotations

import email
from datetime import timedelta
from email.policy import default
from typing import TYPE_CHECKING

import pytest

from mailbot.board import build
from mailbot.instants import Phase
from mailbot.languages import LANGUAGES
from mailbot.letters.letter import Addressee, Letters
from mailbot.letters.places import places
from mailbot.model import Team
from tests.unit.boards import AS_OF, SHANGHAI, rules, standing
from tests.unit.services import Clock, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.reply import Outgoing

HOSTILE = ("<img src=x onerror=alert(1)> 100%s", "A&B %(rank)s <b>", "“quoted\" 'name'")


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Letters]:
    """Return what writes letters of a contest."""
    with served(tmp_path_factory.mktemp("letters"), Clock()) as wired:
        yield Letters(challenge=wired.challenge, zone=SHANGHAI)


def _rich(letter: Outgoing) -> str:
    body = email.message_from_bytes(letter.message, policy=default).get_body(("html",))
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_inert(letters: Letters, name: str, language: str) -> None:
    """The reader's own, and that of the team above or below."""
    boards = [
        build([standing(name, "siqa-s", 80 + n), standing("Other", "siqa-s", 60)], rules(), AS_OF - timedelta(weeks=n))
        for n in (1, 0)
    ]
    for reader in (name, "Other"):
        team = Team(id=1, name=reader, addresses=("a@example.org",))
        addressee = Addressee(team=team, recipient="a@example.org", allowances={}, language=language)
        html = _rich(letters.standing(addressee, places(boards[1], boards)[reader], boards[1], key="k", now=AS_OF))
        phase = Phase(name=name, opens=None, closes=AS_OF + timedelta(days=1))
        html += _rich(letters.reminder(addressee, phase, key="k", now=AS_OF))
        assert "<img src=x" not in html
        assert "<b>" not in html
        assert "&amp;lt;" not in html
        assert f'href="mailto:{letters.challenge.address}"' in html
