"""What real programs write that no RFC allows, kind by kind; whole mails are in tests/mails."""

from __future__ import annotations

import base64
import binascii
import struct

import pytest

from mailbot.mail.mime.headers import DEFAULT, read_headers
from mailbot.mail.mime.links import unguarded
from mailbot.mail.mime.params import media_type
from mailbot.mail.mime.text import decode_words, text_of
from mailbot.mail.mime.tnef import read
from mailbot.mail.mime.transfer import encoding_of
from mailbot.mail.model import Sign
from mailbot.mail.open import open_mail
from mailbot.mail.parse import parse
from mailbot.mail.reports import undelivered
from tests.mails.make.kit import S, attached, b64, head, multi, plain
from tests.mails.make.outlook import BEGIN, DATA, PROPERTIES, TITLE, attribute, tnef

JSON = 'Content-Type: application/json; name="s.json"\nContent-Disposition: attachment'
OURS = f"<mailbot.{'a' * 32}@contest.example>"
OTHER = f"<mailbot.{'b' * 32}@contest.example>"


def field(name: str, value: str) -> bytes:
    """Return a header block of one field."""
    return f"{name}: {value}\n".encode()


def names_and_faults(mail: str | bytes) -> tuple[list[str], list[str]]:
    """Return the names of the files that come out of a mail, and the codes of its faults."""
    found = parse(mail.encode() if isinstance(mail, str) else mail)
    return [file.name for file in found.attachments], [fault.code for fault in found.faults]


def holds_the_result(mail: str | bytes) -> bool:
    """Whether exactly the result file comes out of a mail, whole, without a fault."""
    found = parse(mail.encode() if isinstance(mail, str) else mail)
    return [file.data for file in found.attachments] == [S] and not found.faults


@pytest.mark.parametrize(
    "value",
    [
        "multipart/*; boundary=b",
        "multipart/mixed boundary=b",
        'multipart/mixed\n\tboundary="b"',
        "multipart/mixed, boundary=b",
        "Multipart/Mixed (as usual); boundary=b (the mark)",
        "(a comment) multipart/mixed; (another) boundary=b",
        '"multipart/mixed"; boundary="b"',
        "multipart / mixed; boundary = b",
        "multipart/mixed;; boundary=b;",
        "multipart/mixed; charset=utf-8 boundary=b",
        "multipart/mixed; type=text/html\n boundary=b",
        "multipart; boundary=b",
        "multiinner/mixed; boundary=b",
        "multipart/mixed; BOUNDARY*0=b",
        "multipart/mixed; boundary=\"'b'\"",
        "multipart/mixed; boundary='b'",
        'multipart/mixed; boundary=\\"b\\"',
        "multipart/mixed; boundary*=us-ascii''b",
    ],
)
def test_a_container_is_known_however_it_is_written(value: str) -> None:
    """Stars, comments, missing semicolons, quotes: the parts are told apart."""
    body = multi("mixed", "b", attached(JSON)).partition("\n\n")[2]
    assert holds_the_result(f"{head()}Content-Type: {value}\n\n{body}")


@pytest.mark.parametrize(
    ("value", "known"),
    [("text/html(HTML)", "text/html"), ("text", "text/plain"), ("/", "text/plain"), ("TEXT/CSV ;x", "text/csv")],
)
def test_a_media_type_is_told_or_taken_as_text(value: str, known: str) -> None:
    """What cannot be told is text."""
    assert media_type(read_headers(field("Content-Type", value))) == known


@pytest.mark.parametrize(
    "value",
    ["base64;", '"base64"', "base64 (as usual)", "(x) BASE64", "base64, 7bit", "x-base64", "base-64", "base64 "],
)
def test_a_transfer_encoding_is_known_however_it_is_written(value: str) -> None:
    """Semicolons, comments and quotes are passed over."""
    assert encoding_of(read_headers(field("Content-Transfer-Encoding", value))) == "base64"
    assert holds_the_result(plain(attached(JSON).replace("Encoding: base64", f"Encoding: {value}")))


