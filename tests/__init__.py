"""The tests of mailbot and scoring."""
