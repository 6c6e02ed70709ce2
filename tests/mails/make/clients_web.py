"""Mails as Western webmail and phone clients write them: the order of their fields, their boundaries."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from tests.mails.make.kit import CSV, JSON, SUBJECT, TO, Case, Expected, File, attached, b64, case, multi

if TYPE_CHECKING:
    from collections.abc import Iterator

HELLO = "Dear organizers,\n\nplease find our results attached.\n\nBest regards,\nAnn"


def cases() -> Iterator[Case]:
    """Yield one mail or two for each client."""
    yield _gmail_web()
    yield _gmail_phone()
    yield _ios()
    yield _roundcube()
    yield _yahoo()
    yield _proton()


def _gmail_web() -> Case:
    html = '<div dir="ltr">Dear organizers,<br><br>please find our results attached.</div>\n'
    both = multi(
        "alternative",
        "000000000000a1b2c1064d2e9f0e",
        f'Content-Type: text/plain; charset="UTF-8"\n\n{HELLO}\n',
        f'Content-Type: text/html; charset="UTF-8"\n\n{html}',
    )
    file = attached(
        'Content-Type: application/json; name="siqa_s.json"\n'
        'Content-Disposition: attachment; filename="siqa_s.json"\n'
        "Content-ID: <f_m7tq0x1a0>\nX-Attachment-Id: f_m7tq0x1a0"
    )
    signature = base64.b64encode(b"no such key" * 20).decode()
    mail = (
        "Return-Path: <ann.lee.iqa@example.com>\n"
        "Received: from mail-ej1-f44.example.com (mail-ej1-f44.example.com [192.0.2.44])\n"
        "        by mx.contest.example (Postfix) with ESMTPS id 5C1A07F\n"
        f"        for <{TO}>; Tue,  3 Mar 2026 13:14:22 +0000 (UTC)\n"
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=20230601; t=1772543661;\n"
        "        h=to:subject:message-id:date:from:mime-version:from:to:cc:subject:date:message-id;\n"
        f"        bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b={signature}\n"
        "MIME-Version: 1.0\n"
        "From: Ann Lee <ann.lee.iqa@example.com>\n"
        "Date: Tue, 3 Mar 2026 14:14:09 +0100\n"
        "X-Gm-Features: AaiRm52kq0\n"
        "Message-ID: <CAF+x9Qm0Zr8=Pb3yT1wKd_uV5@mail.example.com>\n"
        f"Subject: {SUBJECT}\n"
        f"To: {TO}\n" + multi("mixed", "000000000000a1b2c3064d2e9f10", both, file)
    )
    expected = Expected(
        senders=("ann.lee.iqa@example.com",),
        message_id="<CAF+x9Qm0Zr8=Pb3yT1wKd_uV5@mail.example.com>",
        text=HELLO,
        attachments=(File(name="siqa_s.json"),),
    )
    return case("clients/gmail-web", mail, expected)


def _gmail_phone() -> Case:
    both = multi(
        "alternative",
        "000000000000f00d02064d2eb001",
        'Content-Type: text/plain; charset="UTF-8"\n\nAttached.\n\n-- \nSent from my phone\n',
        'Content-Type: text/html; charset="UTF-8"\n\n<div dir="auto">Attached.</div>\n',
    )
    file = attached(
        'Content-Type: text/csv; charset="US-ASCII"; name="pred_s.csv"\n'
        'Content-Disposition: attachment; filename="pred_s.csv"\n'
        "Content-ID: <19552bd1c0a>\nX-Attachment-Id: 19552bd1c0a",
        CSV,
    )
    mail = (
        "MIME-Version: 1.0\n"
        "References: <S-000041.1@contest.example>\n"
        "In-Reply-To: <S-000041.1@contest.example>\n"
        "From: Bo Chen <bo.chen@example.com>\n"
        "Date: Wed, 4 Mar 2026 08:01:12 +0800\n"
        "Message-ID: <CAJz7p0=Xh9q@mail.example.com>\n"
        "Subject: Re: [SIQA Submission] received\n"
        f"To: SIQA <{TO}>\n" + multi("mixed", "000000000000f00d04064d2eb003", both, file)
    )
    expected = Expected(
        senders=("bo.chen@example.com",),
        subject="Re: [SIQA Submission] received",
        message_id="<CAJz7p0=Xh9q@mail.example.com>",
        references=("<S-000041.1@contest.example>",),
        text="Attached.\n\n--\nSent from my phone",
        attachments=(File(name="pred_s.csv", data=CSV, content_type="text/csv"),),
    )
    return case("clients/gmail-android-reply", mail, expected)


def _ios() -> Case:
    file = attached(
        "Content-Type: application/json;\n\tname=siqa-s.json;\n"
        "\tx-apple-part-url=2C0A1F3E-0000-4D2A-8F6B-7A8B9C0D1E2F\n"
        "Content-Disposition: attachment;\n\tfilename=siqa-s.json"
    )
    mail = (
        multi(
            "mixed",
            "Apple-Mail-6D1F0B2A-3C4D-4E5F-8A9B-0C1D2E3F4A5B",
            "Content-Type: text/plain;\n\tcharset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
            "Voil=C3=A0 our results =F0=9F=99=82\n\nSent from my iPhone=\n",
            file,
        )
    ).replace(
        "\n\n",
        "\nContent-Transfer-Encoding: 7bit\nFrom: Elise Martin <elise@example.org>\nMime-Version: 1.0 (1.0)\n"
        "Date: Wed, 11 Mar 2026 07:15:00 +0100\nSubject: =?utf-8?Q?R=C3=A9sultats_SIQA?=\n"
        "Message-Id: <A1B2C3D4-1111-2222-3333-444455556666@example.org>\n"
        f"To: {TO}\nX-Mailer: iPhone Mail (22D82)\n\n",
        1,
    )
    expected = Expected(
        senders=("elise@example.org",),
        subject="Résultats SIQA",
        message_id="<A1B2C3D4-1111-2222-3333-444455556666@example.org>",
        text="Voilà our results 🙂\n\nSent from my iPhone",
    )
    return case("clients/ios-mail", mail, expected)


def _roundcube() -> Case:
    mail = (
        f"MIME-Version: 1.0\nDate: Sat, 14 Mar 2026 12:00:00 +0100\nFrom: Hana Sato <hana@example.org>\nTo: {TO}\n"
        "Subject: SIQA\nUser-Agent: Roundcube Webmail/1.6.9\n"
        "Message-ID: <0f1e2d3c4b5a69788796a5b4c3d2e1f0@example.org>\n"
        "X-Sender: hana@example.org\n"
        + multi(
            "mixed",
            "=_c1c9b3b2a1f0e9d8c7b6a5f4e3d2c1b0",
            "Content-Transfer-Encoding: 7bit\nContent-Type: text/plain; charset=US-ASCII;\n"
            " format=flowed\n\nSee attachment.\n",
            attached(
                "Content-Type: application/json;\n name=siqa-s.json\n"
                "Content-Disposition: attachment;\n filename=siqa-s.json;\n size=226"
            ),
        )
    )
    expected = Expected(
        senders=("hana@example.org",),
        subject="SIQA",
        message_id="<0f1e2d3c4b5a69788796a5b4c3d2e1f0@example.org>",
        text="See attachment.",
    )
    return case("clients/roundcube", mail, expected)


def _yahoo() -> Case:
    both = multi(
        "alternative",
        "----=_Part_200_1122334455.1773500000001",
        "Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: base64\n\n" + b64(" Results inside. "),
        "Content-Type: text/html; charset=UTF-8\nContent-Transfer-Encoding: base64\n\n" + b64("<p>Results inside.</p>"),
    )
    mail = (
        f"Date: Sun, 15 Mar 2026 15:20:00 +0000 (UTC)\nFrom: Ivan Petrov <ivan@example.com>\nTo: <{TO}>\n"
        "Message-ID: <1234567.890123.1773588000000@mail.example.com>\nSubject: Results\nMIME-Version: 1.0\n"
        + multi(
            "mixed",
            "----=_Part_201_5566778899.1773500000002",
            both,
            attached('Content-Type: application/json\nContent-Disposition: attachment; filename="siqa-s.json"'),
        )
    )
    expected = Expected(
        senders=("ivan@example.com",),
        subject="Results",
        message_id="<1234567.890123.1773588000000@mail.example.com>",
        text="Results inside.",
    )
    return case("clients/yahoo", mail, expected)


def _proton() -> Case:
    mail = (
        f"Date: Mon, 16 Mar 2026 08:00:00 +0000\nTo: {TO}\nFrom: Jo Lind <jo@example.com>\nSubject: SIQA\n"
        "Message-ID: <q1w2e3r4t5y6u7i8o9p0==@example.com>\nFeedback: none\nMIME-Version: 1.0\n"
        + multi(
            "mixed",
            "b1=_mVqU3qXyZ0aBcDeFgHiJkLmNoPqRsTuVwXyZ01234",
            "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
            '<html><head><style>p { color: red }</style></head><body><p style=3D"margin:0">Hello &amp; thanks,</p>'
            "<div>Jo</div></body></html>\n",
            attached(
                f"Content-Type: {JSON}; filename=siqa-s.json; name=siqa-s.json\n"
                "Content-Disposition: attachment; filename=siqa-s.json; name=siqa-s.json"
            ),
        )
    )
    expected = Expected(
        senders=("jo@example.com",),
        subject="SIQA",
        message_id="<q1w2e3r4t5y6u7i8o9p0==@example.com>",
        text="Hello & thanks,\nJo",
    )
    return case("clients/html-only", mail, expected)
