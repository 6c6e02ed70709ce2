"""The targets of the fuzzers, held in every test run: over what was found once, and over mails and files made up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.seeds import FINDS, seeds
from tests.fuzz.strategies import archives, mails, tables
from tests.fuzz.targets import (
    TARGETS,
    fuzz_answer,
    fuzz_channel,
    fuzz_open,
    fuzz_parse,
    fuzz_read,
    fuzz_unpack,
    fuzz_walker,
    fuzz_wire,
)

if TYPE_CHECKING:
    from pathlib import Path

FOUND = sorted(FINDS.glob("*/*"))


@pytest.mark.parametrize("path", FOUND, ids=[f"{path.parent.name}-{path.name}" for path in FOUND])
def test_what_was_found_stays_mended(path: Path) -> None:
    """Bytes that once broke a target do so no more."""
    TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_the_seeds_hold(target: str) -> None:
    """Every seed of a fuzzer gives what it must, and there are some."""
    count = 0
    for seed in seeds(target):
        TARGETS[target](seed)
        count += 1
    assert count > 5


@given(mails())
@settings(deadline=None, max_examples=150)
def test_any_made_up_mail_opens(data: bytes) -> None:
    """A mail of hostile fields, broken containers and odd encodings is parsed and opened."""
    fuzz_parse(data)
    fuzz_open(data)
    fuzz_walker(data)


@given(st.binary(max_size=300))
@settings(deadline=None, max_examples=300)
def test_any_bytes_in_the_channel_are_an_answer_or_refused(data: bytes) -> None:
    """With a length before them that is right, or with whatever stands there."""
    fuzz_answer(data)
    fuzz_answer(len(data).to_bytes(8, "big") + data)
    fuzz_channel(data)
    fuzz_channel(len(data).to_bytes(8, "big") + data)
    fuzz_wire(data)


@given(archives(), st.integers(0, 255))
@settings(deadline=None, max_examples=150)
def test_any_made_up_archive_unpacks(data: bytes, name: int) -> None:
    """An archive of odd members under any name gives files or reasons."""
    fuzz_unpack(bytes([name]) + data)


@given(tables())
@settings(deadline=None, max_examples=200)
def test_any_made_up_table_is_read(data: bytes) -> None:
    """A table of odd cells in any form is scored or refused."""
    fuzz_read(data)
