"""The attachments of a mail: every file that it brings, which of them may be results, and the first text."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailbot.mail.mime import body, faults, kinds, links, tnef
from mailbot.mail.mime.params import clean_name
from mailbot.mail.mime.text import text_of
from mailbot.mail.mime.transfer import Uuencoded, decode, uuencoded
from mailbot.mail.model import Attachment, Brought
from mailbot.mail.subject import own_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mailbot.mail.mime.headers import Caps
    from mailbot.mail.mime.parts import Part
    from scoring.model import Problem


_LARGEST_TEXT = 4 * 1024 * 1024  # bytes of an encoded body in which uuencoded files are looked for


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the parts of a mail hold."""

    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    faults: tuple[Problem, ...] = ()
    #: Files that are no candidates: papers, code. What stands here or among the attachments can be taken out again.
    passed: tuple[Attachment, ...] = ()
    #: What the mail is, if a part says that a mail program wrote it for its user: a reaction, a receipt; "" for none.
    notice: str = ""


@dataclass(kw_only=True)
class _Basket:
    """What was collected from the parts so far."""

    files: list[Attachment] = field(default_factory=list)
    #: Names of parts by the fault they cause.
    closed: dict[str, list[str]] = field(default_factory=dict)
    #: Files that are no candidates: pictures, papers, README.
    passed: list[Attachment] = field(default_factory=list)
    #: Media type and source of each text a person reads.
    texts: list[tuple[str, str]] = field(default_factory=list)
    #: What a part says that the mail is.
    notice: str = ""
    #: Boundaries around a part that says how its neighbours are encrypted.
    sealed: Collection[tuple[str, ...]] = ()

    def close(self, code: str, name: str) -> None:
        """Note a part that cannot be opened; of an encrypted mail's parts, only those with a name are counted."""
        names = self.closed.setdefault(code, [])
        if code == "encrypted" and names and not (name and names[-1]):
            names[-1] = name or names[-1]
        else:
            names.append(name)


def find(raw: bytes, leaves: Sequence[Part], caps: Caps) -> Found:
    """Return the candidates among the parts, at most as many and as large as the caps allow, and the first text."""
    basket = _Basket(sealed={part.around for part in leaves if part.content_type == kinds.PGP})
    for part in leaves:
        _sort(raw, part, basket)
    kept, over = _within(basket.files, caps)
    closed = [faults.advice(code, len(names), names) for code, names in basket.closed.items()]
    hints = _hints(basket, taken=bool(kept or over))
    return Found(
        text=_first_text(basket.texts),
        attachments=kept,
        faults=(*over, *closed, *hints),
        passed=tuple(file for file in basket.passed if file.data)[: caps.attachments],
        notice=basket.notice,
    )


def _sort(raw: bytes, part: Part, basket: _Basket) -> None:
    """Put a part where it belongs."""
    encoded = raw[part.start : part.end]
    said = kinds.notice(part, lambda: decode(encoded, part.encoding))
    basket.notice = basket.notice or said
    if part.content_type in kinds.TNEF or part.name.lower() == "winmail.dat":
        _sort_winmail(decode(encoded, part.encoding), part.name, basket)
    elif said and not part.name:
        pass
    elif code := kinds.is_closed(part, is_sealed=part.around in basket.sealed):
        _sort_closed(part, code, encoded, basket)
    elif body.is_body(part):
        _sort_body(part, encoded, basket)
    elif kinds.is_unwanted(part.name, part.content_type):
        if part.name and not kinds.is_decoration(part):
            _pass_over(part.name, part.content_type, decode(encoded, part.encoding), basket)
    else:
        data = decode(encoded, part.encoding)
        if data is None and kinds.looks_like_data(encoded):  # it says that it is base64, and is not
            data = encoded
        _sort_file(part.name, part.content_type, data, basket)


def brought(file: Attachment) -> Brought:
    """Return what a file is known again by."""
    return Brought(name=file.name, sha256=hashlib.sha256(file.data).hexdigest(), size=len(file.data))


def _pass_over(name: str, content_type: str, data: bytes | None, basket: _Basket) -> None:
    """Keep a file that is no candidate; one that is damaged is named."""
    if data is None:
        basket.close("undecodable", name)
    else:
        basket.passed.append(Attachment(name=name, content_type=content_type, data=data))


