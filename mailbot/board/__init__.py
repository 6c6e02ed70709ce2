"""The leaderboard: ranking, building, publishing, and where it is shown."""
