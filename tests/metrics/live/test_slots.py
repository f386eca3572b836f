"""What waits for a socket."""

from metrics.live.frames import Frame
from metrics.live.slots import (
    TAIL_BYTES,
    TAIL_FRAMES,
    After,
    Beat,
    Bundle,
    ClusterSlot,
    FleetSlot,
    Missed,
    Touch,
    Whole,
)

ONE = Bundle(frozenset({"a"}), ("one",))
TWO = Bundle(frozenset({"b"}), ("two",))


def a_frame(number: int, size: int = 10) -> Frame:
    return Frame(1, "u", 1, number, 0, b"", b"", b"x" * size)


def a_fleet_slot() -> FleetSlot:
    """One whose picture was sent."""
    slot = FleetSlot()
    slot.take()
    return slot


def a_cluster_slot() -> ClusterSlot:
    """One whose picture was sent."""
    slot = ClusterSlot()
    slot.take()
    return slot


def test_the_picture_comes_first_whatever_is_offered_before() -> None:
    fleet, cluster = FleetSlot(), ClusterSlot()
    fleet.offer(ONE)
    cluster.offer(a_frame(1))

    assert [fleet.take(), fleet.take()] == [Whole(), None]
    assert [cluster.take(), cluster.take()] == [Whole(), None]


def test_a_quick_reader_gets_the_bundle_as_it_is() -> None:
    slot = a_fleet_slot()
    slot.offer(ONE)

    assert slot.take() is ONE
    assert slot.is_empty


def test_bundles_that_wait_become_one_of_all_their_clusters() -> None:
    slot = a_fleet_slot()
    slot.offer(ONE)
    slot.offer(TWO)
    slot.offer(ONE)

    assert [slot.take(), slot.take()] == [Missed(frozenset({"a", "b"})), None]


def test_a_sign_of_life_gives_way_to_anything() -> None:
    fleet, cluster = a_fleet_slot(), a_cluster_slot()
    fleet.beat()
    fleet.offer(ONE)
    fleet.beat()
    cluster.beat()
    cluster.touch()
    cluster.offer(a_frame(1))

    assert [fleet.take(), fleet.take()] == [ONE, None]
    assert [cluster.take(), cluster.take()] == [a_frame(1), None]


def test_frames_wait_in_order() -> None:
    slot = a_cluster_slot()
    for number in (1, 2, 3):
        slot.offer(a_frame(number))

    assert [slot.take(), slot.take(), slot.take(), slot.take()] == [a_frame(1), a_frame(2), a_frame(3), None]


def test_a_tail_that_grows_too_long_or_too_big_becomes_the_picture() -> None:
    long, big = a_cluster_slot(), a_cluster_slot()
    for number in range(TAIL_FRAMES + 1):
        long.offer(a_frame(number))
    for number in range(3):
        big.offer(a_frame(number, size=TAIL_BYTES // 2))

    assert [long.take(), long.take()] == [Whole(), None]
    assert [big.take(), big.take()] == [Whole(), None]


def test_one_big_frame_alone_may_wait() -> None:
    slot = a_cluster_slot()
    slot.offer(a_frame(1, size=2 * TAIL_BYTES))

    assert isinstance(slot.take(), Frame)


def test_asking_for_what_followed_replaces_the_tail() -> None:
    slot = a_cluster_slot()
    slot.offer(a_frame(5))
    slot.want_after(1, 3)
    slot.offer(a_frame(6))

    assert [slot.take(), slot.take()] == [After(1, 3), None]


def test_a_touch_is_told_when_nothing_else_is() -> None:
    slot = a_cluster_slot()
    slot.beat()
    slot.touch()

    assert [slot.take(), slot.take()] == [Touch(), None]
    slot.beat()
    assert slot.take() == Beat()


def test_a_touch_comes_after_the_frames_that_wait_and_goes_with_a_later_one() -> None:
    slot = a_cluster_slot()
    slot.offer(a_frame(1))
    slot.touch()

    assert [slot.take(), slot.take(), slot.take()] == [a_frame(1), Touch(), None]
    slot.touch()
    slot.offer(a_frame(2))
    assert [slot.take(), slot.take()] == [a_frame(2), None]
