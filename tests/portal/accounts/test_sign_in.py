"""Signing in over HTTP: forms, sessions, redirects, limits."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from clusters.access.sign_in import FREE_TRIES
from tests.builders import a_user, an_admin

pytestmark = pytest.mark.django_db
PASSWORD = "correct-horse-battery"


@pytest.fixture
def bob():
    return a_user("bob", password=PASSWORD)


def sign_in(client: Client, name: str = "bob", password: str = PASSWORD, **more):
    return client.post("/sign-in/", {"username": name, "password": password, **more})


def test_a_user_signs_in_and_out(client, bob) -> None:
    assert sign_in(client).status_code == 302
    assert client.session["_auth_user_id"] == str(bob.pk)

    assert client.get("/sign-out/").status_code == 405, "a link elsewhere must sign nobody out"
    client.post("/sign-out/")

    assert "_auth_user_id" not in client.session


def test_a_form_without_its_csrf_token_is_refused(bob) -> None:
    client = Client(enforce_csrf_checks=True)

    assert sign_in(client).status_code == 403


def test_the_page_itself_has_what_the_form_needs(bob) -> None:
    client = Client(enforce_csrf_checks=True)
    page = client.get("/sign-in/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]

    assert sign_in(client, csrfmiddlewaretoken=token).status_code == 302


def test_a_session_from_before_signing_in_is_worth_nothing_after(client, bob) -> None:
    client.get("/sign-in/")
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.cookies["sessionid"] = planted

    sign_in(client)

    assert client.session.session_key != planted
    assert not Session.objects.filter(session_key=planted).exists()


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "http:///evil.example",
     "\thttps://evil.example", "https:evil.example", "////evil.example"],
)  # fmt: skip
def test_next_leads_nowhere_else(client, bob, target) -> None:
    answer = sign_in(client, next=target)

    assert "evil" not in answer.headers["Location"]
    assert "javascript" not in answer.headers["Location"]


def test_next_leads_to_a_page_of_ours(client, bob) -> None:
    assert sign_in(client, next="/clusters/prod/?health=critical").headers["Location"] == (
        "/clusters/prod/?health=critical"
    )


def test_a_wrong_name_and_a_wrong_password_look_the_same(client, bob) -> None:
    def seen(name: str) -> str:
        page = sign_in(client, name, "wrong-password").content.decode()
        return re.sub(r'(name="csrfmiddlewaretoken" value=")[^"]+|value="(bob|eve|ina)"', "", page)

    ina = a_user("ina", password=PASSWORD)
    ina.is_active = False
    ina.save()

    assert seen("bob") == seen("eve") == seen("ina")


def test_the_right_password_is_not_looked_at_after_too_many_wrong_ones(client, bob) -> None:
    for _ in range(FREE_TRIES):
        sign_in(client, password="wrong")

    assert "Too many tries" in sign_in(client).content.decode()
    assert sign_in(Client(REMOTE_ADDR="192.0.2.9")).status_code == 302, "but it is from elsewhere"


def test_a_made_up_forwarded_address_gives_no_more_tries(client, bob) -> None:
    for number in range(FREE_TRIES):
        client.post(
            "/sign-in/",
            {"username": "bob", "password": "x"},
            headers={"x-forwarded-for": f"192.0.2.{number}"},
        )

    assert "Too many tries" in sign_in(client).content.decode()


def test_a_right_password_gives_the_tries_back(client, bob) -> None:
    for _ in range(20):
        assert sign_in(client).status_code == 302


def test_changing_the_password_ends_the_other_sessions(client, bob) -> None:
    sign_in(client)
    other = Client(REMOTE_ADDR="192.0.2.9")
    sign_in(other)
    before = bob.access_epoch

    answer = client.post(
        "/password/",
        {
            "old_password": PASSWORD,
            "new_password1": "another-good-one-7",
            "new_password2": "another-good-one-7",
        },
    )

    assert answer.status_code == 302
    assert client.get("/password/done/").status_code == 200
    assert other.get("/password/done/").status_code == 302
    bob.refresh_from_db()
    assert bob.access_epoch > before, "open sockets of the other sessions close"


def test_nobody_changes_a_password_without_signing_in(client) -> None:
    assert client.get("/password/").headers["Location"].startswith("/sign-in/")


def test_the_administration_has_no_sign_in_without_a_limit(client, bob) -> None:
    assert client.get("/admin/login/?next=/admin/").headers["Location"] == "/sign-in/?next=%2Fadmin%2F"
    assert client.post("/admin/login/", {"username": "bob", "password": PASSWORD}).status_code == 302
    assert "_auth_user_id" not in client.session


def test_the_administration_does_not_exist_for_others_than_administrators(client, bob) -> None:
    client.force_login(bob)

    assert client.get("/admin/", follow=True).status_code == 404

    client.force_login(an_admin())
    assert client.get("/admin/").status_code == 200


def test_an_open_browser_is_no_place_to_guess_the_password(client, bob) -> None:
    client.force_login(bob)
    new = {"new_password1": "another-good-one-7", "new_password2": "another-good-one-7"}
    for _ in range(FREE_TRIES):
        client.post("/password/", {"old_password": "wrong", **new})

    answer = client.post("/password/", {"old_password": PASSWORD, **new})

    assert "Too many tries" in answer.content.decode()
    bob.refresh_from_db()
    assert bob.check_password(PASSWORD)