@pytest.mark.parametrize("value", ["7bit", "", "8-bit", "none", "()", "binary;"])
def test_what_is_no_encoding_changes_nothing(value: str) -> None:
    """An unknown one is none."""
    assert encoding_of(read_headers(field("Content-Transfer-Encoding", value))) == ""


@pytest.mark.parametrize("size", [40, 56, 76, 100])
@pytest.mark.parametrize("end", ["\n", "\r\n", " \n", ""])
def test_base64_may_be_padded_in_pieces(size: int, end: str) -> None:
    """Each piece is decoded by itself, wherever its line ends."""
    pieces = end.join(base64.b64encode(S[at : at + size]).decode() for at in range(0, len(S), size))
    assert holds_the_result(plain(f"{JSON}\nContent-Transfer-Encoding: base64\n\n{pieces}\n"))


def test_base64_with_bits_behind_its_end() -> None:
    """Some encoders leave what was in their memory in the last letter."""
    encoded = base64.b64encode(S).decode()
    assert encoded.endswith("Cg==")
    assert holds_the_result(plain(f"{JSON}\nContent-Transfer-Encoding: base64\n\n{encoded[:-4]}Cn==\n"))


@pytest.mark.parametrize("name", ["s.json", ""])
def test_what_says_base64_and_is_plain_is_taken_as_it_is(name: str) -> None:
    """No JSON is base64."""
    part = f"Content-Type: application/json; name={name}\nContent-Transfer-Encoding: base64\n\n{S.decode()}"
    assert names_and_faults(plain(part)) == ([name], [])


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_all_parts_may_be_encoded_together(encoding: str) -> None:
    """As SAP does."""
    body = multi("mixed", "b", "Content-Type: text/plain\n\nHello\n", attached(JSON)).partition("\n\n")[2]
    sent = b64(body) if encoding == "base64" else binascii.b2a_qp(body.encode()).decode()
    sent = sent.replace("--b", "=2D-b")
    fields = f"Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: {encoding}\n\n"
    assert holds_the_result(head() + fields + sent)


def test_a_field_may_be_one_encoded_word() -> None:
    """A gateway that found a byte beyond ASCII in it encoded all of it, its parameters too."""
    words = "=?unknown-8bit?q?_{}=3D=22Gr=C3=B6=C3=9Fe=2Ejson=22?="
    fields = (
        f"Content-Type: =?unknown-8bit?q?application/octet-stream=3B_?=\n {words.format('name')}\n"
        f"Content-Disposition: =?unknown-8bit?q?attachment=3B_?=\n {words.format('filename')}"
    )
    assert names_and_faults(plain(attached(fields))) == (["Größe.json"], [])


@pytest.mark.parametrize("damage", ["=3D=3D", "fQ=x", "a", "*"])
def test_base64_that_was_changed_is_not_scored(damage: str) -> None:
    """A file must not be scored from what a gateway left of it."""
    assert names_and_faults(plain(attached(JSON) + damage)) == ([], ["undecodable"])


def _uu(name: str, data: bytes) -> str:
    lines = (binascii.b2a_uu(data[at : at + 45]).decode() for at in range(0, len(data), 45))
    return f"begin 644 {name}\n{''.join(lines)}`\nend\n"


def test_uuencoded_files_come_out_one_by_one() -> None:
    """Results, a picture and a paper: each goes where an attachment of its name would."""
    text = "Hello,\n\n" + _uu("s.json", S) + "\n" + _uu("a.gif", b"GIF89a") + _uu("p.pdf", b"%PDF") + "\nAnn\n"
    mail = (head() + "Content-Type: text/plain\n\n" + text).encode()
    opened = open_mail(mail, len(mail))
    assert [(file.name, file.data) for file in opened.candidates] == [("s.json", S)]
    assert [file.name for file in opened.brought] == ["s.json", "a.gif", "p.pdf"]
    assert opened.mail.text == "Hello,\n\nAnn"


def test_uuencode_in_base64() -> None:
    """The other form of POSIX: `uuencode -m`."""
    text = f"Hello\n\nbegin-base64 644 s.json\n{b64(S)}\n====\n"
    assert holds_the_result(head() + "Content-Type: text/plain\n\n" + text)


