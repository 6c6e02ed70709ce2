"""Mails that a machine wrote, as such machines write them, and mails that only look so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.mails.make.kit import SUBJECT, TO, Case, Expected, attached, case, head, multi, plain, word

if TYPE_CHECKING:
    from collections.abc import Iterator

ID = "<20260303131405.4711@example.org>"
RE = f"Re: {SUBJECT}"
FILE = attached('Content-Type: application/json; name="siqa-s.json"\nContent-Disposition: attachment')


def cases() -> Iterator[Case]:
    """Yield a mail for each machine."""
    yield from _absences()
    yield from _reports()
    yield from _lists()
    yield from _people()


def _said(
    key: str, reason: str | None, *fields: str, subject: str, sender: str = "ann.lee@example.org", **changed: str
) -> Case:
    """Return a short text mail with these fields."""
    mail = (
        head(*fields, subject=subject, sender=sender)
        + "Content-Type: text/plain; charset=utf-8\n\nI am away until Monday.\n"
    )
    for old, new in changed.items():
        mail = mail.replace(f"{old.replace('_', '-')}: <ann.lee@example.org>", f"{old.replace('_', '-')}: {new}")
    senders = (sender.rpartition("<")[2].rstrip(">").lower(),)
    shown = subject if subject.isascii() and "=?" not in subject else SHOWN[key]
    return case(
        f"automatic/{key}",
        mail,
        Expected(senders=senders, subject=shown, text="I am away until Monday.", attachments=(), automatic=reason),
    )


SHOWN = {
    "qq-auto-reply": "自动回复:[SIQA Submission] received",
    "outlook-german-without-header": "Automatische Antwort: Ergebnisse für März",
    "japanese": "自動返信: 受領",
    "korean": "[자동응답] 부재중입니다",
    "french-apostrophe": "Notification d\u2019absence",
}


def _absences() -> Iterator[Case]:
    yield _said(
        "gmail-vacation",
        "auto-replied",
        "Auto-Submitted: auto-replied",
        "Precedence: bulk",
        "X-Autoreply: yes",
        subject=RE,
    )
    yield _said(
        "exchange-oof",
        "out-of-office reply",
        "X-Auto-Response-Suppress: All",
        "auto-submitted: auto-generated",
        "x-ms-exchange-generated-message-source: Mailbox Rules Agent",
        "x-ms-exchange-parent-message-id: <a@b>",
        subject="Automatic reply: received",
        Return_Path="<>",
    )
    yield _said(
        "sieve-vacation",
        "auto-replied",
        "Auto-Submitted: auto-replied (vacation)",
        "X-Sieve: Pigeonhole Sieve 0.5.21",
        subject=f"Auto: {SUBJECT}",
    )
    yield _said(
        "sieve-notify",
        "Auto-Submitted",
        "Auto-Submitted: auto-notified; owner-email=ann@example.org",
        subject="New mail",
    )
    yield _said(
        "cpanel-autoresponder", "auto-reply field", "X-Autorespond: yes", "X-Loop: ann.lee@example.org", subject=RE
    )
    yield _said(
        "zimbra", "auto-replied", "Auto-Submitted: auto-replied (zimbra; vacation)", "Precedence: bulk", subject=RE
    )
    yield _said("precedence-any-case", "auto-reply precedence", "PRECEDENCE: Auto_Reply", subject=RE)
    yield _said("qq-auto-reply", "out-of-office subject", subject=word(SHOWN["qq-auto-reply"], "gb18030"))
    yield _said(
        "outlook-german-without-header", "out-of-office subject", subject=word(SHOWN["outlook-german-without-header"])
    )
    yield _said("japanese", "out-of-office subject", subject=word(SHOWN["japanese"], "iso-2022-jp"))
    yield _said("korean", "out-of-office subject", subject=word(SHOWN["korean"], "euc-kr"))
    yield _said("french-apostrophe", "out-of-office subject", subject=word(SHOWN["french-apostrophe"]))
    yield _said("out-of-office-as-answer", "out-of-office subject", subject="Re: [SIQA] Out of the office until Monday")


def _reports() -> Iterator[Case]:
    delivery = multi(
        "report",
        "5C1A07F.1772543661/mx.example.org",
        "Content-Description: Notification\nContent-Type: text/plain; charset=us-ascii\n"
        "\nThis is the mail system at host mx.example.org.\n",
        "Content-Description: Delivery report\nContent-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; mx.example.org\n\n"
        "Final-Recipient: rfc822; ann@example.org\nAction: failed\nStatus: 5.1.1\n",
        "Content-Description: Undelivered Message\n"
        f"Content-Type: message/rfc822\n\nFrom: {TO}\nSubject: received\n\nbody\n",
    ).replace("multipart/report;", "multipart/report; report-type=delivery-status;", 1)
    mail = head(
        "Auto-Submitted: auto-replied",
        sender="MAILER-DAEMON@mx.example.org (Mail Delivery System)",
        subject="Undelivered Mail Returned to Sender",
    ).replace("Return-Path: <ann.lee@example.org>", "Return-Path: <>")
    forwarded = ("forwarded-as-attachment", 1, ("(no name)",))
    yield case(
        "automatic/dsn-postfix",
        mail + delivery,
        Expected(
            senders=("mailer-daemon@mx.example.org",),
            subject="Undelivered Mail Returned to Sender",
            attachments=(),
            text="This is the mail system at host mx.example.org.",
            automatic="delivery or read report",
            faults=(forwarded,),
        ),
    )
    receipt = multi(
        "report",
        "----mdn",
        "Content-Type: text/plain\n\nYour message was read.\n",
        "Content-Type: message/disposition-notification\n\nFinal-Recipient: rfc822;ann.lee@example.org\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\n",
    ).replace("multipart/report;", "Multipart/Report; report-type=disposition-notification;", 1)
    yield case(
        "automatic/mdn",
        head(subject="Read: received") + receipt,
        Expected(
            subject="Read: received", text="Your message was read.", attachments=(), automatic="delivery or read report"
        ),
    )
    yield _said(
        "bounce-without-report", "machine address", subject="failure notice", sender="MAILER-DAEMON@example.net"
    )


def _lists() -> Iterator[Case]:
    for key, field in (
        ("list-id", "List-Id: IQA <iqa.lists.example.org>"),
        ("newsletter", "List-Unsubscribe: <mailto:off@example.org>"),
    ):
        mail = plain(FILE, more=field)
        yield case(f"automatic/{key}", mail, Expected(automatic="mailing list"))
    yield _said("no-reply", "machine address", subject="Your invoice", sender="Shop <No-Reply@example.com>")
    yield _said("list-owner", "machine address", subject="hello", sender="iqa-request@lists.example.org")
    yield _said(
        "our-own", "written by mailbot", "X-Mailbot-Loop: siqa", "Auto-Submitted: auto-replied", subject=RE, sender=TO
    )


def _people() -> Iterator[Case]:
    suppress = plain(FILE, more="X-Auto-Response-Suppress: All\nAuto-Submitted: no\nX-Mailer: Microsoft Outlook 16.0")
    yield case("automatic/not-exchange-suppress", suppress, Expected())
    subject = "Automatic answers: results of our OOO model"
    yield case("automatic/not-with-a-file", plain(FILE, subject=subject), Expected(subject=subject))
    yield _said("not-office-in-the-middle", None, subject="Question on images taken out of office hours", ID=ID)
