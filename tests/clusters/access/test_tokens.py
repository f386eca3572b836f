"""A token works until it is over, revoked or its user gone, and its text is kept nowhere."""

import pytest

from clusters.access.models import ApiToken
from clusters.access.tokens import DAY_MS, TokenError, make_token, revoke_token, verify_token
from tests.builders import a_user

pytestmark = pytest.mark.django_db
NOW_MS = 1_800_000_000_000


def a_token(user=None, **facts) -> str:
    ordinary = {"name": "graphs", "scopes": ("read",), "days": 1, "now_ms": NOW_MS}
    return make_token(user or a_user(), **{**ordinary, **facts})


def test_a_token_finds_its_user() -> None:
    bob = a_user()

    assert verify_token(a_token(bob), NOW_MS).user == bob


def test_the_database_holds_no_token_that_could_be_used() -> None:
    text = a_token()

    stored = str(list(ApiToken.objects.values()))
    assert text not in stored
    assert text[12:] not in stored


@pytest.mark.parametrize("changed", [-1, 13, 20])
def test_a_token_with_one_letter_changed_is_worth_nothing(changed) -> None:
    text = a_token()
    letters = list(text)
    letters[changed] = "A" if letters[changed] != "A" else "B"

    assert verify_token("".join(letters), NOW_MS) is None


@pytest.mark.parametrize("text", ["", "tm_", "tm_" + "a" * 53, "\x00", "tm_é", "a" * 10_000, "' OR 1=1 --"])
def test_what_is_no_token_is_refused(text) -> None:
    a_token()

    assert verify_token(text, NOW_MS) is None


def test_a_token_ends_at_its_hour() -> None:
    text = a_token(days=1)

    assert verify_token(text, NOW_MS + DAY_MS - 1) is not None
    assert verify_token(text, NOW_MS + DAY_MS) is None


def test_a_revoked_token_is_dead_at_once_and_keeps_its_time() -> None:
    text = a_token()
    token = ApiToken.objects.get()

    revoke_token(token, NOW_MS)
    revoke_token(token, NOW_MS + 5)

    assert verify_token(text, NOW_MS) is None
    assert ApiToken.objects.get().revoked_at_ms == NOW_MS


def test_the_token_of_somebody_who_may_not_sign_in_is_refused() -> None:
    bob = a_user()
    text = a_token(bob)
    bob.is_active = False
    bob.save()

    assert verify_token(text, NOW_MS) is None
    with pytest.raises(TokenError):
        a_token(bob)


def test_the_last_use_is_written_once_a_minute(django_assert_num_queries) -> None:
    text = a_token()
    verify_token(text, NOW_MS)

    with django_assert_num_queries(1):
        verify_token(text, NOW_MS + 59_999)
    assert ApiToken.objects.get().last_used_at_ms == NOW_MS
    verify_token(text, NOW_MS + 60_000)
    assert ApiToken.objects.get().last_used_at_ms == NOW_MS + 60_000


@pytest.mark.parametrize("facts", [{"scopes": ()}, {"scopes": ("write",)}, {"days": 0}, {"days": 10**9}])
def test_a_token_nobody_should_have_is_not_made(facts) -> None:
    with pytest.raises(TokenError):
        a_token(**facts)