def _sort_closed(part: Part, code: str, encoded: bytes, basket: _Basket) -> None:
    """Name a part that cannot be opened, unless it is a result file that was given a wrong media type."""
    data = b""
    if kinds.is_wanted_by_name(part.name) or code == "encrypted":
        data = decode(encoded, part.encoding) or b""
    if kinds.is_wanted_by_name(part.name) and kinds.looks_like_data(data):
        _sort_file(part.name, part.content_type, data, basket)
    elif code == "encrypted" and kinds.is_signed(data):
        basket.close("smime-signed", part.name)
    else:
        basket.close(code, part.name)


def _sort_winmail(data: bytes | None, name: str, basket: _Basket) -> None:
    """Take the files out of a winmail.dat; it often holds none, only the looks of the text."""
    if data is not None and not tnef.is_tnef(data) and kinds.is_wanted_by_name(name):
        _sort_file(name, kinds.BYTES, data, basket)
        return
    packed = tnef.read(data or b"")
    for sent_name, content in packed.files:
        _sort_packed(clean_name(sent_name), content, basket)
    for title in packed.mails:
        basket.close("forwarded-as-attachment", clean_name(title))
    if not packed.whole:
        basket.close("winmail", name)


def _sort_packed(name: str, data: bytes | None, basket: _Basket) -> None:
    """Put a file where it belongs that says no more of itself than its name."""
    if kinds.is_unwanted(name, kinds.BYTES):
        _pass_over(name, kinds.BYTES, data, basket)
    else:
        _sort_file(name, kinds.BYTES, data, basket)


def _sort_file(name: str, content_type: str, data: bytes | None, basket: _Basket) -> None:
    if data is None:
        basket.close("undecodable", name)
    elif kinds.is_protected(data):
        basket.close("encrypted", name)
    elif kinds.is_candidate(name, content_type, data):
        basket.files.append(Attachment(name=name, content_type=content_type, data=data))
    elif name and not kinds.is_artifact(name):
        _pass_over(name, content_type, data, basket)


def _sort_body(part: Part, encoded: bytes, basket: _Basket) -> None:
    """Keep the text of a body, and take the uuencoded files out of it (mailx, old Outlook)."""
    text = body.source(part, encoded)
    if part.content_type == "text/plain":
        if part.encoding and len(encoded) <= _LARGEST_TEXT and "begin" in text:
            decoded = decode(encoded, part.encoding) or b""
            found = list(uuencoded(decoded))
            text = text[: text.find("\nbegin") + 1] if found else text
        else:
            found = list(uuencoded(encoded))
            text = body.source(part, _without(encoded, found)) if found else text
        for name, data, *_ in found:
            _sort_packed(clean_name(text_of(name)), data, basket)
        if code := kinds.closed_text(text):
            basket.close(code, "")
    basket.texts.append((part.content_type, text))


def _without(data: bytes, files: Sequence[Uuencoded]) -> bytes:
    """Return a text without the files in it."""
    ends = [0, *(file.end for file in files)]
    starts = [*(file.start for file in files), len(data)]
    return b"".join(data[end:start] for end, start in zip(ends, starts, strict=True))


def _within(files: Sequence[Attachment], caps: Caps) -> tuple[tuple[Attachment, ...], list[Problem]]:
    """Return the first files that the caps allow, and the faults for the others."""
    kept, late = files[: caps.attachments], files[caps.attachments :]
    found = [faults.too_many_attachments([file.name for file in late], caps)] if late else []
    total, fitting, large = 0, list[Attachment](), list[str]()
    for file in kept:
        total += len(file.data)
        if total <= caps.decoded_bytes:
            fitting.append(file)
        else:
            large.append(file.name)
    if large:
        found.append(faults.too_much_data(large, total, caps))
    return tuple(fitting), found


def _hints(basket: _Basket, *, taken: bool) -> list[Problem]:
    """Return what may explain that a mail without candidates has none, or that a file is missing beside those taken."""
    found = links.stores((text for _, text in basket.texts), beside_a_file=taken)
    if found:
        return [faults.cloud_links(found)]
    if taken:
        return []
    own = (
        "\n".join(own_lines(text)) for kind, text in basket.texts if kind == "text/plain"
    )  # no sample of ours below it
    if any(kinds.holds_data(text) for text in own):
        return [faults.advice("pasted")]
    names = [file.name for file in basket.passed]
    return [faults.advice("not-a-result-file", len(names), names)] if names else []


def _first_text(texts: Sequence[tuple[str, str]]) -> str:
    """Return the first plain text that says something, else the first HTML that does."""
    for wanted in ("text/plain", "text/html"):
        for kind, text in texts:
            shown = body.readable(text, kind) if kind == wanted else ""
            if shown:
                return shown
    return ""
