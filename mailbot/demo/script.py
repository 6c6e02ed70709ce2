"""The demo's script: who mails what, and when. Pure."""
# ruff: noqa: RUF001  # Chinese is written with Chinese punctuation

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.demo.cast import ADA, HE, IRIS, JONAS, KIM, MINA, NA, OMAR, SAM, STRANGER, VEGA, WEI, ZOE
from mailbot.demo.forms import (
    File,
    from_zero,
    gzipped,
    lines,
    official,
    renamed,
    table,
    with_nan,
    without_a_comma,
    zipped,
)
from mailbot.demo.predictions import answers, ratings, with_refusals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.demo.cast import Person
    from mailbot.demo.forms import File
    from mailbot.demo.predictions import Labels, Row


HELLO = "Hello,\n\nour result file is attached.\n\nBest regards"

NIHAO = "您好，\n\n附件是我们的结果，请查收。\n\n谢谢"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One mail, not yet written."""

    #: ``thu 09:12``, on the challenge's clock.
    at: str
    person: Person
    #: For the name of its file.
    name: str
    #: What it brings, in a few words.
    what: str
    files: tuple[File, ...] = ()
    text: str = HELLO
    #: Default: as the challenge asks for it.
    subject: str = ""
    fields: tuple[str, ...] = ()
    #: The name of an earlier mail whose reply it answers, if it does.
    answers: str = ""
    #: Which week of the demo it is in, from 1.
    week: int = 1


def script(made: Made) -> Iterator[Scene]:
    """Yield the scenes in order of time."""
    yield from _first_days(made)
    yield from _weekend(made)
    yield from _last_days(made)


class Made:
    """Result files, made up as they are asked for."""

    def __init__(self, labels: Labels, seed: int) -> None:
        self.labels = labels
        self._seed = seed

    def u(self, person: Person, correct: tuple[int, int, int], turn: int = 1) -> list[Row]:
        """Answer the questions, so many of each type correctly."""
        return answers(self.labels, correct, f"{self._seed} {person.team} U {turn}")

    def s(self, person: Person, skill: tuple[float, float], turn: int = 1) -> list[Row]:
        """Rate the images with a skill in perception and in knowledge."""
        return ratings(self.labels, skill, f"{self._seed} {person.team} S {turn}")


def _official(name: str, rows: list[Row], person: Person) -> File:
    return official(name, rows, team=person.team, method=person.method)


def _first_days(made: Made) -> Iterator[Scene]:
    """Wednesday to Friday: most teams' first files, and the first mistakes."""
    lumen_u = _official("lumen_siqa-u.json", made.u(ADA, (219, 291, 113)), ADA)
    yield Scene(at="wed 14:02", person=ADA, name="lumen-lab-u", what="U: json", files=(lumen_u,))
    lumen_s = _official("lumen_siqa-s.json", made.s(ADA, (0.902, 0.921)), ADA)
    yield Scene(at="wed 14:05", person=ADA, name="lumen-lab-s", what="S: json", files=(lumen_s,))
    packed = zipped(
        "青藤视觉_结果.zip",
        _official("青藤_U.json", made.u(WEI, (214, 284, 109)), WEI),
        _official("青藤_S.json", made.s(WEI, (0.894, 0.908)), WEI),
    )
    yield Scene(
        at="wed 21:40",
        person=WEI,
        name="qingteng-zip",
        what="U + S: zip, names in Chinese",
        files=(packed,),
        text=NIHAO,
    )
    both = (
        _official("FigLeaf-SIQA-U.json", made.u(IRIS, (201, 270, 118)), IRIS),
        _official("FigLeaf-SIQA-S.json", made.s(IRIS, (0.871, 0.895)), IRIS),
    )
    yield Scene(at="thu 09:12", person=IRIS, name="fig-leaf-both", what="U + S: both in one mail", files=both)
    sheet = table("Prüfstand_S.csv", made.s(JONAS, (0.858, 0.884)), encoding="utf-8-sig")
    yield Scene(at="thu 11:30", person=JONAS, name="nordlicht-s-csv", what="S: csv", files=(sheet,))
    axis = _official("axis_label_u.json", made.u(SAM, (198, 262, 104)), SAM)
    torn = without_a_comma(axis, row=412)
    yield Scene(at="thu 15:48", person=SAM, name="axis-label-broken", what="U: json, a comma is missing", files=(torn,))
    fixed = "Thanks, that was quick. Here is the corrected file.\n\nSam"
    yield Scene(
        at="thu 16:20", person=SAM, name="axis-label-fixed", what="U: json, corrected", files=(axis,), text=fixed
    )
    chinese = table(
        "结果.csv", renamed(made.u(NA, (205, 259, 111)), type="题型", precision="answer"), encoding="gb18030"
    )
    yield Scene(at="thu 23:17", person=NA, name="mozi-u-csv", what="U: csv in GB18030", files=(chinese,), text=NIHAO)
    refusals = _official("owl_u.json", with_refusals(made.u(KIM, (169, 219, 118)), 12, made.labels), KIM)
    yield Scene(
        at="fri 08:55", person=KIM, name="owl-u-refusals", what="U: json, 12 refusal sentences", files=(refusals,)
    )
    rows = made.s(ZOE, (0.846, 0.869))
    shifted = _official("nebuleuse.json", from_zero(rows), ZOE)
    yield Scene(at="fri 10:30", person=ZOE, name="nebuleuse-wrong-ids", what="S: json, ids from 0", files=(shifted,))
    yield Scene(
        at="fri 11:04", person=ZOE, name="nebuleuse-s-jsonl", what="S: jsonl", files=(lines("nebuleuse.jsonl", rows),)
    )


