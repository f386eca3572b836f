"""From a picture and changes to a later picture."""

from metrics.journal.changes import decode_steps, encode_changes
from metrics.journal.joined import Step
from metrics.journal.replay import EntryView, replay, until
from tests.metrics.journal.builders import gone, resource, seen


def entry(at_ms: int, *changes: object, history: int = 1, fence: int = 1) -> EntryView:
    whole_row = Step(at_ms, at_ms, at_ms, at_ms)
    (step,) = decode_steps(encode_changes(changes), whole_row=whole_row)  # type: ignore[arg-type]
    return EntryView(history, fence, step)


def test_changes_set_replace_and_remove_what_the_picture_held() -> None:
    picture = replay(
        [resource("a"), resource("b"), resource("n", kind="Node")],
        [entry(1, seen("a", reason="Error"), gone("b")), entry(2, seen("c"), gone("never"))],
    )

    assert picture == {
        ("Pod", "a"): resource("a", reason="Error"),
        ("Pod", "c"): resource("c"),
        ("Node", "n"): resource("n", kind="Node"),
    }


def test_the_same_uid_in_another_kind_is_another_object() -> None:
    assert replay([resource("a")], [entry(1, gone("a", kind="Node"))]) == {("Pod", "a"): resource("a")}


def test_another_history_starts_from_nothing() -> None:
    picture = replay([resource("a")], [entry(1, seen("b")), entry(2, seen("c"), history=2)], history=1)

    assert set(picture) == {("Pod", "c")}


def test_another_history_than_the_pictures_starts_from_nothing() -> None:
    assert replay([resource("a")], [entry(1, history=2)], history=1) == {}


def test_entries_are_taken_by_place_where_a_clock_ran_behind() -> None:
    entries = [entry(1000), entry(1010), entry(985, fence=2), entry(995, fence=2), entry(1015, fence=2)]

    assert len(until(entries, 996)) == 4
    assert len(until(entries, 1012)) == 4
    assert len(until(entries, 2000)) == 5
    assert len(until(entries, 984)) == 0


def test_an_entry_names_its_place() -> None:
    assert entry(41, fence=7).place == "7.41"
