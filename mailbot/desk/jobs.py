"""Long work: it goes on when the browser is closed, and a file in the state folder says how far it is."""

from __future__ import annotations

import json
import os
import re
import secrets
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot.errors import MailbotError, Permanent
from mailbot.system import journal, safefile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mailbot.desk.door import Person

KEPT = 20
"""So many jobs that have ended are remembered."""

NOTED_SECONDS = 0.5
"""How far a job is, is written down so often."""

ENDS_SECONDS = 8.0
"""So long the desk waits at its end for its jobs to end."""

NAME = re.compile(r"[0-9a-f]{16}")


class State(StrEnum):
    """Where a job is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    #: The desk ended before the job did.
    BROKEN_OFF = "broken-off"


@dataclass(frozen=True, kw_only=True)
class Job:
    """Work that takes a while."""

    name: str
    #: The act, and what it is called.
    act: str
    title: str
    by: str
    began: datetime
    state: State = State.RUNNING
    done: int = 0
    #: 0 where nobody knows how much there is.
    total: int = 0
    #: What came of it, a sentence each, and where to look.
    says: Sequence[str] = ()
    href: str = "/"
    #: A table of what was found: headings and cells.
    headings: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    #: The process that does it (:func:`_process`).
    process: str = ""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What came of a job."""

    says: Sequence[str]
    href: str
    headings: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


class _BrokenOff(Exception):  # noqa: N818  # no error
    """The desk ends, and its jobs with it."""


class Jobs:
    """The jobs of a state folder. Safe for threads: each job is written by its own thread alone."""

    def __init__(self, state: Path, clock: Callable[[], datetime]) -> None:
        """Keep the files below the state folder."""
        self._folder, self._clock = state / "desk" / "jobs", clock
        safefile.private_folder(self._folder)
        self._own: dict[str, threading.Thread] = {}
        self._lock, self._ends = threading.Lock(), threading.Event()

    def begin(self, person: Person, act: str, title: str, work: Callable[[Callable[[int, int], None]], Ended]) -> Job:
        """Begin work on a thread of its own. Raises Permanent while the same act is under way."""
        with self._lock:
            if any(job.act == act and job.state is State.RUNNING for job in self.listing()):
                message = f"{title}: that is under way already"
                raise Permanent(message)
            job = Job(
                name=secrets.token_hex(8), act=act, title=title, by=person.name, began=self._clock(),
                process=_process(os.getpid()),
            )  # fmt: skip
            # a daemon's thread: the desk ends even while a job does not hear that it should
            thread = threading.Thread(target=self._run, args=(job, work), name=f"desk {act}", daemon=True)
            self._own[job.name] = thread
            self._write(job)
        self._forget()
        thread.start()
        return job

    def end(self) -> None:
        """Break off the jobs of this process at their next step, and wait for that a moment."""
        self._ends.set()
        until = time.monotonic() + ENDS_SECONDS
        for thread in list(self._own.values()):
            if thread.ident is not None:
                thread.join(max(until - time.monotonic(), 0))

    def _run(self, job: Job, work: Callable[[Callable[[int, int], None]], Ended]) -> None:
        """Do the work, and say what came of it: whatever goes wrong stands in the job, not in a log alone."""
        last = 0.0

        def told(done: int, total: int) -> None:
            nonlocal last, job
            if self._ends.is_set():
                raise _BrokenOff
            job = replace(job, done=done, total=total)
            if time.monotonic() - last > NOTED_SECONDS:
                last = time.monotonic()
                with suppress(OSError):  # on a full disk the work itself says so
                    self._write(job)

        try:
            ended = work(told)
        except _BrokenOff:
            job = replace(job, state=State.BROKEN_OFF)
        except MailbotError as error:
            job = replace(job, state=State.FAILED, says=[str(error)])
        except OSError as error:
            told_of = f"{error.filename or 'A file'} cannot be used ({error.strerror or type(error).__name__})."
            job = replace(job, state=State.FAILED, says=[told_of])
        except Exception as error:  # noqa: BLE001  # nobody else would hear of it
            journal.trouble("desk-job-failed", act=job.act, why=type(error).__name__)
            job = replace(job, state=State.FAILED, says=[f"our code failed: {type(error).__name__}"])
        else:
            job = replace(job, state=State.DONE, says=list(ended.says), href=ended.href)
            job = replace(job, headings=list(ended.headings), rows=[list(row) for row in ended.rows])
        with suppress(OSError):  # then it is broken off, for all that anybody knows
            self._write(job)
        self._own.pop(job.name)

    def find(self, name: str) -> Job | None:
        """Return a job; None when there is none of this name."""
        if not NAME.fullmatch(name):
            return None
        is_own = name in self._own  # before it is read: one that ends meanwhile has said so
        kept = safefile.noted(self._folder / name) or {}
        try:
            own = {"began": datetime.fromisoformat(kept["began"]), "state": State(kept["state"])}
            made = Job(**{**kept, **own, "process": str(kept["process"])})
        except (KeyError, TypeError, ValueError):  # gone, or a power cut left something else
            return None
        is_left = made.state is State.RUNNING and not (is_own or self._is_anothers(made))
        return replace(made, state=State.BROKEN_OFF) if is_left else made

    def listing(self) -> list[Job]:
        """Return the jobs, the newest first."""
        found = [self.find(file.name) for file in self._folder.glob("[0-9a-f]*")]
        return sorted((job for job in found if job), key=lambda job: job.began, reverse=True)

    @staticmethod
    def _is_anothers(job: Job) -> bool:
        """Whether another process that is there does it."""
        number = job.process.partition(" ")[0]
        return number.isdecimal() and int(number) != os.getpid() and job.process == _process(int(number))

    def _write(self, job: Job) -> None:
        kept = {**vars(job), "began": job.began.isoformat(), "says": list(job.says)}
        safefile.refresh(self._folder / job.name, json.dumps(kept).encode())

    def _forget(self) -> None:
        ended = [job for job in self.listing() if job.state is not State.RUNNING]
        for job in ended[KEPT:]:
            (self._folder / job.name).unlink(missing_ok=True)


def _process(number: int) -> str:
    """Name a process by its number and when it began, as numbers are given again; "" for one that is gone: proc(5)."""
    try:
        booted = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
        told = Path(f"/proc/{number}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return ""
    return f"{number} {booted} {int(told[19])}"
