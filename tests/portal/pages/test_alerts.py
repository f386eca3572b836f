"""The pages of alerts: what they say, what people may do on them, and what a stranger may not."""

import pytest

from clusters.state.summary import Cause, Summary
from metrics.alerts.models import AlertEvent, AlertGroup, AuditEntry, Silence
from tests.builders import a_cluster, a_destination, a_message, a_team, a_user, an_admin, an_alert, granted

pytestmark = pytest.mark.django_db


@pytest.fixture
def prod():
    return a_cluster("prod", labels={"env": "prod"})


@pytest.fixture
def bob(client, prod):
    """Somebody who sees the cluster prod alone, signed in."""
    bob = a_user("bob")
    granted(a_team(bob), prod)
    client.force_login(bob)
    client.user = bob
    return client


def text(answer) -> str:
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def act(client, group: AlertGroup, what: str, **typed: str):
    return client.post(f"/alerts/{group.uuid}/{what}/", typed, follow=True)


def test_the_inbox_parts_what_needs_an_owner_from_what_has_one(bob, prod) -> None:
    an_alert(prod)
    taken = an_alert(prod, severity="critical").group
    AlertGroup.objects.filter(pk=taken.pk).update(taken_by=bob.user)

    page = text(bob.get("/alerts/"))

    assert page.index("Needs an owner") < page.index("Somebody is on it")
    assert "KubePodCrashLooping" in page
    assert "1 needs an owner" in page
    assert "bob is on it" in page
    assert page.count('class="alert"') == 2


def test_an_alert_says_what_where_since_when_and_what_to_do(bob, prod) -> None:
    alert = an_alert(prod, params={"namespace": "shop", "name": "shop-1"}, workload="Deployment/shop")
    AlertEvent.objects.create(group=alert.group, alert=alert, at_ms=5_000, what="fired", params={})
    a_message(
        alert.group, a_destination("on-call"), status="delivered", ended_at_ms=6_000, last_answer="200 ok"
    )

    page = text(bob.get(f"/alerts/{alert.group.uuid}/"))

    for part in (
        "KubePodCrashLooping",
        "prod",
        "Nobody yet",
        "What to do",
        "kubectl",
        "on-call",
        "200 ok",
        "fired",
        "env=prod",
    ):
        assert part in page
    assert "Not in 90 days" in page


def test_only_the_members_that_one_may_see_are_shown_and_counted(bob, prod) -> None:
    group = an_alert(prod, name="ours-1").group
    theirs = a_cluster("secret-cluster")
    hidden = an_alert(theirs, group=group, name="theirs-1", severity="critical")
    AlertEvent.objects.create(group=group, alert=hidden, at_ms=5_000, what="fired", params={"of": "theirs-1"})

    page = text(bob.get(f"/alerts/{group.uuid}/"))

    assert "ours-1" in page
    assert 'data-total="1"' in page
    assert "secret-cluster" not in page
    assert "theirs-1" not in page


def test_a_strangers_alert_is_not_there(bob) -> None:
    group = an_alert(a_cluster("theirs")).group

    assert bob.get(f"/alerts/{group.uuid}/").status_code == 404
    for what in ("take", "release", "assign", "note", "resolve", "silence"):
        assert bob.post(f"/alerts/{group.uuid}/{what}/", {"reason": "x", "hours": "1"}).status_code == 404
    group.refresh_from_db()
    assert (group.state, group.taken_by) == ("firing", None)


def test_taking_and_giving_back(bob, prod) -> None:
    group = an_alert(prod).group

    assert "Give it back" in text(act(bob, group, "take"))
    assert "Nobody yet" in text(act(bob, group, "release"))


def test_assigning_only_to_who_may_see_it(bob, prod) -> None:
    group = an_alert(prod).group
    an_admin("alice")
    a_user("charlie")

    page = text(bob.get(f"/alerts/{group.uuid}/"))
    assert "<option>alice</option>" in page
    assert "charlie" not in page
    act(bob, group, "assign", to="charlie")
    act(bob, group, "assign", to="nobody-at-all")
    group.refresh_from_db()
    assert group.taken_by is None
    act(bob, group, "assign", to="alice")
    group.refresh_from_db()
    assert group.taken_by.username == "alice"


def test_a_note_is_shown_as_it_was_typed_and_never_as_markup(bob, prod) -> None:
    page = text(act(bob, an_alert(prod).group, "note", text="<b>power</b> is back"))

    assert "bob: &lt;b&gt;power&lt;/b&gt; is back" in page


