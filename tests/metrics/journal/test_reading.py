"""Questions to the journal in the database."""

import pytest

from clusters.models import Cluster
from metrics.journal.compaction import compact
from metrics.journal.reading import changes_since, state_at, timeline, values_at
from metrics.models import JournalEntry
from tests.metrics.journal.builders import gone, resource, seen
from tests.metrics.rows import a_cluster, write_entry, write_keyframe

pytestmark = pytest.mark.django_db

LATER = 10 * 86_400_000


@pytest.fixture
def cluster() -> Cluster:
    return a_cluster()


def uids(cluster: Cluster, at_ms: int) -> set[str]:
    past = state_at(cluster.pk, at_ms)
    assert past is not None
    return {uid for _kind, uid in past.resources}


def places(cluster: Cluster, fence: int, number: int, limit: int = 100) -> list[str] | None:
    entries = changes_since(cluster.pk, fence, number, limit)
    return None if entries is None else [entry.place for entry in entries]


def test_a_moment_is_its_keyframe_and_what_changed_after_it(cluster: Cluster) -> None:
    write_keyframe(cluster, 4, 1_000, [resource("a")])
    write_entry(cluster, 5, 2_000, [seen("b")])
    write_entry(cluster, 6, 3_000, [gone("a")])

    assert uids(cluster, 1_000) == {"a"}
    assert uids(cluster, 2_999) == {"a", "b"}
    assert uids(cluster, 3_000) == {"b"}


def test_a_moment_before_the_first_keyframe_is_unknown(cluster: Cluster) -> None:
    write_entry(cluster, 1, 500, [seen("a")])
    write_keyframe(cluster, 2, 1_000, [resource("a")])

    assert state_at(cluster.pk, 999) is None
    assert values_at(cluster.pk, 999) is None


def test_a_moment_says_its_place_and_card(cluster: Cluster) -> None:
    write_keyframe(cluster, 4, 1_000, [])
    write_entry(cluster, 5, 2_000, [seen("b")], last=8)

    past = state_at(cluster.pk, 9_000)

    assert past is not None
    assert (past.fence, past.number, past.at_ms, past.values.number) == (1, 8, 2_000, 8)


def test_a_moment_may_lie_under_a_later_fence_than_its_keyframe(cluster: Cluster) -> None:
    write_keyframe(cluster, 90, 1_000, [resource("a")])
    write_entry(cluster, 91, 2_000, [seen("b")])
    write_entry(cluster, 1, 3_000, [seen("c")], fence=2)

    assert uids(cluster, 3_000) == {"a", "b", "c"}


def test_a_keyframe_after_a_gap_replaces_what_was_known(cluster: Cluster) -> None:
    write_keyframe(cluster, 1, 1_000, [resource("a")])
    write_keyframe(cluster, 1, 5_000, [resource("z")], fence=2)

    assert uids(cluster, 4_999) == {"a"}
    assert uids(cluster, 5_000) == {"z"}


def test_another_history_starts_from_nothing(cluster: Cluster) -> None:
    write_keyframe(cluster, 1, 1_000, [resource("a")])
    write_entry(cluster, 2, 2_000, [seen("b")], history=2)

    past = state_at(cluster.pk, 2_000)

    assert past is not None and past.history == 2
    assert uids(cluster, 2_000) == {"b"}


def test_one_clusters_journal_says_nothing_of_another(cluster: Cluster) -> None:
    write_keyframe(cluster, 1, 1_000, [resource("a")])
    other = a_cluster()
    write_keyframe(other, 1, 1_000, [])
    write_entry(other, 2, 2_000, [seen("b")])

    assert uids(cluster, 2_000) == {"a"}
    assert changes_since(cluster.pk, 1, 1, 10) is None
    assert timeline(cluster.pk, "Pod", "b", from_ms=0, to_ms=LATER) == []


def test_a_card_of_the_past_is_read_without_replaying(
    cluster: Cluster, django_assert_max_num_queries: object
) -> None:
    write_keyframe(cluster, 1, 1_000, [])
    for number in range(2, 40):
        write_entry(cluster, number, number * 1_000, [seen("a")])
    compact(cluster.pk, LATER)

    with django_assert_max_num_queries(4):  # type: ignore[operator]
        card = values_at(cluster.pk, 20_500)

    assert card is not None and card.number == 20
    keyframe_card = values_at(cluster.pk, 1_500)
    assert keyframe_card is not None and keyframe_card.number == 1


