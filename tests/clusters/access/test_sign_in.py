"""Guessing passwords is slow; the real user gets in."""

import pytest

from clusters.access.models import SignInTries
from clusters.access.sign_in import FORGOTTEN_AFTER_MS, FREE_TRIES, WAIT_MS, may_try, succeeded

pytestmark = pytest.mark.django_db
NOW_MS = 1_800_000_000_000


def tries(count: int, account: str = "bob", address: str = "192.0.2.1", at_ms: int = NOW_MS) -> int:
    """How many of so many tries are looked at."""
    return sum(may_try(account, address, at_ms) for _ in range(count))


def test_after_the_free_tries_one_is_looked_at_each_half_minute() -> None:
    assert tries(100) == FREE_TRIES
    assert tries(10, at_ms=NOW_MS + WAIT_MS - 1) == 0
    assert tries(10, at_ms=NOW_MS + WAIT_MS) == 1


def test_tries_while_waiting_do_not_make_the_wait_longer() -> None:
    tries(FREE_TRIES)
    for second in range(30):
        tries(1, at_ms=NOW_MS + second * 1000)

    assert tries(1, at_ms=NOW_MS + WAIT_MS) == 1


def test_somebody_guessing_elsewhere_does_not_keep_the_real_user_out() -> None:
    tries(100, address="198.51.100.7")

    assert tries(1, address="192.0.2.1") == 1


def test_the_case_of_a_name_gives_no_more_tries() -> None:
    tries(FREE_TRIES, account="bob")

    assert tries(1, account=" BOB ") == 0


def test_one_password_for_many_names_is_slow_too() -> None:
    looked_at = sum(tries(1, account=f"user-{number}") for number in range(200))

    assert looked_at == 50


def test_an_ipv6_user_cannot_walk_through_his_network() -> None:
    looked_at = sum(tries(1, address=f"2001:db8:1:2::{number:x}") for number in range(1, 50))

    assert looked_at == FREE_TRIES
    assert tries(1, address="2001:db8:1:3::1") == 1


def test_success_forgets_the_tries() -> None:
    tries(FREE_TRIES)
    succeeded("bob", "192.0.2.1")

    assert tries(100) == FREE_TRIES


def test_old_tries_are_forgotten_and_leave_no_rows() -> None:
    tries(FREE_TRIES)
    tries(1, account="eve", at_ms=NOW_MS + FORGOTTEN_AFTER_MS + 1)

    assert SignInTries.objects.count() == 2


@pytest.mark.parametrize("address", [None, "", "not an address", "::ffff:192.0.2.1", "fe80::1%eth0"])
def test_any_address_is_counted(address) -> None:
    assert tries(10, address=address) == FREE_TRIES


def test_the_typed_name_is_not_kept() -> None:
    tries(1, account="hunter2-my-password")

    assert "hunter2" not in str(list(SignInTries.objects.values()))
