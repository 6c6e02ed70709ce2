"""What a team can do next with a file, and until when, in one or two sentences of a reply. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.config.calendar import neighbours, phase_at
from mailbot.model import Rule, Status
from scoring.rows import example

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.config.challenge import Challenge
    from mailbot.intake.answers import Answered, Counting
    from mailbot.intake.wording import Wording

_TABLE = re.compile(r"\.(?:csv|tsv|txt|xlsx|ods)(?:\.gz)?\Z", re.IGNORECASE)
"""Names of files whose authors keep tables: they are shown a sample in CSV."""


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What can be done next about the files of a mail."""

    challenge: Challenge
    wording: Wording
    arrived_at: datetime
    now: datetime

    @property
    def closes(self) -> datetime | None:
        """When the phase ends that the mail came in; None where it does not, or there was none."""
        phase = phase_at(self.challenge.phases, self.arrived_at)
        return phase.closes if phase else None

    @property
    def open_until(self) -> datetime | None:
        """When the phase ends that is open now; None where none is, or it does not."""
        phase = phase_at(self.challenge.phases, self.now)
        return phase.closes if phase else None

    def again(self, one: Answered) -> str:
        """Say until when a corrected file is taken."""
        say, when = self.wording.catalogue.gettext, self.wording.when
        closes, allowance = self.closes, one.allowance
        if closes is not None and closes <= self.now:
            return self._too_late(closes)
        if allowance and not allowance.left:
            return self._when_renewed(allowance.renews_at)
        if closes is None:
            return say("Correct the file and send it again.")
        return say("Correct the file and send it again before %s.") % when(closes)

    def renewed(self, one: Answered) -> str:
        """Say when a file can be sent again that was one too many."""
        return self._when_renewed(one.allowance.renews_at) if one.allowance else ""

    def counts(self, one: Answered) -> str:
        """Say whether a submission is the one that counts now; if not, which one does and why."""
        say, track = self.wording.catalogue.gettext, self.wording.title(one.file.evaluation.track)
        counting = one.counting
        if one.status not in (Status.ACCEPTED, Status.REPEATED):
            other = counting.receipt if counting else None
            still = say("This submission does not count. %(other)s still counts for your team on %(track)s.")
            return still % {"other": other, "track": track} if other else say("This submission does not count.")
        if counting is None:
            return say("The best of your accepted submissions counts; which one that is, is not shown in this phase.")
        if counting.receipt == one.receipt:
            told = say("This submission now counts for your team on %(track)s.") % {"track": track}
            return f"{told} {self._worse(counting)}".strip()
        if counting.receipt is None:
            return say("This submission does not count at present; please ask the organizers.")
        return self._instead(one, counting)

    def _worse(self, counting: Counting) -> str:
        """Say that a better one counted before; "" where none did."""
        if counting.better_score is None:
            return ""
        worse = self.wording.catalogue.gettext(
            "It replaces %(other)s, whose score of %(score)s was better: the latest accepted one counts."
        )
        return worse % {"other": counting.better, "score": self.wording.rounded(counting.better_score)}

    def _instead(self, one: Answered, counting: Counting) -> str:
        """Say which other submission counts, and why."""
        say = self.wording.catalogue.gettext
        if self.challenge.standing_of(self.challenge.stage_of(one.phase)) is Rule.LATEST:
            why = say("This submission does not count: %(other)s arrived later, and the latest accepted one counts.")
        elif counting.selected:
            why = say("This submission does not count: you selected %(other)s. To change this, send select %(receipt)s")
        else:
            why = say("This submission does not count: %(other)s still counts, as its score is at least as good.")
        return why % {"other": counting.receipt, "receipt": one.receipt}

    def _when_renewed(self, renews_at: datetime) -> str:
        say, when, closes = self.wording.catalogue.gettext, self.wording.when, self.closes
        if closes is None:
            return say("Your quota is renewed on %s: send the file again from then on.") % when(renews_at)
        if renews_at < closes:
            told = {"at": when(renews_at), "deadline": when(closes)}
            return say("Your quota is renewed on %(at)s: send the file again from then on, before %(deadline)s.") % told
        told = {"deadline": when(closes)}
        return say("This phase closes on %(deadline)s, before your quota is renewed.") % told

    def _too_late(self, closed: datetime) -> str:
        say, when = self.wording.catalogue.gettext, self.wording.when
        _, coming = neighbours(self.challenge.phases, self.now)
        past = say("The phase closed on %(closed)s.") % {"closed": when(closed)}
        if coming is None or coming.opens is None:
            return past
        opens = say("The next phase opens on %(opens)s: send the file again from then on.")
        return f"{past} {opens % {'opens': when(coming.opens)}}"

    def samples(self, one: Answered) -> list[dict[str, object]]:
        """Return a small correct file of the track, in the form that the team sent; of each where it told none."""
        told = one.file.evaluation.track
        tracks = [self.challenge.tracks[told]] if told else list(self.challenge.tracks.values())
        truths = self.challenge.truths_of(self.challenge.stage_at(max(self.arrived_at, self.now)))
        write = example.as_csv if _TABLE.search(one.file.file_name) else example.as_json
        return [
            {"title": track.title, "text": write(track, truth.ids[:2]), "number": f"{len(truth.ids):,}"}
            for track in tracks
            for truth in (truths[track.name],)
        ]
