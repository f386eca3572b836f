"""What every page warns of."""

from metrics.notify.trouble import WAITS_TOO_LONG_MS, Health, delivery_trouble

NOW_MS = 10_000_000
FINE = Health("fine")
OUT = Health("ops", True, 1_000, is_out=True, last_answer="Answered 503.", next_try_at_ms=NOW_MS + 5)


def test_nothing_is_said_while_messages_arrive_or_nobody_is_to_be_told() -> None:
    assert delivery_trouble([], oldest_due_ms=None, now_ms=NOW_MS) is None
    assert delivery_trouble([FINE], oldest_due_ms=NOW_MS - 1_000, now_ms=NOW_MS) is None
    hiccup = Health("ops", failing_since_ms=NOW_MS - 1_000)
    assert delivery_trouble([hiccup], oldest_due_ms=None, now_ms=NOW_MS) is None


def test_what_nobody_sends_comes_first() -> None:
    trouble = delivery_trouble([OUT], oldest_due_ms=NOW_MS - WAITS_TOO_LONG_MS - 1, now_ms=NOW_MS)
    assert trouble is not None
    assert (trouble.what, trouble.since_ms) == ("stuck", NOW_MS - WAITS_TOO_LONG_MS - 1)
    assert "worker" in trouble.sentence


def test_some_that_are_out_are_named_with_their_answer_and_next_try() -> None:
    trouble = delivery_trouble([FINE, OUT], oldest_due_ms=None, now_ms=NOW_MS)
    assert trouble is not None
    assert (trouble.what, trouble.names, trouble.next_try_at_ms) == ("some", ("ops",), NOW_MS + 5)
    assert trouble.sentence == "Messages do not reach ops: Answered 503."


def test_where_none_takes_anything_it_says_so() -> None:
    failing = Health("night", failing_since_ms=5_000, last_answer="Timed out.")
    off = Health("old", is_enabled=False)
    trouble = delivery_trouble([OUT, failing, off], oldest_due_ms=None, now_ms=NOW_MS)
    assert trouble is not None
    assert (trouble.what, trouble.names, trouble.since_ms) == ("nothing", ("night", "ops"), 1_000)
    assert trouble.sentence.startswith("Nothing can be delivered")


def test_more_than_three_are_counted() -> None:
    many = [Health(f"d{n}", failing_since_ms=n, is_out=True) for n in range(5)]
    trouble = delivery_trouble([FINE, *many], oldest_due_ms=None, now_ms=NOW_MS)
    assert trouble is not None
    assert "d0, d1, d2 and 2 more" in trouble.sentence
