"""Replies: the method in a subject, the thread, and headers that no mail can break."""

from __future__ import annotations

import email
import hashlib
import unicodedata
from email.policy import default
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mailbot.config.calendar import Allowance
from mailbot.intake.answers import Answer, Answered
from mailbot.intake.reply import REFERENCES, Replies
from mailbot.mail.model import Mail
from mailbot.mail.subject import method_of
from mailbot.model import Judged, Outcome, Status, Team
from scoring.fairness.ladder import feedback
from scoring.model import Evaluation, Note, Policy, Problem
from tests.unit.services import ADA, NOW, Clock, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

TEAM = Team(id=1, name="Pixel Peepers", addresses=(ADA,))
words = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)
methods = st.lists(words, min_size=1, max_size=4).map(" ".join)


# --- the method in a subject -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "method"),
    [
        ("[SIQA Submission] Pixel Peepers - PeepNet", "PeepNet"),
        ("Re: [SIQA Submission] Pixel Peepers - PeepNet", "PeepNet"),
        ("回复：Fwd: [SIQA Submission] Pixel Peepers - PeepNet", "PeepNet"),  # noqa: RUF001  # a full-width colon
        ("[SIQA Submission]Pixel Peepers – PeepNet", "PeepNet"),
        ("[SIQA Submission] pixel peepers — PeepNet v2", "PeepNet v2"),
        ("Pixel Peepers - Peep-Net - large", "Peep-Net - large"),
        ("Pixel Peepers - PeepNet [large]", "PeepNet [large]"),
        ("[list] [SIQA Submission] Pixel Peepers - PeepNet [large]", "PeepNet [large]"),
        ("[SIQA Submission] Pixel Peepers", ""),
        ("[SIQA Submission] Pixel-Peepers", ""),
        ("[SIQA Submission]", ""),
        ("our file", ""),
        ("", ""),
    ],
)
def test_the_method_stands_behind_the_dash(subject: str, method: str) -> None:
    """A dash with white space around it parts the team from the method; the tag and Re: are passed over."""
    assert method_of(subject, "Pixel Peepers") == method


def test_a_team_may_have_a_dash_in_its_name() -> None:
    """The team's own name is taken off first."""
    assert method_of("[x] A - B - Net", "A - B") == "Net"
    assert method_of("[x] A - B", "A - B") == ""


@given(words, methods, st.sampled_from(["-", "–", "—", "--"]), st.sampled_from(["", "[SIQA Submission] ", "Re: [x] "]))
def test_whatever_team_and_method_the_method_is_found(team: str, method: str, dash: str, tag: str) -> None:
    """Of every subject in the form that teams are asked for, the method is found as it was written."""
    assume(team.casefold() not in {"re", "fw", "fwd", "aw", "wg"})
    assert method_of(f"{tag}{team} {dash} {method}", team) == unicodedata.normalize("NFC", method)


@given(st.text(max_size=300), st.text(min_size=1, max_size=40))
def test_any_subject_gives_something_harmless(subject: str, team: str) -> None:
    """Whatever the subject, what comes of it is short and printable."""
    method = method_of(subject, team)
    assert len(method) <= 100
    assert method.isprintable()


def test_an_address_beyond_ascii_stands_in_the_header_as_it_is(replies: Replies) -> None:
    """Encoded words are no address (RFC 2047, section 5); such a header is in UTF-8 (RFC 6532)."""
    foreign = "\u5f20\u4e09@xn--qbtm5249b.xn--fiqs8s"
    answer = Answer(arrived_at=NOW, team=None, outcome=Outcome.UNKNOWN_SENDER, submissions=())
    written = replies.compose(answer, Mail(senders=(foreign,)), recipient=foreign, key="k", now=NOW).message
    assert f"\r\nTo: {foreign}\r\n".encode() in written
    assert email.message_from_bytes(written, policy=default)["To"] == foreign


# --- the whole reply -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def replies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replies]:
    """Give the replies of a challenge with one track."""
    with served(tmp_path_factory.mktemp("served"), Clock()) as service:
        yield Replies(challenge=service.challenge)


def _one(status: Status = Status.ACCEPTED, **evaluation: Any) -> Answered:  # noqa: ANN401  # fields of an evaluation
    """Return a submission as it is told."""
    metrics = {f"{name}_{kind}": 0.5 for name in ("perception", "knowledge") for kind in ("srcc", "plcc")}
    told = {"track": "siqa-s", "score": 50.0, "metrics": metrics} if status is Status.ACCEPTED else {"track": "siqa-s"}
    file = Judged(
        file_name="s.json", sha256=hashlib.sha256().hexdigest(), size=1234, evaluation=Evaluation(**(told | evaluation))
    )
    allowance = Allowance(per_week=2, used=1, renews_at=NOW)
    score = file.evaluation.score
    shown = feedback(Policy.FULL, score) if status is Status.ACCEPTED and score is not None else None
    return Answered(receipt="S-000001", status=status, file=file, method="PeepNet", allowance=allowance, told=shown)