def _weekend(made: Made) -> Iterator[Scene]:
    """Friday afternoon to Sunday: a stranger, a NaN, a forgotten attachment, and the end of a quota."""
    hopeful = _official("my_first_results.json", made.s(STRANGER, (0.7, 0.7)), STRANGER)
    yield Scene(at="fri 13:00", person=STRANGER, name="unknown-sender", what="S: json", files=(hopeful,))
    vega_s = gzipped(_official("vega-s.json", made.s(VEGA, (0.823, 0.862)), VEGA))
    yield Scene(at="fri 17:26", person=VEGA, name="vega-s-gz", what="S: json.gz", files=(vega_s,))
    rows = made.s(HE, (0.804, 0.871))
    holed = _official("赛道S.json", with_nan(rows, 17, 403, 958), HE)
    yield Scene(at="sat 03:12", person=HE, name="hetu-nan", what="S: json, 3 values NaN", files=(holed,), text=NIHAO)
    whole = _official("赛道S_v2.json", rows, HE)
    yield Scene(at="sat 03:31", person=HE, name="hetu-s", what="S: json, file name in GBK", files=(whole,), text=NIHAO)
    yield Scene(
        at="sat 20:10",
        person=MINA,
        name="sixty-pixels-forgot",
        what="nothing attached",
        text="Hi,\n\nplease find our results attached.\n\nMina",
    )
    pixels = _official("SixtyPixels_U.json", made.u(MINA, (187, 241, 103)), MINA)
    oops = "Hi,\n\nnow with the file, sorry.\n\nMina"
    yield Scene(at="sat 20:14", person=MINA, name="sixty-pixels-u", what="U: json", files=(pixels,), text=oops)
    twist = gzipped(lines("twist_u.jsonl", made.u(OMAR, (187, 241, 103))))
    yield Scene(at="sun 09:00", person=OMAR, name="plot-twist-u", what="U: jsonl.gz", files=(twist,))
    better = _official("lumen_siqa-s_2.json", made.s(ADA, (0.917, 0.934), 2), ADA)
    yield Scene(
        at="sun 12:12", person=ADA, name="lumen-lab-s-second", what="S: json, second this week", files=(better,)
    )
    third = _official("lumen_siqa-s_3.json", made.s(ADA, (0.924, 0.941), 3), ADA)
    yield Scene(
        at="sun 18:45", person=ADA, name="lumen-lab-over-quota", what="S: json, third this week", files=(third,)
    )


def _last_days(made: Made) -> Iterator[Scene]:
    """Monday to the board's Wednesday: better files, the last ones, and an out-of-office."""
    second = _official("青藤_U_2.json", made.u(WEI, (221, 287, 112), 2), WEI)
    yield Scene(
        at="mon 10:20",
        person=WEI,
        name="qingteng-u-second",
        what="U: json, second this week",
        files=(second,),
        text=NIHAO,
    )
    tabs = table("owl_s.tsv", made.s(KIM, (0.705, 0.842)), delimiter="\t")
    yield Scene(at="mon 14:33", person=KIM, name="owl-s-tsv", what="S: tsv", files=(tabs,))
    wide = table("Prüfstand_U.csv", renamed(made.u(JONAS, (209, 268, 99)), precision="Answer"), encoding="utf-16")
    yield Scene(at="mon 16:00", person=JONAS, name="nordlicht-u-utf16", what="U: csv in UTF-16", files=(wide,))
    again = _official("FigLeaf-SIQA-S-2.json", made.s(IRIS, (0.869, 0.899), 2), IRIS)
    yield Scene(at="tue 09:41", person=IRIS, name="fig-leaf-s-second", what="S: json, second this week", files=(again,))
    vega_u = _official("vega-u.json", made.u(VEGA, (193, 255, 120)), VEGA)
    yield Scene(at="tue 22:58", person=VEGA, name="vega-u", what="U: json", files=(vega_u,))
    mozi = _official("感知与知识.json", made.s(NA, (0.887, 0.879)), NA)
    yield Scene(at="tue 23:20", person=NA, name="mozi-s", what="S: json, file name in GBK", files=(mozi,), text=NIHAO)
    third = _official("lumen_siqa-s_3.json", made.s(ADA, (0.924, 0.941), 3), ADA)
    yield Scene(
        at="next wed 00:20", person=ADA, name="lumen-lab-s-new-week", what="S: json, the third again", files=(third,)
    )
    last = table("twist_s.csv", made.s(OMAR, (0.781, 0.826)))
    yield Scene(
        at="next wed 09:58", person=OMAR, name="plot-twist-s-csv", what="S: csv, two minutes before", files=(last,)
    )
    yield Scene(
        at="next wed 10:00",
        person=SAM,
        name="out-of-office",
        what="out-of-office",
        text="I am away until 27 April and will answer your mail then.",
        subject="Automatic reply: [SIQA Submission] Axis_Label - AL-ensemble v2",
        fields=("Auto-Submitted: auto-replied", "X-Auto-Response-Suppress: All"),
    )


