"""Replies in two languages: every sentence is translated, lines stay within their columns, the language is found."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from babel.messages.pofile import read_po

from mailbot.languages import CATALOGUES, CHINESE, ENGLISH, LINE, labelled, language_of, shown_in, width, words, wrapped
from tests.unit.catalogue import sentences


def test_every_sentence_is_translated_and_none_is_stale() -> None:
    """The catalogue has what templates and code say, and no more; figures keep their names."""
    with CATALOGUES[CHINESE].open("rb") as file:
        entries = [entry for entry in read_po(file, locale="zh_Hans") if entry.id and entry.context is None]
    assert {entry.id if isinstance(entry.id, str) else entry.id[0] for entry in entries} == sentences()
    assert [entry.id for entry in entries if not entry.string or entry.fuzzy or list(entry.check())] == []


def test_a_problem_is_found_by_its_code() -> None:
    """In English the code comes back: then nothing stands before the sentence."""
    assert words(CHINESE).pgettext("problem", "missing-ids").endswith("。")
    assert words(ENGLISH).pgettext("problem", "missing-ids") == "missing-ids"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", "en"),
        ("[SIQA Submission] Pixel Peepers - PeepNet\nOur file.", "en"),
        ("[SIQA Submission] 像素队 - PeepNet v2 large\n您好，请查收附件中的结果文件，谢谢！", "zh"),  # noqa: RUF001  # the stops of Chinese
        ("[SIQA Submission] 像素队 - PeepNet\nDear organizers, please find our result file attached.", "en"),
    ],
    ids=["nothing", "english", "chinese", "a Chinese name"],
)
def test_the_language_is_that_of_most_of_what_was_written(text: str, language: str) -> None:
    """A Latin method name makes a Chinese mail no English one, nor a Chinese name the other way."""
    assert language_of(text) == language


def test_an_instant_has_its_zone_in_both_languages() -> None:
    """The weekday and the order are the language's."""
    instant = datetime(2026, 4, 25, 2, tzinfo=UTC)
    zone = ZoneInfo("Asia/Shanghai")
    assert shown_in("en", instant, zone) == "Sat 25 Apr 2026, 10:00 (Asia/Shanghai, UTC+08:00)"
    chinese = shown_in("zh", instant, zone)
    assert chinese.startswith("2026年4月25日")
    assert "周六" in chinese
    assert chinese.endswith("10:00 (Asia/Shanghai, UTC+08:00)")


def test_lines_of_han_characters_are_broken_by_their_width() -> None:
    """Each takes two columns; no line begins with a stop, and no character is lost."""
    text = "文件没有问题，但本周该赛道的提交次数已用完。" * 4 + " submission-s.json"  # noqa: RUF001  # the stops of Chinese
    lines = wrapped(text).splitlines()
    assert max(map(width, lines)) <= LINE
    assert not [line for line in lines if line.startswith(("，", "。"))]  # noqa: RUF001  # the stops themselves
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_labels_are_in_line() -> None:
    """By columns, not by characters."""
    assert {width(labelled(text)) for text in ("Score", "得分", "")} == {17}
