"""Mails as Western desktop clients write them: the order of their fields, their boundaries, their habits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.mails.make.kit import PNG, TO, Case, Expected, File, S, U, attached, b64, case, multi

if TYPE_CHECKING:
    from collections.abc import Iterator

HELLO = "Dear organizers,\n\nplease find our results attached.\n\nBest regards,\nAnn"


def cases() -> Iterator[Case]:
    """Yield one mail or two for each client."""
    yield _outlook_desktop()
    yield _outlook_365()
    yield _apple_mail()
    yield _thunderbird()
    yield _mutt()


def _outlook_desktop() -> Case:
    both = multi(
        "alternative",
        "----=_NextPart_001_0013_01DCAB1F.7C0E2A10",
        'Content-Type: text/plain;\n\tcharset="us-ascii"\nContent-Transfer-Encoding: 7bit\n\n'
        "Dear all,\n\n \n\nresults attached.\n",
        'Content-Type: text/html;\n\tcharset="us-ascii"\nContent-Transfer-Encoding: quoted-printable\n\n'
        '<html xmlns:o=3D"urn:schemas-microsoft-com:office:office"><body lang=3DEN-US>=\n'
        "<p>Dear all,</p></body></html>\n",
    )
    related = multi(
        "related",
        "----=_NextPart_000_0012_01DCAB1F.7C0E2A10",
        both,
        attached('Content-Type: image/png;\n\tname="image001.png"\nContent-ID: <image001.png@01DCAB1F.7B>', PNG),
    )
    file = attached(
        'Content-Type: application/octet-stream;\n\tname="siqa-u.json"\n'
        'Content-Disposition: attachment;\n\tfilename="siqa-u.json"',
        U,
    )
    mail = (
        "Return-Path: <c.meyer@example.net>\n"
        'From: "Meyer, Clara" <C.Meyer@Example.NET>\n'
        f"To: <{TO}>\n"
        "Subject: SIQA-U, second try\n"
        "Date: Mon, 9 Mar 2026 10:22:31 +0100\n"
        "Message-ID: <000c01dcab17$1a2b3c40$4f81b4c0$@example.net>\n"
        "MIME-Version: 1.0\n"
        "X-Mailer: Microsoft Outlook 16.0\n"
        "Thread-Index: AdyrFwqV2pQk0x1pR8yq0w==\n"
        "Content-Language: de\n"
        + multi(
            "mixed",
            "----=_NextPart_000_0011_01DCAB1F.7C0E2A10",
            related,
            file,
            preamble="This is a multipart message in MIME format.\n\n",
        )
    )
    expected = Expected(
        senders=("c.meyer@example.net",),
        subject="SIQA-U, second try",
        message_id="<000c01dcab17$1a2b3c40$4f81b4c0$@example.net>",
        text="Dear all,\n\n\n\nresults attached.",
        attachments=(File(name="siqa-u.json", data=U, content_type="application/octet-stream"),),
    )
    return case("clients/outlook-desktop", mail, expected)


def _outlook_365() -> Case:
    long_id = "<AM0PR04MB5678A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3D4E5F6@AM0PR04MB5678.eurprd04.prod.example.com>"
    both = multi(
        "alternative",
        "_000_AM0PR04MB5678A1B2C3_",
        'Content-Type: text/plain; charset="iso-8859-1"\nContent-Transfer-Encoding: quoted-printable\n\n'
        "Gr=FC=DFe aus M=FCnchen, results attached.=\n\n",
        'Content-Type: text/html; charset="iso-8859-1"\n'
        "Content-Transfer-Encoding: quoted-printable\n\n<p>Gr=FC=DFe</p>\n",
    )
    file = attached(
        'Content-Type: application/json; name="siqa-s.json"\nContent-Description: siqa-s.json\n'
        'Content-Disposition: attachment; filename="siqa-s.json"; size=226;\n'
        '\tcreation-date="Mon, 09 Mar 2026 09:40:00 GMT";\n\tmodification-date="Mon, 09 Mar 2026 09:41:02 GMT"'
    )
    mail = (
        "From: =?iso-8859-1?Q?J=FCrgen_M=FCller?= <juergen.mueller@example.net>\n"
        f'To: "{TO}" <{TO}>\n'
        "Subject: =?iso-8859-1?Q?SIQA_Ergebnisse_f=FCr_M=E4rz?=\n"
        "Thread-Topic: SIQA\nThread-Index: AQHcqx8N\n"
        "Date: Mon, 9 Mar 2026 09:45:10 +0000\n"
        f"Message-ID:\n {long_id}\n"
        "Accept-Language: de-DE, en-US\nContent-Language: de-DE\nX-MS-Has-Attach: yes\n"
        "X-Auto-Response-Suppress: DR, OOF, AutoReply\nX-MS-TNEF-Correlator:\n"
        "x-ms-exchange-messagesentrepresentingtype: 1\n"
        "MIME-Version: 1.0\n" + multi("mixed", "_004_AM0PR04MB5678A1B2C3_", both, file)
    )
    expected = Expected(
        senders=("juergen.mueller@example.net",),
        subject="SIQA Ergebnisse für März",
        message_id=long_id,
        text="Grüße aus München, results attached.",
    )
    return case("clients/outlook-365", mail, expected)


def _apple_mail() -> Case:
    file = attached(
        "Content-Disposition: inline;\n\tfilename=siqa-s.json\n"
        'Content-Type: application/json;\n\tx-unix-mode=0644;\n\tname="siqa-s.json"'
    )
    body = multi(
        "mixed",
        "Apple-Mail=_0E5A4B1D-8C2F-4D57-9E60-1F2A3B4C5D6E",
        "Content-Transfer-Encoding: 7bit\nContent-Type: text/plain;\n\tcharset=us-ascii\n\nResults:\n\n",
        file,
        "Content-Transfer-Encoding: 7bit\nContent-Type: text/plain;\n\tcharset=us-ascii\n\n\n\nBest, Dana\n",
    )
    mail = (
        "From: Dana Fox <dana@example.org>\n" + body.replace("multipart/mixed;\n\t", "multipart/mixed;\n ", 1)
    ).replace(
        "\n\n",
        "\nMime-Version: 1.0 (Mac OS X Mail 16.0 \\(3826.400.131.1.6\\))\nSubject: SIQA-S\n"
        "Message-Id: <5E1C0D2B-77A0-4B6F-9A55-0A1B2C3D4E5F@example.org>\n"
        f"Date: Tue, 10 Mar 2026 18:03:44 +0900\nTo: {TO}\n"
        "X-Mailer: Apple Mail (2.3826.400.131.1.6)\n\n",
        1,
    )
    expected = Expected(
        senders=("dana@example.org",),
        subject="SIQA-S",
        message_id="<5E1C0D2B-77A0-4B6F-9A55-0A1B2C3D4E5F@example.org>",
        text="Results:",
    )
    return case("clients/apple-mail-inline", mail, expected)


def _thunderbird() -> Case:
    mail = (
        "Message-ID: <b1f0d1c2-9c2c-4a4e-8f3f-6b0a7c1d2e3f@example.org>\n"
        "Date: Thu, 12 Mar 2026 11:00:00 +0100\nMIME-Version: 1.0\nUser-Agent: Mozilla Thunderbird\n"
        f"Content-Language: en-US\nTo: {TO}\nFrom: Finn Berg <finn@example.org>\n"
        "Autocrypt: addr=finn@example.org; keydata=\n"
        f" {b64(b'k' * 300).replace(chr(10), chr(10) + ' ')}\nSubject: SIQA both tracks\n"
        + multi(
            "mixed",
            "------------0rGXk1mJp4c8Qh2sVb7nLwTz",
            "Content-Type: text/plain; charset=UTF-8; format=flowed\n"
            "Content-Transfer-Encoding: 8bit\n\nBoth tracks – thanks!\n",
            attached(
                'Content-Type: application/json; name="siqa-s.json"\n'
                'Content-Disposition: attachment; filename="siqa-s.json"'
            ),
            attached(
                'Content-Type: application/json; name="siqa-u.json"\n'
                'Content-Disposition: attachment; filename="siqa-u.json"',
                U,
            ),
            preamble="This is a multi-part message in MIME format.\n",
        )
    )
    expected = Expected(
        senders=("finn@example.org",),
        subject="SIQA both tracks",
        message_id="<b1f0d1c2-9c2c-4a4e-8f3f-6b0a7c1d2e3f@example.org>",
        text="Both tracks – thanks!",
        attachments=(File(name="siqa-s.json"), File(name="siqa-u.json", data=U)),
    )
    return case("clients/thunderbird-both-tracks", mail, expected)


def _mutt() -> Case:
    signed = multi(
        "mixed",
        "k1BdNSsV5a2dSQ2R",
        "Content-Type: text/plain; charset=us-ascii\nContent-Disposition: inline\n\nhere they are.\n",
        'Content-Type: application/json\nContent-Disposition: attachment; filename="siqa-s.json"\n\n' + S.decode(),
    )
    signature = (
        'Content-Type: application/pgp-signature; name="signature.asc"\n\n'
        "-----BEGIN PGP SIGNATURE-----\n\niQIzBAEBCgAdFiEE\n=abcd\n-----END PGP SIGNATURE-----\n"
    )
    mail = (
        f"Date: Fri, 13 Mar 2026 09:00:00 +0000\nFrom: Gil Ortiz <gil@example.net>\nTo: {TO}\nSubject: siqa-s\n"
        "Message-ID: <aBcDeFgHiJkLmNoP@host.example.net>\nMIME-Version: 1.0\n"
        + multi("signed", "zYM0uCDKw75PZbzx", signed, signature).replace(
            "multipart/signed;", 'multipart/signed; micalg=pgp-sha512;\n\tprotocol="application/pgp-signature";', 1
        )
    )
    expected = Expected(
        senders=("gil@example.net",),
        subject="siqa-s",
        message_id="<aBcDeFgHiJkLmNoP@host.example.net>",
        text="here they are.",
    )
    return case("clients/mutt-signed", mail, expected, line_end="\n")
