"""The desk's words are in both languages."""
# ruff: noqa: RUF001  # Chinese is written with Chinese punctuation

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from mailbot.desk import wording
from mailbot.desk.acts import ACTS
from mailbot.desk.page import MENU
from mailbot.mail.languages import CHINESE, ENGLISH, between
from mailbot.model import Exclusion, MailState, Outcome, ReplyState, Ruling, Status
from mailbot.transport.alerts import SUBJECTS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
TEMPLATES = ROOT / "templates"
PO = TEMPLATES / "locale/zh_Hans/LC_MESSAGES/desk.po"

ELSEWHERE = (
    "desk/app.py",
    "desk/walls.py",
    "desk/proposals.py",
    "desk/page.py",
    "desk/jobs.py",
    "operations/acceptance.py",
    "operations/teams.py",
    "board/ranking.py",
    "board/weekly.py",
)
"""Modules beside the acts some of whose sentences are said on the desk."""


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
    return (found | {place.name for place in MENU} | set(_headings())) - {""}


def _trees() -> Iterator[ast.Module]:
    for path in (ROOT / "mailbot/desk/acts").glob("*.py"):
        yield ast.parse(path.read_text(encoding="utf-8"))


def _headings() -> Iterator[str]:
    """Yield the headings of the tables that acts show."""
    for node in (node for tree in _trees() for node in ast.walk(tree)):
        given = node.value if isinstance(node, ast.keyword) and node.arg == "headings" else None
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "").casefold() == "headings":
            given = node.value
        if isinstance(given, ast.Tuple):
            yield from (ast.literal_eval(one) for one in given.elts)


def _said(tree: ast.Module) -> Iterator[str]:
    """Yield what a module's texts of several words are, with ``{0}`` for the first value; its comments are none."""
    nodes = list(ast.walk(tree))
    comments = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    pieces = {id(one) for node in nodes if isinstance(node, ast.JoinedStr) for one in node.values}
    for node in nodes:
        if id(node) in comments | pieces:
            continue
        if isinstance(node, ast.JoinedStr):
            values = iter(range(len(node.values)))
            parts = [str(one.value) if isinstance(one, ast.Constant) else f"{{{next(values)}}}" for one in node.values]
            yield "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _known(context: str | None) -> dict[str, str]:
    with PO.open("rb") as file:
        return {
            str(one.id): str(one.string) for one in read_po(file, locale="zh_Hans") if one.id and one.context == context
        }


def test_every_word_has_its_chinese_and_none_is_left_over() -> None:
    """A new heading, label or button needs its line; one that is gone takes its line along."""
    known = _known(None)
    assert set(known) == _words()
    assert [text for text, chinese in known.items() if not chinese.strip()] == []


def test_every_sentence_of_an_act_has_its_chinese_with_the_same_values() -> None:
    """A new sentence needs its line, and one that no code says any more takes its line along."""
    known = {**_known(wording.SENTENCE), **_known(wording.PART)}
    said = {text for tree in _trees() for text in _said(tree)}
    several = {text for text in said if re.search(r"[A-Za-z]{2} \S*[a-z]{2}|[a-z]{2} \{|\} [a-z]{2}", text)}
    assert several - set(known) - _words() == set()
    for module in ELSEWHERE:
        said |= set(_said(ast.parse((ROOT / "mailbot" / module).read_text(encoding="utf-8"))))
    whole = {
        text for text in _known(wording.SENTENCE) if not text.startswith(("Phase “", "{0} mail(s) ", "{0} dispute(s)"))
    }
    assert whole - said == set()
    for english, chinese in known.items():
        assert sorted(re.findall(r"\{\d\}", english)) == sorted(re.findall(r"\{\d\}", chinese)), english


def test_every_state_has_its_chinese() -> None:
    """Of mails, submissions, mails of ours, exclusions and rulings; and so has every alert."""
    states = {str(one) for kind in (MailState, Outcome, Status, ReplyState, Exclusion, Ruling) for one in kind}
    assert (states | set(SUBJECTS.values())) - set(_known(wording.PART)) == set()


