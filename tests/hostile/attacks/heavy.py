"""Attacks that take time or space: mails that are slow to read, many at once, files that break what takes them out."""

from __future__ import annotations

import base64
import gzip
import shutil
from typing import TYPE_CHECKING

from tests.command import typed
from tests.hostile.attacks.host import folder_of
from tests.hostile.attacks.model import ADA, CARL, Attack, carrying, note
from tests.hostile.files import two_large_files
from tests.unit.services import BEFORE, submission

if TYPE_CHECKING:
    from tests.hostile.attacks.model import Ground

FIELDS = (
    "Subject", "To", "Reply-To", "References", "Message-ID", "Date", "Received", "Authentication-Results",
    "DKIM-Signature", "Auto-Submitted", "List-Id", "Content-Disposition",
)  # fmt: skip
PUMPS = (" ", "\t", "a ", "(", '"', "\\", "<", "@", ",", ";", "=?utf-8?q?a?= ", "a=b;", "re: ", "a@b,", "- ", "[x] ")


def _slow_to_read(ground: Ground) -> str:
    """Send 64 KB of header fields that a pattern may backtrack over; a child has two seconds of processor time here."""
    spaces = f"Authentication-Results: a{' ' * 8000}x\r\n" * 7 + f"Subject: mbk{'a' * 26}{' ' * 6000}x\r\n"
    heads = [spaces, *("".join(f"{name}: {_pumped(name, pump)}x\r\n" for name in FIELDS) for pump in PUMPS)]
    heads += [f"Subject: x\r\nContent-Type: multipart/mixed; boundary={pump * 500}\r\n" for pump in ("a b", "=", "'")]
    slow = []
    for number, head in enumerate(heads):
        ground.take(f"From: n{number}@evil{number}.example\r\n{head}\r\n--b\r\n\r\n{'- ' * 5000}\r\n".encode())
        ((attempts, state),) = ground.rows("SELECT attempts, state FROM mails ORDER BY id DESC LIMIT 1")
        if attempts != 1 or state != "recorded":
            slow.append(f"mail {number}: {attempts} attempts, {state}")
    return "; ".join(slow)


