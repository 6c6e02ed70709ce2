"""Texts whose charset is declared rightly, wrongly, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.mails.make.kit import Case, Expected, attached, case, head, multi, word

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = attached('Content-Type: application/json; name="siqa-s.json"\nContent-Disposition: attachment')
WORDS = "Größe und 结果"


def cases() -> Iterator[Case]:
    """Yield a mail for each trouble with a charset."""
    yield _text("declared-utf-8", "utf-8", WORDS.encode(), WORDS)
    yield _text("bogus-everywhere", "x-no-such-charset", WORDS.encode(), WORDS)
    yield _text("gb2312-that-is-gb18030", "gb2312", "镕 結果 €".encode("gb18030"), "镕 結果 €")
    yield _text("utf-8-that-is-gbk", "utf-8", "附件是结果".encode("gbk"), "附件是结果")
    yield _text("ascii-that-is-utf-8", "us-ascii", WORDS.encode(), WORDS)
    yield _text("latin-1-that-is-cp1252", "iso-8859-1", "“quoted” – 5 €".encode("cp1252"), "“quoted” – 5 €")
    yield _text("big5", "big5", "結果如附件".encode("big5"), "結果如附件")
    yield _text("euc-kr", "ks_c_5601-1987", "결과 첨부합니다".encode("cp949"), "결과 첨부합니다")
    yield _text("no-text-codec", "base64", b"plain words", "plain words")
    yield _text(
        "none-that-fits",
        "utf-8",
        b"\xff\xff caf\xe9",
        "\N{REPLACEMENT CHARACTER}" * 2 + " caf\N{REPLACEMENT CHARACTER}",
    )
    yield _text("utf-8-that-is-latin-1", "utf-8", b"Gr\xf6\xdfe, caf\xe9", "Größe, café")
    mail = head(subject=word("结果").replace("utf-8", "bogus-8")) + multi("mixed", "=_b", FILE)
    yield case("charsets/bogus-in-subject", mail, Expected(subject="结果", text=""))
    mail = head(subject="=?utf-8?B?!!!?= =?utf-8?X?abc?= =?utf-8?Q?fine?=") + multi("mixed", "=_b", FILE)
    yield case(
        "charsets/no-encoded-word-after-all", mail, Expected(subject="=?utf-8?B?!!!?= =?utf-8?X?abc?= fine", text="")
    )


def _text(key: str, charset: str, data: bytes, shown: str) -> Case:
    text = f'Content-Type: text/plain; charset="{charset}"\nContent-Transfer-Encoding: 8bit\n\n@@\n'
    mail = (head() + multi("mixed", "=_b", text, FILE)).encode().replace(b"@@", data)
    return case(f"charsets/{key}", mail, Expected(text=shown))
