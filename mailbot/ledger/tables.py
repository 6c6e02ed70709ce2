"""The ledger's tables. Constraints make the wrong states impossible; queries stay in their modules."""

from __future__ import annotations

import sqlalchemy as sa

from mailbot.ledger.guard import tables as _guard
from mailbot.ledger.schema import Id, Instant, one_of, row_id, table
from mailbot.model import ENTERED, Exclusion, MailState, ReplyState, Ruling, Source

metadata = _guard.metadata
teams = table(
    "teams",
    row_id(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False, unique=True),  # NFKC, case folded: look-alikes by case are one team
    sa.Column("added_at", Instant, nullable=False),
    sa.Column("letters", sa.Boolean, nullable=False, server_default=sa.true()),  # whether it wants letters at all
    sa.Column("unconfirmed_since", Instant),  # until it confirms its registration; none: it has, or need not
    sa.Column("language", sa.Text),  # of its replies; none: that of its mail
)

addresses = table(
    "addresses",
    row_id(),
    sa.Column("address", sa.Text, nullable=False, unique=True),  # lower case
    sa.Column("bouncing_since", Instant),  # no mail is written to it until one comes from it
    sa.Column("left_at", Instant),  # taken off its team; kept, so that no roster file brings it back
    sa.Column("team_id", sa.ForeignKey("teams.id"), nullable=False, index=True),
)

team_keys = table(
    "team_keys",
    row_id(),
    sa.Column("team_id", sa.ForeignKey("teams.id"), nullable=False, index=True),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),  # keyed; the key itself is nowhere
    sa.Column("since", Instant, nullable=False),
    sa.Column("ended_at", Instant),  # when the next one took its place
)

authserv_checks = table(
    "authserv_checks",
    sa.Column("authserv_id", sa.Text, primary_key=True),
    sa.Column("forged", sa.Boolean, nullable=False),  # whether a forged result under this name came through
    sa.Column("checked_at", Instant, nullable=False),
)

