"""The results site as a function of the published boards and the rules: every file of it, by its path. Pure.

It is made whole each time, so that it can be made again from the ledger at any time. Every board keeps its address
for good: ``weeks/2026-03-18/`` for the first of a day, ``weeks/2026-03-18-1405/`` for a later one.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailbot.board import codec, exports, workbook
from mailbot.board.page import awards as site_awards
from mailbot.board.page import charts, feed, tables
from mailbot.board.page import rules as site_rules
from mailbot.board.page.html import SHEET, common_style, html, sections
from mailbot.board.rank_changes import previous_board, rank_changes
from mailbot.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mailbot.board.model import Board
    from mailbot.board.page.rules import SiteRules

Site = dict[str, bytes]
"""The bytes of each file by its path, as ``weeks/2026-03-18/index.html``."""

Weeks = dict[str, dict[str, bytes]]
"""The compressed files of past boards' folders, by a hash of all that they are made of."""


ABOUT = {"rules": "rules", "submit": "submit", "teams": "teams", "teams/zh": "teams-zh"}
"""The folders of the pages that tell of the challenge, and their templates."""


@dataclass(frozen=True, kw_only=True)
class Edition:
    """A published board and where it stands for good."""

    board: Board
    #: Its folder below ``weeks/``, as ``2026-03-18``.
    address: str
    #: The ordinary board published before it; None for the first and for final results.
    previous: Board | None


def site(boards: Sequence[Board], rules: SiteRules, received: bytes | None = None, weeks: Weeks | None = None) -> Site:
    """Return the site of ``boards``, which stand in the order they were published in.

    The front page shows the ordinary board of the latest instant, or the final results where they are all there is.
    ``received`` is the list of the files that were received (:mod:`mailbot.board.exports`), once it is published.

    ``weeks`` is what this program made of past boards before: what is in it is not made again, and it is brought up to
    date.

    Raises:
        Permanent: there is no board.
    """
    if not boards:
        raise Permanent("A site needs a board: publish one first")
    every = editions(boards)
    shown = [edition for edition in every if not edition.board.withdrawn]
    shown = shown or [replace(every[-1], board=standing(boards)[0])]
    front = next((edition for edition in reversed(shown) if not edition.board.final), shown[-1])
    finals = _finals(shown)
    final = next((one.edition.board for one in finals if one.edition.board.phase == front.board.phase), None)
    common = {"rules": rules, "final": final, "finals": finals, "feed": "feed.xml", "received": received}
    files: Site = {} if received is None else {exports.RECEIPTS: received}
    known, kept = weeks if weeks is not None else {}, Weeks()
    shown_in_front = _board(front)
    for edition in every:
        key = _key(edition, common)
        kept[key] = known.get(key) or {
            name: zlib.compress(data, 1)
            for name, data in _week(edition, shown_in_front if edition is front else _board(edition), common).items()
        }
        files |= {name: zlib.decompress(data) for name, data in kept[key].items()}
    if weeks is not None:
        weeks.clear()
        weeks |= kept
    for one in finals:
        files |= _final(one, common)
    files[f"weeks/{SHEET}"] = common_style().encode()
    files["weeks/index.html"] = html("archive", root="../", editions=every[::-1], **common)
    files |= _about(rules, common)
    files["feed.xml"] = feed.atom([(edition.board, f"weeks/{edition.address}/") for edition in shown], rules.url)
    drawn = charts.all_of(
        front.board, [one.board for one in shown if not one.board.final and one.board.phase == front.board.phase]
    )
    files |= {name: files[f"weeks/{front.address}/{name}"] for name in ("board.json", "board.csv")}
    files["board.xlsx"] = workbook.as_xlsx(front.board)
    files["index.html"] = html("index", root="", charts=drawn, latest=True, **shown_in_front, **common)
    return files


def standing(boards: Sequence[Board]) -> list[Board]:
    """Return the boards that were not taken back; where none stands, the last one without its teams."""
    if stand := [board for board in boards if not board.withdrawn]:
        return stand
    last = boards[-1]
    tables = tuple(replace(table, rows=tuple(row for row in table.rows if row.baseline)) for table in last.tables)
    return [replace(last, tables=tables, withdrawn="", final=False)]


def editions(boards: Sequence[Board]) -> list[Edition]:
    """Give every board its address, in the order of publication, and return them by their instant.

    A board published later never changes the address of one before it.
    """
    taken: set[str] = set()
    addresses = []
    for board in boards:
        address = next(name for name in _names(board) if name not in taken)
        taken.add(address)
        addresses.append(address)
    made = [
        Edition(board=board, address=address, previous=None if board.final else _previous(boards, board))
        for board, address in zip(boards, addresses, strict=True)
    ]
    return sorted(made, key=lambda edition: edition.board.as_of)


