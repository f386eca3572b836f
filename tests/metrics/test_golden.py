"""Columns that an earlier release stored say today what they said then.

A test here that fails after a change of the code means that nobody could upgrade: give the new form a new
format number and keep reading the old one.
"""

import json
from typing import Any

import pytest

from metrics.journal.changes import decode_changes, decode_steps
from metrics.journal.joined import Step
from metrics.journal.keyframes import decode_picture
from metrics.journal.keys import decode_keys, key_of
from metrics.journal.states import decode_state
from metrics.series.columns import unpack_columns
from metrics.series.ticks import unpack_tick
from metrics.usage.rounds import unpack
from tests.metrics.golden import AT_MS, GOLDEN, told, told_change


def stored(name: str) -> bytes:
    return (GOLDEN / f"{name}.bin").read_bytes()


def said(name: str) -> Any:
    return json.loads((GOLDEN / f"{name}.json").read_text())


def assert_says(found: Any, then: Any) -> None:
    """All that was said then is said now; a field that came later may stand beside it."""
    if isinstance(then, dict):
        for key, value in then.items():
            assert_says(found[key], value)
    elif isinstance(then, list):
        assert len(found) == len(then)
        for one, other in zip(found, then, strict=True):
            assert_says(one, other)
    else:
        assert found == then


def test_a_batch_of_changes_is_still_read() -> None:
    assert_says([told_change(change) for change in decode_changes(stored("changes-1"))], said("changes-1"))


def test_a_joined_row_is_still_read() -> None:
    steps = decode_steps(stored("changes-2"), whole_row=Step(0, 0, 0, 0))

    assert_says([[told_change(change) for change in step.changes] for step in steps], said("changes-2"))
    assert [(s.first_number, s.last_at_ms, s.state) for s in steps] == [
        (number, AT_MS + number, b"card %d" % number) for number in (1, 2, 3)
    ]


def test_the_keys_of_a_row_are_still_found() -> None:
    keys = decode_keys(stored("keys-1"))

    assert len(keys) == said("keys-1")
    assert key_of("Pod", "gone-1") in keys


def test_a_keyframe_is_still_read() -> None:
    def order(resource: dict[str, Any]) -> tuple[str, str]:
        return resource["kind"], resource["uid"]

    found = sorted((told(resource) for resource in decode_picture(stored("keyframe-1"))), key=order)
    assert_says(found, sorted(said("keyframe-1"), key=order))


def test_a_card_is_still_read() -> None:
    assert_says(told(decode_state(stored("state-1"))), said("state-1"))


def test_a_round_of_usage_is_still_read() -> None:
    found = unpack(stored("usage-round-1"))

    assert found == {
        (namespace, name): (cpu, memory) for namespace, name, cpu, memory in said("usage-round-1")
    }


def test_a_tick_is_still_read() -> None:
    found = unpack_tick(stored("tick-1"))

    assert {name: {str(c): n for c, n in values.items()} for name, values in found.items()} == said("tick-1")


def test_a_row_of_the_series_is_still_read() -> None:
    assert {str(key): column for key, column in unpack_columns(stored("series-1")).items()} == said(
        "series-1"
    )


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.bin")), ids=lambda path: path.stem)
def test_each_golden_file_begins_with_its_format(path: Any) -> None:
    assert path.read_bytes()[0] == int(path.stem.rpartition("-")[2])
