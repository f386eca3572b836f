"""Every number that a page may have seen is told by the journal."""

import pytest

from clusters.mirror.changes import Change
from metrics import pipeline
from metrics.journal.reading import changes_since, values_at
from metrics.models import Snapshot
from metrics.pipeline import UsageRows
from metrics.reading.window import Window
from tests.metrics.journal.builders import seen
from tests.metrics.reading.windows import OWNER, a_window

pytestmark = pytest.mark.django_db


def change(window: Window, change: Change) -> None:
    window._frame[change.kind, change.uid] = change
    window.flush()


def write(window: Window) -> None:
    batch = window.take_batch()
    assert batch is not None
    assert pipeline.store([batch], OWNER) == set()


def numbers(window: Window, since: int) -> list[tuple[int, int, int]] | None:
    identity = window.identity
    entries = changes_since(identity.cluster_id, identity.fence, since, 100)
    if entries is None:
        return None
    return [(entry.first_number, entry.last_number, len(entry.changes)) for entry in entries]


def test_a_frame_that_only_moves_totals_leaves_no_gap() -> None:
    window = a_window()
    change(window, seen("a"))
    write(window)
    window.flush()
    window.flush()
    write(window)
    change(window, seen("b"))
    write(window)

    assert numbers(window, 0) == [(1, 1, 1), (2, 3, 0), (4, 4, 1)]


def test_a_past_card_tells_that_the_line_was_lost() -> None:
    window = a_window()
    window.flush()
    write(window)
    keyframe = window.take_keyframe()[1]
    assert pipeline.store_keyframe(keyframe, OWNER)
    window.reading.line.state = "unreachable"
    window.flush()
    write(window)

    keyframe_at_ms = Snapshot.objects.get().at_ms
    before = values_at(window.identity.cluster_id, keyframe_at_ms)
    after = values_at(window.identity.cluster_id, keyframe_at_ms + 60_000)
    assert before is not None and before.connection == "live"
    assert after is not None and after.connection == "unreachable"


def test_a_batch_without_a_frame_is_no_entry() -> None:
    window = a_window()
    change(window, seen("a"))
    write(window)
    window.keep_usage(UsageRows(1, tick=b""))
    write(window)

    assert numbers(window, 0) == [(1, 1, 1)]


def test_a_batch_that_could_not_be_written_is_told_with_the_next() -> None:
    window = a_window()
    window.flush()
    batch = window.take_batch()
    assert batch is not None
    window.put_back(batch)
    change(window, seen("a"))
    write(window)

    assert numbers(window, 0) == [(1, 2, 1)]


def test_numbers_from_before_the_first_picture_was_stored_are_a_gap() -> None:
    window = a_window(is_stored=False)
    window.flush()
    window.flush()
    before, keyframe = window.take_keyframe()
    assert before is not None
    assert pipeline.store_keyframe(keyframe, OWNER)
    window.announce_stored()
    change(window, seen("a"))
    write(window)

    assert numbers(window, 1) is None
    assert numbers(window, 2) == [(3, 4, 1)]
