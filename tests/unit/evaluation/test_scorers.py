"""A track with a scorer of one's own: its mails, its versions, and what happens when it fails."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.errors import ConfigError, Permanent
from mailbot.evaluation import own_tasks, scorer_versions
from mailbot.intake.intake import ATTEMPTS
from mailbot.ledger import events, mails, outbox, scores, truths
from mailbot.model import MailState, Outcome
from mailbot.operations import rescore, verify
from mailbot.operations.truths import effect
from mailbot.system.sandbox import ChildDied, OutOfTime
from tests.unit.services import ADA, CARL, NOW, Clock, Done, Here, drop, served, take

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mailbot.config.stages import Stage
    from mailbot.ledger.mails import MailRow
    from mailbot.service import Service
    from scoring.labels.truth import Truth

GOOD = "def score(prediction, labels):\n    return {'mae': float((prediction['y'] - labels['y']).abs().mean())}\n"
TWICE = GOOD.replace("float(", "2 * float(")
BROKEN = "def score(prediction, labels):\n    return {'mae': float(labels['place'][1])}\n"


@contextmanager
def owned(
    folder: Path,
    clock: Clock,
    source: str = GOOD,
    here: Here | None = None,
    **config: Any,  # noqa: ANN401  # any TOML
) -> Iterator[Service]:
    """Open a mailbot with one track, which has a scorer of its own; the file is written once."""
    if not (folder / "mae.py").exists():
        (folder / "mae.py").write_text(source)
    labels = "id,y,place\n" + "".join(f"{n},{n}.25,secret-place-{n}\n" for n in range(1, 13))
    (folder / "labels.csv").write_text(labels)
    track = {
        "labels": "labels.csv", "scorer": "mae.py", "figures": ["mae"], "better": "lower", "columns": [{"name": "y"}],
        "label_columns": [{"name": "y"}, {"name": "place", "holds": "text"}],
    }  # fmt: skip
    challenge: dict[str, Any] = {"name": "Depths", "short_name": "Depths", "subject_tag": "[Depths]"}
    challenge |= {"address": "submissions@siqa.example", "organizers": ["chair@siqa.example"]}
    given: dict[str, Any] = {"preset": "", "challenge": challenge, "tracks": {"depth": track}}
    with served(folder, clock, here, **given | config) as service:
        yield service


def stage_of(service: Service) -> Stage:
    """Return the one stage."""
    return service.config.stage_named(None, service.clock())


def another(service: Service, file: str) -> Truth:
    """Return the labels with another version of the scorer."""
    return scorer_versions.another(service.labels, service.ledger, file, "depth")


def force(service: Service, made: Truth, why: str) -> int:
    """Bring it into force."""
    return scorer_versions.put_in_force(service.labels, service.ledger, made, why, service.clock(), stage="")


def mail(shift: float = 0.0, name: str = "net", **fields: str) -> bytes:
    """Return a team's mail, each number off by so much."""
    made = EmailMessage(policy=SMTP)
    for field, value in ({"From": ADA, "Subject": name, "Message-ID": f"<{name}@x.org>"} | fields).items():
        made[field] = value
    made.set_content("Our file.")
    rows = "id,y\n" + "".join(f"{n},{n + 0.25 + shift}\n" for n in range(1, 13))
    made.add_attachment(rows.encode(), maintype="text", subtype="csv", filename="depth.csv")
    return made.as_bytes()


def sent(service: Service) -> list[tuple[str, str, str]]:
    """Return kind, recipient and text of what waits in the outbox."""
    with service.ledger.read() as tx:
        return [(row.kind, row.recipient, row.message.decode(errors="replace")) for row in outbox.listing(tx)]


def list_of(service: Service) -> list[MailRow]:
    """Return the mails of the ledger."""
    with service.ledger.read() as tx:
        return mails.listing(tx)


def values(service: Service) -> list[tuple[str, float]]:
    """Return scorer and value of each score of the first submission."""
    with service.ledger.read() as tx:
        return [(row.scorer, row.value) for row in scores.of_submission(tx, 1)]


