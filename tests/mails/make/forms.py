"""How attachments are enclosed: dispositions, transfer encodings, forwarded mails, wrappers."""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING

from tests.mails.make.kit import (
    CSV,
    PNG,
    SUBJECT,
    TEXT,
    Case,
    Expected,
    File,
    S,
    attached,
    b64,
    case,
    head,
    multi,
    plain,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMED = 'Content-Type: application/json; name="siqa-s.json"'
SENT = f"{NAMED}\nContent-Disposition: attachment"
STREAM = "application/octet-stream"
IDS = tuple(f"<m{n}.{'x' * 60}@example.org>" for n in range(60))


def cases() -> Iterator[Case]:
    """Yield a mail for each form."""
    yield from _dispositions()
    yield from _encodings()
    yield from _wrappers()
    yield from _without_file()
    yield from _forwarded()


def _dispositions() -> Iterator[Case]:
    yield case("dispositions/none", plain(attached(NAMED)), Expected())
    yield case("dispositions/inline", plain(attached(f"{NAMED}\nContent-Disposition: inline")), Expected())
    yield case("dispositions/unknown", plain(attached(f"{NAMED}\nContent-Disposition: x-form")), Expected())
    nameless = plain(attached("Content-Type: application/json\nContent-Disposition: attachment"))
    yield case("dispositions/attachment-without-a-name", nameless, Expected(attachments=(File(name=""),)))
    text = plain(attached('Content-Type: text/plain; name="siqa-s.txt"'))
    by_content = File(name="siqa-s.txt", content_type="text/plain")
    yield case("dispositions/text-file-known-by-content", text, Expected(attachments=(by_content,)))
    image = plain(attached('Content-Type: image/png; name="siqa-s.json"'))
    yield case(
        "dispositions/wrong-type-right-name",
        image,
        Expected(attachments=(File(name="siqa-s.json", content_type="image/png"),)),
    )
    alone = head(SENT, "Content-Transfer-Encoding: base64") + "\n" + b64(S) + "\n"
    yield case("dispositions/the-mail-is-the-file", alone, Expected(text=""))
    company = plain(
        attached(SENT),
        attached('Content-Type: image/png; name="logo.png"\nContent-Disposition: inline\nContent-ID: <logo>', PNG),
        attached('Content-Type: text/calendar; name="invite.ics"', b"BEGIN:VCALENDAR"),
        attached('Content-Type: text/x-vcard; name="ann.vcf"\nContent-Disposition: attachment', b"BEGIN:VCARD"),
        attached('Content-Type: application/pdf; name="paper.pdf"\nContent-Disposition: attachment', b"%PDF-1.7"),
        attached('Content-Type: text/plain; name="README.txt"\nContent-Disposition: attachment', b"How to read this."),
        attached(
            'Content-Type: application/pkcs7-signature; name="smime.p7s"\nContent-Disposition: attachment', b"0\x80"
        ),
    )
    yield case("dispositions/file-in-company", company, Expected())


def _encodings() -> Iterator[Case]:
    qp = binascii.b2a_qp(S, istext=True).decode()
    yield case(
        "transfer/quoted-printable",
        plain(f"{SENT}\nContent-Transfer-Encoding: Quoted-Printable\n\n{qp}"),
        _lines_as_sent(),
    )
    yield case("transfer/7bit", plain(f"{SENT}\n\n{S.decode()}"), _lines_as_sent())
    yield case(
        "transfer/binary-lf",
        plain(f"{SENT}\nContent-Transfer-Encoding: binary\n\n{S.decode()}"),
        Expected(),
        line_end="\n",
    )
    ragged = b64(S).replace("\n", "\n\n  ").rstrip("=") + "\n \t\n"
    yield case(
        "transfer/base64-ragged-unpadded", plain(f"{SENT}\nContent-Transfer-Encoding: BASE64\n\n{ragged}"), Expected()
    )
    junk = b64(S) + "\n_______\nThe list footer, put below by a gateway\n"
    damaged = Expected(attachments=(), faults=(("undecodable", 1, ("siqa-s.json",)),))
    yield case("transfer/base64-junk", plain(f"{SENT}\nContent-Transfer-Encoding: base64\n\n{junk}"), damaged)
    one = b64(S).rstrip("=")
    one = one[: len(one) - (len(one.replace("\n", "")) - 1) % 4]
    yield case("transfer/base64-cut", plain(f"{SENT}\nContent-Transfer-Encoding: base64\n\n{one}"), damaged)
    unknown = plain(f"{SENT}\nContent-Transfer-Encoding: x-none\n\n{S.decode()}")
    yield case("transfer/unknown-encoding", unknown, Expected(), line_end="\n")
    lines = (CSV[at : at + 45] for at in range(0, len(CSV), 45))
    packed = (
        "begin 644 pred.csv\n" + "".join(binascii.b2a_uu(line, backtick=True).decode() for line in lines) + "`\nend\n"
    )
    old = head("X-Mailer: mailx 8.1.2") + f"\nPlease find our results attached.\n\n{packed}"
    in_text = Expected(attachments=(File(name="pred.csv", data=CSV, content_type=STREAM),))
    yield case("transfer/uuencode-in-the-text", old, in_text)
    part = plain(f'Content-Type: {STREAM}; name="pred.csv"\nContent-Transfer-Encoding: x-uuencode\n\n{packed}')
    yield case("transfer/uuencode-part", part, in_text)


def _lines_as_sent() -> Expected:
    return Expected(attachments=(File(name="siqa-s.json", data=S.replace(b"\n", b"\r\n")),))


def _wrappers() -> Iterator[Case]:
    smime = head('Content-Disposition: attachment; filename="smime.p7m"')
    smime += "Content-Type: application/pkcs7-mime; smime-type=enveloped-data;\n name=smime.p7m\n\nAAAA\n"
    closed = Expected(text="", attachments=(), faults=(("encrypted", 1, ("smime.p7m",)),))
    yield case("wrappers/smime-enveloped", smime, closed)
    double = multi(
        "appledouble",
        "=_double",
        attached('Content-Type: application/applefile; name="siqa-s.json"', b"\x00\x05\x16\x07"),
        attached(NAMED),
    ).replace('application/applefile; name="siqa-s.json"', 'application/applefile; name="%siqa-s.rsrc"')
    yield case("wrappers/appledouble", plain(double), Expected())
    yield case(
        "wrappers/mbox-line", b"From ann Tue Mar  3 13:14:07 2026\n" + plain(attached(SENT)).encode(), Expected()
    )


def _without_file() -> Iterator[Case]:
    none = Expected(attachments=())
    yield case("without/text-only", head() + "\nPlease find our results attached.\n", none)
    pasted = head() + "\n" + CSV.decode().replace("\r", "")
    shown = CSV.decode().replace("\r", "").strip()
    yield case("without/pasted", pasted, Expected(text=shown, attachments=(), faults=(("pasted", 1, ()),)))
    yield case("without/no-body", head() + "\n", Expected(text="", attachments=(), faults=(("no-body", 1, ()),)))
    paper = File(name="paper.pdf", data=b"%PDF-1.7", content_type="application/pdf")
    part = attached('Content-Type: application/pdf; name="paper.pdf"\nContent-Disposition: attachment', paper.data)
    passed = Expected(subject="Our paper", attachments=(), faults=(("not-a-result-file", 1, ("paper.pdf",)),))
    yield case("without/paper-only", plain(part, subject="Our paper"), passed)
    yield case("without/paper-under-the-tag", plain(part), Expected(attachments=(paper,)))
    link = head() + "\nPlease find our results attached.\nhttps://drive.google.com/file/d/1a2b/view\n"
    words = "Please find our results attached.\nhttps://drive.google.com/file/d/1a2b/view"
    yield case(
        "without/cloud-link", link, Expected(text=words, attachments=(), faults=(("cloud-link", 1, ("Google Drive",)),))
    )


def _forwarded() -> Iterator[Case]:
    words = "---------- Forwarded message ---------\nFrom: Bo <bo@example.net>\nSubject: results"
    text = f"Content-Type: text/plain; charset=utf-8\n\n{words}\n"
    ids = "\n ".join(IDS)
    mail = head(f"References: {ids}", f"In-Reply-To: {IDS[0]}", subject=f"Fwd: {SUBJECT}") + multi(
        "mixed", "=_f", text, attached(SENT)
    )
    inline = Expected(subject=f"Fwd: {SUBJECT}", text=words, references=IDS[:20] + IDS[-20:])
    yield case("forwarded/inline-long-thread", mail, inline)
    inner = head(sender="Bo <bo@example.net>", subject="results") + multi("mixed", "=_inner", TEXT, attached(SENT))
    rfc822 = plain(
        f'Content-Type: message/rfc822; name="results.eml"\nContent-Disposition: attachment\n\n{inner}',
        subject="Fwd: results",
    )
    opaque = Expected(
        subject="Fwd: results", attachments=(), faults=(("forwarded-as-attachment", 1, ("results.eml",)),)
    )
    yield case("forwarded/as-attachment", rfc822, opaque)
    redirected = head("Resent-From: Bo <bo@example.net>", "Resent-To: siqa@contest.example") + multi(
        "mixed", "=_r", TEXT, attached(SENT)
    )
    yield case("forwarded/resent", redirected, Expected())
