"""The desk's words are in both languages."""

from __future__ import annotations

from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from mailbot.desk.acts import ACTS
from mailbot.desk.page import MENU

TEMPLATES = Path(__file__).parents[3] / "templates"
PO = TEMPLATES / "locale/zh_Hans/LC_MESSAGES/desk.po"


def _words() -> set[str]:
    """Return every text that a template, an act or the menu hands to the catalogue."""
    own = [("desk/**.j2", "jinja2.ext:babel_extract")]
    options = {"desk/**.j2": {"trimmed": "true", "encoding": "utf-8"}}
    found = {
        message if isinstance(message, str) else message[0]
        for _, _, message, _, _ in extract_from_dir(TEMPLATES, own, options, keywords={"_": None})
    }
    for act in ACTS.values():
        found |= {act.title, act.reason, act.back} | {text for one in act.fields for text in (one.label, one.help)}
    return (found | {place.name for place in MENU}) - {""}


def test_every_word_has_its_chinese_and_none_is_left_over() -> None:
    """A new heading, label or button needs its line; one that is gone takes its line along."""
    with PO.open("rb") as file:
        known = {str(each.id): str(each.string) for each in read_po(file, locale="zh_Hans") if each.id}
    assert set(known) == _words()
    assert [text for text, chinese in known.items() if not chinese.strip()] == []
