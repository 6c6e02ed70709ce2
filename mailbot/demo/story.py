"""The demo's script for a challenge of one declared track: who mails what, and when. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.demo.cast import ADA, HE, IRIS, JONAS, KIM, MINA, NA, OMAR, SAM, STRANGER, VEGA, WEI, ZOE
from mailbot.demo.declared import predictions
from mailbot.demo.forms import gzipped, lines, official, shifted, table, without_a_comma, zipped
from mailbot.demo.script import NIHAO, Scene
from mailbot.demo.week import ITS_SUBJECT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mailbot.demo.cast import Person
    from mailbot.demo.forms import File
    from mailbot.demo.predictions import Row
    from scoring.model import Track

ACCEPTED, REFUSED = "fig-leaf-first", "hetu-rows-missing"
"""Scenes whose replies are worth a look."""

REGISTERS = "late-start-registers"
"""The scene in which a stranger asks for a place on the roster."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """Result files, made up as they are asked for."""

    track: Track
    #: What the challenge is called in subjects.
    title: str
    #: The rows of the label file.
    labels: Sequence[Row]
    seed: int

    def rows(self, person: Person, skill: float, turn: int = 1) -> list[Row]:
        """Predict with a skill from 0 to 1."""
        return predictions(self.track, self.labels, skill, f"{self.seed} {person.team} {turn}")

    def official(self, person: Person, rows: list[Row], turn: int = 1) -> File:
        """Write the JSON object that the rules show."""
        name = f"{person.address.partition('@')[2].partition('.')[0]}_{turn}.json"
        return official(name, rows, team=person.team, method=person.method, track=self.track.letters[0])

    def file(self, person: Person, skill: float, turn: int = 1) -> File:
        """Predict with a skill, and write the JSON object."""
        return self.official(person, self.rows(person, skill, turn), turn)


def story(made: Made) -> Iterator[Scene]:
    """Yield the scenes in order of time."""
    yield from _first_days(made)
    yield from _last_days(made)
    yield from _second_week(made)
    yield from _third_week(made)


def _first_days(made: Made) -> Iterator[Scene]:
    """Wednesday to Saturday: most teams' first files, the usual mistakes, and a stranger."""
    yield Scene(at="wed 14:02", person=ADA, name="lumen-lab-first", what="json", files=(made.file(ADA, 0.86),))
    packed = zipped("青藤视觉_结果.zip", made.file(WEI, 0.84))
    yield Scene(
        at="wed 21:40", person=WEI, name="qingteng-zip", what="zip, its name in Chinese", files=(packed,), text=NIHAO
    )
    yield Scene(at="thu 09:12", person=IRIS, name=ACCEPTED, what="json", files=(made.file(IRIS, 0.81),))
    sheet = table("Prüfstand.csv", made.rows(JONAS, 0.79), encoding="utf-8-sig")
    yield Scene(at="thu 11:30", person=JONAS, name="nordlicht-csv", what="csv", files=(sheet,))
    axis = made.file(SAM, 0.76)
    torn = without_a_comma(axis, row=12)
    yield Scene(at="thu 15:48", person=SAM, name="axis-label-broken", what="json, a comma is missing", files=(torn,))
    yield Scene(at="thu 16:20", person=SAM, name="axis-label-fixed", what="json, corrected", files=(axis,))
    chinese = table("结果.csv", made.rows(NA, 0.80), encoding="gb18030")
    yield Scene(at="thu 23:17", person=NA, name="mozi-csv", what="csv, its name in GBK", files=(chinese,), text=NIHAO)
    rows = made.rows(ZOE, 0.74)
    moved = made.official(ZOE, shifted(rows, made.track.id))
    yield Scene(at="fri 10:30", person=ZOE, name="nebuleuse-wrong-ids", what="json, ids moved by one", files=(moved,))
    jsonl = lines("nebuleuse.jsonl", rows)
    yield Scene(at="fri 11:04", person=ZOE, name="nebuleuse-jsonl", what="jsonl", files=(jsonl,))
    yield Scene(at="fri 13:00", person=STRANGER, name="unknown-sender", what="json", files=(made.file(STRANGER, 0.6),))
    yield Scene(
        at="fri 15:10", person=STRANGER, name=REGISTERS, what="registers by mail",
        text="Hello,\n\nplease register us.\n\nBest regards", subject=f"[{made.title} Registration] {STRANGER.team}",
    )  # fmt: skip
    yield Scene(
        at="fri 15:25", person=STRANGER, name="late-start-confirms", what="confirms", text="confirm\n",
        subject=f"Re: {ITS_SUBJECT}", answers=REGISTERS,
    )  # fmt: skip
    packed = gzipped(made.file(VEGA, 0.72))
    yield Scene(at="fri 17:26", person=VEGA, name="vega-gz", what="json.gz", files=(packed,))
    rows = made.rows(HE, 0.70)
    short = made.official(HE, rows[:16] + rows[17:40] + rows[42:])
    yield Scene(at="sat 03:12", person=HE, name=REFUSED, what="json, 3 rows missing", files=(short,), text=NIHAO)
    yield Scene(
        at="sat 03:31", person=HE, name="hetu-second", what="json, whole", files=(made.official(HE, rows),), text=NIHAO
    )


