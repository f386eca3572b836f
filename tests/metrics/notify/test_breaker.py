"""How much one host is asked at a time."""

from metrics.notify.breaker import (
    MOST_AT_ONCE,
    MOST_AT_ONCE_FAILING,
    REFUSALS_AT_MOST,
    REFUSALS_WINDOW_MS,
    TROUBLED_AFTER,
    HostBook,
)

HOST = "hooks.example"


def ask(book: HostBook, times: int, now_ms: int = 0) -> int:
    """How many of so many may leave at once."""
    left = 0
    for _ in range(times):
        if book.may_ask(HOST, now_ms):
            book.begins(HOST)
            left += 1
    return left


def come_back(book: HostBook, times: int, *, status: int | None = None, is_fine: bool = False) -> None:
    for _ in range(times):
        book.ends(HOST, status=status, is_fine=is_fine, now_ms=0)


def test_a_host_gets_so_many_requests_at_once_and_others_are_not_counted() -> None:
    book = HostBook()
    assert ask(book, MOST_AT_ONCE + 10) == MOST_AT_ONCE
    assert book.may_ask("other.example", 0)
    come_back(book, 1, is_fine=True)
    assert ask(book, 5) == 1


def test_a_host_at_which_nothing_succeeds_is_only_probed() -> None:
    book = HostBook()
    ask(book, TROUBLED_AFTER)
    come_back(book, TROUBLED_AFTER)
    assert ask(book, 50) == MOST_AT_ONCE_FAILING
    come_back(book, 1, is_fine=True)
    assert ask(book, 50) == 50


def test_a_host_that_refuses_thousands_is_left_alone_until_its_window_is_over() -> None:
    book = HostBook()
    for _ in range(REFUSALS_AT_MOST):
        book.begins(HOST)
        come_back(book, 1, status=403)
    assert not book.may_ask(HOST, REFUSALS_WINDOW_MS - 1)
    assert book.may_ask(HOST, REFUSALS_WINDOW_MS)


def test_what_did_not_leave_after_all_is_not_counted() -> None:
    book = HostBook()
    ask(book, MOST_AT_ONCE)
    book.never_began(HOST)
    assert book.may_ask(HOST, 0)
