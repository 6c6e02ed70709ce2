"""The script of the demo's second and third week: who overtakes whom. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.demo.cast import ADA, HE, IRIS, JONAS, KIM, MINA, OMAR, SAM, WEI
from mailbot.demo.forms import lines, official, table, zipped
from mailbot.demo.script import NIHAO, Scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.demo.cast import Person
    from mailbot.demo.forms import File
    from mailbot.demo.predictions import Row
    from mailbot.demo.script import Made


def sequel(made: Made) -> Iterator[Scene]:
    """Yield the scenes in order of time."""
    yield from _second_week(made)
    yield from _third_week(made)


def _official(name: str, rows: list[Row], person: Person) -> File:
    return official(name, rows, team=person.team, method=person.method)


def _second_week(made: Made) -> Iterator[Scene]:
    """Yield a new leader, two teams on their second track, and a mail three minutes after the board."""
    packed = zipped(
        "青藤视觉_结果_3.zip",
        _official("青藤_U_3.json", made.u(WEI, (236, 301, 128), 3), WEI),
        _official("青藤_S_3.json", made.s(WEI, (0.931, 0.938), 3), WEI),
    )
    yield Scene(
        week=2, at="thu 09:30", person=WEI, name="qingteng-third", what="U + S: zip, much better",
        files=(packed,), text=NIHAO,
    )  # fmt: skip
    sheet = table("Prüfstand_S_2.csv", made.s(JONAS, (0.889, 0.901), 2), encoding="utf-8-sig")
    yield Scene(week=2, at="fri 14:10", person=JONAS, name="nordlicht-s-second", what="S: csv, better", files=(sheet,))
    first = _official("axis_label_s.json", made.s(SAM, (0.861, 0.880)), SAM)
    yield Scene(week=2, at="sun 21:05", person=SAM, name="axis-label-s", what="S: json, its first", files=(first,))
    pixels = lines("SixtyPixels_S.jsonl", made.s(MINA, (0.812, 0.840)))
    yield Scene(week=2, at="mon 08:15", person=MINA, name="sixty-pixels-s", what="S: jsonl, its first", files=(pixels,))
    better = _official("lumen_siqa-u_2.json", made.u(ADA, (228, 297, 121), 2), ADA)
    yield Scene(week=2, at="tue 19:40", person=ADA, name="lumen-lab-u-second", what="U: json, better", files=(better,))
    late = _official("twist_u_2.json", made.u(OMAR, (204, 262, 112), 2), OMAR)
    yield Scene(
        week=2, at="next wed 10:03", person=OMAR, name="plot-twist-late", what="U: json, after the board", files=(late,)
    )


def _third_week(made: Made) -> Iterator[Scene]:
    """Yield better files, a worse one that counts all the same, and a machine that answers our letter."""
    first = _official("赛道U.json", made.u(HE, (196, 250, 105)), HE)
    yield Scene(week=3, at="thu 11:20", person=HE, name="hetu-u", what="U: json, its first", files=(first,), text=NIHAO)
    both = (
        _official("FigLeaf-SIQA-U-2.json", made.u(IRIS, (217, 281, 124), 2), IRIS),
        _official("FigLeaf-SIQA-S-3.json", made.s(IRIS, (0.902, 0.915), 3), IRIS),
    )
    yield Scene(week=3, at="sat 16:45", person=IRIS, name="fig-leaf-third", what="U + S: both better", files=both)
    tabs = table("owl_s_2.tsv", made.s(KIM, (0.801, 0.868), 2), delimiter="\t")
    yield Scene(week=3, at="sun 09:12", person=KIM, name="owl-s-second", what="S: tsv, better", files=(tabs,))
    worse = _official("青藤_U_4.json", made.u(WEI, (211, 280, 108), 4), WEI)
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