def test_uuencode_within_quoted_printable() -> None:
    """Some programs protect its spaces."""
    text = binascii.b2a_qp(_uu("s.json", S).encode()).decode()
    encoded = f"Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n{text}"
    assert holds_the_result(head() + encoded)


@pytest.mark.parametrize("junk", ["", "\n", "\r\n"], ids=["no empty line", "one", "CRLF"])
def test_a_header_may_end_without_an_empty_line(junk: str) -> None:
    """At the delimiter, in a mail; at the first line that is no field, in a part."""
    mail = head() + multi("mixed", "b", attached(JSON)).replace("\n\n--b", f"\n{junk}--b", 1)
    assert holds_the_result(mail)
    part = attached(JSON).replace("base64\n\n", f"base64\n{junk}", 1)
    assert holds_the_result(plain(part))


def test_a_second_from_after_the_delimiter_is_doubtful() -> None:
    """Whoever reads the header to its empty line sees another sender: then nobody can say whom the mail is from."""
    mail = head() + 'Content-Type: multipart/mixed; boundary="b"\n--b\nFrom: evil@example.net\n\nx\n--b--\n'
    assert parse(mail.encode()).senders == ()


@pytest.mark.parametrize("kind", ["alternative", "related", "mixed"])
def test_a_boundary_may_be_used_twice(kind: str) -> None:
    """The inner container's parts are the outer one's."""
    inner = multi(kind, "b", "Content-Type: text/plain\n\nHello\n", "Content-Type: text/html\n\n<p>Hello</p>\n")
    mail = head() + multi("mixed", "b", inner, attached(JSON))
    assert holds_the_result(mail)
    assert parse(mail.encode()).text == "Hello"


def test_what_stands_after_a_closing_delimiter_is_read() -> None:
    """A gateway closed the mail too early."""
    mail = plain("Content-Type: text/plain\n\nx\n").replace("--_cut", "--_cut", 1)
    boundary = "=_cut-here_7f3a"
    assert holds_the_result(mail + f"--{boundary}\n{attached(JSON)}\n--{boundary}--\n")


@pytest.mark.parametrize(
    ("sections", "name"),
    [
        ('filename*1="submis"; filename*2="sion.json"', "submission.json"),
        ('filename*0="submis"; filename*2="sion.json"', "submission.json"),
        ('filename*2="sion.json"; filename*1="submis"', "submission.json"),
        ("filename*1*=utf-8''%E7%BB; filename*2*=%93.json", "结.json"),
        ("filename*0*=gbk''%BD%E1; filename*1=.json", "结.json"),
    ],
)
def test_a_name_is_joined_in_the_order_of_its_sections(sections: str, name: str) -> None:
    """Whether they are numbered from 0 or 1, or one was lost (RFC 2231, section 3)."""
    part = attached(f"Content-Type: application/json\nContent-Disposition: attachment; {sections}")
    assert names_and_faults(plain(part)) == ([name], [])


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ("Content-Type: message/partial; id=x; number=1; total=2\n\nx\n", "partial"),
        ("Content-Type: message/external-body; access-type=URL; name=s.json\n\nContent-ID: x\n", "external-body"),
        ("Content-Type: message/rfc822; name=s.json\n\nSubject: x\n\n{}\n", "forwarded-as-attachment"),
        ("Content-Type: application/mac-binhex40; name=s.hqx\n\n(This file must be\n", "binhex"),
        ('Content-Type: application/octet-stream; name="s.json.gpg"\n\nx\n', "encrypted"),
        ('Content-Type: application/octet-stream; name="message.rpmsg"\n\nx\n', "encrypted"),
        ("Content-Type: application/octet-stream\n\n-----BEGIN PGP MESSAGE-----\n", "encrypted"),
        ('Content-Type: text/plain; name="s.json"\n\n-----BEGIN PGP MESSAGE-----\n', "encrypted"),
        ("Content-Type: text/plain\n\nHello\n\n-----BEGIN PGP MESSAGE-----\n\nabc\n", "encrypted"),
        ("Content-Type: text/plain\n\n=ybegin line=128 size=9 name=s.json\nabc\n=yend size=9\n", "yenc"),
        (multi("digest", "d", "\nSubject: a\n\nb\n"), "digest"),
        (multi("encrypted", "d", "Content-Type: application/octet-stream\n\nx\n"), "encrypted"),
    ],
)  # fmt: skip
def test_what_cannot_be_opened_is_named(part: str, code: str) -> None:
    """By its media type, its place, its name or its content; never as a broken result file."""
    assert names_and_faults(plain(part)) == ([], [code])


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Hello,\n\nid,perception\n1,2\n", ["pasted"]),
        ('Hello,\n\n```json\n{\n  "track": "S"}\n```\n', ["pasted"]),
        ("Thanks!\n\n-----Original Message-----\nFrom: us\n\nid,perception\n1,2\n", []),
        ("Thanks!\n\n> id,perception\n> 1,2\n", []),
        ("See [1] and [2].\n\n[1] a paper\n", []),
    ],
)
def test_results_pasted_below_a_greeting_are_seen(text: str, codes: list[str]) -> None:
    """But not the sample of ours in what is quoted."""
    assert names_and_faults(head() + "Content-Type: text/plain\n\n" + text) == ([], codes)


