"""The targets: each takes any bytes, and fails where something that must always hold does not."""

from __future__ import annotations

import hashlib
import socket
import time
from typing import TYPE_CHECKING, Any

import msgspec

from mailbot.evaluation import tasks
from mailbot.evaluation.workbooks import to_csv
from mailbot.mail import tasks as mail_tasks
from mailbot.mail.mime.headers import Caps
from mailbot.mail.mime.tnef import read
from mailbot.mail.open import open_mail, taken_out
from mailbot.mail.parse import files, parse
from mailbot.system.children import wire
from mailbot.system.children.channel import Channel, TooLong
from scoring.files.unpack import Limits, unpack
from scoring.model import EXAMPLES
from scoring.scores.evaluate import evaluated_any
from scoring.text import REPLACEMENT
from tests.hostile.files import xlsx
from tests.unit.scoring.made import s_truth, u_truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mailbot.mail.model import Mail
    from mailbot.system.children.named import Named
    from scoring.model import Problem

_TRUTHS = {"siqa-s": s_truth(), "siqa-u": u_truth()}
_ALSO_SHOWN = f"{REPLACEMENT}\u3000\xa0"
_MOST_BYTES = 1024 * 1024
_MOST_MESSAGE = 1024
_MOST_SECONDS = 5.0
_NAMES = ("a.json", "a.csv", "a.zip", "a.json.gz", "a", "winmail.dat", "../x\x00.tsv", "a.xlsx")
_TIGHT = Caps(message_bytes=4096, header_bytes=256, value_bytes=64, parts=4, depth=2, attachments=2, decoded_bytes=512)


def fuzz_parse(data: bytes) -> None:
    """Any bytes are a mail whose shown fields are inert, also under caps that every mail passes."""
    for mail in (parse(data), parse(data, _TIGHT)):
        hold_mail(mail)
    assert len(parse(data, _TIGHT).attachments) <= 2


def fuzz_open(data: bytes) -> None:
    """Any mail opens into files that have a name fit to be shown, each content once."""
    opened = open_mail(data, len(data))
    hold_mail(opened.mail)
    for candidate in opened.candidates:
        hold_text([candidate.name])
        hold_problems(candidate.problems)
    hold_crossing(mail_tasks.open_mail, opened)
    contents = [candidate.data for candidate in opened.candidates]
    assert len(contents) == len(set(contents))


def fuzz_unpack(data: bytes) -> None:
    """Any attachment gives files within the limits, or says why it gives none."""
    limits = Limits(members=5, member_bytes=_MOST_BYTES, total_bytes=2 * _MOST_BYTES, ratio=100)
    unpacked = unpack(_NAMES[data[0] % len(_NAMES)] if data else "", data[1:], limits)
    assert unpacked.files or unpacked.problems
    assert all(len(file.data) <= _MOST_BYTES for file in unpacked.files)
    assert sum(len(file.data) for file in unpacked.files) <= 2 * _MOST_BYTES + len(data)
    hold_text([file.name for file in unpacked.files])
    hold_problems(unpacked.problems)


def fuzz_read(data: bytes) -> None:
    """Any file is scored, or told why it is not, in words that every reply can carry."""
    evaluated = evaluated_any(data, _TRUTHS, name="a.json", hint="S")
    hold_crossing(tasks.evaluate, evaluated)
    evaluation = evaluated.evaluation
    assert evaluation.ok != bool(evaluation.problems)
    hold_problems(evaluation.problems)
    hold_text([note.message for note in evaluation.notes], most=1000)
    hold_text([evaluation.team or "", evaluation.method or ""])
    if evaluation.score is not None:
        assert 0 <= evaluation.score <= 100


def fuzz_tnef(data: bytes) -> None:
    """Any bytes are a winmail.dat of files that fit into it, or a damaged one."""
    packed = read(b"\x78\x9f\x3e\x22" + data)
    assert packed.whole in {True, False}
    assert sum(len(content) for _, content in packed.files) <= len(data) * 2


def fuzz_spreadsheet(data: bytes) -> None:
    """Any sheet is a table in UTF-8, or refused."""
    for workbook in (data, xlsx(data.decode("latin-1"))):
        told = to_csv(workbook)
        if isinstance(told, bytes):
            told.decode()
        else:
            hold_problems([told])


def fuzz_answer(data: bytes) -> None:
    """Whatever a child writes into its channel is the answer of a task, or refused; it takes bounded memory."""
    ours, theirs = socket.socketpair()
    channel = Channel(ours.detach())
    theirs.sendall(data)
    theirs.close()
    try:
        answer = wire.answer(channel.receive(_MOST_BYTES))
    except (EOFError, ValueError):
        return
    finally:
        channel.close()
    for task in (*mail_tasks.KIND.tasks.values(), *tasks.KIND.tasks.values()):
        try:
            hold_crossing(task, wire.read(task.answer, answer.value))
        except wire.Broken:
            continue