mails = table(
    "mails",
    row_id(),
    sa.Column("mailbox", sa.Text, nullable=False),  # account and folder, or where an ingested file came from
    sa.Column("uidvalidity", sa.BigInteger, nullable=False),
    sa.Column("uid", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False, index=True),  # also its name in the spool
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("arrived_at", Instant, nullable=False),
    sa.Column("spooled_at", Instant, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("outcome", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("trace", sa.Text),  # where our code failed on it, for an organizer
    sa.Column("fingerprint", sa.String(64), index=True),  # of what it says, not of its bytes
    sa.Column("team_id", sa.ForeignKey("teams.id")),
    sa.Column("filed_to", sa.Text),
    sa.Column("auth", sa.Text),  # how sure it is who sent it (AuthLevel); none where nobody asked
    sa.Column("auth_why", sa.Text),
    sa.Column("sender", sa.Text),  # addresses of From, as the mail says them; none until it was opened
    sa.Column("subject", sa.Text),
    sa.UniqueConstraint("mailbox", "uidvalidity", "uid"),
    one_of("state", MailState),
    sa.CheckConstraint("state != 'recorded' OR outcome IS NOT NULL", name="recorded_has_outcome"),
    sa.CheckConstraint("filed_to IS NULL OR state IN ('recorded', 'set-aside')", name="filed_when_final"),
    sa.Index("ix_mails_state_due_at", "state", "due_at"),
    sa.Index("ix_mails_outcome_state", "outcome", "state"),
)

truths = table(
    "truths",
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("track", sa.Text, primary_key=True),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("added_at", Instant, nullable=False),
    sa.Column("whole", sa.String(64)),  # of a truth of fewer items: the label file that it is part of
    sa.Column("positions", sa.JSON),  # of a truth of fewer items: which items of that file are scored
    sa.CheckConstraint("n > 0", name="not_empty"),
)

truth_choices = table(
    "truth_choices",
    row_id(),
    sa.Column("track", sa.Text, nullable=False),  # the last choice of a track and stage is its present truth
    sa.Column("truth", sa.String(64), nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("chosen_at", Instant, nullable=False),
    sa.Column("stage", sa.Text, nullable=False, server_default=""),  # whose labels they are; "" is the first
    sa.Column("scorer", sa.String(64)),  # SHA-256 of the track's own scorer, where the choice brought one into force
    sa.ForeignKeyConstraint(["truth", "track"], ["truths.sha256", "truths.track"]),
    one_of("source", Source),
)

submissions = table(
    "submissions",
    row_id(),
    sa.Column("mail_id", sa.ForeignKey("mails.id"), nullable=False),
    sa.Column("ordinal", sa.Integer, nullable=False),  # which file of the mail, from 1
    sa.Column("team_id", sa.ForeignKey("teams.id"), nullable=False),
    sa.Column("track", sa.Text),
    sa.Column("phase", sa.Text),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("file_name", sa.Text, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("values_sha256", sa.String(64)),  # of what it predicts, in whatever form
    sa.Column("said_method", sa.Text),  # the method as the file says it
    sa.Column("arrived_at", Instant, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("problems", sa.JSON, nullable=False),
    sa.Column("notes", sa.JSON, nullable=False),
    sa.UniqueConstraint("mail_id", "ordinal"),
    one_of("status", ENTERED),
    sa.CheckConstraint("status != 'accepted' OR (track IS NOT NULL AND phase IS NOT NULL)", name="accepted_has_track"),
    sa.Index("ix_submissions_team_id_track_arrived_at", "team_id", "track", "arrived_at"),
)

scores = table(
    "scores",
    row_id(),
    sa.Column("submission_id", sa.ForeignKey("submissions.id"), nullable=False),
    sa.Column("truth", sa.String(64), nullable=False),
    sa.Column("track", sa.Text, nullable=False),
    sa.Column("scorer", sa.Text, nullable=False),
    sa.Column("value", sa.Double, nullable=False),
    sa.Column("metrics", sa.JSON, nullable=False),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("scored_at", Instant, nullable=False),
    sa.Column("error", sa.Double),  # standard error; unknown of a score that was computed with thousands of others
    sa.Column("version", sa.Text),  # mailbot's, for the signature
    sa.UniqueConstraint("submission_id", "truth", "scorer"),
    sa.ForeignKeyConstraint(["truth", "track"], ["truths.sha256", "truths.track"]),
    sa.CheckConstraint("value BETWEEN -1e300 AND 1e300", name="finite"),  # NaN and infinities fail this on every engine
    sa.CheckConstraint("track NOT LIKE 'siqa-%' OR value BETWEEN 0 AND 100", name="siqa_range"),
)

exclusions = table(
    "exclusions",
    row_id(),
    sa.Column("team_id", sa.ForeignKey("teams.id"), nullable=False),
    sa.Column("submission_id", sa.ForeignKey("submissions.id")),  # none: all of the team's
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.UniqueConstraint("team_id", "submission_id"),
    one_of("kind", Exclusion),
)

selections = table(
    "selections",
    sa.Column("submission_id", sa.ForeignKey("submissions.id"), primary_key=True),
    sa.Column("selected_at", Instant, nullable=False),
)

likenesses = table(
    "likenesses",
    row_id(),
    sa.Column("track", sa.Text, nullable=False),
    sa.Column("first_id", sa.ForeignKey("submissions.id"), nullable=False),  # the earlier of the two
    sa.Column("second_id", sa.ForeignKey("submissions.id"), nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("value", sa.Double, nullable=False),
    sa.Column("found_at", Instant, nullable=False),
    sa.UniqueConstraint("first_id", "second_id"),
    sa.CheckConstraint("first_id < second_id", name="in_order"),
)

_upto = sa.Column("submission_id", Id, nullable=False)  # up to this one, all were compared with the others
compared = table("compared", sa.Column("track", sa.Text, primary_key=True), _upto)

outbox = table(
    "outbox",
    row_id(),
    sa.Column("mail_id", sa.ForeignKey("mails.id")),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("team_id", sa.ForeignKey("teams.id")),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("message_id", sa.Text, nullable=False, unique=True),
    sa.Column("message", sa.LargeBinary, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("sent_at", Instant),
    sa.Column("failing_since", Instant),  # when it was refused for now first
    sa.Column("error", sa.Text),
    sa.Column("key", sa.Text),  # of a letter: for whom and on what occasion; none for a reply
    sa.UniqueConstraint("mail_id", "kind"),
    one_of("state", ReplyState),
    sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_has_instant"),
    sa.Index("ix_outbox_state_due_at", "state", "due_at"),
    sa.Index("ix_outbox_key", "key", unique=True),
    sa.Index("ix_outbox_counted", "created_at", "due_at", "kind", "team_id", "mail_id", "recipient"),  # no message
    sa.Index("ix_outbox_recipient_created_at", "recipient", "created_at"),
)

pauses = table(
    "pauses",
    sa.Column("name", sa.Text, primary_key=True),  # what is paused: the sending of the whole outbox
    sa.Column("attempts", sa.Integer, nullable=False),  # in vain, since
    sa.Column("since", Instant, nullable=False),
    sa.Column("due_at", Instant, nullable=False),  # not tried again before
)

disputes = table(
    "disputes",
    row_id(),
    sa.Column("submission_id", sa.ForeignKey("submissions.id"), nullable=False, index=True),
    sa.Column("mail_id", sa.ForeignKey("mails.id"), nullable=False, index=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("verdict", sa.Text, index=True),  # none while it is open
    sa.Column("why", sa.Text),
    sa.Column("ruled_at", Instant),
    one_of("verdict", Ruling),
    sa.CheckConstraint("(verdict IS NULL) = (ruled_at IS NULL)", name="ruled_at_an_instant"),
)

entries = table(
    "entries",
    row_id(),
    sa.Column("mail_id", sa.ForeignKey("mails.id"), nullable=False),
    sa.Column("team_id", sa.ForeignKey("teams.id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),  # a file's name, or a link
    sa.Column("sha256", sa.String(64)),
    sa.Column("size", sa.BigInteger),
    sa.Column("arrived_at", Instant, nullable=False),
    sa.Column("in_time", sa.Boolean, nullable=False),
)

grants = table(
    "grants",
    row_id(),
    sa.Column("team_id", sa.ForeignKey("teams.id"), nullable=False),
    sa.Column("track", sa.Text, nullable=False),
    sa.Column("week", Instant, nullable=False),  # its first instant
    sa.Column("more", sa.Integer, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("granted_at", Instant, nullable=False),
    sa.Column("phase", sa.Text),  # in which it counts; None: in every phase of the week
    sa.CheckConstraint("more > 0", name="something"),
)

boards = table(
    "boards",
    row_id(),
    sa.Column("due_at", Instant, unique=True),  # the Wednesday it was due; none for one published by hand
    sa.Column("published_at", Instant, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("board", sa.Text, nullable=False),  # its JSON, byte for byte as hashed
    sa.Column("letters_owed", sa.Boolean, nullable=False, server_default=sa.false()),  # they are still to be written
    sa.Column("stage", sa.Text, nullable=False, server_default=""),  # whose board it is; "" is the first
    sa.Column("withdrawn", sa.Text),  # why it was taken back; none: it stands
)

shown = table(
    "shown",
    sa.Column("place", sa.Text, primary_key=True),  # sheet ID
    sa.Column("board_id", sa.ForeignKey("boards.id")),  # the last one that it is known to show
    sa.Column("attempts", sa.Integer, nullable=False, default=0),  # in vain, since
    sa.Column("failing_since", Instant),
    sa.Column("due_at", Instant),  # not tried again before
    sa.Column("error", sa.Text, nullable=False, default=""),
    sa.CheckConstraint("(attempts = 0) = (failing_since IS NULL)", name="failing_since_an_instant"),
)

health = table(
    "health",
    sa.Column("part", sa.Text, primary_key=True),  # mailbox, sending, board, reconciliation …
    sa.Column("ok", sa.Boolean, nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
)

events = table(
    "events",
    row_id(),
    sa.Column("at", Instant, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, index=True),
    sa.Column("subject", sa.Text, nullable=False),  # what it is about: M-000123, S-000045, a team
    sa.Column("detail", sa.Text, nullable=False),  # canonical JSON, as hashed
    sa.Column("hash", sa.String(64), nullable=False, unique=True),  # over the entry before and this one's fields
    sa.Column("mac", sa.String(64)),  # over the hash, by the state's secret; none of an earlier version's entries
    sa.Index("ix_events_subject_kind", "subject", "kind"),
)
