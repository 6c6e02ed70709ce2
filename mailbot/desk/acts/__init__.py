"""What organizers can do from the desk; each act is a command too."""

from mailbot.desk.acts import boards, labels, mails, people, submissions, teams, works

_ALL = (*mails.ACTS, *teams.ACTS, *people.ACTS, *submissions.ACTS, *labels.ACTS, *boards.ACTS, *works.ACTS)

ACTS = {act.name: act for act in _ALL}
"""By the name in their address."""