def test_a_mail_is_scored_by_it_and_a_new_version_is_as_new_labels(tmp_path: Path) -> None:
    """Hash in the score's name, preview, force, rescore, trail, and back; a change of the file alone does nothing."""
    with owned(tmp_path, Clock()) as service:
        take(service, mail(0.5))
        ((first, value),) = values(service)
        assert value == pytest.approx(0.5)
        (tmp_path / "mae.py").write_text(TWICE)
    with owned(tmp_path, Clock(NOW + timedelta(hours=1))) as service:
        assert service.challenge.tracks["depth"].scorer == first
        assert [line for line in service.labels.not_taken() if "tracks.depth.scorer" in line]
        made = another(service, str(tmp_path / "mae.py"))
        seen = effect(service, made, stage_of(service))
        assert (seen.other_scorer, seen.obstacle) == (True, "")
        assert [place.scores for place in seen.places or ()] == [(0.5, 1.0)]
        assert values(service) == [(first, value)]
        assert force(service, made, "twice is right") == 0
        second = service.challenge.tracks["depth"].scorer
        assert second != first
        assert list(rescore.rescore(service, rescore.plan(service))) == [1]
        assert values(service) == [(first, 0.5), (second, 1.0)]
        assert rescore.reasons(
            service, rescore.versions_before(service, stage_of(service))["depth"], stage_of(service)
        ) == ["twice is right"]
        verdict = verify.verify(service, 1)
        assert verdict.ok
        assert [one.obstacle for one in verdict.checked] == ["", ""]
        with service.ledger.read() as tx:
            assert [choice.why for choice in truths.choices(tx)][1:] == ["twice is right"]
            last = events.last(tx, kind="truth-chosen")
        assert last is not None
        assert '"scorer"' in last.detail
        with pytest.raises(Permanent, match="already active"):
            effect(service, made, stage_of(service))
        back = another(service, first.rpartition("+")[2])
        force(service, back, "it was not")
        assert service.challenge.tracks["depth"].scorer == first


def test_a_scorer_that_fails_is_not_the_teams_fault(tmp_path: Path) -> None:
    """The mail waits, uncounted; organizers get file, line and type, no label; the team hears once."""
    clock = Clock()
    with owned(tmp_path, clock, BROKEN) as service:
        for number in range(3):
            row = take(service, mail(0.5, f"net{number}"))
            assert (row.state, row.attempts) == (MailState.SPOOLED, 0)
        told = sent(service)
        assert [(kind, recipient) for kind, recipient, _ in told] == [
            ("health-scorer", "chair@siqa.example"),
            ("scorer", ADA),
        ]
        assert "mae.py, line 2, in score" in told[0][2]
        assert "ValueError" in told[0][2]
        assert "secret-place" not in "".join(text for *_, text in told)
        assert "will be scored" in told[1][2]
        for _ in range(20):
            clock.forward(minutes=10)
            service.intake.step()
        assert len(sent(service)) == 2
        (tmp_path / "mae.py").write_text(GOOD)
        made = another(service, str(tmp_path / "mae.py"))
        assert force(service, made, "places are no numbers") == 3
        service.intake.step()
        assert values(service)[0][1] == pytest.approx(0.5)
        kinds = [kind for kind, *_ in sent(service)]
        assert kinds.count("reply") == 3
        assert kinds.count("health-scorer") == 2


def test_a_mail_that_waits_for_a_scorer_is_tried_less_and_less_often(tmp_path: Path) -> None:
    """Every ten minutes for the first hour, then after a sixth of the time it waited."""
    clock, runs = Clock(), []
    with owned(tmp_path, clock, BROKEN, here=Here(before=lambda *given: runs.append(given))) as service:
        drop(service, mail())
        for _ in range(12 * 6):
            service.intake.step()
            clock.forward(minutes=10)
        count = sum(len(given) == len(("job", "labels", "limits")) for given in runs)
        assert list_of(service)[0].state is MailState.SPOOLED
    assert 6 < count < 30


@pytest.mark.parametrize(("error", "most"), [(ChildDied("SIGSEGV"), ATTEMPTS), (OutOfTime("it took too long"), 2)])
def test_a_file_that_kills_the_scorer_is_set_aside(tmp_path: Path, error: ChildDied, most: int) -> None:
    """As one that kills our own code is; the organizers hear once, and another version has it tried again."""
    clock, runs = Clock(), []

    def before(*given: object) -> None:
        if len(given) == len(("job", "labels", "limits")):
            runs.append(given)
            if len(runs) <= most:
                raise error

    with owned(tmp_path, clock, here=Here(before=before)) as service:
        drop(service, mail())
        for _ in range(12):
            service.intake.step()
            clock.forward(minutes=10)
        (row,) = list_of(service)
        assert (row.state, row.attempts, len(runs)) == (MailState.SET_ASIDE, most, most)
        assert str(error) in (row.reason or "")
        kinds = sorted(kind for kind, *_ in sent(service))
        assert kinds == ["health-scorer", "health-stuck", "scorer"]
        (tmp_path / "mae.py").write_text(TWICE)
        assert force(service, another(service, str(tmp_path / "mae.py")), "it takes all files") == 1
        service.intake.step()
        assert (list_of(service)[0].outcome, len(runs)) == (Outcome.SCORED, most + 1)


class Slow(Done):
    """A run of a scorer that is done as soon as something was recorded."""

    recorded: Callable[[], bool]

    @property
    def done(self) -> bool:  # type: ignore[override]  # of the others it is a constant
        """Tell whether it is."""
        return self.recorded()


