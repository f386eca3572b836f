"""What is used is told and kept, but is no step of the cluster."""

import pytest

from clusters.models import ClusterState
from clusters.state.summary import KindState
from metrics import pipeline
from metrics.live.frames import Frame
from metrics.models import JournalEntry
from metrics.pipeline import UsageRows
from metrics.reading.window import Window
from tests.metrics.journal.builders import seen
from tests.metrics.reading.windows import OWNER, a_window

pytestmark = pytest.mark.django_db


def use(window: Window, cores: float) -> None:
    window.reading.mirror.set_node_usage({"a": (cores, 1)}, at_ms=5, state=KindState("live"))
    window.on_usage()


def write(window: Window) -> None:
    batch = window.take_batch()
    assert batch is not None
    assert pipeline.store([batch], OWNER) == set()


def told_by(window: Window) -> list[Frame]:
    told: list[Frame] = []
    window._publish = told.append
    return told


def test_what_is_used_takes_no_number_and_no_entry_of_the_journal() -> None:
    window = a_window()
    ClusterState.objects.create(cluster_id=window.identity.cluster_id)
    window._frame["Pod", "a"] = seen("a")
    window.flush()
    write(window)
    told = told_by(window)

    use(window, 1.5)
    write(window)

    assert [(frame.number, frame.is_step) for frame in told] == [(1, False)]
    assert JournalEntry.objects.count() == 1
    state = ClusterState.objects.get()
    assert (state.number, state.taken_at_ms) == (1, told[0].at_ms)
    assert b'"usage_at_ms":5' in bytes(state.summary)


def test_a_step_that_comes_meanwhile_tells_of_what_is_used_as_well() -> None:
    window = a_window()
    told = told_by(window)

    use(window, 1.5)
    window.flush()
    write(window)

    assert [(frame.number, frame.is_step) for frame in told] == [(1, True)]


def test_what_is_used_waits_for_that_of_other_clusters_unless_there_is_a_hurry() -> None:
    window = a_window()
    write(window)
    window._now_ms = lambda: 1_050_000
    window.keep_usage(UsageRows(1, tick=b""))
    use(window, 1.5)

    assert window.take_batch() is None
    window.hurry()
    batch = window.take_batch()

    assert batch is not None
    assert [row.at_ms for row in batch.usage] == [1]
    assert window.take_batch() is None


def test_what_is_used_is_told_once() -> None:
    window = a_window()
    told = told_by(window)

    use(window, 1.5)
    write(window)
    window.keep_usage(UsageRows(1, tick=b""))
    write(window)

    assert len(told) == 1
