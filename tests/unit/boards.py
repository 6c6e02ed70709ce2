"""A challenge of two tracks and a dozen made-up teams, for the tests of board, page and files."""

from __future__ import annotations

import random
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mailbot.board.build import build
from mailbot.board.page.rules import Awards, SiteRules
from mailbot.board.page.site import site
from mailbot.config.board import Baseline, BoardRules, Heading, TrackRules
from mailbot.config.calendar import Matter, Moment, Quota, Window
from mailbot.config.challenge import COUNTS
from mailbot.model import Rule, Standing
from scoring.declaration import siqa

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mailbot.board.model import Board, Table

SHANGHAI = ZoneInfo("Asia/Shanghai")
AS_OF = datetime(2026, 11, 25, 10, 0, tzinfo=SHANGHAI)
OPENED = datetime(2026, 11, 18, 9, 12, 30, tzinfo=SHANGHAI)

U_METRICS = ("acc_yes_or_no", "acc_what", "acc_how")
S_METRICS = ("perception_srcc", "perception_plcc", "knowledge_srcc", "knowledge_plcc")


def _headings(keys: tuple[str, ...], titles: str, decimals: int) -> tuple[Heading, ...]:
    return tuple(Heading(key=k, title=t, decimals=decimals) for k, t in zip(keys, titles.split(", "), strict=True))


TRACKS = (
    TrackRules(
        name="siqa-u",
        title="SIQA-U",
        formula="100 (0.2 ACC yes/no + 0.3 ACC what + 0.5 ACC how)",
        headings=_headings(U_METRICS, "Yes/No ACC, What ACC, How ACC", 2),
    ),
    TrackRules(
        name="siqa-s",
        title="SIQA-S",
        formula="Mean over perception and knowledge of 100 max((SRCC + PLCC) / 2, 0)",
        headings=_headings(S_METRICS, "Perception SRCC, Perception PLCC, Knowledge SRCC, Knowledge PLCC", 4),
    ),
)

_BASELINES = {
    "NIQE (zero-shot)": (0.345, 0.235, 0.447, 0.410),
    "Q-Align (zero-shot)": (0.749, 0.762, 0.285, 0.400),
    "CLIP-IQA (zero-shot)": (0.496, 0.520, 0.362, 0.435),
    "CLIP-IQA+ (trained)": (0.724, 0.676, 0.862, 0.801),
    "HyperIQA (trained)": (0.773, 0.783, 0.897, 0.895),
    "InternVL3.5 (fine-tuned)": (0.857, 0.881, 0.915, 0.937),
}

_TEAMS: dict[str, tuple[tuple[str, tuple[int, int, int]] | None, tuple[str, tuple[float, ...]] | None]] = {
    "Sparrowhawk": (("qwen3-vl-32b-sft", (223, 293, 110)), ("SIQA-MT", (0.9135, 0.9253, 0.9282, 0.9527))),
    "DoubleHelix": (("InternVL3.5-38B_v2", (214, 284, 109)), ("InternVL3.5-38B_v2", (0.8938, 0.9122, 0.9079, 0.9361))),
    "leiting_lab": (("LT-Judge", (202, 284, 116)), ("LT-Score/ens5", (0.8803, 0.9075, 0.8988, 0.9321))),
    "HDU_VisionGroup": (("VL38b-MLP", (175, 246, 110)), ("VL38b-MLP", (0.8915, 0.9133, 0.8824, 0.9147))),
    "NWPU_SciQA_Team": (None, ("ConvNeXt-L + CLIP", (0.8763, 0.9071, 0.8514, 0.8948))),
    "CSQ": (None, ("HyperIQA-Colab", (0.8462, 0.8734, 0.8571, 0.8860))),
    "DB_Team": (("gpt-5.4-pro-precision-match", (198, 273, 118)), None),
    "科学图像小组": (("多模态评分-7B", (181, 259, 104)), ("多模态评分-7B", (0.8401, 0.8622, 0.8710, 0.8893))),
    "Équipe Lumière": (("LLaVA-OV-72B", (190, 251, 99)), ("LLaVA-OV-72B", (0.8217, 0.8410, 0.8633, 0.8757))),
    "pixel-auditors": (None, ("DINOv3-linear", (0.7980, 0.8122, 0.8455, 0.8590))),
    "late_bloomers": (("baseline+prompt", (169, 219, 118)), ("baseline+prompt", (0.7071, 0.7068, 0.8366, 0.8521))),
    "TwinOfCSQ": (None, ("HyperIQA-r101", (0.8462, 0.8734, 0.8571, 0.8860))),
}


def u_standing(team: str, method: str, right: tuple[int, int, int], fields: Mapping[str, object]) -> Standing:
    """Make a standing on SIQA-U out of counts of right answers among 380, 350 and 390."""
    accuracies = [100 * n / of for n, of in zip(right, (380, 350, 390), strict=True)]
    score = 0.2 * accuracies[0] + 0.3 * accuracies[1] + 0.5 * accuracies[2]
    return standing(
        team, "siqa-u", score, method=method, metrics=dict(zip(U_METRICS, accuracies, strict=True)), **fields
    )


def s_score(correlations: tuple[float, ...]) -> float:
    """Return the SIQA-S score of perception SRCC, PLCC, knowledge SRCC, PLCC."""
    p_srcc, p_plcc, k_srcc, k_plcc = correlations
    return 50 * (max((p_srcc + p_plcc) / 2, 0) + max((k_srcc + k_plcc) / 2, 0))


def standing(team: str, track: str, score: float, **fields: object) -> Standing:
    """Make a standing; what ``fields`` leaves out is made up."""
    made_up = {"receipt": "S-000001", "method": "m", "metrics": {}, "arrived_at": OPENED, "submissions": 1}
    return Standing(team=team, track=track, score=score, **{**made_up, **fields})  # type: ignore[arg-type]  # fields of a test


