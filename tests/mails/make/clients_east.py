"""Mails as Chinese and Japanese clients write them: GB18030, names in GBK, characters cut in two."""
# ruff: noqa: RUF001  # Chinese is written with Chinese punctuation

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from tests.mails.make.kit import CSV, SUBJECT, TO, Case, Expected, File, attached, b64, case, multi, word

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = "您好，\n\n附件是我们的结果，请查收。\n\n王伟"
STREAM = "application/octet-stream"


def cases() -> Iterator[Case]:
    """Yield one mail or two for each client."""
    yield _qq_mail()
    yield _qq_big_file()
    yield _foxmail()
    yield _netease()
    yield _coremail()
    yield _japanese()


def _alternative(boundary: str, charset: str, text: str = BODY) -> str:
    return multi(
        "alternative",
        boundary,
        f'Content-Type: text/plain;\n\tcharset="{charset}"\n'
        f"Content-Transfer-Encoding: base64\n\n{b64(text, 'gb18030')}\n",
        f'Content-Type: text/html;\n\tcharset="{charset}"\nContent-Transfer-Encoding: base64\n\n'
        f"{b64(f'<div>{text}</div>', 'gb18030')}\n",
    )


def _qq_mail() -> Case:
    name = "结果_赛道S.json"
    file = attached(
        f'Content-Type: {STREAM};\n\tcharset="gb18030";\n\tname="{word(name, "gb18030")}"\n'
        f'Content-Disposition: attachment; filename="{word(name, "gb18030")}"'
    )
    mail = (
        "Received: from smtpbg.example.com (smtpbg.example.com [192.0.2.77])\n"
        f"\tby mx.contest.example with SMTP id 1 for <{TO}>; Tue, 03 Mar 2026 21:20:01 +0800 (CST)\n"
        "X-QQ-SSF: 00010000000000F0000000000000000\nX-QQ-XMAILINFO: MmCb2kq1\nX-HAS-ATTACH: yes\n"
        "X-QQ-BUSINESS-ORIGIN: 2\nX-QQ-STYLE: \nX-QQ-mid: webmail101t1772544001t1234567\n"
        f'From: "{word("王伟", "gb18030")}" <10001@example.com>\n'
        f'To: "{word("siqa", "gb18030")}" <{TO}>\n'
        f"Subject: {word('[SIQA Submission] 极光实验室 - 模型一', 'gb18030')}\n"
        "Mime-Version: 1.0\n"
        + multi(
            "mixed",
            "----=_NextPart_69A6D5C1_0F0B2A10_4C3D2E1F",
            _alternative("----=_NextPart_69A6D5C1_2", "gb18030"),
            file,
        ).replace(
            "\n\n",
            "\nContent-Transfer-Encoding: 8Bit\nDate: Tue, 3 Mar 2026 21:20:01 +0800\nX-Priority: 3\n"
            "Message-ID: <tencent_0A1B2C3D4E5F60718293A4B5C6D7E8F90A08@example.com>\n"
            "X-QQ-MIME: TCMime 1.0 by Tencent\n"
            "X-Mailer: QQMail 2.x\n\nThis is a multi-part message in MIME format.\n\n",
            1,
        )
    )
    expected = Expected(
        senders=("10001@example.com",),
        subject="[SIQA Submission] 极光实验室 - 模型一",
        message_id="<tencent_0A1B2C3D4E5F60718293A4B5C6D7E8F90A08@example.com>",
        text=BODY,
        attachments=(File(name=name, content_type=STREAM),),
    )
    return case("clients/qq-mail", mail, expected)


def _qq_big_file() -> Case:
    link = "https://wx.mail.qq.com/ftn/download?func=3&key=0123456789abcdef&code=abcd"
    html = f'<div>从QQ邮箱发来的超大附件</div><div><a href="{link}">siqa-s.json</a> (60.2M, 2026年4月2日 过期)</div>'
    mail = (
        f'From: "{word("王伟", "gb18030")}" <10001@example.com>\nTo: <{TO}>\nSubject: {SUBJECT}\nMime-Version: 1.0\n'
        "Message-ID: <tencent_FFFF2C3D4E5F60718293A4B5C6D7E8F90A08@example.com>\nX-Mailer: QQMail 2.x\n"
        f'Content-Type: text/html; charset="gb18030"\nContent-Transfer-Encoding: base64\n\n{b64(html, "gb18030")}\n'
    )
    expected = Expected(
        senders=("10001@example.com",),
        message_id="<tencent_FFFF2C3D4E5F60718293A4B5C6D7E8F90A08@example.com>",
        text="从QQ邮箱发来的超大附件\nsiqa-s.json (60.2M, 2026年4月2日 过期)",
        attachments=(),
        faults=(("cloud-link", 1, ("QQ Mail",)),),
    )
    return case("clients/qq-mail-big-file-as-link", mail, expected)


