"""What a refusal of the mail server means: for one address, for one mail, or for everything we send. Pure.

The class of the reply code alone does not tell (RFC 5321, section 4.2.1): providers answer 5yz when the quota of a day
or a minute is used up, and an hour later take the same mail.
"""

from __future__ import annotations

import re
from enum import Enum

from mailbot.errors import BadAddress, Permanent, Temporary, Throttled

_LONGEST = 500
"""Characters of an answer that are looked at."""

_SHOWN = 200
"""Characters of an answer that are told."""

_ADDRESS = re.compile(r"<?[^\s<>@]{1,254}@[^\s<>]{1,254}>?")  # servers quote the address; it stays out of the journal

_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})\b")
"""An enhanced status code (RFC 3463) at the beginning of the text (RFC 2034, section 4)."""

TOO_LARGE = 552
"""The answer to MAIL FROM with a SIZE beyond the server's limit (RFC 1870, section 6.1)."""

_FOR_GOOD = 500
"""Codes from here on are refusals for good, by their class (RFC 5321, section 4.2.1)."""

_REST = {421, 451, 452}
"""Replies with which a server says that it takes nothing more for now."""

_USED_UP = re.compile(r"55\d 5\.4\.5$|554 5\.(?:7|2)\.0$")
"""Codes by which Gmail, Microsoft 365 and others say that our quota of mails is used up."""

_OF_THE_SENDER = re.compile(r"5\.1\.[78]$|5\.7\.(?:5\d\d|7\d\d|23\d)$")
"""Enhanced codes that say something against us, none of the recipient: Microsoft blocks whole tenants by them."""

_LIMIT = re.compile(
    r"limit|quota|throttl|frequen|too (?:many|much|fast|often)|exceed|rate.?control|credits"
    r"|try (?:it )?(?:again )?(?:later|tomorrow|in )|retry (?:later|in )|temporar(?:y|ily)|unusual (?:sending|activity)"
    r"|sending (?:rate|activity)|outgoing (?:blocked|mail)"
    r"|频率|频繁|超过|超限|超出|上限|限制|稍后|明天|請稍後|頻率|過於",
    re.IGNORECASE,
)
"""Words of a server that counts what we send."""

_SENDING = re.compile(
    r"outgoing|sending|\bsent\b|submission|per (?:day|hour|minute)|daily|hourly|e-?mails\b|messages\b", re.IGNORECASE
)
"""Words of a limit on what is sent, whatever stands beside them."""

_NO_LIMIT_OF_OURS = re.compile(
    r"(?:mail ?box|inbox|recipient|user|account|storage|disk)\W+(?:\w+\W+){0,4}(?:full|quota|storage|space)"
    r"|(?:over|exceed\w*|out of|insufficient) (?:(?:its|his|her|their|storage|disk|mailbox) ){0,2}"
    r"(?:quota|storage|space)|message (?:\w+ )?(?:size|too|length)|(?:size|length|line|hop)s? limit"
    r"|too (?:large|big|long|many hops)|size exceed|header size|attachment",
    re.IGNORECASE,
)
"""Words that look like the former and are of a full mailbox or a large mail."""

_NOBODY = re.compile(r"5\.1\.(?:0|1|2|3|6|10)$|5\.2\.1$")
"""Enhanced codes of an address that does not exist (any more), or takes no mail (RFC 3463, sections 3.2 and 3.3)."""

_NOBODY_IN_WORDS = re.compile(
    r"(?:user|recipient|mailbox|address|account|addressee)\b.{0,60}\b(?:unknown|not (?:found|known|exist|listed|valid"
    r"|available)|unavailable|invalid|does ?n[o']t exist|do not exist|non.?exist\w*|disabled|inactive|no longer"
    r"|suspended|undeliverable)|(?:no such|unknown|invalid|bad|non.?existent|inactive) (?:\w+ )?"
    r"(?:user|recipient|mailbox|address|account|person|local|destination|here)"
    r"|(?:no|not a) (?:mailbox|user) (?:here|by)"
    r"|does not have (?:an?|any) (?:\S+ )?account|doesn't have an? (?:\S+ )?account|^unknown\W*$"
    r"|用户不存在|邮箱不存在|收件人不存在|地址不存在|无此用户|帐号不存在|账号不存在",
    re.IGNORECASE,
)

_NOT_THE_RECIPIENT = re.compile(
    r"sender|access denied|relay|spam|polic|block|blacklist|listed|reputation|client host|permission|your (?:ip|host)"
    r"|helo|ehlo|spf|dkim|dmarc|reverse dns|authenticat",
    re.IGNORECASE,
)
"""Words of a refusal that is about us, or about what the mail says."""


_OF_US = re.compile(
    r"spamhaus|spamcop|barracuda|\bsorbs\b|uceprotect|invaluement|mailspike|spfbl|\b(?:dns|r)bls?\b|dnswl"
    r"|(?:block|black|deny)[ -]?(?:list|hole)|banned|(?:poor|bad|low) (?:ip |domain |sender |sending )?reputation"
    r"|(?:ip|host|server|network|domain|sender|client)\b.{0,60}\b(?:is|was|has been|are|been) (?:\w+ )?"
    r"(?:blocked|listed|banned|rejected|blacklisted|blocklisted)"
    r"|client host (?:rejected|blocked)|blocked (?:by|using|for|due|from)|listed (?:in|at|by|on) "
    r"|(?:ip|host)\b.{0,40}\bon (?:a|our|the) (?:\w+ )?list"
    r"|(?:sender|domain|host|ip)(?: \w+)? (?:rejected|denied|blocked|refused|verify failed)"
    r"|relay(?:ing)?(?: \w+){0,2} (?:denied|prohibited|permitted|allowed)|not relay"
    r"|(?:permit|allow|able|authori[sz]ed) to relay"
    r"|unauthenticated|authentication (?:is )?required|must (?:first )?(?:authenticate|issue)"
    r"|reverse dns|\brdns\b|\bptr\b|\bh?ehl?o\b|\b(?:spf|dkim|dmarc)\b|黑名单|黑名單|信誉|IP.{0,6}(?:拒绝|封禁|屏蔽)",
    re.IGNORECASE,
)
"""Words of a server that refuses our host or our address, whomever a mail is to: a blocklist, a relay, DMARC."""

