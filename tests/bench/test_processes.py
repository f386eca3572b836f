"""What processes cost."""

import os
import subprocess
import sys

from bench.processes import cpu_seconds, family_of, memory_bytes

BUSY = "import time\nwhile time.process_time() < 0.3: pass\nprint('done', flush=True)\ninput()"
HOLDING = "held = b'x' * 50_000_000\nprint('done', flush=True)\ninput()"


def started(program: str) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"done\n"
    return process


def ended(process: "subprocess.Popen[bytes]") -> None:
    process.communicate(b"\n")


def test_cpu_seconds_are_those_that_a_process_has_used():
    process = started(BUSY)
    try:
        assert 0.29 <= cpu_seconds([process.pid]) < 2
    finally:
        ended(process)


def test_memory_counts_what_a_process_holds():
    process = started(HOLDING)
    try:
        assert memory_bytes([process.pid]) > 50_000_000
    finally:
        ended(process)


def test_a_family_is_a_process_and_what_it_has_started():
    process = started("print('done', flush=True)\ninput()")
    try:
        assert process.pid in family_of(os.getpid())
        assert family_of(process.pid) == [process.pid]
    finally:
        ended(process)


def test_a_process_that_has_ended_costs_nothing():
    process = started("print('done', flush=True)\ninput()")
    ended(process)
    assert cpu_seconds([process.pid]) == 0
    assert memory_bytes([process.pid]) == 0
