"""The worker of a process, when it breaks."""

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from metrics.reading.process import _end_if_broken


@pytest.fixture
def asked_to_end() -> Iterator[threading.Event]:
    asked = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: asked.set())
    yield asked
    signal.signal(signal.SIGTERM, before)


def a_run() -> "Future[None]":
    run: Future[None] = Future()
    run.add_done_callback(_end_if_broken)
    return run


def test_a_process_whose_loop_breaks_ends_so_that_it_is_started_again(asked_to_end: threading.Event) -> None:
    a_run().set_exception(AttributeError("a fault of ours"))

    assert asked_to_end.wait(2)


def test_a_loop_that_is_stopped_ends_nothing(asked_to_end: threading.Event) -> None:
    run = a_run()
    run.cancel()
    run.set_running_or_notify_cancel()
    a_run().set_result(None)

    assert not asked_to_end.is_set()
