"""What servers say, and whether it is about an address, a mail, or all that we send."""

from __future__ import annotations

import pytest

from mailbot.errors import BadAddress, Permanent, Temporary, Throttled
from mailbot.transport.refusal import Stage, of_reply, passes

BEFORE, RECIPIENT, DATA = Stage

EVERYTHING = [
    (550, b"5.4.5 Daily user sending limit exceeded. For more\n5.4.5 information", DATA),
    (550, b"5.4.5 Daily SMTP relay sending limit exceeded for customer", RECIPIENT),
    (554, b"5.7.0 no words that anybody knows", DATA),
    (554, b"5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", DATA),
    (550, b"5.7.705 Access denied, tenant has exceeded threshold", DATA),
    (550, b"5.7.232 Your message can't be sent because your trial tenant has exceeded its daily limit", DATA),
    (550, b"5.1.8 Access denied, bad outbound sender", RECIPIENT),
    (550, "5.4.6 Unusual sending activity detected. Please try after sometime", DATA),
    (550, b"Connection frequency limited", RECIPIENT),
    (550, b"Ip frequency limited. http://service.mail.qq.com/detail/122/172", BEFORE),
    (550, "发送频率超过限制", DATA),
    (554, "MI:STC 发件人当天内累计邮件数量超过限制", DATA),
    (
        550,
        b"Domain x.example has exceeded the max emails per hour (250/200 (125%)) allowed.",
        RECIPIENT,
    ),
    (550, b"User has exceeded its quota of outgoing messages", RECIPIENT),
    (554, b"Maximum credits exceeded", DATA),
    (454, b"Throttling failure: Daily message quota exceeded.", DATA),
    (432, b"4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", DATA),
    (421, b"4.4.2 idle for too long", RECIPIENT),
    (451, b"DT:SPM please try again", DATA),
    (452, b"4.5.3 too many recipients", RECIPIENT),
    (553, b"you may not write as this sender", BEFORE),
    (450, b"later", BEFORE),
]

OF_US = [
    (550, b"5.7.1 refused by policy", RECIPIENT),
    (550, b"relaying denied", RECIPIENT),
    (554, b"5.7.1 <ada@a.example>: Relay access denied", RECIPIENT),
    (550, b"5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", RECIPIENT),
    (554, b"Service unavailable; Client host [192.0.2.1] blocked by bl.spamcop.net", RECIPIENT),
    (550, b"5.7.1 Unfortunately, messages weren't sent. Part of their network is on our block list (S3150).", DATA),
    (550, b"5.7.1 Access denied, banned sending IP [192.0.2.1].", RECIPIENT),
    (554, b"5.7.1 You are not allowed to connect. Your IP address is listed in the RBL", DATA),
    (554, b"Your access to this mail system has been rejected due to the sending MTA's poor reputation.", RECIPIENT),
    (550, b"5.7.26 This mail has been blocked because the sender is unauthenticated.", DATA),
    (550, b"5.7.25 The IP address sending this message does not have a PTR record setup", DATA),
    (550, b"Sender rejected: domain not found", RECIPIENT),
    (550, b"5.7.1 Command rejected", RECIPIENT),
    (550, b"SPF check failed for siqa.example", DATA),
    (550, "IP 已被列入黑名单", RECIPIENT),
]  # fmt: skip

NOBODY = [
    (550, b"5.1.1 <ada@a.example>: Recipient address rejected: User unknown in local recipient table"),
    (550, b"5.1.1 The email account that you tried to reach does not exist. Please try"),
    (550, b"5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"),
    (550, b"5.2.1 mailbox disabled"),
    (550, b"No such user here"),
    (550, b"Requested action not taken: mailbox unavailable"),
    (551, b"User not local; unknown user"),
    (553, b"sorry, no mailbox here by that name"),
    (550, b"Invalid recipient"),
    (550, "收件人不存在"),
    (554, b"delivery error: dd This user doesn't have a yahoo.com account"),
]

