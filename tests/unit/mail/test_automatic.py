"""The rules that say which mails are never answered, one by one."""
# ruff: noqa: RUF001  # subjects are written with the letters of their languages

from __future__ import annotations

import pytest

from mailbot.mail.automatic import LOOP_HEADER, is_absence, looks_automatic
from mailbot.mail.mime.headers import read_headers
from mailbot.mail.model import Sign


def look(fields: str, *, has_attachment: bool = False) -> tuple[str, str] | None:
    """Return how certain it is that a machine wrote a mail with these fields, and why."""
    return looks_automatic(read_headers(fields.encode()), has_attachment=has_attachment)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (f"{LOOP_HEADER}: siqa", (Sign.LOOP, "written by mailbot")),
        ("content-type: Multipart/Report; boundary=x", (Sign.REPORT, "delivery or read report")),
        ("From: a@b.example\nX-Failed-Recipients: c@d.example", (Sign.REPORT, "bounce")),
        ("From: MAILER-DAEMON@b.example\nReturn-Path: <>", (Sign.REPORT, "bounce")),
        ("Auto-Submitted: auto-replied (vacation)", (Sign.REPLY, "auto-replied")),
        ("Auto-Submitted: no\nAuto-Submitted: auto-replied", (Sign.REPLY, "auto-replied")),
        ("X-AutoReply-From: ann@example.org", (Sign.REPLY, "auto-reply field")),
        ("Precedence: auto_reply", (Sign.REPLY, "auto-reply precedence")),
        ("Return-Path: <>", (Sign.WEAK, "empty return path")),
        ("Return-Path: < >", (Sign.WEAK, "empty return path")),
        ("AUTO-SUBMITTED: auto-generated", (Sign.WEAK, "Auto-Submitted")),
        ("Auto-Submitted: Yes", (Sign.WEAK, "Auto-Submitted")),
        ("list-post: <mailto:l@example.org>", (Sign.WEAK, "mailing list")),
        ("List-Unsubscribe: <mailto:stop@example.org>", (Sign.WEAK, "mailing list")),
        ("precedence: BULK", (Sign.WEAK, "bulk mail")),
        ("X-Precedence: junk", (Sign.WEAK, "bulk mail")),
        ("Feedback-ID: 1:2:3:esp", (Sign.WEAK, "field of a mail service")),
        ("X-Loop: list@example.org", (Sign.WEAK, "field of a mail service")),
        ("From: a@b.example\nReturn-Path: <bounces+7=a@esp.example>", (Sign.WEAK, "machine address")),
        ("From: a@b.example\nReturn-Path: <bounces+SRS=x=y@m365.example>", (Sign.WEAK, "machine address")),
        ("From: Do_Not_Reply@example.org", (Sign.WEAK, "machine address")),
        ("From: updates-noreply@example.org", (Sign.WEAK, "machine address")),
        ("From: MAILER-DAEMON", None),  # no address: nobody to answer
        ("From: root@example.org", (Sign.WEAK, "machine address")),
        ("From: rooter@example.org", None),  # a person
        ("From: noreplyson@example.org", None),  # a person
        ("Auto-Submitted: no", None),
        ("Auto-Submitted:", None),
        ("Precedence: first-class", None),
        ("X-Auto-Response-Suppress: All", None),  # Exchange puts it on what people write
        ("Subject: [SIQA Submission] Lab - Model\nReturn-Path: <ann@example.org>", None),
    ],
)
def test_rule(fields: str, expected: tuple[Sign, str] | None) -> None:
    """A field that machines write gives its reason, whatever its case, and how certain it is."""
    assert look(fields) == expected


def test_strong_signs_come_first() -> None:
    """Our own mark comes before every other sign, so that a loop is seen as one; then what only machines write."""
    assert look(f"Return-Path: <>\nList-Id: x\n{LOOP_HEADER}: siqa") == (Sign.LOOP, "written by mailbot")
    assert look("Feedback-ID: x\nList-Id: x\nAuto-Submitted: auto-replied") == (Sign.REPLY, "auto-replied")


def test_an_absence_is_certain_beside_a_field_of_a_machine() -> None:
    """A subject alone may be a person's; beside an empty return path or Auto-Submitted it is an autoresponder's."""
    assert look("Subject: Absence de r\xc3\xa9ponse pour notre fichier") != (Sign.REPLY, "out-of-office reply")
    assert look("Subject: Out of office") == (Sign.WEAK, "out-of-office subject")
    assert look("Subject: Out of office\nFeedback-ID: x") == (Sign.WEAK, "out-of-office subject")
    assert look("Subject: AUTO: Ann is out of the office\nReturn-Path: <>") == (Sign.REPLY, "out-of-office reply")
    assert look("Subject: Out of office\nAuto-Submitted: auto-generated") == (Sign.REPLY, "out-of-office reply")


def test_a_file_outweighs_the_subject() -> None:
    """A result file makes an out-of-office subject harmless; what the headers say is weighed later."""
    assert look("Subject: Out of office", has_attachment=True) is None
    assert look("Auto-Submitted: auto-replied", has_attachment=True) == (Sign.REPLY, "auto-replied")


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: received",
        "AutoReply: x",
        "Auto-Response: x",
        "Out of Office Re: received",
        "OOO until Monday",
        "I am currently out of the office",
        "Undeliverable: received",
        "Delivery Status Notification (Failure)",
        "Mail delivery failed: returning message to sender",
        "Returned mail: see transcript for details",
        "Read: received",
        "自动回复: 您好",
        "自動回覆：收到",
        "回复：自动回复：您好",
        "系统退信",
        "已读：提交",
        "自動返信: 受領",
        "不在通知",
        "자동 응답: 접수",
        "【자동회신】 접수",
        "Abwesenheitsnotiz",
        "AW: Automatische Antwort: x",
        "Réponse automatique : x",
        "Absence du bureau",
        "Respuesta automática: x",
        "Resposta automática: x",
        "Risposta automatica: x",
        "Automatisch antwoord: x",
        "Autosvar: x",
        "Automatiskt svar: x",
        "Автоматический ответ: x",
        "Otomatik yanıt: x",
        "رد تلقائي: x",
        "*** Auto Reply ***",
    ],
)
def test_absence(subject: str) -> None:
    """An automatic mail is known by how its subject begins, in many languages."""
    assert is_absence(subject)


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "[SIQA Submission] Aurora Lab - AutoIQA",
        "Re: your answer",
        "Question: does an automatic reply count?",
        "Automata Lab submission",
        "提交结果：自动质量评价",
        "Results read by our model",
    ],
)
def test_no_absence(subject: str) -> None:
    """A subject that has such words further on, or others alike, is a person's."""
    assert not is_absence(subject)
