"""Commands by mail: what is one, what nearly is one, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.intake.commands import Command, Word, read
from mailbot.mail.subject import own_lines

HELP = Command(word=Word.HELP)
QUOTED = "\n\nOn Thu, 12 Mar 2026 at 16:00, SIQA wrote:\n> withdraw S-1\n> -- \n> help\n"


def wide(text: str) -> str:
    """Return ASCII in its full-width form, as Chinese keyboards write it."""
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


COMMANDS = [
    ("help", "", HELP),
    ("[SIQA Submission] Help!", "", HELP),
    (wide("HELP"), "", HELP),
    (wide("回复:帮助"), "", HELP),
    ("", "status", Command(word=Word.STATUS)),
    ("hello", "\n\nStatus.\n\nThanks, Ada", Command(word=Word.STATUS)),
    ("", "status" + QUOTED, Command(word=Word.STATUS)),
    ("", "withdraw S-12", Command(word=Word.WITHDRAW, submissions=(12,))),
    ("", wide("Withdraw S-00012"), Command(word=Word.WITHDRAW, submissions=(12,))),
    ("", "撤回 S-12", Command(word=Word.WITHDRAW, submissions=(12,))),
    ("", "select S-7, s-000009 and S-7", Command(word=Word.SELECT, submissions=(7, 9))),
    ("", "选择 S-7、S-9", Command(word=Word.SELECT, submissions=(7, 9))),
    ("", "letters OFF", Command(word=Word.LETTERS, wanted=False)),
    ("", "letters on", Command(word=Word.LETTERS, wanted=True)),
    ("", "language zh", Command(word=Word.LANGUAGE, language="zh")),
    ("", wide("语言:中文"), Command(word=Word.LANGUAGE, language="zh")),
    ("", "dispute S-12: item 4 is wrong", Command(word=Word.DISPUTE, submissions=(12,), text="item 4 is wrong")),
    ("", "Dispute: S-12 one\ntwo\n-- \nAda", Command(word=Word.DISPUTE, submissions=(12,), text="one\ntwo")),
    ("dispute S-12", "our text", Command(word=Word.DISPUTE, submissions=(12,), text="our text")),
    (wide("状态?"), "", Command(word=Word.STATUS)),
    ("", wide("“状态”!"), Command(word=Word.STATUS)),
    ("【状态】", "", Command(word=Word.STATUS)),
    (wide("status(状态)"), "", Command(word=Word.STATUS)),
    ("", wide("withdraw S-12(撤回 S-12)。"), Command(word=Word.WITHDRAW, submissions=(12,))),
    ("check 检查", "", Command(word=Word.CHECK)),
    ("Status please", "", Command(word=Word.STATUS)),
    ("", wide("撤回") + "S-12。", Command(word=Word.WITHDRAW, submissions=(12,))),
    ("", "语言中文", Command(word=Word.LANGUAGE, language="zh")),
    ("", "dispute S-12: is item 4 wrong?", Command(word=Word.DISPUTE, submissions=(12,), text="is item 4 wrong?")),
    ("", "statsu", Command(word=Word.HELP, misread="statsu")),
    ("", "withdraw", Command(word=Word.HELP, misread="withdraw")),
    ("", "withdraw submission S-12", Command(word=Word.HELP, misread="withdraw submission S-12")),
    ("", "letters maybe", Command(word=Word.HELP, misread="letters maybe")),
    ("", "language fr", Command(word=Word.HELP, misread="language fr")),
    ("", "dispute S-12", Command(word=Word.HELP, misread="dispute S-12")),
]

NONE = [
    ("", ""),
    ("[SIQA Submission] Pixel Peepers - PeepNet", "Our file."),
    ("help us with the format please", ""),
    ("", "Status of our registration? We never heard."),
    ("", "Dear organizers,\nhelp"),
    ("", "-- \nhelp"),
    ("", "> help"),
    ("hello", QUOTED),
    ("", "thanks"),
    ("", "withdraw S-12?"),
    ("", "撤回 S-12" + wide("?")),
    ("", "语言模型的问题"),
    ("", "帮助文档在哪里"),
]


@pytest.mark.parametrize(("subject", "text", "command"), COMMANDS, ids=range(len(COMMANDS)))
def test_a_command_is_read(subject: str, text: str, command: Command) -> None:
    """Whatever its case, width and language, in the first line or the subject; a misspelt one is answered by help."""
    assert read(subject, text) == command


@pytest.mark.parametrize(("subject", "text"), NONE, ids=range(len(NONE)))
def test_what_people_write_is_no_command(subject: str, text: str) -> None:
    """A sentence that begins like one, quoted text, a signature."""
    assert read(subject, text) is None


def test_beside_files_only_check_is_a_command() -> None:
    """A submission is never lost to a word in its subject."""
    assert read("status", "", has_files=True) is None
    assert read("check", "", has_files=True) == Command(word=Word.CHECK)


def test_in_a_thread_the_subject_counts_only_where_nothing_else_is_said() -> None:
    """The subject of an answer is that of the thread."""
    assert read("Re: status", "thanks", in_thread=True) is None
    assert read("AW: status", "I am away until Monday.") is None  # a robot, which names no mail that it answers
    assert read("Re: status", "") == Command(word=Word.STATUS)
    assert read("Re: status", "letters off", in_thread=True) == Command(word=Word.LETTERS, wanted=False)
    assert read("status", QUOTED, in_thread=True) == Command(word=Word.STATUS)


@given(st.text(max_size=200), st.text(max_size=400))
def test_any_text_is_read(subject: str, text: str) -> None:
    """Whatever the text, an answer comes; what could not be read is short and printable."""
    found = read(subject, text)
    assert found is None or (len(found.misread) <= 60 and found.misread.isprintable())
    assert all(line.strip() for line in own_lines(text))
