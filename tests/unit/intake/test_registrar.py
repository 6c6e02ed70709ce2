"""Registration by mail: asked back, confirmed by a code, welcomed; members come and go on the leader's word."""

from __future__ import annotations

import email
import re
from email.message import EmailMessage
from email.policy import SMTP, default
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.flow import opened as service_of
from mailbot.identity import confirmation
from mailbot.ledger import daybook, events, outbox, teams
from mailbot.model import Outcome, Team
from mailbot.operations import rebuild
from tests.unit.services import ADA, NOW, Clock, keyed, served, submission, take

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.service import Service

ZOE, YI = "zoe@new.example", "yi@new.example"
BY_MAIL: dict[str, Any] = {"registration": {"by_mail": True}}


def _mail(subject: str, text: str = "", *, sender: str = ZOE, **fields: str) -> bytes:
    """Write a mail without a file."""
    mail = EmailMessage(policy=SMTP)
    for name, value in (
        {"From": sender, "Subject": subject, "Message-ID": f"<{abs(hash((subject, text)))}@x>"} | fields
    ).items():
        mail[name] = value
    mail.set_content(text)
    return mail.as_bytes()


def _sent(service: Service) -> list[tuple[str, str, str]]:
    """Return recipient, subject and text of all that was queued."""
    with service.ledger.read() as tx:
        rows = outbox.listing(tx)
    read = [email.message_from_bytes(row.message, policy=default) for row in rows]
    return [(m["To"], m["Subject"], m.get_body(("plain",)).get_content()) for m in read]  # type: ignore[union-attr]  # each has one


def _team(service: Service, address: str) -> Team | None:
    with service.ledger.read() as tx:
        return teams.by_address(tx, [address]).get(address)


def _register(service: Service, name: str = "Newcomers", text: str = f"with {YI}\n") -> str:
    """Ask for a registration and return the subject of the question."""
    assert take(service, _mail(f"[SIQA Registration] {name}", text)).outcome is Outcome.HELD
    to, subject, _ = _sent(service)[-1]
    assert to == ZOE
    return subject


def _confirm(service: Service, subject: str, *, sender: str = ZOE, **fields: str) -> Outcome | None:
    return take(service, _mail(f"Re: {subject}", "confirm\n", sender=sender, **fields)).outcome


def test_a_whole_registration(tmp_path: Path) -> None:
    """Asked back, confirmed, welcomed with the key; the member is asked, joins, and then its submission counts."""
    with served(tmp_path, Clock(), **BY_MAIL) as service:
        subject = _register(service)
        assert _team(service, ZOE) is None
        assert _confirm(service, subject) is Outcome.CONFIRMED
        team = _team(service, ZOE)
        assert team is not None
        assert (team.name, team.addresses) == ("Newcomers", (ZOE,))
        recipients = [to for to, _, _ in _sent(service)]
        assert recipients == [ZOE, YI, ZOE]
        welcome = _sent(service)[-1][2]
        assert re.search(r"mbk[a-z2-7]{26}", welcome)
        assert take(service, submission(sender=YI)).outcome is Outcome.UNKNOWN_SENDER
        invitation = _sent(service)[1]
        assert re.fullmatch(r"Invitation to a team \[T-\d{6} [0-9a-f]{32}\]", invitation[1])
        assert take(service, _mail(f"Re: {invitation[1]}", "confirm\n", sender=YI)).outcome is Outcome.MEMBERS
        assert YI in _sent(service)[-1][2]
        assert take(service, submission("Mine", sender=YI)).outcome is Outcome.SCORED


def test_a_code_holds_once(tmp_path: Path) -> None:
    """The same reply again registers nobody again."""
    with served(tmp_path, Clock(), **BY_MAIL) as service:
        subject = _register(service)
        _confirm(service, subject)
        assert _confirm(service, subject, **{"Message-ID": "<again@x>"}) is Outcome.NOT_CONFIRMED


CONFIRMS_NOT = {
    "late": ({}, 72),
    "another-address": ({"sender": "mallory@x.example"}, 0),
    "automatic": ({"Auto-Submitted": "auto-replied"}, 0),
}


@pytest.mark.parametrize("case", CONFIRMS_NOT)
def test_what_registers_nobody(tmp_path: Path, case: str) -> None:
    """A code that has expired, one in a mail of another address, and an automatic mail."""
    fields, hours = CONFIRMS_NOT[case]
    clock = Clock()
    with served(tmp_path, clock, **BY_MAIL) as service:
        subject = _register(service)
        clock.forward(hours=hours)
        assert _confirm(service, subject, **fields) in (Outcome.NOT_CONFIRMED, Outcome.AUTOMATIC)
        assert _team(service, ZOE) is None


