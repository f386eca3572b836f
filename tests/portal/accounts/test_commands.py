"""The commands that make users, teams, grants and tokens."""

import io

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command

from clusters.access.models import ApiToken, Grant, Team, User
from clusters.access.tokens import verify_token
from clusters.access.visibility import clusters_visible_to
from tests.builders import a_cluster, a_team, a_user

pytestmark = pytest.mark.django_db


def run(command: str, *args: str) -> str:
    out = io.StringIO()
    call_command(command, *args, stdout=out)
    return out.getvalue()


def test_a_made_user_signs_in_with_the_printed_password() -> None:
    a_team(name="payments")

    printed = run("create_user", "bob", "--team", "payments")

    assert authenticate(username="bob", password=printed.split()[-1]) == User.objects.get()
    assert Team.objects.get().members.get().username == "bob"
    assert not User.objects.get().is_superuser


def test_an_administrator_is_made_on_request() -> None:
    run("create_user", "alice", "--admin")

    assert User.objects.get().is_superuser and User.objects.get().is_staff


def test_a_given_password_is_not_printed(monkeypatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct-horse-battery\n"))

    printed = run("create_user", "bob", "--password-stdin")

    assert "correct-horse" not in printed
    assert authenticate(username="bob", password="correct-horse-battery")


def test_a_reset_password_replaces_the_old_one_and_wakes_the_sockets() -> None:
    bob = a_user("bob", password="correct-horse-battery")
    before = bob.access_epoch

    printed = run("reset_password", "bob")

    assert authenticate(username="bob", password="correct-horse-battery") is None
    assert authenticate(username="bob", password=printed.split()[-1])
    bob.refresh_from_db()
    assert bob.access_epoch > before


@pytest.mark.parametrize(
    "line",
    [
        ["create_user", "bob"], ["create_user", "BOB"], ["create_user", "eve", "--team", "nobody"],
        ["create_user", "a b/<c>"], ["reset_password", "nobody"], ["create_team", "!!!"],
        ["create_team", "payments"], ["grant_access", "payments"],
        ["grant_access", "nobody", "--selector", "*"],
        ["grant_access", "payments", "--cluster", "nothing"],
        ["grant_access", "payments", "--selector", "((("],
        ["grant_access", "payments", "--selector", "*", "--cluster", "one"],
        ["revoke_access", "payments", "--selector", "*"],
        ["create_token", "--user", "nobody", "--scope", "read"],
        ["create_token", "--user", "bob", "--scope", "read", "--days", "0"], ["revoke_token", "tm_nothing"],
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_with_a_sentence_and_changes_nothing(line) -> None:
    a_user("bob"), a_team(name="payments"), a_cluster("one")
    before = [model.objects.count() for model in (User, Team, Grant, ApiToken)]

    with pytest.raises(CommandError) as refused:
        run(*line)

    assert len(str(refused.value)) > 15
    assert [model.objects.count() for model in (User, Team, Grant, ApiToken)] == before


def test_a_grant_shows_clusters_and_its_end_hides_them() -> None:
    one, two = a_cluster("one", labels={"env": "prod"}), a_cluster("two")
    bob = a_user("bob")
    run("create_team", "Payments on-call", "--member", "bob")

    run("grant_access", "payments-on-call", "--selector", "env=prod")
    run("grant_access", "payments-on-call", "--cluster", "two")
    run("grant_access", "payments-on-call", "--cluster", "two")
    assert set(clusters_visible_to(bob)) == {one, two}
    assert Grant.objects.count() == 2

    run("revoke_access", "payments-on-call", "--selector", "env=prod")
    assert set(clusters_visible_to(bob)) == {two}


def test_create_token_prints_the_token_and_nothing_else() -> None:
    bob = a_user("bob")

    printed = run("create_token", "--user", "bob", "--scope", "read", "--days", "7")

    token = printed.removesuffix("\n")
    assert verify_token(token, 1).user == bob
    assert token not in run("list_tokens")
    run("revoke_token", token[:12])
    assert verify_token(token, 1) is None
    assert "revoked" in run("list_tokens", "--user", "bob")
