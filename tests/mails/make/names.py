"""One file name in every way that it is written, and names that must be made harmless."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.mails.make.kit import Case, Expected, File, attached, case, plain, word

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "结果 v2.json"
_QUOTED = quote(NAME)
_Q_WORD = "=?utf-8?Q?=E7=BB=93=E6=9E=9C_v2.json?="

SAME_NAME = {
    "rfc2231": f"filename*=UTF-8''{_QUOTED}",
    "rfc2231-gb18030": f"filename*=gb18030'zh-cn'{quote(NAME.encode('gb18030'))}",
    "rfc2231-continued": f"filename*0*=utf-8''{_QUOTED[:6]};\n filename*1*={_QUOTED[6:21]};\n filename*2=\"v2.json\"",
    "rfc2231-beside-plain": f"filename=\"__ v2.json\"; filename*=UTF-8''{_QUOTED}",
    "rfc2047-base64": f'filename="{word(NAME)}"',
    "rfc2047-quoted": f'filename="{_Q_WORD}"',
    "rfc2047-gbk-unquoted": f"filename={word(NAME, 'gbk')}",
    "rfc2047-two-words": f'filename="{word("结果")}\n {word(" v2.json")}"',
    "raw-utf-8": f'filename="{NAME}"',
    "raw-unquoted": f"filename={NAME}",
}
"""The same name in ten encodings, as Content-Disposition parameters."""

HARMLESS = {
    "folder-unix": ('filename="../../etc/passwd.json"', "passwd.json"),
    "folder-windows": ('filename="C:\\Users\\ann\\siqa.json"', "siqa.json"),
    "folder-percent": ("filename*=utf-8''..%2F..%2Fetc%2Fsiqa.json%00.csv", "siqa.json.csv"),
    "bidi": ("filename*=utf-8''siqa%E2%80%AEnosj.json", "siqanosj.json"),
    "control": ('filename="a\x1b[31m\x07b.json"', "a[31mb.json"),
    "decomposed": ("filename*=utf-8''Re%CC%81sultats.json", "Résultats.json"),
    "too-long": (f'filename="{"long" * 60}.json"', "long" * 19 + "lon…" + "longlonglonglong"[-15:] + ".json"),
    "quotes": (r'filename="say \"hi\".json"', 'say "hi".json'),
}
"""Names that are made fit to be shown."""


def cases() -> Iterator[Case]:
    """Yield a mail for each way of writing a name."""
    for key, parameter in SAME_NAME.items():
        yield _named(key, parameter, NAME)
    for key, (parameter, name) in HARMLESS.items():
        yield _named(key, parameter, name)
    mail = plain(attached(f'Content-Type: application/json; name="{word(NAME)}"\nContent-Disposition: attachment'))
    yield case("names/only-in-content-type", mail, Expected(attachments=(File(name=NAME),)))
    raw = plain(attached(f'Content-Type: application/json\nContent-Disposition: attachment; filename="{NAME}"'))
    yield case("names/raw-gbk", raw.encode("gbk"), Expected(attachments=(File(name=NAME),)))


def _named(key: str, parameter: str, name: str) -> Case:
    mail = plain(attached(f"Content-Type: application/json\nContent-Disposition: attachment; {parameter}"))
    return case(f"names/{key}", mail, Expected(attachments=(File(name=name),)))
