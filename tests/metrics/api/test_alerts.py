"""Alerts over REST: who sees which, and what people and programs may do about them."""

import json
import time

import pytest

from clusters.access.tokens import make_token
from metrics.alerts.models import Alert, AlertEvent, AuditEntry, Silence
from metrics.alerts.rules import rulebook
from tests.builders import a_cluster, a_destination, a_message, a_team, a_user, an_admin, an_alert, granted

pytestmark = pytest.mark.django_db
LIST = "/api/v1/alerts/"


@pytest.fixture
def bob(client):
    """Somebody who sees the cluster prod alone, signed in."""
    bob = a_user("bob")
    granted(a_team(bob), a_cluster("prod"))
    client.force_login(bob)
    client.user = bob
    return client


@pytest.fixture
def prod(bob):
    from clusters.models import Cluster

    return Cluster.objects.get(slug="prod")


def bearer(user, *scopes: str) -> dict[str, str]:
    token = make_token(user, name="", scopes=scopes, days=1, now_ms=time.time_ns() // 1_000_000)
    return {"authorization": f"Bearer {token}"}


def test_the_list_tells_what_is_wrong_where_and_since_when(bob, prod) -> None:
    alert = an_alert(prod, params={"namespace": "shop", "name": "shop-1"}, workload="Deployment/shop")

    answer = bob.get(LIST).json()

    assert (answer["count"], answer["next"]) == (1, None)
    (one,) = answer["results"]
    assert one["id"] == str(alert.uuid)
    assert one["group"] == str(alert.group.uuid)
    assert (one["rule"], one["severity"], one["state"]) == ("pod-crash-looping", "warning", "firing")
    assert one["cluster"] == {"id": str(prod.uuid), "slug": "prod", "name": "prod"}
    assert one["subject"]["workload"] == "Deployment/shop"
    assert one["since"] == "1970-01-01T00:00:01Z"
    assert one["sentence"]
    assert (one["taken_by"], one["deliveries"]) == (None, [])


def test_what_fires_and_what_is_unknown_is_listed_unless_asked_otherwise(bob, prod) -> None:
    for state in ("firing", "unknown", "resolved", "pending"):
        an_alert(prod, state=state)

    def states(query: str) -> set[str]:
        return {one["state"] for one in bob.get(LIST + query).json()["results"]}

    assert states("") == {"firing", "unknown"}
    assert states("?state=resolved,pending") == {"resolved", "pending"}


def test_filters_narrow_the_list(bob, prod) -> None:
    an_alert(prod, severity="critical", rule="some-rule")
    an_alert(prod)

    for query, count in (
        ("severity=critical", 1),
        ("rule=some-rule", 1),
        ("cluster=prod", 2),
        ("cluster=x", 0),
    ):
        assert bob.get(f"{LIST}?{query}").json()["count"] == count


@pytest.mark.parametrize("query", ["state=on", "severity=high", "group=x", "unknown=1", "page_size=0"])
def test_what_cannot_be_asked_is_refused(bob, query) -> None:
    assert bob.get(f"{LIST}?{query}").status_code == 400


def test_pages_follow_each_other(bob, prod) -> None:
    for number in range(5):
        an_alert(prod, since_ms=1_000 * (5 - number))
    seen, address = [], f"{LIST}?page_size=2"
    while address:
        answer = bob.get(address).json()
        seen += [one["since"] for one in answer["results"]]
        address = answer["next"]
    assert len(seen) == 5
    assert seen == sorted(seen)


def test_a_strangers_alert_is_not_there(bob) -> None:
    hidden = an_alert(a_cluster("theirs"))
    portal = an_alert(None, kind="Portal", rule="evaluator-late")

    assert bob.get(LIST).json()["count"] == 0
    for alert in (hidden, portal):
        assert bob.get(f"{LIST}{alert.uuid}/").status_code == 404


def test_one_alert_tells_its_trail_and_not_that_of_others_in_its_group(bob, prod) -> None:
    alert = an_alert(prod)
    other = an_alert(a_cluster("theirs"), group=alert.group)
    for what, of in (("fired", alert), ("fired", other), ("taken", None)):
        AlertEvent.objects.create(group=alert.group, alert=of, at_ms=5_000, what=what, params={"of": str(of)})

    trail = bob.get(f"{LIST}{alert.uuid}/").json()["trail"]

    assert [line["what"] for line in trail] == ["fired", "taken"]
    assert trail[0]["params"] == {"of": str(alert)}


def test_deliveries_say_what_came_of_them_and_never_an_address(bob, prod) -> None:
    alert = an_alert(prod)
    a_message(alert.group, a_destination("on-call"), status="delivered", attempts=2, last_answer="200 ok")

    (delivery,) = bob.get(LIST).json()["results"][0]["deliveries"]

    assert (delivery["destination"], delivery["status"], delivery["attempts"]) == ("on-call", "delivered", 2)
    assert "sealed" not in json.dumps(delivery)


def test_rules_are_the_rulebook_with_what_fires_where_you_see(bob, prod) -> None:
    rule = next(iter(rulebook()))
    an_alert(prod, rule=rule)
    an_alert(a_cluster("theirs"), rule=rule)

    answer = bob.get("/api/v1/rules/").json()

    assert answer["count"] == len(rulebook())
    assert {one["id"]: one["firing"] for one in answer["results"]}[rule] == 1


def silence(**facts: object) -> dict[str, object]:
    matchers = [{"name": "cluster", "op": "=", "value": "prod"}]
    return {"matchers": matchers, "reason": "load test", "ends_at": "2099-01-01T00:00:00Z", **facts}


def test_a_silence_is_added_listed_and_ended_by_a_program(client) -> None:
    alice = an_admin("alice")
    headers = bearer(alice, "read", "alerts")
    ends_at = "2027-01-01T00:00:00Z"

    added = client.post(
        "/api/v1/silences/", silence(ends_at=ends_at), content_type="application/json", headers=headers
    )
    assert added.status_code == 201, added.json()
    assert (added.json()["author"], added.json()["ends_at"], added.json()["is_active"]) == (
        "alice",
        ends_at,
        True,
    )
    assert client.get("/api/v1/silences/?active=true", headers=headers).json()["count"] == 1

    ended = client.delete(f"/api/v1/silences/{added.json()['id']}/", headers=headers)

    assert (ended.status_code, ended.json()["is_active"]) == (200, False)
    assert list(AuditEntry.objects.values_list("action", "via")) == [
        ("silence_added", "api"), ("silence_ended", "api"),
    ]  # fmt: skip


def test_a_token_that_may_only_read_changes_nothing(client) -> None:
    for scopes in (("read",), ("inbound",)):
        answer = client.post(
            "/api/v1/silences/", silence(), content_type="application/json",
            headers=bearer(an_admin(), *scopes),
        )  # fmt: skip
        assert answer.status_code == 403
    assert not Silence.objects.exists()


@pytest.mark.parametrize(
    "facts",
    [
        {"matchers": []},
        {"matchers": [{"name": "x", "op": "=~", "value": "("}]},
        {"matchers": [{"name": "x", "op": "=~", "value": ".*"}]},
        {"matchers": "everything"},
        {"reason": ""},
        {"ends_at": None},
        {"ends_at": "2001-01-01T00:00:00Z"},
        {"ends_at": "2099-01-01T00:00:00Z"},
    ],
)
def test_a_silence_that_cannot_be_is_refused_with_a_sentence(client, facts) -> None:
    client.force_login(an_admin())
    good = silence(ends_at="2027-01-01T00:00:00Z")

    answer = client.post("/api/v1/silences/", {**good, **facts}, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert not Silence.objects.exists()


def test_a_silence_is_ended_by_its_author_or_an_administrator(bob, prod) -> None:
    ours = {"ends_at": "2027-01-01T00:00:00Z"}
    added = bob.post("/api/v1/silences/", silence(**ours), content_type="application/json").json()
    Silence.objects.update(author=an_admin())

    assert bob.delete(f"/api/v1/silences/{added['id']}/").status_code == 404

    Silence.objects.update(author=bob.user)
    assert bob.delete(f"/api/v1/silences/{added['id']}/").status_code == 200


def test_silences_of_clusters_one_does_not_see_are_not_there(bob, client) -> None:
    hidden = Silence.objects.create(
        matchers=[{"name": "cluster", "op": "=", "value": "theirs"}], reason="x", created_at_ms=1,
        starts_at_ms=1, ends_at_ms=2,
    )  # fmt: skip

    assert bob.get("/api/v1/silences/").json()["count"] == 0
    assert bob.get(f"/api/v1/silences/{hidden.uuid}/").status_code == 404


def test_destinations_are_those_of_ones_teams_and_of_nobody(bob) -> None:
    a_destination("theirs", team=a_team())
    mine = a_destination("mine", team=bob.user.teams.get())
    a_destination("everybodys", failing_since_ms=5_000, last_answer="404 no_service")
    a_message(an_alert(a_cluster()).group, mine, next_try_at_ms=9_000)

    results = bob.get("/api/v1/destinations/").json()["results"]

    assert [(one["name"], one["waiting"]) for one in results] == [("everybodys", 0), ("mine", 1)]
    assert results[0]["failing_since"] == "1970-01-01T00:00:05Z"
    assert results[1]["next_try_at"] == "1970-01-01T00:00:09Z"
    assert "secret" not in json.dumps(results)


def test_reading_alerts_takes_as_many_queries_for_many_as_for_one(
    bob, prod, django_assert_max_num_queries
) -> None:
    for _ in range(30):
        a_message(an_alert(prod).group, a_destination())
    with django_assert_max_num_queries(14):
        assert bob.get(LIST).json()["count"] == 30
    assert Alert.objects.count() == 30


def done(client, alert: Alert, what: str, body: object = None, **headers: str):
    address = f"{LIST}{alert.uuid}/{what}/"
    return client.post(
        address, {} if body is None else body, content_type="application/json", headers=headers
    )


def test_a_program_takes_notes_assigns_gives_back_and_resolves(client) -> None:
    alice = an_admin("alice")
    a_user("bob", is_superuser=True)
    alert = an_alert(a_cluster("prod"))
    headers = bearer(alice, "read", "alerts")

    assert done(client, alert, "take", **headers).json()["taken_by"] == "alice"
    noted = done(client, alert, "notes", {"text": "looking"}, **headers).json()
    assert noted["trail"][-1]["params"] == {"text": "looking"}
    assert done(client, alert, "assign", {"to": "bob"}, **headers).json()["taken_by"] == "bob"
    assert done(client, alert, "release", **headers).json()["taken_by"] is None
    assert done(client, alert, "resolve", {"reason": "false alarm"}, **headers).json()["state"] == "resolved"
    assert set(AuditEntry.objects.values_list("via", flat=True)) == {"api"}


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("notes", {}), ("notes", {"text": ""}), ("notes", {"text": "x" * 2_001}),
        ("notes", []), ("notes", None),
        ("resolve", {"reason": " "}), ("assign", {"to": "nobody"}), ("release", {}),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_a_problem_with_a_sentence(bob, prod, what, body) -> None:
    alert = an_alert(prod)

    answer = done(bob, alert, what, body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("what", ["take", "release", "assign", "notes", "resolve"])
def test_nobody_acts_on_a_strangers_alert_or_with_a_token_to_read(bob, client, what) -> None:
    hidden = an_alert(a_cluster("theirs"))

    assert done(bob, hidden, what, {"text": "x", "reason": "x", "to": "bob"}).status_code == 404
    assert done(client, hidden, what, {}, **bearer(an_admin(), "read")).status_code == 403
    assert not AuditEntry.objects.exists()


def test_what_has_not_fired_yet_cannot_be_taken(bob, prod) -> None:
    alert = an_alert(prod, state="pending")
    Alert.objects.update(group=None)

    assert done(bob, alert, "take").status_code == 400
