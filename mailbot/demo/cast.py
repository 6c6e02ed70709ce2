"""Who plays in the demo: a dozen made-up teams, each with a mail program, and the challenge's address. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.demo import clients

if TYPE_CHECKING:
    from mailbot.demo.clients import Client

ADDRESS = "submissions@siqa.example"
"""The official submission address of the demo. The domains here are reserved (RFC 2606): nobody can be written to."""

ADDRESS_OF_OTHERS = "submissions@challenge.example"
"""The address of the other challenges that can be played."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who writes mails."""

    name: str
    address: str
    #: The registered team, or what a stranger takes for one.
    team: str
    client: Client
    #: What the team calls its model.
    method: str
    #: Hours east of UTC on the person's clock.
    hours: int = 8
    registered: bool = True


ADA = Person(
    name="Ada Quill",
    address="ada@lumenlab.example",
    team="Lumen Lab",
    client=clients.GMAIL,
    method="LumenVL-8B",
    hours=1,
)
WEI = Person(name="王伟", address="10086@qingteng.example", team="青藤视觉", client=clients.QQ_MAIL, method="青藤-VL")
IRIS = Person(
    name="Iris Bell",
    address="iris@figleaf.example",
    team="Fig Leaf",
    client=clients.APPLE_MAIL,
    method="FigNet",
    hours=-4,
)
JONAS = Person(
    name="Jonas Rüß",
    address="jonas@nordlicht.example",
    team="Nordlicht",
    client=clients.THUNDERBIRD,
    method="Polar-MLP",
    hours=2,
)
SAM = Person(
    name="Sam Ortega",
    address="sam@axislabel.example",
    team="Axis_Label",
    client=clients.OUTLOOK,
    method="AL-ensemble v2",
    hours=-5,
)
NA = Person(name="李娜", address="li.na@mozi.example", team="墨子图像组", client=clients.FOXMAIL, method="MoziScore")
KIM = Person(
    name="Kim Aalto",
    address="kim@owl.example",
    team="Owl & Microscope",
    client=clients.MUTT,
    method="zero-shot, no tuning",
    hours=3,
)
ZOE = Person(
    name="Zoé Marchand",
    address="zoe@nebuleuse.example",
    team="Café Nébuleuse",
    client=clients.APPLE_MAIL,
    method="Nébula",
    hours=2,
)
VEGA = Person(
    name="Vega Group B",
    address="vega@orbit.example",
    team="Vega - Group B",
    client=clients.GMAIL,
    method="gpt-judge-pro",
    hours=9,
)
HE = Person(name="何图", address="hetu@luoshu.example", team="河图洛书", client=clients.QQ_MAIL, method="HeTu-IQA")
MINA = Person(
    name="Mina Park",
    address="mina@sixtypixels.example",
    team="Sixty Pixels",
    client=clients.OUTLOOK,
    method="pixel-prompt",
    hours=9,
)
OMAR = Person(
    name="Omar Said",
    address="omar@plottwist.example",
    team="PlotTwist",
    client=clients.THUNDERBIRD,
    method="Twist-4B",
    hours=2,
)

TEAMS = (ADA, WEI, IRIS, JONAS, SAM, NA, KIM, ZOE, VEGA, HE, MINA, OMAR)

STRANGER = Person(
    name="Eager Student", address="eager@campus.example", team="Late Start", client=clients.GMAIL,
    method="first-try", registered=False,
)  # fmt: skip
"""Writes a fine mail, but is on no team."""


def roster() -> str:
    """Return the roster as a CSV file."""
    return "team,address\n" + "".join(f"{person.team},{person.address}\n" for person in TEAMS)
