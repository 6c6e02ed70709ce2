"""The sandbox's child processes: their walls and limits, how they start, what they are told and what they answer."""