def test_resolving_by_hand_needs_a_reason(bob, prod) -> None:
    group = an_alert(prod).group

    assert "Say why" in text(act(bob, group, "resolve", reason=" "))
    assert "Resolved" in text(act(bob, group, "resolve", reason="false alarm"))
    group.refresh_from_db()
    assert group.state == "resolved"


def test_silencing_a_workload_keeps_its_pods_and_itself_quiet(bob, prod) -> None:
    group = an_alert(prod, workload="Deployment/shop", name="shop-1").group
    an_alert(prod, group=group, kind="Deployment", name="shop")

    act(bob, group, "silence", reason="load test", hours="4")

    (silence,) = Silence.objects.all()
    assert {(one["name"], one["value"]) for one in silence.matchers} == {
        ("cluster", "prod"), ("namespace", "shop"), ("workload", "Deployment/shop"),
    }  # fmt: skip
    assert AlertEvent.objects.filter(group=group, what="silenced").count() == 1


def test_what_is_kept_quiet_says_by_whom_why_and_until_when(bob, prod) -> None:
    silence = Silence.objects.create(
        matchers=[], reason="load test", author=bob.user, created_at_ms=1, starts_at_ms=1, ends_at_ms=10**13
    )
    group = an_alert(prod, silenced_by=silence).group

    assert "Kept quiet" in text(bob.get("/alerts/"))
    page = text(bob.get(f"/alerts/{group.uuid}/"))
    assert "Silenced</b> until" in page
    assert "by bob: load test" in page


def test_what_a_cause_keeps_quiet_leads_to_it(bob, prod) -> None:
    cause = an_alert(prod, kind="Node", rule="node-not-ready", namespace="", name="n1").group
    group = an_alert(prod, inhibited_by=cause).group

    page = text(bob.get(f"/alerts/{group.uuid}/"))

    assert f'href="/alerts/{cause.uuid}/"' in page
    assert "Nobody is told" in page


def test_a_cause_counts_what_it_keeps_quiet_and_does_not_list_it_as_related(bob, prod) -> None:
    cause = an_alert(prod, kind="Node", rule="node-not-ready", namespace="", name="n1").group
    quiet = an_alert(prod, inhibited_by=cause).group
    beside = an_alert(prod, name="other-1").group

    panel = text(bob.get(f"/alerts/{cause.uuid}/")).partition("Seen before")[2]

    assert "1 alert that comes of it" in panel
    assert f'href="/alerts/{beside.uuid}/"' in panel
    assert f'href="/alerts/{quiet.uuid}/"' not in panel


def test_a_line_about_a_cluster_as_a_whole_calls_it_by_its_name(bob, prod) -> None:
    alert = an_alert(prod, kind="Cluster", rule="cluster-unreachable", namespace="", name="")
    AlertEvent.objects.create(group=alert.group, alert=alert, at_ms=5_000, what="fired", params={})

    assert "prod fired" in text(bob.get(f"/alerts/{alert.group.uuid}/"))


def test_columns_that_say_the_same_of_all_are_left_out(bob, prod) -> None:
    group = an_alert(prod, kind="Node", rule="node-not-ready", namespace="", name="n1").group
    alike = text(bob.get(f"/alerts/{group.uuid}/"))
    an_alert(prod, group=group, kind="Node", rule="node-unreachable", namespace="", name="n1")
    parted = text(bob.get(f"/alerts/{group.uuid}/"))

    assert not any(f'<th scope="col">{column}</th>' in alike for column in ("Namespace", "Cluster", "Rule"))
    assert '<th scope="col">Rule</th>' in parted


def test_an_object_that_several_rules_are_about_is_one_row(bob, prod) -> None:
    group = an_alert(prod, kind="Node", rule="node-not-ready", namespace="", name="n1").group
    also = an_alert(prod, group=group, kind="Node", rule="node-unreachable", namespace="", name="n1")
    AlertEvent.objects.create(group=group, alert=also, at_ms=5_000, what="fired", params={})
    AlertGroup.objects.filter(pk=group.pk).update(rule="node-not-ready")

    page = text(bob.get(f"/alerts/{group.uuid}/"))

    assert 'data-total="1"' in page
    assert "KubeNodeNotReady, KubeNodeUnreachable" in page
    assert "n1 (KubeNodeUnreachable) fired" in page


def test_unknown_is_said_and_is_not_resolved(bob, prod) -> None:
    group = an_alert(prod, state="unknown", unknown_since_ms=5_000).group
    AlertGroup.objects.filter(pk=group.pk).update(state="unknown")

    assert "Not known now" in text(bob.get(f"/alerts/{group.uuid}/"))
    assert 'class="alert"' in text(bob.get("/alerts/"))


