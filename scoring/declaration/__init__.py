"""What a track is: columns, metrics, the formula of its score, from plain data. Standard library only."""