def _pumped(name: str, pump: str) -> str:
    begun = "a" if name == "Authentication-Results" else ""
    return begun + pump * (4500 // len(pump))


def _heavy_of_strangers(ground: Ground) -> str:
    """Send six heavy mails of strangers, then one of a team: it must not wait for more than the one under way."""
    heavy = [
        carrying(ground, f"n{number}@evil{number % 2}.example", f"heavy {number}", ("s.zip", two_large_files(number)))
        for number in range(6)
    ]
    return _waited(ground, [*heavy, submission("Light", To=ground.us)], at_most=1)


def _heavy_in_a_name(ground: Ground) -> str:
    """Send four heavy mails in a team's name, then one of another team."""
    heavy = [carrying(ground, ADA, f"heavy {number}", ("s.zip", two_large_files(number))) for number in range(4)]
    return _waited(ground, [*heavy, submission("Light", sender=CARL, To=ground.us)], at_most=1)


def _waited(ground: Ground, mails: list[bytes], *, at_most: int) -> str:
    before = ground.take_all(mails).index(len(mails) - 1)
    return "" if before <= at_most else f"a team's mail waited for {before} others"


def _archives_within_every_limit(ground: Ground) -> str:
    """Send eight archives, each within every limit, of 224 MiB in all: no answer is too long, none is tried again."""
    outcome = ground.take(
        carrying(ground, ADA, "siqa-s", *((f"{number}.zip", two_large_files(number)) for number in range(8)))
    )
    ((attempts,),) = ground.rows("SELECT attempts FROM mails ORDER BY id DESC LIMIT 1")
    return "" if outcome == "refused" and attempts == 1 else f"{outcome}, {attempts} attempts"


def _too_long_together(ground: Ground) -> str:
    """Send twelve files that are slow to read, each within its second, in one mail; then another team submits."""
    rows = ",".join(f'{{"id": {number}, "perception": "{number}", "knowledge": null}}' for number in range(40_000))
    files = [f'{{"track": "S", "n": {number}, "predictions": [{rows}]}}'.encode() for number in range(12)]
    packed = ((f"{number}.json.gz", gzip.compress(data, 1)) for number, data in enumerate(files))
    ground.take(carrying(ground, ADA, "siqa-s", *packed))
    ((attempts, state),) = ground.rows("SELECT attempts, state FROM mails ORDER BY id DESC LIMIT 1")
    outcome = ground.take(submission("After", sender=CARL, To=ground.us))
    return "" if attempts <= 2 and outcome == "scored" else f"{attempts} attempts, {state}; the next mail is {outcome}"


def _deep_paper(ground: Ground) -> str:
    """Hand in a paper beside 3,000 nested parts, then another one; take all out, by both commands."""
    ground.take(_nested(carrying(ground, ADA, "[SIQA paper] deep", ("p.pdf", b"%PDF-1.4 deep"))))
    ground.take(carrying(ground, CARL, "[SIQA paper] plain", ("p.pdf", b"%PDF-1.4 plain")))
    folder = folder_of(
        ground, lambda _: None, more='[[entries]]\nkind = "paper"\ntypes = [".pdf"]\ncloses = 2030-01-01T00:00:00Z\n'
    )
    exported, saved = folder.parent / "exported", folder.parent / "saved"
    codes = [
        typed("export", str(exported), folder=folder).code,
        typed("entries", "--save", str(saved), folder=folder).code,
    ]
    found = [{path.read_bytes() for path in place.rglob("*.pdf")} for place in (exported, saved)]
    told = (exported / "manifest.json").exists()
    shutil.rmtree(folder.parent)
    wanted = {b"%PDF-1.4 deep", b"%PDF-1.4 plain"}
    return "" if told and all(each == wanted for each in found) else f"exit codes {codes}, {found} taken out"


def _nested(mail: bytes, depth: int = 3000) -> bytes:
    """Return a mail with multiparts within one another behind what it holds."""
    boundary = mail.split(b'boundary="', 1)[1].split(b'"', 1)[0]
    inner = b"".join(b'Content-Type: multipart/mixed; boundary="n%d"\r\n\r\n--n%d\r\n' % (n, n) for n in range(depth))
    return mail.replace(b"--%b--" % boundary, b"--%b\r\n%b" % (boundary, inner))


def _many_small(ground: Ground) -> str:
    """Send a text of a million lines, a mail of line ends, and 99,000 empty parts; then a team submits."""
    mixed = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    ground.take(note(ground, "n@evil.example", "x", "a\n" * 1_000_000))
    ground.take(b"From: n@evil.example\r\n" + b"\r\n" * 4_000_000)
    ground.take(b"From: n@evil.example\r\n" + mixed + b"--b\r\n\r\n\r\n" * 99_000)
    outcome = ground.take(submission("After", To=ground.us))
    ((again,),) = ground.rows("SELECT count(*) FROM mails WHERE attempts > 1")
    return "" if outcome == "scored" and not again else f"{outcome}, {again} mails tried again"


CHARSETS = (
    "utf-7",
    "utf-16",
    "utf-16be",
    "utf-32",
    "hz",
    "iso-2022-jp",
    "iso-2022-kr",
    "gb18030",
    "punycode",
    "undefined",
)
CUT = b"+2AA- ~{!!~} \x1b$B!!\x1b(B \xed\xa0\x80 \x80\x00\xd8 status\r\n"


def _undecodable(ground: Ground) -> str:
    """Send texts that their charset cannot hold, as body, HTML, subject and name of a file; then a file beside one."""
    for number, name in enumerate(CHARSETS):
        word = f"=?{name}?B?{base64.b64encode(CUT).decode()}?="
        head = f"From: {ADA}\r\nTo: {ground.us}\r\nSubject: {word}\r\nMessage-ID: <c{number}@x>\r\n"
        parts = (
            f"text/plain; charset={name}",
            f"text/html; charset={name}",
            f"text/csv; charset={name}; name*={name}''%D8%00",
        )
        body = b"".join(b"--b\r\nContent-Type: %b\r\n\r\n%b\r\n" % (each.encode(), CUT) for each in parts)
        ground.take(f"{head}Content-Type: multipart/mixed; boundary=b\r\n\r\n".encode() + body + b"--b--\r\n")
    tried = ground.rows("SELECT id, attempts, state FROM mails WHERE attempts > 1 OR state <> 'recorded'")
    outcome = ground.take(submission("After", To=ground.us))
    return f"{tried}; the next mail is {outcome}" if tried or outcome != "scored" else ""


SHORT = {"limits": {"child_cpu_seconds": 2}}
SECOND = {"limits": {"child_seconds": 1}}
PAPERS = {"entries": [{"kind": "paper", "types": [".pdf"], "closes": BEFORE.replace(year=2030)}]}

ATTACKS = (
    Attack(name="header-fields-that-backtrack", play=_slow_to_read, config=SHORT),
    Attack(name="heavy-mails-of-strangers", play=_heavy_of_strangers),
    Attack(name="heavy-mails-in-a-teams-name", play=_heavy_in_a_name),
    Attack(name="archives-within-every-limit", play=_archives_within_every_limit),
    Attack(name="files-that-take-too-long-together", play=_too_long_together, config=SECOND),
    Attack(name="paper-beside-3000-nested-parts", play=_deep_paper, config=PAPERS),
    Attack(name="mails-of-lines-and-parts-alone", play=_many_small),
    Attack(name="texts-that-their-charset-cannot-hold", play=_undecodable),
)