def test_what_the_checks_advise_has_its_chinese() -> None:
    """Of the checks that the desk makes; and what has its Chinese is said by them, or of a mailbox's trouble."""
    known, advice = set(_known(wording.FINDING)), set()
    for name in ("checks", "board", "identity"):
        tree = ast.parse((ROOT / "mailbot/operations/doctor" / f"{name}.py").read_text(encoding="utf-8"))
        advice |= {text for text in _said(tree) if "`" in text and not text.endswith("\n")}
    assert {text for text in advice if not any(text in one for one in known)} == set()
    for english, chinese in _known(wording.FINDING).items():
        assert sorted(re.findall(r"\{\d\}", english)) == sorted(re.findall(r"\{\d\}", chinese)), english


def test_a_finding_is_said_with_its_values() -> None:
    """They may be alerts of ours; a team's name that looks like a finding is a name."""
    said = wording.found("the mailbox refuses our login, since Mon 13 Apr 2026", CHINESE)
    assert said == "邮箱拒绝我们登录，自 Mon 13 Apr 2026"
    refused = "the IMAP server refused the login: check imap.user and the password file; the server says: [X] no"
    assert wording.found(refused, CHINESE) == "IMAP 服务器拒绝登录：检查 imap.user 和密码文件；服务器答复：[X] no"
    assert wording.found("what nobody translated", CHINESE) == "what nobody translated"
    assert wording.part("Lost mails", CHINESE) == "Lost mails"
    assert wording.found("Lost mails", ENGLISH) == "Lost mails"


def test_a_sentence_is_found_again_by_its_pattern_and_its_values_stay() -> None:
    """The one with the most words of its own is meant; what is not known is left alone."""
    assert wording.told("3 letter(s) go out: Ada, Ben.", CHINESE) == "将寄出 3 封信件：Ada, Ben。"
    assert wording.told("3 letter(s) go out.", CHINESE) == "将寄出 3 封信件。"
    assert wording.told("3 letter(s) go out.", ENGLISH) == "3 letter(s) go out."
    assert (
        wording.told("Image, what differs: 2 items gone; q changed for 1 item.", CHINESE)
        == "Image，差异：去掉 2 个样本；1 个样本的 q 有变化。"
    )
    assert wording.told("S-000001 of {0} counts again.", CHINESE) == "{0} 的 S-000001 重新计入。"
    assert wording.told("Nothing known. No mail is sent.", CHINESE) == "Nothing known. 不发送邮件。"


def test_several_sentences_are_each_said_by_their_own_pattern() -> None:
    """A longer pattern of a later one does not swallow those before; a full stop within a name does no harm."""
    held = "1 mail(s) are held and would not count (`mailbot mails list --held`)."
    said = wording.told(f"Publish nevertheless: Phase “a” closes soon. {held}", CHINESE)
    assert said.startswith("仍然公布：阶段“a”于 soon 截止。")
    assert wording.told("Dr. Who is hidden.", CHINESE) == "Dr. Who 已隐藏。"


def test_a_long_text_is_left_alone_at_once() -> None:
    """What a team wrote may look like the beginning of every pattern."""
    text = "a of b: c, d. " * 100_000
    assert wording.told(text[: wording.LONGEST], CHINESE)
    assert wording.part(text, CHINESE) == text


@given(pieces=st.lists(st.text("ab.", max_size=2), min_size=1, max_size=4), text=st.text("ab.", max_size=8))
def test_a_sentence_is_found_as_by_a_lazy_pattern(pieces: list[str], text: str) -> None:
    """The values are those that ``(.*?)`` would find between the pieces, without its backtracking."""
    match = re.fullmatch("(.*?)".join(map(re.escape, pieces)), text, re.DOTALL)
    assert between(text, pieces) == (list(match.groups()) if match else None)