def test_exchange_takes_an_encrypted_mail_apart() -> None:
    """It makes multipart/mixed of it; the neighbour of application/pgp-encrypted is encrypted."""
    control = "Content-Type: application/pgp-encrypted\n\nVersion: 1\n"
    mail = head() + multi("mixed", "b", control, attached("Content-Type: application/octet-stream", b"\x84\x01"))
    assert names_and_faults(mail) == ([], ["encrypted"])


def test_a_mail_of_an_old_macintosh_is_read() -> None:
    """Its lines end with a bare carriage return."""
    assert holds_the_result(plain(attached(JSON)).replace("\n", "\r"))


def test_a_signed_mail_is_told_from_an_encrypted_one() -> None:
    """Both are application/pkcs7-mime."""
    signed = bytes.fromhex("308006092a864886f70d010702a080")
    fields = "Content-Type: application/pkcs7-mime; name=smime.p7m"
    assert names_and_faults(plain(attached(fields, signed))) == ([], ["smime-signed"])
    assert names_and_faults(plain(attached(fields, signed.replace(b"\x07\x02", b"\x07\x03")))) == ([], ["encrypted"])


def test_a_result_named_as_a_mail_is_a_result() -> None:
    """Its content tells; some web mailers say message/rfc822 of whatever they do not know."""
    assert holds_the_result(plain(attached("Content-Type: message/rfc822; name=s.json")))


@pytest.mark.parametrize("kind", ["application/ld+json", "text/vnd.example+json", "application/x.y+xml"])
def test_data_beside_a_text_is_no_file(kind: str) -> None:
    """What mail programs put there for one another has no name; with one, it is what its name says."""
    assert names_and_faults(plain(f'Content-Type: {kind}\n\n{{"a": 1}}\n')) == ([], [])
    assert holds_the_result(plain(attached(f"Content-Type: {kind}; name=s.json")))


@pytest.mark.parametrize(
    "part",
    ["Content-Type: text/vnd.google.email-reaction+json\n\n{}\n", "Content-Disposition: reaction\n\n\U0001f44d\n"],
    ids=["Gmail", "RFC 9078"],
)
def test_a_reaction_is_no_mail_to_answer(part: str) -> None:
    """It is recorded as what it is; with a result file beside it, the file counts."""
    assert parse(plain(part).encode()).automatic == "emoji reaction"
    assert parse(plain(part).encode()).sign is Sign.REPLY
    assert holds_the_result(plain(part, attached(JSON)))