def _last_days(made: Made) -> Iterator[Scene]:
    """Saturday to the board's Wednesday: a check, a forgotten attachment, the end of a quota, an out-of-office."""
    pixels = made.file(MINA, 0.66)
    yield Scene(
        at="sat 20:02", person=MINA, name="sixty-pixels-check", what="check: asks before it counts", files=(pixels,),
        subject="check",
    )  # fmt: skip
    yield Scene(
        at="sat 20:10", person=MINA, name="sixty-pixels-forgot", what="nothing attached",
        text="Hi,\n\nplease find our results attached.\n\nMina",
    )  # fmt: skip
    yield Scene(at="sat 20:14", person=MINA, name="sixty-pixels-first", what="json", files=(pixels,))
    twist = gzipped(lines("twist.jsonl", made.rows(OMAR, 0.68)))
    yield Scene(at="sun 09:00", person=OMAR, name="plot-twist-gz", what="jsonl.gz", files=(twist,))
    better, third = made.file(ADA, 0.88, 2), made.file(ADA, 0.90, 3)
    yield Scene(at="sun 12:12", person=ADA, name="lumen-lab-second", what="json, second this week", files=(better,))
    yield Scene(at="sun 18:45", person=ADA, name="lumen-lab-over-quota", what="json, third this week", files=(third,))
    tabs = table("owl.tsv", made.rows(KIM, 0.64), delimiter="\t")
    yield Scene(at="mon 14:33", person=KIM, name="owl-tsv", what="tsv", files=(tabs,))
    wide = table("Prüfstand_2.csv", made.rows(JONAS, 0.80, 2), encoding="utf-16")
    yield Scene(at="mon 16:00", person=JONAS, name="nordlicht-utf16", what="csv in UTF-16", files=(wide,))
    yield _away(1, "out-of-office", "27 April")


def _away(week: int, name: str, until: str) -> Scene:
    """Return an automatic mail at the instant of the week's board."""
    return Scene(
        week=week, at="next wed 10:00", person=SAM, name=name, what="out-of-office",
        text=f"I am away until {until} and will answer your mail then.",
        subject="Automatic reply: our last result",
        fields=("Auto-Submitted: auto-replied", "X-Auto-Response-Suppress: All"),
    )  # fmt: skip


def _second_week(made: Made) -> Iterator[Scene]:
    """Yield a new leader, and a mail three minutes after the board."""
    third = made.file(WEI, 0.93, 2)
    yield Scene(
        week=2, at="thu 09:30", person=WEI, name="qingteng-better", what="json, much better", files=(third,), text=NIHAO
    )
    start = made.file(STRANGER, 0.67, 2)
    yield Scene(
        week=2, at="fri 16:20", person=STRANGER, name="late-start-file", what="json, registered", files=(start,)
    )
    axis = made.file(SAM, 0.79, 2)
    yield Scene(week=2, at="sun 21:05", person=SAM, name="axis-label-better", what="json, better", files=(axis,))
    late = made.file(OMAR, 0.73, 2)
    yield Scene(week=2, at="next wed 10:03", person=OMAR, name="plot-twist-late", what="json, after the board",
                files=(late,))  # fmt: skip


def _third_week(made: Made) -> Iterator[Scene]:
    """Yield a better file, a worse one that counts all the same, and a machine that answers our letter."""
    better = made.file(IRIS, 0.87, 2)
    yield Scene(week=3, at="sat 16:45", person=IRIS, name="fig-leaf-better", what="json, better", files=(better,))
    worse = made.file(WEI, 0.78, 3)
    yield Scene(
        week=3, at="tue 20:30", person=WEI, name="qingteng-worse", what="json, worse: it counts", files=(worse,),
        text=NIHAO,
    )  # fmt: skip
    yield _away(3, "out-of-office-again", "11 May")
