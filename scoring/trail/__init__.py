"""The audit trail as anybody can check it: entries in a chain, the rows they answer for, and witnesses of its ends.

Standard library only: the organizers' ``mailbot audit verify`` and the teams' ``python -m scoring audit`` share it.
"""