def _packed(method: int, rendered: int, object_data: bytes = b"") -> bytes:
    begin = attribute(BEGIN, struct.pack("<HI8x", rendered, 0xFFFFFFFF))
    listed = struct.pack("<IHHI", 2 if object_data else 1, 0x0003, 0x3705, method)
    if object_data:
        listed += struct.pack("<HHII", 0x000D, 0x3701, 1, len(object_data)) + object_data
        listed += bytes(-len(object_data) % 4)
    return begin + attribute(TITLE, b"A picture\0") + attribute(DATA, b"\x89PNG") + attribute(PROPERTIES, listed)


def test_winmail_tells_files_mails_and_pictures_apart() -> None:
    """A mail in it is named as one; a picture pasted into the text is nothing."""
    message = bytes.fromhex("0703020000000000c000000000000046") + b"..."
    found = read(tnef(_packed(1, 1), _packed(5, 1), _packed(1, 1, message), _packed(6, 1), _packed(1, 2)))
    assert found.files == (("A picture", b"\x89PNG"),)
    assert (found.mails, found.whole) == (("A picture", "A picture"), True)


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        ("确认谢谢".encode() + b"\xe8\xb0 end", "utf-8", "确认谢谢\N{REPLACEMENT CHARACTER} end"),
        ("附件是结果".encode("gbk") + b"\xff ok", "gb2312", "附件是结果\N{REPLACEMENT CHARACTER} ok"),
        ("Größe".encode("latin-1"), "", "Größe"),
        ("GRÖßE".encode("latin-1"), "utf-8", "GRÖßE"),
        ("结果".encode("gbk"), "", "结果"),
        ("结果".encode(), "iso-8859-1", "结果"),
        ("测试文本".encode(), "gb2312", "测试文本"),
        ("测试文本".encode(), "Shift_JIS", "测试文本"),
        ("联通".encode("gbk"), "gbk", "联通"),
        ("結果①㈱".encode("cp932"), "Shift_JIS", "結果①㈱"),
        ("結果①".encode("cp932"), "x-sjis", "結果①"),
        (b"\x1b$B7k2L-!\x1b(B.json", "ISO-2022-JP", "結果①.json"),
        (b"\xad\xa1" + "結果".encode("euc_jp"), "euc-jp", "①結果"),
        ("“x”".encode("cp1254"), "iso-8859-9", "“x”"),
        (b"\xff\xfe\xfd\xfc", "", "\N{REPLACEMENT CHARACTER}" * 4),
        ("Результаты".encode("koi8-r"), "", "Результаты"),
        ("結果如附件".encode("big5"), "", "結果如附件"),
        ("こんにちは".encode("shift_jis"), "", "こんにちは"),
    ],
)
def test_text_is_read_as_what_it_is_or_marked(data: bytes, charset: str, text: str) -> None:
    """One damaged byte costs one character; what makes no sense is never shown as another language."""
    found = text_of(data, charset)
    assert found == text


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ('filename="%E7%BB%93%E6%9E%9C.json"', "结果.json"),
        ('filename="100%25.json"', "100%25.json"),
        ('filename="%BD%E1%B9%FB.json"', "%BD%E1%B9%FB.json"),
        ('filename="=?utf-8?B?57uT5p6cLmpzb24?="', "结果.json"),
        ('filename="=?utf-8?Q?=E7=BB=93.json?', "结.json"),
        ("filename=結果.json", "結果.json"),
    ],
)
def test_a_name_is_told_however_it_is_written(written: str, name: str) -> None:
    """In percent-encoding, in an encoded word without its padding or its end, raw."""
    part = attached(f"Content-Type: application/json\nContent-Disposition: attachment; {written}")
    assert names_and_faults(plain(part)) == ([name], [])


@pytest.mark.parametrize("charset", ['3D"gb2312"', "'gb2312'", "x-gbk", "GB2312;", "gb2312,"])
def test_a_charset_is_known_however_it_is_written(charset: str) -> None:
    """With quotes inside quotes, with what quoted-printable left, with an x before it."""
    assert text_of("镕".encode("gbk"), charset) == "镕"


