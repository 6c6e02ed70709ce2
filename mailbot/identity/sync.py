"""The step that reads the roster's sources, every hour: the CSV file and the form's response sheet.

What cannot be taken is told to the organizers, each set of problems once. Teams that are still to confirm their
registration are asked, each once, and so are the people whom a row of the form names as members.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.errors import MailbotError, Temporary
from mailbot.identity import names, notices, roster
from mailbot.identity.roster import Entry, Roster, entry
from mailbot.ledger import daybook, events, outbox, teams
from mailbot.mail import envelope
from mailbot.mail.templates import environment
from mailbot.system import journal
from scoring.text import inert, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from mailbot.config.challenge import Challenge
    from mailbot.config.schema import Config
    from mailbot.config.teams import FormColumns
    from mailbot.ledger import Ledger, Tx
    from mailbot.transport.alerts import Alerts


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where teams come from."""

    #: For people: ``roster file``, ``form``.
    name: str
    #: Raises a MailbotError.
    read: Callable[[], Roster]
    public: bool


@dataclass(frozen=True, kw_only=True)
class Sync:
    """Reads the sources of the roster."""

    config: Config
    ledger: Ledger
    challenge: Challenge
    alerts: Alerts
    #: Returns the rows of a spreadsheet's worksheet ("" for the first). Raises a MailbotError.
    read_rows: Callable[[str, str], list[list[str]]]
    secret: bytes
    clock: Callable[[], datetime]

    def run(self) -> list[str]:
        """Read every source now, however the others did; return what is wrong, one sentence each."""
        found, failed = [], []
        for source in self.sources():
            try:
                found += [f"{source.name}, {wrong}" for wrong in self._take(source, source.read())]
            except Temporary as error:
                journal.trouble("roster-not-read", source=source.name, why=str(error))
                found.append(f"{source.name}: {error}")
            except MailbotError as error:
                failed.append(f"{source.name}: {error}")
        self.alerts.report("roster", ok=not failed, detail="\n".join(failed))
        with self.ledger.write("ask-teams") as tx:
            notices.ask(tx, self.challenge, self.clock(), secret=self.secret)
        return [*found, *failed]

    def sources(self) -> Iterator[Source]:
        """Yield the sources that the config names."""
        path, form = self.config.roster.file, self.config.roster.sheet
        if path:
            yield Source(name="roster file", read=lambda: roster.read_file(path), public=False)
        if form.id:
            yield Source(name="form", read=self._form, public=True)

    def _form(self) -> Roster:
        form = self.config.roster.sheet
        return read_form(self.read_rows(form.id, form.worksheet), form.columns)

    def _take(self, source: Source, read: Roster) -> Sequence[str]:
        """Enter what was read of a source; return what is wrong with it."""
        settings, now = self.config.registration, self.clock()
        terms = roster.Terms(
            confirm=settings.confirm,
            invite=self._invite if source.public else None,
            closed=settings.is_closed(now),
            reserved=names.Reserved.of(self.config),
            waiting_since=roster.waiting_since(self.config, now),
        )
        with self.ledger.write("sync-roster") as tx:
            entered = roster.enter(tx, read.entries, now, state=self.config.state, terms=terms)
            wrong = [*read.mistakes, *entered]
            self._tell(tx, source, wrong)
        return wrong

    def _invite(self, tx: Tx, team_id: int, addresses: Sequence[str]) -> list[str]:
        """Ask whom a row names beside the leader; keep in daybook and trail who was asked; return who was not."""
        team, now = teams.with_id(tx, team_id), self.clock()
        asked = [each for each in addresses if notices.invite(tx, self.challenge, team, each, now, secret=self.secret)]
        if asked:
            line = daybook.keep_roster(self.config.state, team.name, asked)
            events.append(tx, kind=notices.INVITED, subject=team.name, now=now, roster=line)
        return [each for each in addresses if each not in asked]

    def _tell(self, tx: Tx, source: Source, wrong: Sequence[str]) -> None:
        """Write to the organizers what is wrong, unless just that was told before."""
        digest = hashlib.sha256("\n".join([source.name, *sorted(wrong)]).encode()).hexdigest()
        keys = {organizer: f"roster {digest} {organizer}" for organizer in self.config.challenge.organizers}
        new = {organizer: key for organizer, key in keys.items() if not outbox.has(tx, key)}
        if not wrong or not new:
            return
        now = self.clock()
        events.append(tx, kind="roster-problems", subject=source.name, now=now, count=len(wrong))
        for organizer, key in new.items():
            subject = f"[mailbot] {source.name}: {len(wrong)} not taken"
            message = envelope.begin(self.challenge, recipient=organizer, subject=subject, key=key, now=now)
            text = environment().get_template("letters/roster.txt.j2")
            message.set_content(
                text.render(source=source.name, wrong=[inert(one) for one in wrong], challenge=self.challenge)
            )
            outbox.queue(tx, message, kind="roster", key=key, now=now)


def read_form(rows: Sequence[Sequence[str]], columns: FormColumns) -> Roster:
    """Read responses, the headings first. Headings are compared without case and outer white space."""
    head = [cell.strip().casefold() for cell in rows[0]] if rows else []
    wanted = [title for title in (columns.team, columns.address, columns.members) if title]
    missing = [title for title in wanted if title.strip().casefold() not in head]
    if missing:
        said = ", ".join(quoted(title) for title in missing)
        fix = "correct roster.sheet.columns, or the headings"
        return Roster(entries=(), mistakes=(f"row 1: no column is headed {said}; {fix}",))
    places = [head.index(title.strip().casefold()) for title in wanted]
    entries: list[Entry] = []
    mistakes: list[str] = []
    for number, row in enumerate(rows[1:], 2):
        team, *addresses = (row[place] if place < len(row) else "" for place in places)
        if not any(cell.strip() for cell in row):
            continue
        try:
            entries.append(entry(team, [each for cell in addresses for each in split_cell(cell)]))
        except ValueError as error:
            mistakes.append(f"row {number}: {error}")
    return Roster(entries=tuple(entries), mistakes=tuple(mistakes))


def split_cell(cell: str) -> list[str]:
    """Return the addresses of a cell: between white space, commas and semicolons of any width."""
    return [each for each in re.split(r"[;,；，、\s]+", cell) if each]  # noqa: RUF001  # as Chinese input methods write
