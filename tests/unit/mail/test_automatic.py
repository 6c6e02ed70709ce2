"""The rules that say which mails are never answered, one by one."""
# ruff: noqa: RUF001  # subjects are written with the letters of their languages

from __future__ import annotations

import pytest

from mailbot.mail.automatic import LOOP_HEADER, is_absence, why_automatic
from mailbot.mail.mime.headers import read_headers


def reason(fields: str, *, has_attachment: bool = False) -> str | None:
    """Return why a mail with these fields is automatic."""
    return why_automatic(read_headers(fields.encode()), has_attachment=has_attachment)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (f"{LOOP_HEADER}: siqa", "written by mailbot"),
        ("content-type: Multipart/Report; boundary=x", "delivery or read report"),
        ("Return-Path: <>", "empty return path"),
        ("Return-Path: < >", "empty return path"),
        ("AUTO-SUBMITTED: auto-generated", "Auto-Submitted"),
        ("Auto-Submitted: Yes", "Auto-Submitted"),
        ("Auto-Submitted: no\nAuto-Submitted: auto-replied", "Auto-Submitted"),
        ("list-post: <mailto:l@example.org>", "mailing list"),
        ("precedence: BULK", "bulk mail"),
        ("X-Precedence: junk", "bulk mail"),
        ("X-AutoReply-From: ann@example.org", "auto-reply field"),
        ("Feedback-ID: 1:2:3:esp", "auto-reply field"),
        ("From: a@b.example\nReturn-Path: <bounces+7=a@esp.example>", "machine address"),
        ("From: Do_Not_Reply@example.org", "machine address"),
        ("From: updates-noreply@example.org", "machine address"),
        ("From: MAILER-DAEMON", None),  # no address: nobody to answer
        ("From: root@example.org", "machine address"),
        ("From: rooter@example.org", None),  # a person
        ("From: noreplyson@example.org", None),  # a person
        ("Auto-Submitted: no", None),
        ("Auto-Submitted:", None),
        ("Precedence: first-class", None),
        ("X-Auto-Response-Suppress: All", None),  # Exchange puts it on what people write
        ("Subject: [SIQA Submission] Lab - Model\nReturn-Path: <ann@example.org>", None),
    ],
)
def test_rule(fields: str, expected: str | None) -> None:
    """A field that a machine writes gives its reason, whatever its case; what people write gives none."""
    assert reason(fields) == expected


def test_first_reason_counts() -> None:
    """Our own mark comes before every other reason, so that a loop is seen as one."""
    assert reason(f"Return-Path: <>\nList-Id: x\n{LOOP_HEADER}: siqa") == "written by mailbot"


def test_file_outweighs_only_the_subject() -> None:
    """A result file makes an out-of-office subject harmless, but no header of a machine."""
    assert reason("Subject: Out of office", has_attachment=True) is None
    assert reason("Subject: Out of office") == "out-of-office subject"
    assert reason("Auto-Submitted: auto-replied", has_attachment=True) == "Auto-Submitted"


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