def test_views_count_what_they_list(bob, prod) -> None:
    an_alert(prod)
    AlertGroup.objects.filter(pk=an_alert(prod).group.pk).update(taken_by=bob.user)
    for view, count in (("firing", 2), ("unowned", 1), ("mine", 1), ("quiet", 0), ("resolved", 0)):
        page = text(bob.get(f"/alerts/?view={view}"))
        assert page.count('class="alert"') == count, view


def test_silences_are_added_and_ended_on_their_page(bob, prod) -> None:
    refused = text(
        bob.post("/alerts/silences/add/", {"matchers": "env=dev", "reason": "x", "hours": "1"}, follow=True)
    )
    assert "Name one of your clusters" in refused
    bob.post(
        "/alerts/silences/add/", {"matchers": "cluster=prod, severity=info", "reason": "noise", "hours": "24"}
    )
    (silence,) = Silence.objects.all()
    assert "cluster=prod, severity=info" in text(bob.get("/alerts/silences/"))

    Silence.objects.update(author=an_admin())
    assert bob.post(f"/alerts/silences/{silence.uuid}/end/").status_code == 404
    Silence.objects.update(author=bob.user)
    assert "Over" in text(bob.post(f"/alerts/silences/{silence.uuid}/end/", follow=True))


def test_rules_say_what_is_watched_and_what_is_off(bob, prod) -> None:
    page = text(bob.get("/alerts/rules/"))

    assert "KubePodCrashLooping" in page
    assert "Off:" in page


def test_destinations_say_how_they_do_and_never_their_address(bob) -> None:
    a_destination("on-call", failing_since_ms=5_000, last_answer="404 no_service")
    a_destination("theirs", team=a_team())

    page = text(bob.get("/alerts/destinations/"))

    assert "Failing since" in page
    assert "404 no_service" in page
    assert "theirs" not in page


@pytest.mark.parametrize("path", ["/alerts/", "/alerts/rules/", "/alerts/silences/", "/alerts/destinations/"])
def test_strangers_sign_in_first(client, path) -> None:
    assert client.get(path)["Location"].startswith("/sign-in/")


def test_the_inbox_of_a_storm_takes_few_queries(bob, prod, django_assert_max_num_queries) -> None:
    for _ in range(60):
        an_alert(prod)
    with django_assert_max_num_queries(40):
        text(bob.get("/alerts/"))


def a_cause(**facts: object) -> Cause:
    ordinary = {
        "health": "critical", "reason": "CrashLoopBackOff", "kind": "Deployment", "namespace": "shop",
        "name": "checkout", "counted_kind": "Pod", "count": 3, "since_ms": 5_000,
    }  # fmt: skip
    return Cause(**{**ordinary, **facts})


def test_the_attention_list_says_who_is_on_it(client) -> None:
    alice = an_admin("alice")
    client.force_login(alice)
    sick = a_cluster(
        "sick", state={"health": "critical", "summary": Summary(causes=[a_cause()], causes_total=1)}
    )
    assert "Nobody yet" not in text(client.get("/"))
    group = an_alert(sick, workload="Deployment/checkout").group

    for address in ("/", "/clusters/sick/", "/attention/", "/attention/?cluster=sick"):
        page = text(client.get(address))
        assert "Nobody yet" in page, address
        assert f'href="/alerts/{group.uuid}/"' in page, address
    assert "1 alert needs an owner" in text(client.get("/"))

    AlertGroup.objects.filter(pk=group.pk).update(taken_by=alice)
    page = text(client.get("/"))
    assert "Nobody yet" not in page
    assert "needs an owner" not in page


def test_what_fires_beside_the_causes_is_listed_too(client) -> None:
    client.force_login(an_admin())
    a_cluster("sick")
    alert = an_alert(a_cluster("full"), rule="cpu-overcommit", kind="Cluster", namespace="", name="")

    page = text(client.get("/"))

    assert "Also firing" in page
    assert f'href="/alerts/{alert.group.uuid}/"' in page


def test_what_fires_of_several_is_said_of_all_of_them(client) -> None:
    client.force_login(an_admin())
    full = a_cluster("full")
    alert = an_alert(full, params={"namespace": "shop", "name": "shop-1", "restarts": 7})
    an_alert(full, group=alert.group, name="shop-2", params={"namespace": "shop", "name": "shop-2"})

    assert "2 pods keep crashing, among them shop/shop-1" in text(client.get("/"))