def _foxmail() -> Case:
    """Fold a long subject within a character of two bytes, as Foxmail does."""
    subject = "第二次提交：科学图像质量评价挑战赛感知赛道结果"
    raw = subject.encode("gb18030")
    halves = (base64.b64encode(half).decode() for half in (raw[:25], raw[25:]))
    folded = "\n ".join(f"=?GB2312?B?{half}?=" for half in halves)
    name = "感知.csv"
    file = attached(
        f'Content-Type: {STREAM};\n\tname="{word(name, "GB2312")}"\nContent-Disposition: attachment;\n\t'
        f'filename="{word(name, "GB2312")}"',
        CSV,
    )
    mail = (
        f"Date: Wed, 4 Mar 2026 09:12:33 +0800\nFrom: {word('李娜', 'GB2312')} <lina@example.net>\nTo: siqa <{TO}>\n"
        f"Subject: {folded}\nX-Priority: 3\nX-GUID: 0A1B2C3D-4E5F-6071-8293-A4B5C6D7E8F9\nX-Has-Attach: yes\n"
        "X-Mailer: Foxmail 7.2.25.375[cn]\nMime-Version: 1.0\nMessage-ID: <2026030409123300012345@example.net>\n"
        + multi(
            "mixed",
            "----=_001_NextPart123456789012_=----",
            _alternative("----=_002_NextPart210987654321_=----", "GB2312"),
            file,
            preamble="This is a multi-part message in MIME format.\n\n",
        )
    )
    expected = Expected(
        senders=("lina@example.net",),
        subject=subject,
        message_id="<2026030409123300012345@example.net>",
        text=BODY,
        attachments=(File(name=name, data=CSV, content_type=STREAM),),
    )
    return case("clients/foxmail-split-character", mail, expected)


def _netease() -> Case:
    name = "提交结果.json"
    file = attached(
        f'Content-Type: application/json; name="{word(name, "GBK")}"\nContent-Disposition: attachment; '
        f'filename="{word(name, "GBK")}"'
    )
    mail = (
        f"Date: Thu, 5 Mar 2026 20:00:00 +0800 (CST)\nFrom: {word('张三', 'GBK')}  <zhangsan@example.com>\nTo: {TO}\n"
        f"Subject: {word('比赛提交', 'GBK')}\nX-Priority: 3\n"
        "X-Mailer: Coremail Webmail Server Version 2026 www.example.com\nMIME-Version: 1.0\n"
        "Message-ID: <5f6e7d8c.4a3b.19c0aa0bb1c.Coremail.zhangsan@example.com>\nX-Coremail-Locale: zh_CN\n"
        + multi(
            "mixed",
            "----=_Part_88_123456789.1772712000000",
            _alternative("----=_Part_90_987654321.1772712000000", "GBK"),
            file,
        )
    )
    expected = Expected(
        senders=("zhangsan@example.com",),
        subject="比赛提交",
        message_id="<5f6e7d8c.4a3b.19c0aa0bb1c.Coremail.zhangsan@example.com>",
        text=BODY,
        attachments=(File(name=name),),
    )
    return case("clients/netease-163", mail, expected)


def _coremail() -> Case:
    """Write the name as an older campus mail server does: raw GBK, with nothing that says so."""
    name = "实验室结果.json"
    mail = (
        f"From: wei@example.org\nTo: {TO}\nSubject: 结果\nMessage-ID: <1a2b3c.4d5e@example.org>\nMIME-Version: 1.0\n"
        + multi(
            "mixed",
            "=====cut=====",
            "Content-Type: text/plain\nContent-Transfer-Encoding: 8bit\n\n结果见附件\n",
            attached(
                f'Content-Type: application/octet-stream; name="{name}"\n'
                f'Content-Disposition: attachment; filename="{name}"'
            ),
        )
    ).encode("gb18030")
    expected = Expected(
        senders=("wei@example.org",),
        subject="结果",
        message_id="<1a2b3c.4d5e@example.org>",
        text="结果见附件",
        attachments=(File(name=name, content_type=STREAM),),
    )
    return case("clients/campus-raw-gbk", mail, expected)


def _japanese() -> Case:
    jis = base64.b64encode("評価結果".encode("iso-2022-jp")).decode()
    body = "結果を送ります。"
    text = f"Content-Type: text/plain; charset=ISO-2022-JP\nContent-Transfer-Encoding: 7bit\n\n{body}\n"
    name = f"=?ISO-2022-JP?B?{jis}?=.json"
    mail = (
        f"From: Sato <sato@example.org>\nTo: {TO}\nSubject: =?ISO-2022-JP?B?{jis}?=\nMIME-Version: 1.0\n"
        "Message-Id: <20260306.100000.1234567890.sato@example.org>\nX-Mailer: Becky! ver. 2.81.04 [ja]\n"
        + multi(
            "mixed",
            "------_69A8F0A0000000000ABC_MULTIPART_MIXED_",
            text,
            attached(f'Content-Type: {STREAM};\n name="{name}"'),
        )
    ).encode("iso-2022-jp")
    expected = Expected(
        senders=("sato@example.org",),
        subject="評価結果",
        message_id="<20260306.100000.1234567890.sato@example.org>",
        text=body,
        attachments=(File(name="評価結果.json", content_type=STREAM),),
    )
    return case("clients/becky-iso-2022-jp", mail, expected)
