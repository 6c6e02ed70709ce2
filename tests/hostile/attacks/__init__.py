"""Attacks on a mailbot as they were run: each has a name, and says what it gained, or nothing.

``tests/hostile/test_attacks.py`` plays them one by one; ``make attack`` plays them all against a running daemon. To add
some: a function from a :class:`~tests.hostile.attacks.model.Ground` to what was gained ("" when the attack was held),
and a row in the ``ATTACKS`` of its module, which ``tests/hostile/attacks/every.py`` lists.
"""