THIS_MAIL = [
    (552, b"5.3.4 Message size exceeds fixed limit", BEFORE),
    (552, b"message too large", BEFORE),
    (552, b"5.2.2 The email account that you tried to reach is over quota", RECIPIENT),
    (552, b"mailbox full", RECIPIENT),
    (552, b"Requested mail action aborted: exceeded storage allocation; user is over quota", RECIPIENT),
    (554, b"5.6.0 not liked", DATA),
    (550, b"5.7.1 RESOLVER.RST.AuthRequired; authentication required for this recipient", RECIPIENT),
    (550, b"5.7.133 sender not authenticated for group", RECIPIENT),
    (554, b"5.7.1 message looks like spam", DATA),
    (550, b"5.1.1 User unknown; blocked for policy", DATA),
    (550, b"Mailbox unavailable or access denied", RECIPIENT),
    (550, b"5.1.1 no such user", DATA),
    (550, b"5.4.14 too many hops", DATA),
]


@pytest.mark.parametrize(("code", "text", "stage"), EVERYTHING)
def test_what_concerns_everything_we_send(code: int, text: bytes | str, stage: Stage) -> None:
    """The next mail would be refused as well: it is no refusal of this one."""
    assert isinstance(of_reply(code, text, stage), Throttled)


@pytest.mark.parametrize(("code", "text", "stage"), OF_US)
def test_a_host_that_is_refused_is_no_mails_fault(code: int, text: bytes | str, stage: Stage) -> None:
    """A blocklist, a relay, a policy on senders: everything waits, and the organizers are told what to do."""
    error = of_reply(code, text, stage)
    assert isinstance(error, Throttled)
    assert "if a blocklist is named, look the host up there" in str(error)


@pytest.mark.parametrize(("code", "text"), NOBODY)
def test_an_address_that_does_not_exist(code: int, text: bytes | str) -> None:
    """It counts at RCPT, where a server speaks of one address; never after DATA."""
    assert isinstance(of_reply(code, text, RECIPIENT), BadAddress)
    assert not isinstance(of_reply(code, text, DATA), BadAddress)


@pytest.mark.parametrize(("code", "text", "stage"), THIS_MAIL)
def test_what_concerns_one_mail(code: int, text: bytes | str, stage: Stage) -> None:
    """It is given up, and says nothing against the address."""
    error = of_reply(code, text, stage)
    assert isinstance(error, Permanent)
    assert not isinstance(error, BadAddress)


def test_one_mailbox_that_waits_holds_up_nobody() -> None:
    """Greylisting by 450, and a full mailbox at RCPT, are about one recipient."""
    for code, text in ((450, "4.2.0 greylisted"), (452, "4.2.2 mailbox full"), (451, "4.1.8 DNS of the recipient")):
        error = of_reply(code, text, RECIPIENT)
        assert isinstance(error, Temporary)
        assert not isinstance(error, Throttled)


def test_what_is_told_holds_no_address_and_has_an_end() -> None:
    """Servers quote addresses, and some write novels."""
    said = str(of_reply(550, f"5.1.1 <ada@a.example> {'x ' * 5000}", RECIPIENT))
    assert said.startswith("the SMTP server said 550 5.1.1 <address> x x")
    assert len(said) < 300


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (454, "4.7.0 Temporary authentication failure"),
        (432, "4.7.12 A password transition is needed"),
        (535, "5.7.0 Temporary server error. Please try again later"),
        (535, "Error: system busy"),
        (535, "authentication service unavailable"),
        (535, "系统繁忙, 请稍后再试"),
    ],
)
def test_a_login_that_is_refused_for_now(code: int, text: str) -> None:
    """It says nothing about the password."""
    assert passes(code, text)


@pytest.mark.parametrize("text", ["5.7.8 Username and Password not accepted", "authentication failed", "密码错误"])
def test_a_login_that_is_refused(text: str) -> None:
    """The password is to be checked."""
    assert not passes(535, text)
