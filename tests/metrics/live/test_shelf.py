"""The latest cards and frames."""

import msgspec

from metrics.live.frames import NO_STEP, Frame
from metrics.live.shelf import KEPT_BYTES, KEPT_SECONDS, Card, Shelf


def a_frame(number: int, *, fence: int = 1, size: int = 10) -> Frame:
    return Frame(1, "u", fence, number, 0, f"card {fence}.{number}".encode(), b"", b"x" * size)


def a_row(number: int, *, fence: int = 1, payload: bytes = b"row") -> Card:
    return Card(1, "u", fence, number, 0, payload, payload)


def a_card(number: int, at_ms: int) -> Frame:
    return Frame(1, "u", 1, number, at_ms, f"card {number} at {at_ms}".encode(), b"", NO_STEP)


def numbers(frames: list[Frame] | None) -> list[int] | None:
    return None if frames is None else [frame.number for frame in frames]


def test_a_copy_or_an_older_frame_is_not_taken() -> None:
    shelf = Shelf()

    taken = [shelf.take_frame(frame, 0.0) for frame in (a_frame(2), a_frame(2), a_frame(1), a_frame(3))]

    assert taken == [True, False, False, True]


def test_a_newer_fence_comes_before_any_number_of_an_older() -> None:
    shelf = Shelf()
    shelf.take_frame(a_frame(99), 0.0)

    assert shelf.take_frame(a_frame(1, fence=2), 0.0)
    assert not shelf.take_frame(a_frame(100), 0.0)
    assert shelf.frames_after("u", 1, 98) is None


def test_a_row_behind_the_frames_is_not_taken_and_one_ahead_is() -> None:
    shelf = Shelf()
    shelf.take_frame(a_frame(5), 0.0)

    assert not shelf.take_row(a_row(4))
    assert shelf.take_row(a_row(6))
    assert not shelf.take_row(a_row(6)), "the same row again changes nothing"


def test_a_row_at_the_same_place_wins_when_it_says_something_else() -> None:
    shelf = Shelf()
    shelf.take_row(a_row(5))

    assert shelf.take_row(a_row(5, payload=b"paused"))
    card = shelf.card("u")
    assert card is not None
    assert card.payload == b"paused"


def test_frames_after_a_place_are_those_without_a_hole() -> None:
    shelf = Shelf()
    shelf.take_row(a_row(1))
    for number in (2, 3, 4):
        shelf.take_frame(a_frame(number), 0.0)

    assert numbers(shelf.frames_after("u", 1, 2)) == [3, 4]
    assert numbers(shelf.frames_after("u", 1, 4)) == []
    assert shelf.frames_after("u", 1, 0) is None
    assert shelf.frames_after("u", 1, 5) is None
    assert shelf.frames_after("u", 2, 1) is None
    assert shelf.frames_after("stranger", 1, 1) is None


def test_a_row_ahead_of_the_frames_leaves_a_hole() -> None:
    shelf = Shelf()
    shelf.take_frame(a_frame(2), 0.0)
    shelf.take_row(a_row(4))

    assert shelf.frames_after("u", 1, 2) is None


def test_frames_are_kept_for_five_seconds_and_two_megabytes() -> None:
    old, fat = Shelf(), Shelf()
    old.take_frame(a_frame(1), 0.0)
    old.take_frame(a_frame(2), KEPT_SECONDS + 0.1)
    for number in range(1, 6):
        fat.take_frame(a_frame(number, size=KEPT_BYTES // 2 - 20), 0.0)

    assert old.frames_after("u", 1, 0) is None
    assert numbers(old.frames_after("u", 1, 1)) == [2]
    assert fat.frames_after("u", 1, 2) is None
    assert numbers(fat.frames_after("u", 1, 3)) == [4, 5]


def test_clusters_that_are_no_more_are_forgotten() -> None:
    shelf = Shelf()
    shelf.take_row(a_row(1))

    assert shelf.drop_all_but({"other"}) == {"u"}
    assert shelf.card("u") is None
    assert shelf.drop_all_but({"other"}) == set()


def test_another_card_at_the_same_place_is_taken_where_it_is_later_and_is_no_step() -> None:
    shelf = Shelf()
    shelf.take_row(a_row(1))
    shelf.take_frame(a_frame(2), 0.0)

    taken = [shelf.take_card_of(card) for card in (a_card(2, 5), a_card(2, 5), a_card(2, 4), a_card(1, 9))]

    assert taken == [True, False, False, False]
    card = shelf.card("u")
    assert card is not None
    assert card.payload == b"card 2 at 5"
    assert numbers(shelf.frames_after("u", 1, 1)) == [2]


def test_a_card_of_a_later_place_leaves_a_hole_where_its_steps_were() -> None:
    shelf = Shelf()
    shelf.take_frame(a_frame(2), 0.0)

    assert shelf.take_card_of(a_card(3, 5))
    assert shelf.frames_after("u", 1, 2) is None


def test_kept_frames_are_as_they_were_told_but_for_what_only_fleet_pages_read() -> None:
    shelf = Shelf()
    shelf.take_frame(a_frame(1), 0.0)
    told = msgspec.structs.replace(a_frame(2), brief=b'{"causes":[]}')
    shelf.take_frame(told, 0.0)
    kept = shelf.frames_after("u", 1, 1)

    assert kept is not None
    assert [(one.text(), one.brief) for one in kept] == [(told.text(), b"")]
    card = shelf.card("u")
    assert card is not None
    assert card.brief == told.brief
