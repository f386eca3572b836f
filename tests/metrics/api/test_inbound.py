"""The address that Alertmanagers send to: who may, and what is answered to what."""

import time

import pytest

from clusters.access.models import ApiToken
from clusters.access.tokens import make_token
from metrics.alerts.models import Alert
from tests.builders import a_cluster, a_team, a_user, an_admin, an_alert, granted
from tests.metrics.alerts.sent import a_body, an_alert_sent, is_over

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/inbound/alertmanager/"


@pytest.fixture
def prod():
    return a_cluster("prod")


@pytest.fixture
def bob(prod):
    """Somebody who sees the cluster prod alone."""
    bob = a_user("bob")
    granted(a_team(bob), prod)
    return bob


@pytest.fixture
def post(client):
    """Sends a body with a token of these scopes."""

    def send(user, *alerts, scopes=("inbound",), body: bytes | None = None, **request):
        headers = {"authorization": f"Bearer {token_of(user, *scopes)}"}
        data = a_body(*alerts) if body is None else body
        request = {"content_type": "application/json", **request}
        return client.post(ADDRESS, data=data, headers=headers, **request)

    return send


def token_of(user, *scopes: str) -> str:
    return make_token(user, name="", scopes=scopes, days=1, now_ms=time.time_ns() // 1_000_000)


def test_the_answer_counts_what_was_taken_folded_and_refused(post, bob, prod) -> None:
    an_alert(prod, namespace="shop", name="web-1")
    ours = an_alert_sent(labels={"alertname": "KubePodCrashLooping"})

    answer = post(bob, an_alert_sent(), ours, an_alert_sent(labels={"cluster": "x"}), {"labels": 1})

    assert answer.status_code == 200
    assert answer.json() == {
        "taken": 1,
        "folded": 1,
        "refused": [
            {
                "index": 3,
                "alert": "",
                "reason": "It is not as alerts are. Expected `object`, got `int` - at `$.labels`.",
            },
            {
                "index": 2,
                "alert": "QueueTooLong",
                "reason": "Its cluster x is not there, or nothing that you may see.",
            },
        ],
    }


def test_what_was_taken_is_listed_and_told_as_sent(client, post, bob) -> None:
    post(bob, an_alert_sent())
    client.force_login(bob)

    (one,) = client.get("/api/v1/alerts/").json()["results"]

    assert (one["source"], one["rule"], one["severity"]) == ("alertmanager", "QueueTooLong", "critical")
    assert (one["sentence"], one["since"]) == ("The queue is too long.", "2023-11-14T22:13:20Z")
    assert (one["cluster"]["slug"], one["subject"]["name"]) == ("prod", "web-1")
    assert client.get(f"/api/v1/alerts/{one['id']}/").json()["labels"]["alertname"] == "QueueTooLong"


def test_a_notification_without_alerts_is_taken(post, bob) -> None:
    assert post(bob).json() == {"taken": 0, "folded": 0, "refused": []}


def test_where_nothing_can_be_taken_the_sender_is_told_so(post, bob) -> None:
    answer = post(bob, an_alert_sent(labels={"cluster": "theirs"}))

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert answer.headers["Content-Type"] == "application/problem+json"
    (fault,) = answer.json()["errors"]
    assert (fault["parameter"], fault["code"]) == ("alerts", "refused")
    assert fault["detail"] == (
        "0 (QueueTooLong): Its cluster theirs is not there, or nothing that you may see."
    )


def test_of_thousands_that_are_refused_the_first_are_told(post, bob) -> None:
    answer = post(bob, *[7] * 9_000)
    assert answer.status_code == 400
    assert answer.json()["errors"][-1]["detail"] == "and 8900 more"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bad_json"),
        (b'{"version": "4", "alerts": [' + b"[" * 500_000, "bad_json"),
        (b"\xff", "bad_json"),
        (b"{}", "bad_payload"),
        (a_body(version="3"), "bad_version"),
        (a_body(*[0] * 10_001), "too_many_alerts"),
    ],
)
def test_what_is_no_notification_is_a_problem(post, bob, body, code) -> None:
    answer = post(bob, body=body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == code


def test_any_other_form_than_json_is_refused(post, bob) -> None:
    for form in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        assert post(bob, content_type=form).status_code == 415


def test_the_end_of_it_resolves_it(post, bob) -> None:
    post(bob, an_alert_sent())
    post(bob, is_over(an_alert_sent(), time.time_ns() // 1_000_000))
    assert Alert.objects.get().state == "resolved"


@pytest.mark.parametrize("scopes", [("read",), ("alerts",), ("alerts", "read")])
def test_a_token_of_other_scopes_sends_nothing(post, prod, scopes) -> None:
    answer = post(an_admin(), an_alert_sent(), scopes=scopes)

    assert (answer.status_code, answer.json()["code"]) == (403, "scope")
    assert not Alert.objects.exists()


def test_a_token_to_send_reads_and_changes_nothing_else(client, bob, prod) -> None:
    alert = an_alert(prod)
    headers = {"authorization": f"Bearer {token_of(bob, 'inbound')}"}

    for path in ("/api/v1/alerts/", f"/api/v1/alerts/{alert.uuid}/", "/api/v1/fleet/", "/api/v1/silences/"):
        assert client.get(path, headers=headers).status_code == 403
    for path in (f"/api/v1/alerts/{alert.uuid}/take/", "/api/v1/silences/"):
        assert (
            client.post(path, data="{}", content_type="application/json", headers=headers).status_code == 403
        )


def test_a_page_sends_no_alerts_not_even_an_administrators(client, prod) -> None:
    client.force_login(an_admin())
    answer = client.post(ADDRESS, data=a_body(an_alert_sent()), content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (403, "scope")
    assert not Alert.objects.exists()


def test_without_a_token_or_with_one_that_is_over_there_is_a_401(client, bob) -> None:
    token = token_of(bob, "inbound")
    ApiToken.objects.update(revoked_at_ms=1)
    for headers in ({}, {"authorization": f"Bearer {token}"}, {"authorization": "Bearer x"}):
        answer = client.post(ADDRESS, data=a_body(), content_type="application/json", headers=headers)
        assert answer.status_code == 401


def test_a_lost_grant_takes_effect_at_once(post, bob) -> None:
    assert post(bob, an_alert_sent()).status_code == 200
    bob.teams.clear()
    assert post(bob, is_over(an_alert_sent(), time.time_ns() // 1_000_000)).status_code == 400
    assert Alert.objects.get().state == "firing"


def test_it_is_only_posted_to(client, bob) -> None:
    headers = {"authorization": f"Bearer {token_of(bob, 'inbound')}"}
    for method in ("get", "put", "patch", "delete"):
        assert getattr(client, method)(ADDRESS, headers=headers).status_code == 405
    asked = client.post(f"{ADDRESS}?x=1", data=a_body(), content_type="application/json", headers=headers)
    assert asked.status_code == 400