def _compose(replies: Replies, mail: Mail | None = None, *submissions: Answered) -> EmailMessage:
    """Compose a reply and read it as a mail program does."""
    answer = Answer(arrived_at=NOW, team=TEAM, outcome=Outcome.SCORED, submissions=submissions or (_one(),))
    outgoing = replies.compose(answer, mail or Mail(subject="hello"), recipient=ADA, key="key", now=NOW)
    assert max(map(len, outgoing.message.splitlines())) <= 998
    return email.message_from_bytes(outgoing.message, policy=default)


def _text(reply: EmailMessage, kind: str = "plain") -> str:
    """Return one of the alternatives of a reply."""
    body = reply.get_body((kind,))
    assert body is not None
    text: str = body.get_content()
    return text.replace("\r\n", "\n")


def test_the_same_mail_gives_the_same_message_id(replies: Replies) -> None:
    """A reply that is written twice can be told as one; another mail's has another."""
    answer = Answer(arrived_at=NOW, team=TEAM, outcome=Outcome.SCORED, submissions=(_one(),))
    found = [replies.compose(answer, Mail(), recipient=ADA, key=key, now=NOW).message_id for key in ("a", "a", "b")]
    assert found[0] == found[1] != found[2]


def test_a_reply_stands_in_the_thread(replies: Replies) -> None:
    """The mail's Message-ID comes last in References (RFC 5322, section 3.6.4)."""
    reply = _compose(replies, Mail(subject="x", message_id="<c@x>", references=("<a@x>", "<b@x>")))
    assert reply["In-Reply-To"] == "<c@x>"
    assert reply["References"] == "<a@x> <b@x> <c@x>"


def test_a_long_thread_is_cut_in_its_middle(replies: Replies) -> None:
    """The first Message-ID and the last ones are kept, unbroken, whatever their length."""
    thread = tuple(f"<{n}{'x' * 200}@example.org>" for n in range(100))
    reply = _compose(replies, Mail(subject="x", message_id="<last@x>", references=thread))
    assert reply["References"].split() == [thread[0], *thread[-REFERENCES:], "<last@x>"]


def test_a_mail_without_an_id_starts_no_thread(replies: Replies) -> None:
    """There is nothing to refer to."""
    reply = _compose(replies, Mail(subject="x", references=("<a@x>",)))
    assert "In-Reply-To" not in reply
    assert "References" not in reply


@pytest.mark.parametrize(
    ("subject", "answered"),
    [
        ("hello", "Re: hello"),
        ("Re: hello", "Re: hello"),
        ("RE: re:  Re:hello", "Re: hello"),
        ("", "Re: your submission"),
        ("视觉 é", "Re: 视觉 é"),
        ("x" * 250, "Re: " + "x" * 200),
    ],
)
def test_the_subject_is_answered_once(replies: Replies, subject: str, answered: str) -> None:
    """One Re: and no more, however often it was answered."""
    assert _compose(replies, Mail(subject=subject))["Subject"] == answered


def test_a_reply_says_that_a_machine_wrote_it(replies: Replies) -> None:
    """So that no other machine answers it (RFC 3834), and we know our own."""
    reply = _compose(replies)
    assert reply["Auto-Submitted"] == "auto-replied"
    assert reply["X-Auto-Response-Suppress"] == "All"
    assert reply["X-Mailbot-Loop"] == "submissions@siqa.example"
    assert (reply["From"], reply["To"]) == ("SIQA <submissions@siqa.example>", ADA)


def test_what_a_team_writes_is_shown_and_not_obeyed(replies: Replies) -> None:
    """Markup in names, notes and problems is text in both alternatives."""
    evil = '<script>alert(1)</script> {{ 7*7 }} & "x"'
    problem = Problem(code="x", count=1, examples=(f"{evil}!",), message=f"It says {evil}.")
    reply = _compose(
        replies, None, _one(Status.REFUSED, problems=(problem,)), _one(notes=(Note(code="y", count=1, message=evil),))
    )
    assert _text(reply).count(evil) == 3
    assert "<script>" not in _text(reply, "html")
    assert _text(reply, "html").count("&lt;script&gt;") == 3


@pytest.mark.parametrize("status", Status)
def test_every_status_has_its_words(replies: Replies, status: Status) -> None:
    """Each status is told in the first line, in the list and in both alternatives."""
    problems = (Problem(code="x", count=1, message="Something is wrong."),) if status is Status.REFUSED else ()
    reply = _compose(replies, None, _one(status, problems=problems))
    first = _text(reply).splitlines()[0]
    assert first.startswith("SIQA-S ")
    for kind in ("plain", "html"):
        assert "S-000001" in _text(reply, kind)
        assert first.rstrip(".") in _text(reply, kind).replace("&#39;", "'")
    assert ("with score" in first) is (status is Status.ACCEPTED)


@pytest.mark.parametrize(("score", "shown"), [(0.0, "0.00"), (99.994, "99.99"), (50.946, "50.95"), (100.0, "100.00")])
def test_a_score_is_rounded_in_one_way(replies: Replies, score: float, shown: str) -> None:
    """The first line and the list show the same digits."""
    text = _text(_compose(replies, None, _one(score=score)))
    assert text.splitlines()[0] == f"SIQA-S accepted with score {shown}."
    assert f"Score: {shown}\n" in text