def test_no_list_says_who_is_on_what_one_may_not_see(bob) -> None:
    hidden = an_alert(a_cluster("theirs"), rule="cpu-overcommit", kind="Cluster", namespace="", name="")

    page = text(bob.get("/"))

    assert str(hidden.group.uuid) not in page
    assert "needs an owner" not in page


def test_every_page_says_when_alerts_do_not_get_through(bob, prod) -> None:
    assert "do not get through" not in text(bob.get("/"))
    a_message(an_alert(prod).group, a_destination("on-call"), next_try_at_ms=1_000)

    for address in ("/", "/clusters/", "/alerts/", "/clusters/prod/"):
        page = text(bob.get(address))
        assert "Alerts do not get through" in page
        assert "on-call" not in page or address == "/alerts/"


def test_an_administrator_changes_a_rule_for_some_and_forgets_it(client, prod) -> None:
    client.force_login(an_admin("alice"))
    address = "/alerts/rules/pod-restart-rate/"
    assert "as the rulebook has it" in text(client.get(address))

    typed = {"cluster": "prod", "switch": "off", "for": "30m", "severity": "critical"}
    page = text(client.post(f"{address}change/", typed, follow=True))
    assert "cluster=prod" in page
    assert "off, for_seconds=1800" in page
    assert "alice" in page
    assert "changed</span>" in text(client.get("/alerts/rules/"))
    assert AuditEntry.objects.get().via == "page"

    page = text(client.post(f"{address}change/", {"cluster": "prod", "reset": "1"}, follow=True))
    assert "as the rulebook has it" in page


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "Say what to change"),
        ({"for": "soon"}, "Write it as"),
        ({"cluster": "prod", "selector": "env=x", "switch": "off"}, "not both"),
        ({"cluster": "nowhere", "switch": "off"}, "no such cluster"),
        ({"limit-restarts": "many"}, "A limit is a number"),
        ({"limit-unheard-of": "3"}, "has no limit"),
        ({"severity": "test"}, "A severity is one of"),
    ],
)
def test_what_a_rule_cannot_be_is_said(client, prod, typed, said) -> None:
    client.force_login(an_admin())

    page = text(client.post("/alerts/rules/pod-restart-rate/change/", typed, follow=True))

    assert said in page
    assert not AuditEntry.objects.exists()


def test_who_sees_a_part_of_the_fleet_reads_rules_and_changes_none(bob) -> None:
    page = text(bob.get("/alerts/rules/pod-restart-rate/"))

    assert "Change it" not in page
    assert bob.post("/alerts/rules/pod-restart-rate/change/", {"switch": "off"}).status_code == 403
    assert bob.get("/alerts/rules/no-such-rule/").status_code == 404


def test_a_test_goes_the_way_of_all_alerts_and_shows_on_its_page(client) -> None:
    client.force_login(an_admin())
    destination = a_destination("on-call")

    page = text(client.post(f"/alerts/destinations/{destination.uuid}/test/", follow=True))

    assert AlertGroup.objects.get().severity == "test"
    assert AlertGroup.objects.get().flush_at_ms is not None
    assert "Nobody was told of it so far" in page


def test_only_administrators_send_tests(bob) -> None:
    destination = a_destination("on-call", is_enabled=False)

    assert bob.post(f"/alerts/destinations/{destination.uuid}/test/").status_code == 404
    bob.force_login(an_admin())
    assert "It is off" in text(bob.post(f"/alerts/destinations/{destination.uuid}/test/", follow=True))
    assert not AlertGroup.objects.exists()


def test_what_an_alertmanager_sent_says_itself_what_and_where(client, prod) -> None:
    client.force_login(an_admin())
    labels = {"alertname": "QueueTooLong", "cluster": "edge-7", "team": "<payments>"}
    params = {"sentence": "The queue is <b>too</b> long.", "runbook_url": "https://runbooks.example/queue"}
    facts = {"rule": "QueueTooLong", "source": "alertmanager", "params": params}
    group = an_alert(None, labels=labels, **facts).group
    an_alert(None, labels={"alertname": "QueueTooLong"}, **facts)

    inbox = text(client.get("/alerts/"))
    page = text(client.get(f"/alerts/{group.uuid}/"))

    for shown in (inbox, page):
        assert "The queue is &lt;b&gt;too&lt;/b&gt; long." in shown
        assert "edge-7" in shown
        assert "The portal itself" not in shown
    assert "A cluster that is not registered" in inbox
    assert 'href="https://runbooks.example/queue"' in page
    assert "team=&lt;payments&gt;" in page
