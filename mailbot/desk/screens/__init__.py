"""The screens, in the order of the menu."""

from mailbot.desk.screens import contest, correspondence, entrants

SCREENS = (*correspondence.SCREENS, *entrants.SCREENS, *contest.SCREENS)
