"""The filter of system calls, run step by step as the kernel runs it; that it holds is for tests/hostile to show."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mailbot.system.children import walls
from mailbot.system.children.nursery import readable

ROOT = Path(__file__).parents[4]
MACHINES = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
ALLOWED, REFUSED, KILLED = 0x7FFF_0000, 0x0005_0001, 0x8000_0000
OWN = 4321


def verdict(machine: str, number: int, *arguments: int, architecture: int | None = None) -> int:
    """Run the filter of a process, as seccomp(2) and Linux's net/core/filter.c say; return what it returns."""
    data = {0: number, 4: MACHINES[machine] if architecture is None else architecture}
    data |= {16 + 8 * place: value & 0xFFFF_FFFF for place, value in enumerate(arguments)}
    steps = walls.program(machine, OWN)
    place, loaded = 0, 0
    while True:
        operation, when, otherwise, constant = steps[place]
        place += 1
        match operation:
            case 0x20:
                loaded = data.get(constant, 0)
            case 0x15:
                place += when if loaded == constant else otherwise
            case 0x35:
                place += when if loaded >= constant else otherwise
            case 0x45:
                place += when if loaded & constant else otherwise
            case 0x06:
                return constant
            case _:
                raise AssertionError(operation)


@pytest.mark.parametrize(
    ("call", "x86", "arm"),
    [
        ("read", 0, 63), ("write", 1, 64), ("close", 3, 57), ("brk", 12, 214), ("munmap", 11, 215), ("futex", 202, 98),
        ("getrandom", 318, 278), ("clock_gettime", 228, 113), ("exit_group", 231, 94), ("setitimer", 38, 103),
        ("rt_sigaction", 13, 134), ("rt_sigreturn", 15, 139), ("getrusage", 98, 165), ("newfstatat", 262, 79),
    ],
)  # fmt: skip
def test_what_reading_and_computing_need_is_allowed(call: str, x86: int, arm: int) -> None:
    """By the numbers of both machines, which stand here once more."""
    assert (verdict("x86_64", x86), verdict("aarch64", arm)) == (ALLOWED, ALLOWED), call


@pytest.mark.parametrize(
    ("call", "x86", "arm"),
    [
        ("socket", 41, 198), ("connect", 42, 203), ("socketpair", 53, 199), ("bind", 49, 200), ("sendto", 44, 206),
        ("sendmsg", 46, 211), ("ptrace", 101, 117), ("process_vm_readv", 310, 270), ("process_vm_writev", 311, 271),
        ("execve", 59, 221), ("execveat", 322, 281), ("clone", 56, 220), ("clone3", 435, 435), ("unshare", 272, 97),
        ("setns", 308, 268), ("mount", 165, 40), ("chroot", 161, 51), ("openat2", 437, 437), ("truncate", 76, 45),
        ("unlinkat", 263, 35), ("renameat2", 316, 276), ("fchmodat", 268, 53), ("prctl", 157, 167), ("bpf", 321, 280),
        ("seccomp", 317, 277), ("io_uring_setup", 425, 425), ("memfd_create", 319, 279), ("keyctl", 250, 219),
        ("pidfd_open", 434, 434), ("pidfd_send_signal", 424, 424), ("setresuid", 117, 147), ("capset", 126, 91),
        ("userfaultfd", 323, 282), ("perf_event_open", 298, 241), ("ftruncate", 77, 46), ("mq_open", 240, 180),
        ("shmget", 29, 194), ("quotactl", 179, 60), ("init_module", 175, 105), ("landlock_restrict_self", 446, 446),
        ("a call that is yet to be invented", 600, 600),
    ],
)  # fmt: skip
def test_everything_else_is_refused(call: str, x86: int, arm: int) -> None:
    """With EPERM: what is not listed is not needed."""
    assert (verdict("x86_64", x86), verdict("aarch64", arm)) == (REFUSED, REFUSED), call


OPENAT = {"x86_64": 257, "aarch64": 56}
NOT_READING = (
    os.O_WRONLY, os.O_RDWR, os.O_RDONLY | os.O_CREAT, os.O_RDONLY | os.O_TRUNC, os.O_RDONLY | os.O_APPEND, 0o20_000_000,
)  # fmt: skip


