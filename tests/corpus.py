"""Hold the reader to a folder of real mails: `python -m tests.corpus FOLDER...`, or `make corpus DIR=FOLDER`.

Each mail (.eml, the mails of an mbox, a Maildir, any file that begins like a mail) is read by mailbot and by Python's
standard library, and whatever differs is printed: senders, files, their names, their contents. A difference is no
mistake by itself: the library opens no winmail.dat and no uuencode, keeps what base64 has lost, and lists pictures and
signatures that mailbot passes over; those are counted apart. Nothing is written and nothing leaves this machine.
"""

from __future__ import annotations

import hashlib
import re
import signal
import sys
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import collapse_rfc2231_value, getaddresses
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot.mail import mbox
from mailbot.mail.mime.headers import DEFAULT
from mailbot.mail.mime.params import clean_name
from mailbot.mail.parse import files, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from email.message import Message
    from types import FrameType

_LOOKS_LIKE_MAIL = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,40}(?:From [^\n]|[A-Za-z][A-Za-z0-9-]{0,60}:[ \t\r\n])")
_PASSED_OVER = re.compile(r"(image|message|multipart)/.*|application/(pgp|pkcs7|x-pkcs7).*|text/(plain|html|calendar)")
_SECONDS = 20
_SLOW = 1.0


@dataclass(frozen=True, kw_only=True)
class File:
    """A file of a mail, as one of the two readers sees it."""

    name: str
    sha256: str
    size: int
    content_type: str


@dataclass(kw_only=True)
class Reading:
    """What a reader makes of a mail."""

    senders: list[str] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    #: Codes of the faults that mailbot tells.
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0


def main(paths: Sequence[str]) -> int:
    """Compare every mail below the paths; 1 when mailbot broke or was slow on one."""
    found: Counter[str] = Counter()
    bad = False
    ours = theirs = 0.0
    for name, raw in _mails(map(Path, paths)):
        found["mails"] += 1
        try:
            mine = _timed(read, raw)
        except Exception as error:  # noqa: BLE001  # whatever breaks the reader is what is looked for
            _say(f"{name}: mailbot broke: {error!r}")
            bad = True
            continue
        ours += mine.seconds
        if mine.seconds > _SLOW:
            _say(f"{name}: mailbot took {mine.seconds:.1f} s for {len(raw):,} bytes")
            bad = True
        try:
            library = _timed(read_by_library, raw)
        except Exception as error:  # noqa: BLE001  # a mail may break the library
            found["the library broke"] += 1
            _say(f"{name}: the library broke: {error!r:.100}")
            continue
        theirs += library.seconds
        for kind, words in differences(mine, library):
            found[kind] += 1
            if words:
                _say(f"{name}: {kind}: {words}")
    _say(f"\n{found.pop('mails', 0):,} mails; mailbot {ours:.2f} s, the library {theirs:.2f} s")
    _say("\n".join(f"{count:6,}  {kind}" for kind, count in found.most_common()) or "no difference")
    return int(bad)


def read(raw: bytes) -> Reading:
    """Read a mail by mailbot: every file that it lists, candidate or not."""
    started = time.perf_counter()
    mail = parse(raw)
    seconds = time.perf_counter() - started
    listed = [_file(file.name, file.data, file.content_type) for file in files(raw, DEFAULT)]
    return Reading(
        senders=list(mail.senders), files=listed, faults=[fault.code for fault in mail.faults], seconds=seconds
    )


def read_by_library(raw: bytes) -> Reading:
    """Read a mail by the standard library: every part that has a name or is sent as an attachment."""
    message = message_from_bytes(raw)
    froms = getaddresses([str(value) for value in message.get_all("from", [])])
    senders = [address.lower() for _, address in froms if address]
    return Reading(senders=senders, files=list(_parts(message)))


def _parts(message: Message) -> Iterator[File]:
    for part in message.walk():
        name = _name(part)
        if part.is_multipart() or not (name or part.get_content_disposition() == "attachment"):
            continue
        data = part.get_payload(decode=True)
        yield _file(name, data if isinstance(data, bytes) else b"", part.get_content_type())


def _name(part: Message) -> str:
    """Return the name of a part, its encoded words decoded: the library's older interface leaves them."""
    for key, where in (("filename", "content-disposition"), ("name", "content-type")):
        found = part.get_param(key, header=where)
        if found:
            text = collapse_rfc2231_value(found)
            with suppress(LookupError, ValueError):
                text = str(make_header(decode_header(text)))
            return clean_name(text.encode("utf-8", "replace").decode())
    return ""


def _file(name: str, data: bytes, content_type: str) -> File:
    return File(name=name, sha256=hashlib.sha256(data).hexdigest(), size=len(data), content_type=content_type)


def differences(mine: Reading, library: Reading) -> Iterator[tuple[str, str]]:
    """Yield each kind of difference, and words for it where somebody should look at it."""
    if mine.senders != library.senders:
        yield "senders differ", f"{mine.senders} here, {library.senders} there"
    here, there = list(mine.files), list(library.files)
    for file in library.files:
        same = next((each for each in here if (each.sha256, each.name) == (file.sha256, file.name)), None)
        same = same or next((each for each in here if each.sha256 == file.sha256), None)
        same = same or next((each for each in here if file.name and each.name == file.name), None)
        if same is None:
            continue
        here.remove(same)
        there.remove(file)
        if same.sha256 != file.sha256:
            yield "content differs", f"{file.name!r}: {same.size:,} bytes here, {file.size:,} there"
        elif same.name != file.name:
            yield "name differs", f"{same.name!r} here, {file.name!r} there"
    for file in there:
        if _PASSED_OVER.fullmatch(file.content_type):
            yield "picture, signature, text or mail, only there", ""
        else:
            yield "only there", f"{file.name!r}, {file.content_type}, {file.size:,} bytes; told here: {mine.faults}"
    for file in here:
        yield "only here", f"{file.name!r}, {file.content_type}, {file.size:,} bytes"


def _timed(reader: Callable[[bytes], Reading], raw: bytes) -> Reading:
    with _limit():
        started = time.perf_counter()
        reading = reader(raw)
        reading.seconds = reading.seconds or time.perf_counter() - started
    return reading


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


@contextmanager
def _limit() -> Iterator[None]:
    """Break off what takes too long: the library needs minutes for some mails."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"more than {_SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _mails(paths: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each mail below the paths."""
    for top in paths:
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if not path.is_file() or path.is_symlink():
                continue
            raw = path.read_bytes()
            if raw.startswith(b"From ") and path.suffix != ".eml":
                yield from ((f"{path} ({number})", mail) for number, mail in enumerate(mbox.messages(raw), 1))
            elif path.suffix == ".eml" or _LOOKS_LIKE_MAIL.match(raw):
                yield str(path), raw


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