def _previous(boards: Sequence[Board], board: Board) -> Board | None:
    """Return the ordinary board of the same phase before one."""
    return previous_board([one for one in boards if _precedes(one, board)], board.as_of)


def _precedes(one: Board, board: Board) -> bool:
    """Whether a board is compared with another: ordinary ones of one phase that stand."""
    return not one.final and not one.withdrawn and one.phase == board.phase


@dataclass(frozen=True, kw_only=True)
class Final:
    """The final results of the challenge, or of a phase with a board of its own."""

    edition: Edition
    #: The folder that they have for good, as ``final``.
    folder: str
    #: What a link to them says.
    title: str


def _finals(shown: Sequence[Edition]) -> list[Final]:
    """Return the last final results of each phase, in the order of the phases' boards."""
    last = {edition.board.phase: edition for edition in shown if edition.board.final}
    phases = [phase for phase in dict.fromkeys(edition.board.phase for edition in shown) if phase in last]
    return [
        Final(
            edition=last[phase],
            folder=f"final-{_slug(phase)}" if phase else "final",
            title=f"Final results: {phase}" if phase else "Final results",
        )
        for phase in phases
    ]


def _slug(phase: str) -> str:
    """Return a phase's name as a folder can have it; names in other scripts by their bytes."""
    plain = re.sub(r"[^a-z0-9]+", "-", phase.lower()).strip("-")
    return plain if plain.replace("-", " ") == phase.lower() else f"{plain or 'phase'}-{phase.encode().hex()[:12]}"


def _names(board: Board) -> Iterator[str]:
    """Yield the addresses that a board could have, the one it would rather have first."""
    yield f"{board.as_of:%Y-%m-%d}"
    yield (minute := f"{board.as_of:%Y-%m-%d-%H%M}")
    number = 2
    while True:
        yield f"{minute}-{number}"
        number += 1


def _key(edition: Edition, common: Mapping[str, object]) -> str:
    """Return a hash of all that a past board's folder is made of, but for the program itself."""
    board, previous = edition.board, edition.previous
    finals: Sequence[Final] = common["finals"]  # type: ignore[assignment]  # as site() put it there
    rules: SiteRules = common["rules"]  # type: ignore[assignment]  # the same
    parts = (
        *(_snapshot(one) if one else "" for one in (board, previous)),
        *(edition.address, board.withdrawn, rules.name),
        *(part for one in finals for part in (one.folder, one.title, str(one.edition.board is board))),
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _snapshot(board: Board) -> str:
    """Return the hash of a board's snapshot, which the ledger tells of one that it keeps."""
    return board.kept or hashlib.sha256(codec.snapshot(board).encode()).hexdigest()


def _week(edition: Edition, shown: Mapping[str, object], common: Mapping[str, object]) -> Site:
    """Return the files of a board's own folder."""
    place = f"weeks/{edition.address}"
    text = html("index", root="../../", sheet=f"../{SHEET}", charts=(), latest=False, **shown, **common)
    return {f"{place}/index.html": text, **_data(edition.board, f"{place}/")}


def _final(final: Final, common: Mapping[str, object]) -> Site:
    rules: SiteRules = common["rules"]  # type: ignore[assignment]  # as site() put it there
    edition, place = final.edition, final.folder
    honours = site_awards.honours(edition.board, rules.awards)
    text = html("final", root="../", honours=honours, charts=(), latest=False, **_board(edition), **common)
    workbooks = {f"{place}/board.xlsx": workbook.as_xlsx(edition.board)}
    return {f"{place}/index.html": text, **_data(edition.board, f"{place}/"), **workbooks}


def _about(rules: SiteRules, common: Mapping[str, object]) -> Site:
    """Return the pages that tell of the challenge."""
    values = {
        "dates": site_rules.calendar(rules),
        "closings": site_rules.closings(rules),
        "formats": site_rules.formats(rules),
        "mailto": site_rules.mailto(rules),
        "subject": site_rules.subject(rules),
        **common,
    }
    return {
        f"{place}/index.html": html(name, root="../" * (1 + place.count("/")), **values)
        for place, name in ABOUT.items()
    }


def _board(edition: Edition) -> dict[str, object]:
    """Return what the pages of a board show of it."""
    moved = rank_changes(edition.previous, edition.board) if edition.previous else None
    views = tables.views(edition.board, moved)
    return {
        "board": edition.board,
        "address": edition.address,
        "views": views,
        "sections": sections(views, edition.previous),
    }


def _data(board: Board, place: str = "") -> Site:
    """Return a board's files for programs; a workbook takes so long that only the front page and the end have one."""
    return {
        f"{place}board.json": exports.as_json(board),
        f"{place}board.csv": exports.as_csv(board),
    }