def fuzz_channel(data: bytes) -> None:
    """Any bytes in a channel are messages of the lengths that they state, then its end; what is sent arrives whole."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)  # noqa: FBT003  # the standard library's signature; as the daemon's end is
    theirs.sendall(data)
    channel, other = Channel(ours.detach()), Channel(theirs.detach())
    taken, place, until = 0, 0, time.monotonic() + _MOST_SECONDS
    other.send(b"the last", until=until)
    other.close()
    with_last = data + (8).to_bytes(8, "big") + b"the last"
    try:
        while True:
            message = bytes(channel.receive(_MOST_MESSAGE, until=until))
            place, taken = place + 8, taken + 1
            assert message == with_last[place : place + len(message)]
            place += len(message)
            _asked(message)
    except EOFError:
        assert len(with_last) - place < 8 or int.from_bytes(with_last[place : place + 8]) > len(with_last) - place - 8
    except TooLong:
        assert int.from_bytes(with_last[place : place + 8]) > _MOST_MESSAGE
    finally:
        channel.close()


def _asked(message: bytes) -> None:
    """Read a message as a child reads a request; whatever it is, it is refused by name or it is one of a task."""
    try:
        request = wire.request(message)
        for kind in (mail_tasks.KIND, tasks.KIND):
            if task := kind.tasks.get(request.task):
                wire.read(task.arguments, request.arguments)
    except wire.Broken:
        return


def fuzz_wire(data: bytes) -> None:
    """Let through one value, which its reader reads as one too, and nothing that is cut or has more behind it."""
    if not _passes(data):
        return
    assert not _passes(data[:-1])
    assert not _passes(data + b"\0")
    try:
        value = msgspec.msgpack.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TypeError):  # no UTF-8, too deep, a map as a key
        return
    again = msgspec.msgpack.encode(value)
    assert len(again) < 2 * len(data)  # a float of 5 bytes is written again with 9; nothing else gets longer
    assert _passes(again)
    assert repr(msgspec.msgpack.decode(again)) == repr(value)


def _passes(data: bytes) -> bool:
    try:
        wire.check(data)
    except wire.Broken:
        return False
    return True


def fuzz_walker(data: bytes) -> None:
    """Every file that a mail is told to bring can be taken out of it again, under tight caps too, and nothing else."""
    opened = open_mail(data, len(data))
    for one in opened.brought:
        file = taken_out(data, one.sha256)
        assert file is not None
        assert (hashlib.sha256(file).hexdigest(), len(file)) == (one.sha256, one.size)
    for caps in (Caps(), _TIGHT):
        mail = parse(data, caps)
        there = [(file.name, hashlib.sha256(file.data).hexdigest()) for file in files(data, caps)]
        listed = [(file.name, hashlib.sha256(file.data).hexdigest()) for file in mail.attachments]
        listed += [(file.name, file.sha256) for file in mail.passed]
        assert sorted(there) == sorted(listed)
        assert len(there) <= 2 * caps.attachments
    assert taken_out(data, "0" * 64) is None


def hold_crossing(task: Named[..., Any], value: object) -> None:
    """Hold that a task's answer arrives as it was sent, and that it is no more than may be answered."""
    answer = wire.answer(wire.pack(wire.Given(value=value)))
    assert repr(wire.read(task.answer, answer.value)) == repr(value)  # by repr: nan is not equal to itself


TARGETS: dict[str, Callable[[bytes], None]] = {
    "parse": fuzz_parse,
    "open": fuzz_open,
    "unpack": fuzz_unpack,
    "read": fuzz_read,
    "tnef": fuzz_tnef,
    "spreadsheet": fuzz_spreadsheet,
    "answer": fuzz_answer,
    "channel": fuzz_channel,
    "wire": fuzz_wire,
    "walker": fuzz_walker,
}


def hold_mail(mail: Mail) -> None:
    """Hold what every Mail promises."""
    hold_text([mail.subject, *mail.senders, *(file.name for file in mail.attachments)])
    hold_text(mail.text.split("\n"), most=4000)
    hold_problems(mail.faults)
    assert all("/" not in file.name and len(file.name) <= 100 for file in mail.attachments)
    assert all(len(sender) <= 254 for sender in mail.senders)
    assert len(mail.references) <= 40
    assert all(each.isascii() and each.isprintable() for each in (*mail.references, mail.message_id or ""))


def hold_problems(problems: Iterable[Problem]) -> None:
    """Hold what every problem promises."""
    for problem in problems:
        assert problem.count > 0
        assert problem.message
        assert len(problem.examples) <= EXAMPLES
        hold_text([problem.message, *problem.examples], most=1000)


def hold_text(texts: Iterable[str], most: int = 260) -> None:
    """Hold that texts are short, on one line, printable and can be sent as UTF-8."""
    for text in texts:
        assert len(text) <= most
        assert all(char.isprintable() or char in _ALSO_SHOWN for char in text), ascii(text)
        text.encode()