def dozen() -> list[Standing]:
    """Return the standings of twelve teams, two of which share a score on SIQA-S."""
    made = []
    for number, (team, (u, s)) in enumerate(_TEAMS.items()):
        fields = {"arrived_at": OPENED + number * timedelta(hours=13, minutes=7), "submissions": 1 + number % 4}
        if u:
            made.append(u_standing(team, *u, fields))
        if s:
            metrics = dict(zip(S_METRICS, s[1], strict=True))
            made.append(standing(team, "siqa-s", s_score(s[1]), method=s[0], metrics=metrics, **fields))
    return made


def rules(**changes: object) -> BoardRules:
    """Return the rules of the challenge with its published baselines."""
    baselines = tuple(
        Baseline(team=team, track="siqa-s", score=s_score(c), metrics=dict(zip(S_METRICS, c, strict=True)))
        for team, c in _BASELINES.items()
    )
    fields = {
        "challenge": "Scientific Image Quality Assessment Challenge",
        "tracks": TRACKS,
        "baselines": baselines,
        "truths": {"siqa-u": "a3f9" * 16, "siqa-s": "07c1" * 16},
        "rules": ("The latest accepted submission of a team counts.", "Two submissions per team, track and week."),
    }
    return BoardRules(**{**fields, **changes})  # type: ignore[arg-type]  # fields of a test


def board() -> Board:
    """Return the board of the twelve teams."""
    return build(dozen(), rules(), AS_OF)


def site_rules(**changes: object) -> SiteRules:
    """Return what the site tells of this challenge."""
    fields = {
        "name": "Scientific Image Quality Assessment Challenge",
        "short_name": "SIQA",
        "address": "submissions@example.org",
        "subject_tag": "SIQA Submission",
        "url": "",
        "tracks": {"siqa-u": siqa.siqa_u(), "siqa-s": siqa.siqa_s()},
        "windows": (
            Window(matter=Matter.PHASE, name="test", opens=OPENED, closes=AS_OF + timedelta(days=31, hours=14)),
            Window(matter=Matter.DATE, name="Paper deadline", closes=datetime(2027, 1, 9, 23, 59, tzinfo=UTC)),
        ),
        "quota": Quota(per_week=2, week_starts=Moment.parse("wed 00:00"), zone=SHANGHAI),
        "counts": COUNTS[Rule.LATEST],
        "overall": "Combined = (SIQA-U + SIQA-S) / 2",
        "is_split": False,
        "publish_at": Moment.parse("wed 10:00"),
        "awards": Awards(places=("First place", "Second place"), invited=2, invitation="Invited to write a paper:"),
        "mail_mib": 25,
    }
    return SiteRules(**{**fields, **changes})  # type: ignore[arg-type]  # fields of a test


def front(*published: Board) -> str:
    """Return the front page of the site of these boards."""
    return site(published, site_rules())["index.html"].decode()


def season(weeks: int = 6, standings: Sequence[Standing] | None = None) -> list[Board]:
    """Return the boards of so many weeks: scores climb towards the given ones, at a pace of each team's own.

    The later half of the boards has intervals, tie groups and rank intervals.
    """
    last = dozen() if standings is None else standings
    made = []
    for week in range(weeks):
        ago = weeks - 1 - week
        now = [
            replace(s, score=s.score - ago * (0.3 + zlib.crc32(s.team.encode()) % 7 / 5))
            for s in last
            if ago < 2 + zlib.crc32(s.receipt.encode() + s.team.encode()) % max(weeks, 2)
        ]
        board = build(now, rules(), AS_OF - timedelta(weeks=ago))
        made.append(with_intervals(board) if week >= weeks // 2 else board)
    return made


def with_intervals(board: Board, half: float = 0.9) -> Board:
    """Give every ranked row an interval, a tie group and the ranks it could have."""
    return replace(board, tables=tuple(_dressed(table, half) for table in board.tables))


def _dressed(table: Table, half: float) -> Table:
    ranked = [row for row in table.rows if row.rank is not None]
    rows = []
    for row in table.rows:
        if row.baseline:
            rows.append(row)
            continue
        near = [n for n, other in enumerate(ranked, 1) if abs(other.score - row.score) <= half]
        interval = (round(row.score - half, 2), round(row.score + half - (0.08 if len(rows) % 2 else 0), 2))
        group = "".join(dict.fromkeys(chr(ord("a") + (n - 1) // 2 % 26) for n in near))
        rows.append(replace(row, interval=interval, group=group, ranks=(min(near), max(near))))
    return replace(table, rows=tuple(rows))


def crowd(teams: int = 200) -> list[Standing]:
    """Return the standings of so many teams on both tracks."""
    made = []
    for n in range(teams):
        draw = random.Random(n)  # noqa: S311  # made-up scores
        right = tuple(int(of * min(0.95, max(0.25, draw.gauss(0.55, 0.1)))) for of in (380, 350, 390))
        found = tuple(min(0.97, max(0.1, draw.gauss(0.85, 0.05))) for _ in S_METRICS)
        fields = {"arrived_at": OPENED + n * timedelta(minutes=41), "submissions": 1 + n % 9}
        made.append(u_standing(f"Team-{n:03d}_lab", f"model-{n}/v{n % 7}", (right[0], right[1], right[2]), fields))
        metrics = dict(zip(S_METRICS, found, strict=True))
        made.append(
            standing(f"Team-{n:03d}_lab", "siqa-s", s_score(found), method=f"score-{n}", metrics=metrics, **fields)
        )
    return made