@pytest.mark.parametrize("name", ["ATT00001.txt", "smime.p7s", "signature.asc", "image001.png", "OpenPGP_0x1.asc"])
def test_what_mail_programs_add_is_no_file_that_a_team_sent(name: str) -> None:
    """The reply does not say that it looks like no results; results under such a name are taken."""
    part = f'Content-Type: text/plain; name="{name}"\nContent-Disposition: attachment\n\n'
    assert names_and_faults(plain(part + "Ann\n")) == ([], [])
    assert names_and_faults(plain(part + S.decode())) == (["ATT00001.txt"] if "txt" in name else [], [])


def test_raw_bytes_in_a_header_are_in_the_charset_of_the_body() -> None:
    """A Korean program that writes raw subjects declares the charset of its text."""
    text = "Content-Type: text/plain; charset=euc-kr\nContent-Transfer-Encoding: 8bit\n\nx\n"
    name = attached('Content-Disposition: attachment; filename="@@.json"')
    mail = (head(subject="@@") + multi("mixed", "b", text, name)).encode().replace(b"@@", "결과".encode("euc_kr"))
    found = parse(mail)
    assert (found.subject, [file.name for file in found.attachments]) == ("결과", ["결과.json"])


def test_encoded_words_in_microsofts_shift_jis() -> None:
    """NEC's and IBM's characters are in no standard."""
    word = base64.b64encode("結果①.json".encode("cp932")).decode()
    assert decode_words(f"=?Shift_JIS?B?{word}?=") == "結果①.json"


DRIVE = "https://drive.google.com/file/d/1AbC-d_e/view?usp=sharing"


IN_A_QUERY = "https%3A%2F%2Fdrive.google.com%2Ffile%2Fd%2F1AbC-d_e%2Fview%3Fusp%3Dsharing"


@pytest.mark.parametrize(
    "link",
    [
        f"https://eur03.safelinks.protection.outlook.com/?url={IN_A_QUERY}&amp;data=05%7C02%7C&amp;reserved=0",
        "https://urldefense.proofpoint.com/v1/url?u=https://drive.google.com/file/d/1AbC-d_e/view?usp%3Dsharing&k=x",
        "https://urldefense.proofpoint.com/v2/url?u=https-3A__drive.google.com_file_d_1AbC-2Dd-5Fe_view-3Fusp-3Dsharing&d=DwMF",
        "https://urldefense.com/v3/__https://drive.google.com/file/d/1AbC-d_e/view?usp=sharing__;!!A4F2R9G_pg!Zw$",
        "https://urldefense.com/v3/__https:/*drive.google.com/file/d/1AbC-d_e/view*usp=sharing__;Lz8!!A4F2R9G_pg!Zw$",
        "https://linkprotect.cudasvc.com/url?a=https%3a%2f%2fdrive.google.com%2ffile%2fd%2f1AbC-d_e%2fview%3fusp%3dsharing&c=E",
        "https://secure-web.cisco.com/1abcDEF/https%3A%2F%2Fdrive.google.com%2Ffile%2Fd%2F1AbC-d_e%2Fview%3Fusp%3Dsharing",
        f"https://us-west-2.protection.sophos.com/?d=google.com&u={base64.b64encode(DRIVE.encode()).decode()}&i=NjA=",
        f"https://protect2.fireeye.com/v1/url?k=31323334&q=1&u={IN_A_QUERY}",
        f"https://url.avanan.click/v2/___{DRIVE}___.YXAz",
        "https://www.google.com/url?q=https://drive.google.com/file/d/1AbC-d_e/view?usp%3Dsharing&sa=D",
        f"https://x.safelinks.protection.outlook.com/?url=https%3A%2F%2Furldefense.com%2Fv3%2F__{IN_A_QUERY}__%3B!!A4F2!Zw%24",
    ],
)
def test_links_behind_mail_filters_are_decoded(link: str) -> None:
    """The link that was sent is among what is read of it."""
    assert any(each.startswith(DRIVE) for each in unguarded(link))
    fault = parse((head() + f"Content-Type: text/plain\n\nOur file: {link}\n").encode()).faults[0]
    assert (fault.code, fault.examples) == ("cloud-link", ("Google Drive",))
    assert "drive.google.com/file/d/1AbC-d_e/view" in fault.message