def test_the_changes_since_a_place_are_those_after_it(cluster: Cluster) -> None:
    for number in range(1, 8):
        write_entry(cluster, number, number * 1_000, [seen("a")])

    assert places(cluster, 1, 4) == ["1.5", "1.6", "1.7"]
    assert places(cluster, 1, 4, limit=2) == ["1.5", "1.6"]
    assert places(cluster, 1, 7) == []


def test_a_page_ahead_of_what_is_stored_has_nothing_to_catch_up_on(cluster: Cluster) -> None:
    write_entry(cluster, 1, 1_000, [seen("a")])

    assert places(cluster, 1, 3) == []


def test_the_changes_since_a_place_inside_a_joined_row_are_those_after_it(cluster: Cluster) -> None:
    for number in range(1, 8):
        write_entry(cluster, number, number * 1_000, [seen("a")])
    compact(cluster.pk, LATER)

    assert JournalEntry.objects.filter(cluster=cluster).count() == 1
    assert places(cluster, 1, 4) == ["1.5", "1.6", "1.7"]
    assert places(cluster, 1, 4, limit=1) == ["1.5"]


def test_a_batch_that_straddles_the_place_is_told_whole(cluster: Cluster) -> None:
    write_entry(cluster, 1, 1_000, [seen("a")], last=5)

    assert places(cluster, 1, 3) == ["1.5"]


@pytest.mark.parametrize(("fence", "number"), [(1, 3), (3, 0), (2, 0)])
def test_a_place_that_cannot_be_followed_without_a_gap_is_unknown(
    cluster: Cluster, fence: int, number: int
) -> None:
    write_entry(cluster, 3, 1_000, [seen("a")], fence=1)
    write_entry(cluster, 3, 2_000, [seen("a")], fence=2)

    assert places(cluster, fence, number) is None


def test_a_hole_in_the_middle_is_a_gap(cluster: Cluster) -> None:
    write_entry(cluster, 1, 1_000, [seen("a")])
    write_entry(cluster, 3, 2_000, [seen("a")])

    assert places(cluster, 1, 0) is None
    assert places(cluster, 1, 0, limit=1) == ["1.1"]
    assert places(cluster, 1, 2) == ["1.3"]


def test_changes_of_another_history_are_a_gap(cluster: Cluster) -> None:
    write_entry(cluster, 1, 1_000, [seen("a")])
    write_entry(cluster, 2, 2_000, [seen("b")], history=2)

    assert places(cluster, 1, 0) is None
    assert places(cluster, 1, 1) == ["1.2"]


def test_more_rows_than_fit_one_look_come_in_order(cluster: Cluster) -> None:
    for number in range(1, 124):
        write_entry(cluster, number, number * 1_000, [seen("a")])

    assert places(cluster, 1, 0, limit=1_000) == [f"1.{number}" for number in range(1, 124)]


def test_a_timeline_is_every_change_of_one_object_in_order(cluster: Cluster) -> None:
    write_entry(cluster, 1, 1_000, [seen("a"), seen("b")])
    write_entry(cluster, 2, 2_000, [seen("b", reason="Error")])
    write_entry(cluster, 3, 3_000, [seen("a", reason="OOMKilled"), gone("a", kind="Node")])
    write_entry(cluster, 1, 4_000, [gone("a")], fence=2)

    before = timeline(cluster.pk, "Pod", "a", from_ms=0, to_ms=LATER)
    compact(cluster.pk, LATER)

    assert [(m.fence, m.number, m.at_ms, m.change) for m in before] == [
        (1, 1, 1_000, seen("a")),
        (1, 3, 3_000, seen("a", reason="OOMKilled")),
        (2, 1, 4_000, gone("a")),
    ]
    assert timeline(cluster.pk, "Pod", "a", from_ms=0, to_ms=LATER) == before
    assert timeline(cluster.pk, "Pod", "a", from_ms=3_000, to_ms=3_999) == before[1:2]
