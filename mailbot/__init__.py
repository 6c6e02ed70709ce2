"""Runs a scientific challenge by e-mail: takes result files, scores them, answers, publishes the leaderboard."""

__version__ = "0.1.0"