class SlowScorer(Here):
    """Stands in for children of which those that run a scorer are slow."""

    def submit(self, function: Callable[..., object], *args: object) -> Done:
        """Take a task."""
        return (Slow if function is own_tasks.score else Done)(self, function, args)


def test_other_mails_pass_while_a_scorer_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its run is a stage of its mail, like a file's evaluation by our own code: nobody waits for it."""
    with owned(tmp_path, Clock(), here=SlowScorer()) as service:

        def recorded() -> bool:
            return any(row.state is MailState.RECORDED for row in list_of(service))

        monkeypatch.setattr(Slow, "recorded", staticmethod(recorded), raising=False)
        drop(service, mail())
        drop(service, f"From: {CARL}\r\nSubject: status\r\n\r\n".encode())
        service.intake.step()
        assert [recipient for _, recipient, _ in sent(service)] == [CARL, ADA]


def test_the_runs_of_a_scorer_count_in_the_time_of_their_mail(tmp_path: Path) -> None:
    """All files of a mail may take three times what one may, whoever evaluates them."""
    clock = Clock()
    with owned(tmp_path, clock, here=Here(seconds=8.9), limits={"scorer_seconds": 1}) as service:
        made = EmailMessage(policy=SMTP)
        made["From"], made["Subject"], made["Message-ID"] = ADA, "many", "<many@x.org>"
        made.set_content("Our files.")
        for number in range(10):
            rows = "id,y\n" + "".join(f"{n},{n + number}\n" for n in range(1, 13))
            made.add_attachment(rows.encode(), maintype="text", subtype="csv", filename=f"{number}.csv")
        drop(service, made.as_bytes())
        for state in (MailState.SPOOLED, MailState.SET_ASIDE):
            service.intake.step()
            clock.forward(minutes=5)
            assert list_of(service)[0].state is state
        assert "together" in (list_of(service)[0].reason or "")


def test_a_split_is_scored_by_both_parts(tmp_path: Path) -> None:
    """The part that decides in the end has its score from the start, and no reply is computed from it."""
    with owned(tmp_path, Clock(), split={"public": 0.5}) as service:
        take(service, mail(0.5))
        with service.ledger.read() as tx:
            found = scores.of_submission(tx, 1)
        assert {(row.truth, row.n) for row in found} == {
            (service.labels["depth"].sha256, 6),
            (service.labels.final["depth"].sha256, 6),
        }


def test_a_board_is_made_without_intervals(tmp_path: Path) -> None:
    """It says so, and the lower score is the better one."""
    with owned(tmp_path, Clock()) as service:
        take(service, mail(0.5))
        take(service, mail(0.25, "carl", From="carl@muenster.example"))
        board = service.ranking.board(NOW.replace(year=2027))
        (table,) = board.tables
        assert [(row.rank, row.score, row.interval) for row in table.rows] == [(1, 0.25, None), (2, 0.5, None)]
        assert any("have no interval" in rule for rule in board.rules)
        assert list(service.similar.all_pairs("depth")) == []
        assert service.similar.step() is False


def test_what_is_no_scorer_is_refused(tmp_path: Path) -> None:
    """Nothing of it is run by the command; a file that is not there is named with its key."""
    with owned(tmp_path, Clock()) as service:
        (tmp_path / "bad.py").write_text("def score(:\n")
        (tmp_path / "other.py").write_text("raise SystemExit\n")
        for name, said in (("bad.py", "not Python"), ("other.py", "no function score"), ("gone.py", "cannot be read")):
            with pytest.raises(Permanent, match=said):
                another(service, str(tmp_path / name))
    (tmp_path / "mae.py").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=r"tracks\.depth\.scorer"), owned(tmp_path, Clock()):
        pass


def test_no_ladder_looks_into_a_scorer(tmp_path: Path) -> None:
    """It needs what each item adds, which nobody knows here."""
    phases = [{"name": "open", "feedback": "ladder"}]
    with pytest.raises(ConfigError, match=r"phases\.open\.feedback"), owned(tmp_path, Clock(), phases=phases):
        pass


def test_a_rebuild_brings_each_version_into_force_again(tmp_path: Path) -> None:
    """As the audit trail tells it: the labels and the scorer, both from what is kept."""
    with owned(tmp_path, Clock()) as service:
        first = service.challenge.tracks["depth"].scorer
        (tmp_path / "mae.py").write_text(TWICE)
        force(service, another(service, str(tmp_path / "mae.py")), "twice is right")
        second = service.challenge.tracks["depth"].scorer
        with service.ledger.read() as tx:
            told = events.last(tx, kind="truth-chosen")
        force(service, another(service, first.rpartition("+")[2]), "back")
        assert service.challenge.tracks["depth"].scorer == first
        assert told is not None
        service.labels.choose_again("depth", json.loads(told.detail), service.clock())
        assert service.challenge.tracks["depth"].scorer == second != first