def sequel(made: Made) -> Iterator[Scene]:
    """Yield the scenes in order of time."""
    yield from _second_week(made)
    yield from _third_week(made)


def _official2(name: str, rows: list[Row], person: Person) -> File:
    return official(name, rows, team=person.team, method=person.method)


def _second_week(made: Made) -> Iterator[Scene]:
    """Yield a new leader, two teams on their second track, and a mail three minutes after the board."""
    packed = zipped(
        "青藤视觉_结果_3.zip",
        _official2("青藤_U_3.json", made.u(WEI, (236, 301, 128), 3), WEI),
        _official2("青藤_S_3.json", made.s(WEI, (0.931, 0.938), 3), WEI),
    )
    yield Scene(
        week=2, at="thu 09:30", person=WEI, name="qingteng-third", what="U + S: zip, much better",
        files=(packed,), text=NIHAO,
    )  # fmt: skip
    sheet = table("Prüfstand_S_2.csv", made.s(JONAS, (0.889, 0.901), 2), encoding="utf-8-sig")
    yield Scene(week=2, at="fri 14:10", person=JONAS, name="nordlicht-s-second", what="S: csv, better", files=(sheet,))
    first = _official2("axis_label_s.json", made.s(SAM, (0.861, 0.880)), SAM)
    yield Scene(week=2, at="sun 21:05", person=SAM, name="axis-label-s", what="S: json, its first", files=(first,))
    pixels = lines("SixtyPixels_S.jsonl", made.s(MINA, (0.812, 0.840)))
    yield Scene(week=2, at="mon 08:15", person=MINA, name="sixty-pixels-s", what="S: jsonl, its first", files=(pixels,))
    better = _official2("lumen_siqa-u_2.json", made.u(ADA, (228, 297, 121), 2), ADA)
    yield Scene(week=2, at="tue 19:40", person=ADA, name="lumen-lab-u-second", what="U: json, better", files=(better,))
    late = _official2("twist_u_2.json", made.u(OMAR, (204, 262, 112), 2), OMAR)
    yield Scene(
        week=2, at="next wed 10:03", person=OMAR, name="plot-twist-late", what="U: json, after the board", files=(late,)
    )


def _third_week(made: Made) -> Iterator[Scene]:
    """Yield better files, a worse one that counts all the same, and a machine that answers our letter."""
    first = _official2("赛道U.json", made.u(HE, (196, 250, 105)), HE)
    yield Scene(week=3, at="thu 11:20", person=HE, name="hetu-u", what="U: json, its first", files=(first,), text=NIHAO)
    both = (
        _official2("FigLeaf-SIQA-U-2.json", made.u(IRIS, (217, 281, 124), 2), IRIS),
        _official2("FigLeaf-SIQA-S-3.json", made.s(IRIS, (0.902, 0.915), 3), IRIS),
    )
    yield Scene(week=3, at="sat 16:45", person=IRIS, name="fig-leaf-third", what="U + S: both better", files=both)
    tabs = table("owl_s_2.tsv", made.s(KIM, (0.801, 0.868), 2), delimiter="\t")
    yield Scene(week=3, at="sun 09:12", person=KIM, name="owl-s-second", what="S: tsv, better", files=(tabs,))
    worse = _official2("青藤_U_4.json", made.u(WEI, (211, 280, 108), 4), WEI)
    yield Scene(
        week=3, at="tue 20:30", person=WEI, name="qingteng-u-worse", what="U: json, worse: it counts",
        files=(worse,), text=NIHAO,
    )  # fmt: skip
    yield Scene(
        week=3,
        at="next wed 10:00",
        person=SAM,
        name="out-of-office-again",
        what="out-of-office",
        text="I am away until 11 May and will answer your mail then.",
        subject="Automatic reply: [SIQA] Leaderboard",
        fields=("Auto-Submitted: auto-replied", "X-Auto-Response-Suppress: All"),
    )