@pytest.mark.parametrize(
    ("link", "store"),
    [
        ("https://cloud.tsinghua.edu.cn/f/0123456789abcdef0123/", "Seafile"),
        ("https://nextcloud.uni.example/index.php/s/AbcdEfghIjklMno", "Nextcloud"),
        ("https://bhpan.buaa.edu.cn/link/0123456789ABCDEF0123456789ABCDEF", "AnyShare"),
        ("https://drive.proton.me/urls/ABC#x", "Proton Drive"),
        ("https://huggingface.co/datasets/peepers/siqa/resolve/main/s.json", "a web server"),
        ("https://github.com/peepers/net/releases/download/v1/s.csv.gz", "a web server"),
        ("https://github.com/peepers/net", ""),
        ("https://arxiv.org/abs/2406.00001", ""),
    ],
)
def test_a_file_on_a_universitys_or_a_web_server_is_a_link_to_a_store(link: str, store: str) -> None:
    """Code and papers are none."""
    faults = parse((head() + f"Content-Type: text/plain\n\nOur file: {link}\n").encode()).faults
    assert [fault.examples for fault in faults] == ([(store,)] if store else [])


def test_of_mimecasts_links_the_domain_is_told() -> None:
    """They hold no more than that."""
    link = "https://protect-eu.mimecast.com/s/1AbCCD3f4H5?domain=drive.google.com"
    (fault,) = parse((head() + f"Content-Type: text/plain\n\n{link}\n").encode()).faults
    assert fault.examples == ("Google Drive",)


@pytest.mark.parametrize("link", ["https://urldefense.com/v3/__https://x*__;!!a!b$", "https://x/aHR0cHM6Ly", DRIVE])
def test_any_link_ends(link: str) -> None:
    """What is cut or leads nowhere gives no more than a few links."""
    assert len(list(unguarded(link))) <= 4


def _report(*parts: str, more: str = "") -> bytes:
    mail = head(more or "X-A: b", sender="MAILER-DAEMON@mx.example.org", subject="Undelivered")
    return (mail + multi("report", "r", "Content-Type: text/plain\n\nSorry.\n", *parts)).encode()


def _status(action: str) -> str:
    return f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nAction: {action}\nStatus: 5.1.1\n"


RETURNED = f"Subject: x\nMessage-ID:\n {OURS}\nReferences: {OTHER}\n"


@pytest.mark.parametrize("kind", ["text/rfc822-headers", "message/rfc822", "message/global-headers"])
def test_a_report_names_the_mail_that_came_back(kind: str) -> None:
    """Whole or its header alone, also in base64; never what it answered."""
    assert undelivered(_report(_status("failed"), f"Content-Type: {kind}\n\n{RETURNED}"), DEFAULT) == (OURS,)
    encoded = f"Content-Type: {kind}\nContent-Transfer-Encoding: base64\n\n{b64(RETURNED)}\n"
    assert undelivered(_report(_status("failed"), encoded), DEFAULT) == (OURS,)
    assert undelivered(_report(_status("delayed"), f"Content-Type: {kind}\n\n{RETURNED}"), DEFAULT) == ()


@pytest.mark.parametrize(
    ("more", "said", "ids"),
    [
        ("X-Failed-Recipients: bo@example.org", "A message could not be delivered.", (OURS,)),
        ("X-A: b", "Hi. This is the qmail-send program.\n\nThis is a permanent error; I've given up. Sorry.", (OURS,)),
        ("X-A: b", "Your message is delayed; you need not send it again.", ()),
    ],
    ids=["X-Failed-Recipients", "qmail", "delayed"],
)
def test_reports_without_parts(more: str, said: str, ids: tuple[str, ...]) -> None:
    """What Exim, qmail and others write as plain text, the mail below it."""
    text = f"Content-Type: text/plain\n\n{said}\n\n--- Below this line is a copy of the message.\n\n{RETURNED}\n"
    mail = head(more, "Return-Path: <>", sender="MAILER-DAEMON@mx.example.org") + text
    assert undelivered(mail.encode(), DEFAULT) == ids
