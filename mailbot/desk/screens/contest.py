"""Labels, the board, and the dates."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC
from functools import partial
from typing import TYPE_CHECKING, Any

from mailbot.board.build import score_heading
from mailbot.board.codec import board_from_json
from mailbot.board.page.site import editions
from mailbot.board.page.tables import number
from mailbot.board.rank_changes import compared
from mailbot.config.calendar import AOE, phase_at
from mailbot.config.stages import next_board
from mailbot.desk import months
from mailbot.desk.live import FRAME_POLICY
from mailbot.desk.page import Ask, Download, Frame, Missing, Page, Screen
from mailbot.errors import Permanent
from mailbot.ledger import boards, quota
from mailbot.operations import truths

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mailbot.board.model import Board, Table
    from mailbot.ledger.boards import BoardRow


def labels(ask: Ask) -> Page:
    """Show every version of the labels that was in force, and what is not scored by the present ones."""
    config = ask.desk.config
    with ask.desk.opened() as service, service.ledger.read() as tx:
        found = list(reversed(truths.history(tx)))
        stage = service.ranking.stage
        behind = ask.desk.complete.count_lacking(tx, service.ranking.versions_in(stage).values())
        differs = service.labels.not_taken()
    names = {each.key: each.name for each in config.stages}
    since = {(one.track, one.stage): one.since for one in found}  # the first of each: nothing changed by it
    context = {"first": since, "periods": found, "stages": names, "behind": behind, "differs": differs}
    return Page(template="labels.html.j2", title="Labels", context=context)


def differences(ask: Ask) -> Page:
    """Show which items differ between two versions, without their labels."""
    with ask.desk.opened() as service:
        stage = service.config.stage_named(ask.get("phase") or None, service.clock())
        before, after = truths.two(service, ask.get("old") or None, ask.get("new") or None, ask.get("track"), stage)
        found = list(truths.differences(before, after))
    context = {"before": before, "after": after, "found": found[:500], "more": max(len(found) - 500, 0)}
    return Page(template="differences.html.j2", title="What differs", context=context)


_headings: dict[str, Board] = {}
"""Published boards without their tables, by SHA-256: they never change."""


def _heading(row: BoardRow) -> Board:
    if row.sha256 not in _headings:
        _headings[row.sha256] = replace(_read(row), tables=())
    return _headings[row.sha256]


def _read(row: BoardRow) -> Board:
    return board_from_json(json.loads(row.board))


def board(ask: Ask) -> Page:
    """Show the boards so far, and what prevents the final results; the board of now is asked for by itself."""
    with ask.desk.read() as tx:
        rows = boards.listing(tx, withdrawn=True)
    past = [_heading(row) for row in rows]
    with ask.desk.opened() as service:
        early = service.weekly.too_early(list(service.challenge.phases))
        sheet = service.sheet()
    addresses = {id(edition.board): edition.address for edition in editions(past)}
    published = [(row, one, addresses[id(one)]) for row, one in zip(rows, past, strict=True)]
    context: dict[str, Any] = {"published": list(reversed(published)), "early": early, "next": _next(ask)}
    context |= {"sheet": sheet.spreadsheet if sheet else ""}
    return Page(template="board.html.j2", title="Board", context=context)


def present(ask: Ask) -> Page:
    """Show the board as it would be now against the last published one: all that counts is ranked for it."""
    with ask.desk.read() as tx:
        standing = boards.listing(tx)
    with ask.desk.opened() as service:
        try:
            made = service.weekly.board(service.clock())
        except Permanent as error:
            return Page(template="now.html.j2", title="As it would be now", context={"made": None, "why": str(error)})
    its = (row for row in reversed(standing) if (_heading(row).phase, _heading(row).final) == (made.phase, False))
    last = next(its, None)
    changes = compared(_read(last), made) if last else ()
    context = {"made": made, "why": "", "changes": changes, "is_first": not standing, "shown": _shown}
    context["shown_in"] = partial(_shown_in, {table.key: table for table in made.tables})
    return Page(template="now.html.j2", title="As it would be now", context=context)


def _shown(score: float, table: Table) -> str:
    return number(score, score_heading(table).decimals)


def _shown_in(tables: Mapping[str, Table], key: str, score: float | None) -> str:
    """Show a score as its table does; it may be of a table that is there no more."""
    if score is None:
        return "–"
    return _shown(score, tables[key]) if key in tables else f"{score:.2f}"


def _next(ask: Ask) -> object:
    config = ask.desk.config
    return next_board(config.board.publish_at, config.challenge.zone, config.stages, ask.desk.clock())


def page(ask: Ask) -> Frame | Download:
    """Show a page of the published site, where nothing runs; what it links to is there too, as a download."""
    site = ask.desk.config.published / "page"
    try:
        file = (site / ask.path["file"]).resolve()
        if not file.is_relative_to(site.resolve()) or not file.is_file():
            raise Missing(ask.path["file"])
        data = file.read_bytes()
    except (OSError, ValueError) as error:  # a name that is too long, or holds what no name may
        raise Missing(ask.path["file"]) from error
    if file.suffix != ".html":
        return Download(name=file.name, data=data)
    return Frame(html=data.decode(), policy=FRAME_POLICY)


def published(ask: Ask) -> Download:
    """Hand out a published board as JSON."""
    with ask.desk.read() as tx:
        row = next((one for one in boards.listing(tx, withdrawn=True) if one.sha256 == ask.path["board"]), None)
    if row is None:
        raise Missing(ask.path["board"])
    return Download(name=f"board-{row.published_at:%Y-%m-%d}.json", data=row.board.encode())


def dates(ask: Ask) -> Page:
    """Show phases and deadlines in the challenge's zone, in AoE and in the viewer's."""
    config, now = ask.desk.config, ask.desk.clock()
    with ask.desk.read() as tx:
        extended = quota.extensions(tx)
        own = config.extended(extended)
    name, zone = months.zone_named(ask.get("zone"), ask.zone)
    context = {
        "phases": own.calendar, "present": phase_at(own.calendar, now), "extended": extended,
        "configured": {phase.name: phase.closes for phase in config.calendar},
        "entries": config.entries, "aoe": lambda at: f"{at.astimezone(AOE):%Y-%m-%d %H:%M}" if at else "–",
        "utc": lambda at: f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" if at else "–",
        "next": _next(ask), "registration": config.registration.closes,
        "months": months.months(months.marks(own, now), zone, now), "zone": name, "today": now.astimezone(zone).date(),
    }  # fmt: skip
    return Page(template="dates.html.j2", title="Dates", context=context)


SCREENS = (
    Screen(path="/labels", look=labels),
    Screen(path="/labels/differences", look=differences),
    Screen(path="/board", look=board),
    Screen(path="/board/now", look=present),
    Screen(path="/board/page/{file:path}", look=page),
    Screen(path="/board/{board}.json", look=published),
    Screen(path="/dates", look=dates),
)
