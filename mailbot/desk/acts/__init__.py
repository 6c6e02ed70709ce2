"""What organizers can do from the desk; each act is a command too."""

from mailbot.desk.acts import boards, labels, mails, submissions, teams

ACTS = {act.name: act for act in (*mails.ACTS, *teams.ACTS, *submissions.ACTS, *labels.ACTS, *boards.ACTS)}
"""By the name in their address."""