_POLICY = re.compile(r"5\.7\.\d{1,3}$")
"""A refusal for security or policy (RFC 3463, section 3.8): at RCPT nothing but who we are can be the reason ..."""

_OF_THE_RECIPIENT = re.compile(
    r"recipient|addressee|\bgroup\b|\blist\b|members?\b|mailbox|\buser\b|send (?:mail )?to (?:this|the)",
    re.IGNORECASE,
)
"""... unless it says that this one takes mail from few."""

BLOCKED = (
    "; it refuses our host or address, not the recipient's: if a blocklist is named, look the host up there and ask to"
    " be taken off; else check smtp.user, SPF and DKIM; or send through your provider's server"
)
"""What the organizers can do about it."""

_FOR_NOW = re.compile(
    r"try (?:it )?(?:again )?(?:later|in )|temporar(?:y|ily)|(?:server|system) (?:is )?(?:too )?busy|overload"
    r"|maintenance|(?:service|server|backend|database) (?:is )?(?:currently )?(?:unavailable|not available)"
    r"|internal (?:server )?error|timed? ?out|系统繁忙|系統繁忙|稍后|稍後|暂时|暫時",
    re.IGNORECASE,
)
"""Words by which a server lets nobody in for a while."""


class Stage(Enum):
    """When a server refuses."""

    BEFORE = "before"  # it came to this mail's recipient: the greeting, EHLO, MAIL FROM
    RECIPIENT = "recipient"  # RCPT TO
    DATA = "data"  # the mail itself


def of_reply(code: int, text: bytes | str, stage: Stage) -> Temporary | Permanent:
    """Return what a refusal means, as the error to raise."""
    said = _plain(text)
    message = f"the SMTP server said {code} {_ADDRESS.sub('<address>', said[:_SHOWN])}".rstrip()
    found = _ENHANCED.match(said)
    enhanced, words = (found[0], said[found.end() :].strip()) if found else ("", said)
    before = stage is Stage.BEFORE and code != TOO_LARGE
    if before or _is_of_all(code, enhanced, words, stage):
        return Throttled(message)
    if code >= _FOR_GOOD and _is_of_us(enhanced, words, stage):
        return Throttled(f"{message}{BLOCKED}")
    if code < _FOR_GOOD:
        return Temporary(message)
    if stage is Stage.RECIPIENT and _is_nobody(enhanced, words):
        return BadAddress(message)
    return Permanent(message)


def passes(code: int, text: bytes | str) -> bool:
    """Whether a login was refused for a while, whatever the password: by the class of the code, or by its words."""
    return code < 500 or is_for_now(_plain(text))  # noqa: PLR2004  # the reply classes of RFC 5321


def is_for_now(words: str) -> bool:
    """Whether words say that a server lets nobody in for a while."""
    return _FOR_NOW.search(words) is not None


def _plain(text: bytes | str) -> str:
    """Return an answer on one line; lines after the first may begin with the enhanced code once more."""
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join(said[:_LONGEST].split())


def _is_of_all(code: int, enhanced: str, words: str, stage: Stage) -> bool:
    """Whether the next mail would be refused too, whomever it is to."""
    of_mailbox = re.match(r"[45]\.(?:1\.|2\.[1-9])", enhanced) is not None
    if not of_mailbox and not _SENDING.search(words):
        of_mailbox = _NO_LIMIT_OF_OURS.search(words) is not None
    if code in _REST:
        return not (stage is Stage.RECIPIENT and re.match(r"4\.(?:1\.|2\.[1-9])", enhanced))
    if _USED_UP.match(f"{code} {enhanced}") or _OF_THE_SENDER.match(enhanced):
        return True
    return _LIMIT.search(words) is not None and not of_mailbox


def _is_of_us(enhanced: str, words: str, stage: Stage) -> bool:
    """Whether our host or our address is refused, so that the next mail would be refused too."""
    if stage is Stage.RECIPIENT and (_is_nobody(enhanced, words) or words.startswith("RESOLVER.RST")):
        return False  # the second is Exchange's word for a recipient who takes mail from few
    of_another = re.match(r"5\.[126]\.", enhanced) and not re.match("sender", words, re.IGNORECASE)
    by_policy = stage is Stage.RECIPIENT and _POLICY.match(enhanced) and not _OF_THE_RECIPIENT.search(words)
    return bool(by_policy) or (_OF_US.search(words) is not None and not of_another)


def _is_nobody(enhanced: str, words: str) -> bool:
    """Whether the recipient is unknown there: by an enhanced code, or without one by words that mean it."""
    if enhanced:
        return bool(_NOBODY.match(enhanced)) and not re.search(r"sender|access denied", words, re.IGNORECASE)
    return bool(_NOBODY_IN_WORDS.search(words)) and not _NOT_THE_RECIPIENT.search(words)
