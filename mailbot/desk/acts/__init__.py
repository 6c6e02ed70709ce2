"""What organizers can do from the desk; each act is a command too."""

from dataclasses import replace

from mailbot.desk.acts import boards, labels, mails, people, submissions, teams, works

_ALL = (*mails.ACTS, *teams.ACTS, *people.ACTS, *submissions.ACTS, *labels.ACTS, *boards.ACTS, *works.ACTS)

_TITLES = {act.name: act.title for act in _ALL}

ACTS = {act.name: replace(act, undo=_TITLES.get(act.inverse, "")) for act in _ALL}
"""By the name in their address."""