def test_a_forged_code_registers_nobody(tmp_path: Path) -> None:
    """The code is an HMAC with a secret of the state folder."""
    with served(tmp_path, Clock(), **BY_MAIL) as service:
        subject = re.sub(r"[0-9a-f]{32}", "0" * 32, _register(service))
        assert _confirm(service, subject) is Outcome.NOT_CONFIRMED
        assert _team(service, ZOE) is None


def test_an_address_is_asked_once_a_day(tmp_path: Path) -> None:
    """Forged registrations do not fill anybody's mailbox."""
    with served(tmp_path, Clock(), **BY_MAIL) as service:
        for number in range(3):
            take(service, _mail(f"[SIQA Registration] Team {number}"))
        assert len([to for to, _, _ in _sent(service) if to == ZOE]) == 1


REFUSED = {
    "look-alike": ("Рixel Рeepers", "", "looks like the name of another team"),  # noqa: RUF001  # look-alikes
    "taken": ("pixel peepers", "", "is registered already"),
    "formula": ("=1+1", "", "for a formula"),
    "empty": ("", "", "it is empty"),
    "many": ("Newcomers", " ".join(f"m{n}@x.example" for n in range(11)), "more than 10 addresses"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_registration_that_cannot_be_is_answered_with_the_reason(tmp_path: Path, case: str) -> None:
    """The sender learns why, and how to fix it."""
    name, text, why = REFUSED[case]
    with served(tmp_path, Clock(), **BY_MAIL) as service:
        assert take(service, _mail(f"[SIQA Registration] {name}", text)).outcome is Outcome.NOT_REGISTERED
        ((to, _, told),) = _sent(service)
    assert to == ZOE
    assert why in " ".join(told.split())


UNTRANSLATED = re.compile(r"[a-z]+ [a-z]+ [a-z]+")


@pytest.mark.parametrize("case", [case for case in REFUSED if case != "empty"])
def test_the_reason_is_told_in_the_language_of_the_mail(tmp_path: Path, case: str) -> None:
    """All of it."""
    name, text, _ = REFUSED[case]
    with served(tmp_path, Clock(), **BY_MAIL) as service:
        mail = _mail(f"[SIQA 报名] {name}", f"您好，请为我们报名参加本次挑战赛，谢谢！{text}")  # noqa: RUF001  # the stops of Chinese
        assert take(service, mail).outcome is Outcome.NOT_REGISTERED
        ((_, _, told),) = _sent(service)
    assert told.startswith("您的请求未能执行。")
    assert UNTRANSLATED.findall(told.partition("-- ")[0]) == []


def test_a_registration_in_chinese_is_asked_and_welcomed_in_chinese(tmp_path: Path) -> None:
    """Question, note and welcome."""
    with served(tmp_path, Clock(), **BY_MAIL) as service:
        take(service, _mail("[SIQA 报名] 新人队", f"请为我们报名，另一位队员的邮箱是{YI}。谢谢！"))  # noqa: RUF001  # the stops of Chinese
        (_, subject, asked) = _sent(service)[-1]
        assert subject.startswith("请回复")
        assert "确认" in asked
        take(service, _mail(f"Re: {subject}", "确认\n"))
        note, welcome = _sent(service)[1:]
        assert note[1].startswith("加入参赛队的邀请 [T-")
        assert welcome[2].startswith("欢迎参加 SIQA")
        for text in (asked, note[2], welcome[2]):
            told = re.sub(r"Scientific Image.*\s+.*\(SIQA\)|the mean of .*|members (?:add|remove) name@", "", text)
            assert UNTRANSLATED.findall(told) == []


def test_registration_closes_at_an_instant(tmp_path: Path) -> None:
    """What arrives then hears a polite no; what arrived before may still be confirmed."""
    closing: dict[str, Any] = {"registration": {"by_mail": True, "closes": NOW.replace(hour=9)}}
    with served(tmp_path, Clock(), **closing) as service:
        subject = _register(service)
        late = take(service, _mail("[SIQA Registration] Late", sender="l@l.example"), arrived_at=NOW.replace(hour=9))
        assert late.outcome is Outcome.NOT_REGISTERED
        assert "registration is closed" in _sent(service)[-1][2]
        _confirm(service, subject)
        assert _team(service, ZOE) is not None


def test_without_the_switch_a_registration_is_a_strangers_mail(tmp_path: Path) -> None:
    """Nobody hears anything."""
    with served(tmp_path, Clock()) as service:
        assert take(service, _mail("[SIQA Registration] Newcomers")).outcome is Outcome.UNKNOWN_SENDER
        assert _sent(service) == []


def test_the_leader_adds_and_removes_members(tmp_path: Path) -> None:
    """A new address is asked, and its mails count while it is on the team; it is not asked again at once."""
    with served(tmp_path, Clock()) as service:
        added = keyed(service, _mail("members add bea@peepers.example", sender=ADA))
        assert take(service, added).outcome is Outcome.MEMBERS
        assert [to for to, _, _ in _sent(service)] == ["bea@peepers.example", ADA]
        assert _team(service, "bea@peepers.example") is None
        assert "Asked by mail" in _sent(service)[-1][2]
        _join(service, "bea@peepers.example")
        assert take(service, submission(sender="bea@peepers.example")).outcome is Outcome.SCORED
        take(service, keyed(service, _mail("x", "members remove bea@peepers.example", sender=ADA)))
        assert _team(service, "bea@peepers.example") is None
        take(service, keyed(service, _mail("members add bea@peepers.example", "again", sender=ADA)))
        written = [to for to, _, _ in _sent(service)].count("bea@peepers.example")
        assert written == 3  # an invitation, the answer to its confirmation, a receipt
        assert "Not asked now" in _sent(service)[-1][2]


def test_a_member_leaves_by_mail(tmp_path: Path) -> None:
    """With proof; the leader cannot, and an invitation that was taken back holds no more."""
    with served(tmp_path, Clock()) as service:
        with service.ledger.write("test") as tx:
            teams.add(tx, "Pixel Peepers", ["bea@peepers.example"], NOW)
        assert take(service, _mail("leave", sender="bea@peepers.example")).outcome is Outcome.HELD
        assert take(service, keyed(service, _mail("退出团队", sender="bea@peepers.example"))).outcome is Outcome.MEMBERS
        assert _team(service, "bea@peepers.example") is None
        assert take(service, keyed(service, _mail("leave", sender=ADA))).outcome is Outcome.NOT_REGISTERED
        take(service, keyed(service, _mail(f"members add {YI}", sender=ADA)))
        take(service, keyed(service, _mail(f"members remove {YI}", sender=ADA)))
        _join(service, YI)
        assert _team(service, YI) is None


def test_an_organizer_approves_where_the_config_says_so(tmp_path: Path) -> None:
    """Sender and organizers are told once that it waits; nobody is registered before an organizer says so."""
    with served(tmp_path, Clock(), registration={"by_mail": True, "approve": True}) as service:
        subject = _register(service)
        for number in range(2):
            _confirm(service, subject, **{"Message-ID": f"<{number}@x>"})
        assert _team(service, ZOE) is None
        told = [(to, text) for to, subject, text in _sent(service) if subject == "A registration waits for approval"]
        assert [to for to, _ in told] == [ZOE, "chair@siqa.example"]
        assert "mailbot mails approve M-000001" in told[1][1]
        with service.ledger.write("approve") as tx:
            assert confirmation.approve(tx, 1, why="we know them", now=NOW)
        assert service.intake.step()
        assert _team(service, ZOE) is not None
        assert "Welcome" in _sent(service)[-1][2]


def _join(service: Service, address: str) -> None:
    """Answer the last invitation of an address."""
    subject = [subject for to, subject, _ in _sent(service) if to == address and "[T-" in subject][-1]
    take(service, _mail(f"Re: {subject}", "confirm\n", sender=address))


MEMBERS_NOT = {
    "not-the-leader": ("bea@peepers.example", "members remove ada@peepers.example", "only the team's leader"),
    "another-teams": (ADA, "members add carl@muenster.example", "on a team already"),
    "a-stranger": (ADA, "members remove nobody@x.example", "is not on your team"),
    "the-leader": (ADA, "members remove ada@peepers.example", "you are the leader"),
}


@pytest.mark.parametrize("case", MEMBERS_NOT)
def test_why_members_cannot_be_changed_is_told_in_chinese(tmp_path: Path, case: str) -> None:
    """A word of Chinese beside the command is enough."""
    sender, subject, _ = MEMBERS_NOT[case]
    with served(tmp_path, Clock()) as service:
        with service.ledger.write("test") as tx:
            teams.add(tx, "Pixel Peepers", ["bea@peepers.example"], NOW)
        take(service, keyed(service, _mail(subject, "谢谢", sender=sender)))
        told = _sent(service)[-1][2]
    assert told.startswith("您的请求未能执行。")
    assert UNTRANSLATED.findall(told.partition("-- ")[0]) == []


@pytest.mark.parametrize("subject", ["members", "members add", "Members remove Bea", "成员"])
def test_members_without_an_address_is_answered_with_help(tmp_path: Path, subject: str) -> None:
    """It shows how to write it."""
    with served(tmp_path, Clock()) as service:
        assert take(service, _mail(subject, sender=ADA)).outcome is Outcome.COMMAND
        assert "members add " in _sent(service)[-1][2]


@pytest.mark.parametrize("case", MEMBERS_NOT)
def test_members_that_cannot_be_changed(tmp_path: Path, case: str) -> None:
    """The sender is told why."""
    sender, subject, why = MEMBERS_NOT[case]
    with served(tmp_path, Clock()) as service:
        with service.ledger.write("test") as tx:
            teams.add(tx, "Pixel Peepers", ["bea@peepers.example"], NOW)
        assert take(service, keyed(service, _mail(subject, sender=sender))).outcome is Outcome.NOT_REGISTERED
        assert why in " ".join(_sent(service)[-1][2].split())
        team = _team(service, ADA)
        assert team is not None
        assert team.addresses == (ADA, "bea@peepers.example")


@pytest.mark.parametrize("word", ["confirm", "Yes, confirmed.", "确认"])
def test_a_team_of_the_file_confirms(tmp_path: Path, word: str) -> None:
    """It is asked, confirms with the word under the question's subject, is welcomed, and may submit."""
    with served(tmp_path, Clock(), registration={"confirm": True}) as service:
        service.sync.run()
        asked = next(subject for to, subject, _ in _sent(service) if to == ADA)
        assert take(service, _mail(f"Re: {asked}", word, sender=ADA)).outcome is Outcome.REGISTERED
        assert "Welcome" in _sent(service)[-1][2].splitlines()[0]
        assert take(service, submission()).outcome is Outcome.SCORED


def test_another_teams_code_confirms_nothing(tmp_path: Path) -> None:
    """Nor a code that somebody made up."""
    with served(tmp_path, Clock(), registration={"confirm": True}) as service:
        service.sync.run()
        asked = next(subject for to, subject, _ in _sent(service) if to == "carl@muenster.example")
        for subject in (asked, re.sub(r"[0-9a-f]{32}", "0" * 32, asked)):
            assert take(service, _mail(f"Re: {subject}", "confirm", sender=ADA)).outcome is Outcome.NOT_CONFIRMED
        team = _team(service, ADA)
        assert team is not None
        assert team.unconfirmed


def test_a_team_that_confirms_without_a_code_is_asked_and_welcomed(tmp_path: Path) -> None:
    """Again without a second key; not in a thread, where the word may answer a question about a mail."""
    with served(tmp_path, Clock()) as service:
        for number, keys in enumerate((1, 0)):
            mail = _mail("confirm", sender=ADA, **{"Message-ID": f"<{number}@x>"})
            assert take(service, mail).outcome is Outcome.HELD
            _confirm(service, _sent(service)[-1][1], sender=ADA, **{"Message-ID": f"<answer{number}@x>"})
            text = _sent(service)[-1][2]
            assert "Welcome" in text
            assert len(set(re.findall(r"mbk[a-z2-7]{26}", text))) == keys
        mail = _mail("Re: confirm", "confirm", sender=ADA, **{"In-Reply-To": "<other@x>", "References": "<other@x>"})
        assert take(service, mail).outcome is Outcome.NO_SUBMISSION


def test_a_submission_of_an_unconfirmed_team_waits(tmp_path: Path) -> None:
    """It is held, and the answer to the question confirms both: the mail and the team."""
    with served(tmp_path, Clock(), registration={"confirm": True}) as service:
        assert take(service, submission()).outcome is Outcome.HELD
        subject = _sent(service)[-1][1]
        assert _confirm(service, subject, sender=ADA) is Outcome.CONFIRMED
        team = _team(service, ADA)
        assert team is not None
        assert not team.unconfirmed
        assert "accepted" in _sent(service)[-1][2].splitlines()[0]


def test_a_rebuilt_ledger_has_the_same_roster(tmp_path: Path) -> None:
    """Who registered, joined and left by mail comes back from the spool and the daybook, with the same key."""
    with served(tmp_path, Clock(), **BY_MAIL) as service:
        _confirm(service, _register(service))
        _join(service, YI)
        assert _team(service, YI) is not None
        take(service, keyed(service, _mail(f"members remove {YI}"), "Newcomers"))
        assert take(service, _mail("members add xu@new.example")).outcome is Outcome.HELD
        _confirm(service, _sent(service)[-1][1])
        _join(service, "xu@new.example")
        daybook.catch_up(service.ledger, service.config.state)
        before = _roster(service)
        config = service.config
    (tmp_path / "state" / "ledger.db").rename(tmp_path / "lost.db")
    rebuild.rebuild(config, from_mailbox=False)
    with service_of(config, clock=Clock()) as again:
        assert _roster(again) == before
        assert before[1][0].addresses == (ZOE, "xu@new.example")


def _roster(service: Service) -> tuple[list[str], list[Team], list[bytes]]:
    """Return the trail, the teams by name from Newcomers on, and what was written to Zoe."""
    with service.ledger.read() as tx:
        trail = [entry.hash for entry in events.since(tx, 0) if entry.kind not in {"health", "mailbox-begun"}]
        known = [team for team in teams.everyone(tx) if team.name == "Newcomers"]
        return trail, known, [row.message for row in outbox.listing(tx) if row.recipient == ZOE]
