"""Lists of objects: what they show, count and refuse, page by page."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusters.models import Resource
from tests.builders import (
    a_cluster,
    a_node_row,
    a_pod_row,
    a_row,
    a_team,
    a_user,
    an_admin,
    an_object,
    granted,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(client):
    """The client of an administrator."""
    client.force_login(an_admin("alice"))
    return client


def names(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [result["name"] for result in answer.json()["results"]]


def all_pages(client, address: str) -> list[dict]:
    """Every result, by following `next`."""
    results: list[dict] = []
    while address:
        page = client.get(address).json()
        results += page["results"]
        address = page["next"]
    assert len(results) == page["count"]
    return results


def test_a_pod_is_shown_with_what_the_contract_names(alice) -> None:
    one = a_cluster("one")
    a_pod_row(one, "web-1", health="critical", reason="CrashLoopBackOff", status="CrashLoopBackOff",
              ready_containers=1, containers=2, restarts=3)  # fmt: skip

    answer = alice.get("/api/v1/clusters/one/resources/?kind=Pod&namespace=&health=&node=&q=").json()

    assert answer["count"] == 1 and answer["next"] is None
    assert answer["as_of"] == "1970-01-01T00:00:02Z" and answer["place"] == "1.1"
    pod = answer["results"][0]
    assert (pod["status"], pod["ready"], pod["restarts"], pod["node"]) == (
        "CrashLoopBackOff",
        "1/2",
        3,
        "node-1",
    )
    assert pod["cpu"] == {"used_cores": None, "requested_cores": 0.5}
    assert pod["memory"] == {"used_bytes": None, "requested_bytes": 1 << 30}
    assert pod["since"] == "1970-01-01T00:00:01Z"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("kind=Pod", ["c", "a", "b"]),
        ("kind=Deployment", ["web"]),
        ("kind=Deployment.apps", ["web"]),
        ("kind=Pod,Node", ["n-1", "c", "a", "b"]),
        ("namespace=shop&kind=Pod", ["a", "b"]),
        ("health=critical,degraded", ["n-1", "b"]),
        ("node=n-1", ["a"]),
        ("workload=Deployment/web", ["a", "b"]),
        ("reason=NotReady", ["n-1"]),
        ("q=A", ["a"]),
        ("q=%25", []),
        ("q=_", []),
        ("kind=Pod&health=healthy&namespace=bank", ["c"]),
        ("kind=Workload", ["web"]),
    ],
)
def test_each_filter_leaves_what_it_says(alice, query, expected) -> None:
    one = a_cluster("one")
    a_pod_row(one, "a", node="n-1")
    a_pod_row(one, "b", health="critical", node="n-2")
    a_pod_row(one, "c", namespace="bank", node="", workload="")
    a_node_row(one, "n-1", health="degraded", reason="NotReady")
    a_row(one, an_object("Deployment", "web"))
    a_pod_row(a_cluster("two"), "elsewhere", node="n-1")

    answer = alice.get(f"/api/v1/clusters/one/resources/?{query}")

    assert names(answer) == expected
    assert answer.json()["count"] == len(expected)


def test_pages_end_where_the_next_begins_even_while_rows_come_and_go(alice) -> None:
    one = a_cluster("one")
    for number in range(7):
        a_pod_row(one, f"pod-{number}")
    first = alice.get("/api/v1/clusters/one/resources/?kind=Pod&page_size=3").json()

    Resource.objects.filter(name="pod-2").delete()
    a_pod_row(one, "pod-0-new")
    second = alice.get(first["next"]).json()

    assert [pod["name"] for pod in second["results"]] == ["pod-3", "pod-4", "pod-5"]
    assert second["next"].startswith("http://testserver/api/v1/clusters/one/resources/?kind=Pod&page_size=3&")


def test_the_next_page_has_the_address_that_people_use(alice, settings) -> None:
    settings.PUBLIC_URL = "https://testserver"
    one = a_cluster("one")
    a_pod_row(one), a_pod_row(one)

    assert (
        alice.get("/api/v1/clusters/one/resources/?page_size=1")
        .json()["next"]
        .startswith("https://testserver/")
    )


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["Pod", "Node", "Deployment", "ReplicaSet"]),
        st.sampled_from(["", "a", "b"]),
        st.sampled_from(["x", "y", "X", "ü"]),
        st.sampled_from(["one", "two"]),
        st.sampled_from(["healthy", "critical"]),
    ),
    max_size=12,
)


@given(
    rows=ROWS, size=st.integers(1, 5), query=st.sampled_from(["", "&health=critical", "&kind=Pod,Deployment"])
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_pages_together_are_the_list_and_the_count_each_row_once(client, rows, size, query) -> None:
    from clusters.access.models import User
    from clusters.models import Cluster

    Cluster.objects.all().delete(), User.objects.all().delete()
    client.force_login(an_admin("alice"))
    clusters = {name: a_cluster(name) for name in ("one", "two")}
    for kind, namespace, name, cluster, health in rows:
        a_row(clusters[cluster], an_object(kind, name, namespace=namespace, health=health))

    found = all_pages(client, f"/api/v1/resources/?page_size={size}{query}")
    expected = {
        "": rows,
        "&health=critical": [row for row in rows if row[4] == "critical"],
        "&kind=Pod,Deployment": [row for row in rows if row[0] in ("Pod", "Deployment")],
    }[query]

    assert sorted(
        (one["kind"], one["namespace"], one["name"], one["cluster"]["slug"], one["health"]) for one in found
    ) == sorted(expected)
    assert len({one["uid"] for one in found}) == len(found)


def test_the_fleets_list_is_that_of_the_callers_clusters(client) -> None:
    one, two, three = a_cluster("one"), a_cluster("two"), a_cluster("three")
    for cluster in (one, two, three):
        a_pod_row(cluster, f"pod-of-{cluster.slug}")
    bob = a_user()
    team = a_team(bob)
    granted(team, one), granted(team, two)
    client.force_login(bob)

    assert names(client.get("/api/v1/resources/?kind=Pod")) == ["pod-of-one", "pod-of-two"]
    assert names(client.get("/api/v1/resources/?kind=Pod&cluster=two,three")) == ["pod-of-two"]
    assert names(client.get("/api/v1/resources/?kind=Pod&cluster=three")) == []


def test_a_cursor_of_ones_own_making_shows_no_other_cluster(client) -> None:
    import base64
    import json

    a_pod_row(a_cluster("one"), "mine")
    a_pod_row(a_cluster("two"), "theirs")
    bob = a_user()
    granted(a_team(bob), Resource.objects.get(name="mine").cluster)
    client.force_login(bob)
    made_up = base64.urlsafe_b64encode(json.dumps([0, "", "", "", 0]).encode()).decode().rstrip("=")

    assert names(client.get(f"/api/v1/resources/?cursor={made_up}")) == ["mine"]


@pytest.mark.parametrize(
    ("query", "parameter", "code"),
    [
        ("kind=Secret", "kind", "unknown_kind"),
        ("health=bad", "health", "unknown_health"),
        ("page_size=1001", "page_size", "max_value"),
        ("page_size=0", "page_size", "min_value"),
        ("page_size=-1", "page_size", "min_value"),
        ("page_size=1e3", "page_size", "invalid"),
        ("page_size=" + "9" * 5_000, "page_size", "max_string_length"),
        ("q=%00", "q", None),
        ("namespace=%ED%A0%80a%0Ab", "namespace", None),
        ("q=" + "a" * 300, "q", "max_length"),
        ("cursor=abc", "cursor", "bad_cursor"),
        ("cursor=W10", "cursor", "bad_cursor"),
        ("cursor=" + "W1tb" * 400, "cursor", "bad_cursor"),
        ("cursor=é", "cursor", "bad_cursor"),
        ("cursor=WyIiLCIiLCIiLDFlOTk5XQ", "cursor", "bad_cursor"),
        ("cursor=WyIiLCIiLCIiLHRydWVd", "cursor", "bad_cursor"),
        ("cursor=WyIiLCIiLCIiLDk5OTk5OTk5OTk5OTk5OTk5OTk5OTldCg", "cursor", "bad_cursor"),
        ("ordering=credential__token", "ordering", "unknown_parameter"),
        ("cluster__credential__sealed=x", "cluster__credential__sealed", "unknown_parameter"),
        ("token=tm_x", "token", "unknown_parameter"),
        ("format=xml", "format", "unknown_parameter"),
        ("kind=Pod&kind=Node", "kind", "double"),
        ("kind=" + ",".join(f"K{number}" for number in range(40)), "kind", None),
    ],
)
def test_a_parameter_that_makes_no_sense_is_a_problem_that_names_it(alice, query, parameter, code) -> None:
    a_cluster("one")

    answer = alice.get(f"/api/v1/clusters/one/resources/?{query}")

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "invalid" and problem["detail"]
    assert problem["errors"][0]["parameter"] == parameter
    if code is not None:
        assert problem["errors"][0]["code"] == code


def test_a_page_costs_the_same_queries_however_many_rows(alice, django_assert_num_queries) -> None:
    one = a_cluster("one")
    for _ in range(30):
        a_pod_row(one)

    # Session, user; cluster with state; count, page; newest usage of pods.
    with django_assert_num_queries(6):
        alice.get("/api/v1/clusters/one/resources/?kind=Pod&page_size=20")
    with django_assert_num_queries(6):
        alice.get("/api/v1/resources/?kind=Pod&page_size=20")


def test_one_object_comes_with_its_command(alice) -> None:
    one = a_cluster("one")
    pod = a_pod_row(one, "web-1")
    node = a_node_row(one, "$(reboot)")

    answer = alice.get(f"/api/v1/clusters/one/resources/Pod/{pod.uid}/").json()
    assert answer["kubectl"] == "kubectl describe pods web-1 --namespace shop"
    assert answer["cluster"]["slug"] == "one" and answer["events"] == []

    answer = alice.get(f"/api/v1/clusters/one/resources/Node/{node.uid}/").json()
    assert answer["kubectl"] == "kubectl describe nodes '$(reboot)'"


@pytest.mark.parametrize(
    "address", ["Pod/none", "Secret/none", "Pod.apps/none", "%00/%00", "..%2f/x", "Pod/é"]
)
def test_an_object_that_is_not_there_is_a_404(alice, address) -> None:
    a_pod_row(a_cluster("one"))

    assert alice.get(f"/api/v1/clusters/one/resources/{address}/").status_code == 404


def test_one_object_has_its_latest_ten_events_and_not_those_of_a_namesake(alice) -> None:
    one = a_cluster("one")
    pod = a_pod_row(one, "web-1")
    about = {"workload": "Pod/web-1", "regarding_kind": "Pod", "regarding_name": "web-1"}
    for second in range(12):
        a_row(
            one,
            an_object("Event", f"e-{second:02}", last_seen_ms=second * 1000, regarding_uid=pod.uid, **about),
        )
    a_row(one, an_object("Event", "of-before", last_seen_ms=99_000, regarding_uid="uid-of-before", **about))
    a_row(one, an_object("Event", "elsewhere", last_seen_ms=99_000, namespace="bank", **about))

    events = alice.get(f"/api/v1/clusters/one/resources/Pod/{pod.uid}/").json()["events"]

    assert [event["name"] for event in events] == [f"e-{second:02}" for second in range(11, 1, -1)]


def test_the_events_of_a_node_are_found(alice) -> None:
    one = a_cluster("one")
    node = a_node_row(one, "n-1")
    a_row(one, an_object("Event", "lost", namespace="default", workload="Node/n-1"))

    events = alice.get(f"/api/v1/clusters/one/resources/Node/{node.uid}/").json()["events"]

    assert [event["name"] for event in events] == ["lost"]
