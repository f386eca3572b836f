"""How what a receiver heard is judged."""

import pytest

from tests.killing.verdicts import Heard, extra_copies, faults_of

FIRING, RESOLVED = Heard("a", "firing"), Heard("b", "resolved")


@pytest.mark.parametrize(
    "heard",
    [
        [FIRING, RESOLVED],
        [FIRING, FIRING, RESOLVED],
        [FIRING, RESOLVED, RESOLVED],
        [Heard("a", "fired_and_resolved")],
        [FIRING, Heard("c", "update"), RESOLVED],
    ],
)
def test_what_is_promised_is_no_fault(heard: list[Heard]) -> None:
    assert faults_of(heard) == []


@pytest.mark.parametrize(
    ("heard", "fault"),
    [
        ([FIRING], "lost: its end was never told"),
        ([Heard("c", "update")], "lost: its beginning was never told"),
        ([RESOLVED], "resolved before firing"),
        ([RESOLVED, FIRING], "resolved before firing"),
        ([FIRING, FIRING, FIRING, RESOLVED], "3 copies of one message"),
        ([FIRING, Heard("c", "firing"), RESOLVED], "2 different messages that say firing"),
    ],
)
def test_what_breaks_a_promise_is_told(heard: list[Heard], fault: str) -> None:
    assert fault in faults_of(heard)


def test_copies_beyond_the_first_are_counted() -> None:
    assert extra_copies([FIRING, FIRING, RESOLVED]) == 1
