"""Text in old encodings that nobody declared: read as the language that it is in, or not at all."""

from __future__ import annotations

import pytest

from mailbot.mail.mime.text import text_of
from scoring.files.legacy_text import guessed
from scoring.files.read import decode
from scoring.text import REPLACEMENT

READ = {
    "euc_kr": ("결과 파일.json", "제출 결과", "안녕하세요, 저희 팀의 결과를 첨부합니다.", "한국대학교 비전랩"),
    "koi8-r": ("результаты.json", "Результат команды", "Здравствуйте, прилагаем наши результаты."),
    "cp1251": ("результаты.json", "Результат команды", "Команда Зрение"),
    "big5": ("結果檔案.json", "提交結果", "您好，附件是我們的結果，請查收。", "視覺實驗室"),  # noqa: RUF001  # of Chinese
    "cp932": ("結果ファイル.json", "提出結果", "こんにちは。結果を添付しました。", "東京ビジョン研究室"),
    "euc_jp": ("結果ファイル.json", "提出結果", "こんにちは。結果を添付しました。"),
    "gb18030": ("结果.json", "提交结果", "您好，附件是我们的结果，请查收。", "视觉实验室", "Qwen微调", "蒸馏"),  # noqa: RUF001  # as above
    "cp1252": ("Größe.json", "Résultats", "Münster Vision", "naïve", "Café 1"),
}

NOT_READ = {
    "cp1253": ("αποτελέσματα.json", "Ομάδα"),
    "cp1255": ("תוצאות.json",),
    "cp1256": ("النتائج.json",),
    "cp1250": ("Łódź wyniki", "žluťoučký"),
    "cp1254": ("sonuçlar ığ.json",),
}


@pytest.mark.parametrize(("encoding", "text"), [(name, text) for name, texts in READ.items() for text in texts])
def test_the_language_of_undeclared_bytes_is_found(encoding: str, text: str) -> None:
    """In names and subjects, and in a result file, whose team is told as what it was read."""
    assert text_of(text.encode(encoding)) == text
    decoded = decode(f"id,perception,method\n1,2,{text}\n".encode(encoding))
    assert isinstance(decoded, tuple)
    assert text in decoded[0]
    assert len(decoded[1]) == 1


@pytest.mark.parametrize(("encoding", "text"), [(name, text) for name, texts in NOT_READ.items() for text in texts])
def test_what_cannot_be_told_is_never_another_language(encoding: str, text: str) -> None:
    """A name has marks in it; a file is refused."""
    shown = text_of(text.encode(encoding))
    assert REPLACEMENT in shown
    assert shown.replace(REPLACEMENT, "").isascii()
    assert guessed(text.encode(encoding)) is None
