"""Mails made to deceive, to overload or to break; small enough to keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.mails.make.kit import SUBJECT, TEXT, Case, Expected, File, attached, b64, case, head, multi, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = attached('Content-Type: application/json; name="siqa-s.json"\nContent-Disposition: attachment')
GOOD, EVIL = "alice@good.example", "evil@bad.example"

SENDERS = {
    "display-name-quoted": (f'"{GOOD}" <{EVIL}>', (EVIL,)),
    "display-name-bare": (f"{GOOD} <{EVIL}>", (GOOD, EVIL)),
    "display-name-encoded": (f"=?utf-8?Q?{GOOD.replace('@', '=40')}?= <{EVIL}>", (EVIL,)),
    "two-addresses": (f"{GOOD}, {EVIL}", (GOOD, EVIL)),
    "group": (f"Team: Alice <{GOOD}>, {EVIL};", (GOOD, EVIL)),
    "comment": (f"{EVIL} (really {GOOD})", (EVIL,)),
    "comment-in-address": (f"alice(x)@good.example, <{EVIL}>", ("@good.example", EVIL)),
    "unclosed-quote": (f'"{GOOD} <{EVIL}>', (GOOD, EVIL)),
    "unclosed-comment": (f"(Alice {GOOD} <{EVIL}>", (GOOD, EVIL)),
    "quote-in-comment": (f'( " ) <{EVIL}> ( " ) <{GOOD}>', (EVIL, GOOD)),
    "quoted-local-part": (f'"{GOOD}"@bad.example', (GOOD, "@bad.example")),
    "quoted-string-before": (f'"x"{GOOD}', (f"\ufffd{GOOD}",)),
    "quoted-local-part-first": (f'"evil".{GOOD}', (f"\ufffd.{GOOD}",)),
    "escape": (f"x\\,{GOOD}", (f"x\ufffd{GOOD}",)),
    "source-route": (f"<@bad.example:{GOOD}>", ("@bad.example", GOOD)),
    "two-at-signs": (f"<{EVIL}@good.example>", (f"{EVIL}@good.example",)),
    "bare-return": (f"{EVIL}\rFrom: {GOOD}", (EVIL, GOOD)),
    "parentheses": ("(" * 900 + GOOD, (GOOD,)),
    "quotes": ('"' * 901 + GOOD, (GOOD,)),
    "bracket": ("<a@[>", ("a@[",)),
    "kelvin-sign": ("<mar\u212a@good.example>", ("mar\ufffd@good.example",)),
    "same-twice": (f"{GOOD} <Alice@GOOD.example>", (GOOD,)),
    "nobody": ("undisclosed-recipients:;", ()),
}
"""What stands in the From field, and the senders it must give."""


def cases() -> Iterator[Case]:
    """Yield a mail for each attack."""
    for key, (sender, senders) in SENDERS.items():
        yield case(f"hostile/from-{key}", plain(FILE, sender=sender), Expected(senders=senders))
    yield from _headers()
    yield from _structure()


def _headers() -> Iterator[Case]:
    two = plain(FILE, more=f"From: {GOOD}")
    yield case("hostile/from-two-fields", two, Expected(senders=("ann.lee@example.org", GOOD)))
    none = plain(FILE).replace("From: Ann Lee <ann.lee@example.org>\n", "")
    yield case("hostile/from-none", none, Expected(senders=()))
    inert = plain(FILE, subject="a\0b\x1b[31mred\x07 \u202egnp.exe")
    yield case("hostile/subject-control", inert, Expected(subject="a\ufffdb\ufffd[31mred\ufffd \ufffdgnp.exe"))
    injected = plain(FILE, subject="=?utf-8?Q?a=0D=0ABcc:_all=40example.org?=")
    yield case("hostile/subject-line-break", injected, Expected(subject="a Bcc: all@example.org"))
    words = plain(FILE, subject="\n ".join(["=?utf-8?q?=41?="] * 600))
    long = ("header-too-long", 1, ("subject",))
    yield case("hostile/subject-of-encoded-words", words, Expected(subject="A" * 249 + "…", faults=(long,)))
    junk = head(
        "no colon here", ": no name", "headers: x", "fields: x", "__class__: x", "Ünïcode: x", " folded onto nothing"
    )
    yield case("hostile/header-junk", junk + multi("mixed", "=_b", TEXT, FILE), Expected())
    bracket = plain(FILE).replace("<20260303131405.4711@example.org>", "<[abc@x>")
    yield case("hostile/message-id-bracket", bracket, Expected(message_id="<[abc@x>"))
    broken = plain(FILE).replace("<20260303131405.4711@example.org>", "<a b@x>\r\0")
    yield case("hostile/message-id-not-to-be-echoed", broken, Expected(message_id=None))
    word = "=?utf-8?q?=0d=0aBcc:_evil=40evil.example?="
    smuggled = plain(
        FILE, more=f"References: <a@b.example> <{word}@b> <x{word}>", subject=f"=?us-ascii?b?{b64(word)}?="
    )
    smuggled = smuggled.replace("<20260303131405.4711@example.org>", f"<a{word}@b>")
    told = Expected(subject=word, message_id=None, references=("<a@b.example>",))
    yield case("hostile/encoded-twice", smuggled, told)
    twice = plain(FILE, more="Message-ID: <other@example.org>")
    yield case("hostile/message-id-twice", twice, Expected(message_id=None))
    params = plain(attached("Content-Type: application/json" + "; a*0*=utf-8'" * 300 + '; name="siqa-s.json"'))
    yield case("hostile/parameters", params, Expected())
    long_from = plain(FILE, sender=f"{GOOD},\n " + "x" * 9000 + f" <{EVIL}>")
    yield case("hostile/from-too-long", long_from, Expected(senders=(), faults=(("header-too-long", 1, ("from",)),)))


def _structure() -> Iterator[Case]:
    yield case("hostile/no-final-boundary", plain(FILE).replace("--=_cut-here_7f3a--\n", ""), Expected())
    yield case("hostile/lf-only", plain(FILE), Expected(), line_end="\n")
    broken = ("broken-structure", 1, ())
    unnamed = plain(FILE).replace('boundary="=_cut-here_7f3a"', "charset=utf-8")
    yield case("hostile/no-boundary", unnamed, Expected(text="", attachments=(), faults=(broken,)))
    wrong = plain(FILE).replace('boundary="=_cut-here_7f3a"', "boundary=other")
    yield case("hostile/wrong-boundary", wrong, Expected(text="", attachments=(), faults=(broken,)))
    prefix = head() + multi("mixed", "outer", multi("alternative", "outer-inner", TEXT), FILE)
    yield case("hostile/boundary-begins-another", prefix, Expected())
    deep = FILE
    for level in range(12):
        deep = multi("mixed", f"=_{level}", deep)
    yield case(
        "hostile/nested-too-deep", head() + deep, Expected(text="", attachments=(), faults=(("too-deep", 1, ()),))
    )
    eight = FILE
    for level in range(8):
        eight = multi("mixed", f"=_{level}", eight)
    yield case("hostile/nested-eight-deep", head() + eight, Expected(text=""))
    parts = plain(FILE, *[""] * 150)
    yield case("hostile/too-many-parts", parts, Expected(faults=(("too-many-parts", 53, ()),)))
    names = [f"s{number}.json" for number in range(13)]
    files = plain(*[attached(f'Content-Type: application/json; name="{name}"') for name in names])
    late = ("too-many-attachments", 3, ("s10.json", "s11.json", "s12.json"))
    taken = tuple(File(name=name) for name in names[:10])
    yield case("hostile/too-many-attachments", files, Expected(attachments=taken, faults=(late,)))
    html = (
        head('Content-Type: text/html; charset="utf-8"')
        + "\n<script>alert(1)</script><p>Hi &lt;b&gt; \x1b[31m<p"
        + "<" * 50
        + "\n"
    )
    yield case("hostile/html", html, Expected(text="Hi <b> \ufffd[31m<p" + "<" * 50, attachments=()))
    rfc822 = (
        head(subject=SUBJECT) + "Content-Type: message/rfc822\n\n" + head(sender=GOOD, subject="inner") + "\ninner\n"
    )
    opaque = Expected(text="", attachments=(), faults=(("forwarded-as-attachment", 1, ("(no name)",)),))
    yield case("hostile/inner-mail-is-no-identity", rfc822, opaque)
