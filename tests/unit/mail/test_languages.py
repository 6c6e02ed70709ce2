"""Replies in two languages: every sentence is translated, lines stay within their columns, the language is found."""

from __future__ import annotations

import ast
import re
import tomllib
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

import pytest
from babel.messages.pofile import read_po

from mailbot.config.board import BoardRules
from mailbot.config.contest import AwardsSection
from mailbot.mail.languages import (
    CATALOGUES,
    CHINESE,
    ENGLISH,
    LINE,
    folder,
    has_han,
    labelled,
    language_of,
    preset_in,
    reason_in,
    shown_in,
    told_in,
    width,
    words,
    wrapped,
)
from mailbot.mail.templates import environment
from scoring.declaration import siqa
from scoring.values import Fault
from tests.unit.catalogue import ROOT, codes, sentences


def test_every_sentence_is_translated_and_none_is_stale() -> None:
    """The catalogue has what templates and code say, and no more; figures keep their names."""
    with (folder() / CATALOGUES[CHINESE]).open("rb") as file:
        entries = [entry for entry in read_po(file, locale="zh_Hans") if entry.id and entry.context is None]
    assert {entry.id if isinstance(entry.id, str) else entry.id[0] for entry in entries} == sentences()
    assert [entry.id for entry in entries if not entry.string or entry.fuzzy or list(entry.check())] == []


def test_a_problem_is_found_by_its_code() -> None:
    """In English the code comes back: then nothing stands before the sentence."""
    assert words(CHINESE).pgettext("problem", "missing-ids").endswith("。")
    assert words(ENGLISH).pgettext("problem", "missing-ids") == "missing-ids"


def test_every_code_has_its_sentence() -> None:
    """Whatever a file or a mail has wrong, a team that reads Chinese is told in Chinese what it is."""
    with (folder() / CATALOGUES[CHINESE]).open("rb") as file:
        entries = [entry for entry in read_po(file, locale="zh_Hans") if entry.context == "problem"]
    told = {str(entry.id) for entry in entries if str(entry.string).endswith("。")}
    assert codes() | set(Fault) == told


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


def test_no_line_ends_inside_a_word() -> None:
    """English is broken at its spaces, by the width of what stands there; Chinese has none and stays on one line."""
    team = "像素视觉小组"
    text = f"your team {team} has a file named {'submission-s-' * 8}.json, which is long. " * 4
    lines = wrapped(text).splitlines()
    assert " ".join(lines).split() == text.split()
    assert all(width(line) <= LINE or " " not in line for line in lines)
    chinese = "文件没有问题，但本周该赛道的提交次数已用完。" * 4 + " submission-s.json"  # noqa: RUF001  # the stops of Chinese
    given = environment(CHINESE).from_string("{{ text|wrapped(2) }}").render(text=chinese)
    assert given == chinese


def test_labels_are_in_line() -> None:
    """By columns, not by characters."""
    assert {width(labelled(text)) for text in ("Score", "得分", "")} == {17}


def _said(context: str) -> list[str]:
    with (folder() / CATALOGUES[CHINESE]).open("rb") as file:
        return [str(entry.id) for entry in read_po(file, locale="zh_Hans") if entry.context == context]


def test_what_is_wrong_is_said_with_its_figures() -> None:
    """And with what a team wrote, as it wrote it; a place for a figure takes nothing else."""
    assert told_in(CHINESE, "6 of our 8 ids are missing; your file has 2 rows.") == (
        "测试集的 8 个编号中缺少 6 个；您的文件有 2 行。"  # noqa: RUF001  # the stops of Chinese
    )
    assert told_in(CHINESE, "line 3: 5 fields") == "第 3 行：5 个字段"  # noqa: RUF001  # as above
    assert told_in(CHINESE, "many rows") == "many rows"
    assert told_in(CHINESE, "The file is 100% wrong.") == "The file is 100% wrong."
    assert told_in(ENGLISH, "line 3: 5 fields") == "line 3: 5 fields"


def test_a_text_of_a_preset_is_said_word_for_word() -> None:
    """An organizer's own stays as it is, on pages and in letters; so does what is no text of SIQA's or a default."""
    assert preset_in(CHINESE, "Second place") == "第二名"
    assert preset_in(CHINESE, "Second place, and a mug") == "Second place, and a mug"
    assert preset_in(ENGLISH, "Second place") == "Second place"
    preset = tomllib.loads((resources.files("mailbot.config.presets") / "siqa.toml").read_text())
    formulas = {siqa.siqa_s().formula, preset["board"]["overall"], BoardRules.overall_formula}
    assert {*_said("preset")} == {*AwardsSection().places, *formulas}


def test_a_reason_is_said_with_its_figures_and_part_by_part() -> None:
    """As it was kept in English; what nobody translated comes back as it is, and English is never touched."""
    kept = "mx.siqa.example says dmarc=fail; the signature proves nothing: its key is shorter than 1024 bits"
    told = reason_in(CHINESE, kept)
    assert told == "mx.siqa.example 的验证结果为 dmarc=fail；签名不足以证明：公钥短于 1024 位"  # noqa: RUF001  # the stops of Chinese
    assert reason_in(CHINESE, "hm; what is this") == "hm；what is this"  # noqa: RUF001  # as above
    assert reason_in(ENGLISH, kept) == kept


@pytest.mark.parametrize("msgid", _said("reason"))
def test_no_reason_is_stale(msgid: str) -> None:
    """Each is put together from words that stand in the code."""
    assert all(any(part in text for text in _texts()) for part in re.split(r"%\(\w+\)s", msgid))


def test_no_sentence_about_a_file_is_stale() -> None:
    """Each of their words stands in the code."""
    words_told = set(re.findall(r"[A-Za-z]{3,}", re.sub(r"%\(\w+\)s", " ", "\n".join(_said("told")))))
    assert words_told <= set(re.findall(r"[A-Za-z]{3,}", "\n".join(_texts())))


@cache
def _texts() -> list[str]:
    """Return every text of the code, those around the figures of an f-string too."""
    paths = (path for folder in ("mailbot", "scoring") for path in (ROOT / folder).rglob("*.py"))
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in paths)
    nodes = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return [node.value for node in nodes if isinstance(node.value, str)]


def test_beside_a_command_any_han_character_tells() -> None:
    """The words of commands are English for everybody."""
    assert has_han("withdraw S-12\n谢谢")
    assert not has_han("withdraw S-12")