@pytest.mark.parametrize("machine", MACHINES)
def test_files_are_opened_to_read_only(machine: str) -> None:
    """Whatever opens for writing, makes or cuts is refused."""
    assert verdict(machine, OPENAT[machine], 0, 0, os.O_RDONLY | os.O_CLOEXEC) == ALLOWED
    assert {verdict(machine, OPENAT[machine], 0, 0, flags) for flags in NOT_READING} == {REFUSED}


def test_the_older_way_to_open_is_no_way_around() -> None:
    """x86_64 has open(2) too, whose flags are its second argument."""
    assert verdict("x86_64", 2, 0, os.O_RDONLY, os.O_RDWR) == ALLOWED
    assert {verdict("x86_64", 2, 0, flags) for flags in NOT_READING} == {REFUSED}


@pytest.mark.parametrize(("machine", "calls"), [("x86_64", (9, 10)), ("aarch64", (222, 226))])
def test_memory_is_written_or_run(machine: str, calls: tuple[int, int]) -> None:
    """Never both, so that nothing that was read can be run."""
    for call in calls:
        assert {verdict(machine, call, 0, 0, protection) for protection in (0, 1, 3, 5)} == {ALLOWED}
        assert {verdict(machine, call, 0, 0, protection) for protection in (6, 7)} == {REFUSED}


@pytest.mark.parametrize(
    ("machine", "kill", "tgkill", "prlimit"), [("x86_64", 62, 234, 302), ("aarch64", 129, 131, 261)]
)
def test_a_child_signals_and_limits_itself_alone(machine: str, kill: int, tgkill: int, prlimit: int) -> None:
    """No other process, no group (0 and negative numbers), and limits by the number 0 too, which means itself."""
    assert {verdict(machine, call, OWN, 9) for call in (kill, tgkill, prlimit)} == {ALLOWED}
    assert {verdict(machine, call, other, 9) for call in (kill, tgkill) for other in (1, 0, -1, -OWN)} == {REFUSED}
    assert (verdict(machine, prlimit, 0), verdict(machine, prlimit, 1)) == (ALLOWED, REFUSED)


def test_the_high_half_of_an_argument_is_no_way_around() -> None:
    """The kernel reads ints; what stands above them is not theirs."""
    assert verdict("x86_64", 62, OWN + (1 << 32), 9) == ALLOWED
    assert verdict("x86_64", 257, 0, 0, os.O_RDWR + (1 << 40)) == REFUSED


@pytest.mark.parametrize("machine", MACHINES)
def test_another_convention_ends_the_process(machine: str) -> None:
    """32-bit calls and x32 have other numbers for what is refused here."""
    assert verdict(machine, 0, architecture=0x4000_0003) == KILLED
    assert verdict(machine, 0x4000_0000 + 41) == KILLED


def test_an_unknown_machine_has_no_filter() -> None:
    """It is named as missing, not guessed."""
    with pytest.raises(KeyError):
        walls.program("riscv64", OWN)


def test_what_children_may_read_is_what_they_were_loaded_from(tmp_path: Path) -> None:
    """Neither the folder that mailbot runs in, nor the checkout, nor a home."""
    allowed = readable()
    for secret in (tmp_path, ROOT, ROOT / "config.example.toml", Path("/etc/passwd"), Path.home(), Path.cwd()):
        assert not any(secret.is_relative_to(path) for path in allowed), secret
    assert any((ROOT / "mailbot/mail").is_relative_to(path) for path in allowed)


_WITHOUT_LANDLOCK = """
import ctypes, json, os
from mailbot.mail import tasks
from mailbot.system.children import walls
from mailbot.system.sandbox import Sandbox

refuse = [(0x20, 0, 0, 0), (0x15, 0, 1, 444), (0x06, 0, 0, 0x0005_0026), (0x06, 0, 0, 0x7FFF_0000)]
ctypes.CDLL(None).prctl(38, ctypes.c_ulong(1), 0, 0, 0)
assert walls.install(refuse)  # ENOSYS, as a kernel without Landlock answers
sandbox = Sandbox(1)
print(*sandbox.missing(tasks.KIND))
print(sandbox.submit(tasks.taken_out, b"", "").result())
sandbox.close()
"""


def test_a_kernel_without_landlock_still_runs_children() -> None:
    """It is told what is missing, and the other walls stand."""
    command = (sys.executable, "-c", _WITHOUT_LANDLOCK)
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines() == ["Landlock", "None"]
