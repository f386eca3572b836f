"""The fleet and the clusters over REST."""

import pytest

from clusters.state.summary import Cpu, HealthCounts, Summary
from tests.builders import a_cluster, a_team, a_user, an_admin, granted

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(client):
    """The client of an administrator."""
    client.force_login(an_admin("alice"))
    return client


def some_nodes(count: int) -> dict[str, object]:
    return {
        "summary": Summary(
            version="v1.36.3", nodes=HealthCounts(healthy=count), nodes_ready=count, cpu=Cpu(1.5)
        )
    }


def test_one_cluster_has_the_shape_that_others_rely_on(alice) -> None:
    one = a_cluster("one", labels={"env": "prod"}, state=some_nodes(3))

    answer = alice.get("/api/v1/clusters/one/").json()

    assert (answer["id"], answer["slug"], answer["name"]) == (str(one.uuid), "one", "one")
    assert answer["labels"] == {"env": "prod"}
    assert answer["connection"].keys() >= {"state", "reason", "since", "last_read_at", "next_try_at"}
    assert (answer["nodes"]["total"], answer["nodes"]["ready"]) == (3, 3)
    assert answer["cpu"] == {"used_cores": 1.5, "requested_cores": None, "allocatable_cores": None}
    assert (answer["place"], answer["version"]) == ("1.1", "v1.36.3")


def test_the_fleet_is_the_sum_of_what_the_caller_sees(client) -> None:
    one = a_cluster("one", state=some_nodes(3))
    a_cluster("two", state=some_nodes(5))
    bob = a_user()
    granted(a_team(bob), one)

    client.force_login(bob)
    assert client.get("/api/v1/fleet/").json()["nodes"]["total"] == 3
    client.force_login(an_admin())
    assert client.get("/api/v1/fleet/").json()["nodes"]["total"] == 8


def test_a_cluster_without_a_state_row_is_listed_as_unknown(alice) -> None:
    from clusters.models import ClusterState

    a_cluster("one")
    ClusterState.objects.all().delete()

    assert alice.get("/api/v1/clusters/").json()["results"][0]["nodes"]["total"] is None
    assert alice.get("/api/v1/fleet/").json()["clusters"]["total"] == 1
    assert alice.get("/api/v1/clusters/one/resources/").json()["as_of"] is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["a-prod", "b-stage", "c-prod"]),
        ("health=critical", ["c-prod"]),
        ("q=PROD", ["a-prod", "c-prod"]),
        ("selector=env%3Dprod,!old", ["a-prod"]),
        ("selector=env%20in%20(stage)", ["b-stage"]),
    ],
)
def test_clusters_are_listed_by_name_and_filtered(alice, query, expected) -> None:
    a_cluster("c-prod", labels={"env": "prod", "old": "1"}, state={"health": "critical"})
    a_cluster("a-prod", labels={"env": "prod"})
    a_cluster("b-stage", labels={"env": "stage"})

    answer = alice.get(f"/api/v1/clusters/?{query}").json()

    assert [cluster["name"] for cluster in answer["results"]] == expected
    assert answer["count"] == len(expected)


def test_pages_of_clusters_follow_each_other(alice) -> None:
    for name in "abcde":
        a_cluster(name)
    seen, address = [], "/api/v1/clusters/?page_size=2"
    while address:
        answer = alice.get(address).json()
        seen += [cluster["name"] for cluster in answer["results"]]
        address = answer["next"]

    assert seen == list("abcde")


@pytest.mark.parametrize(
    "address", ["/api/v1/clusters/?selector=(((", "/api/v1/fleet/?a=b", "/api/v1/clusters/?node=x"]
)
def test_what_makes_no_sense_is_refused(alice, address) -> None:
    assert alice.get(address).status_code == 400


def test_lists_cost_the_same_however_many_clusters(alice, django_assert_num_queries) -> None:
    for _ in range(5):
        a_cluster()

    with django_assert_num_queries(3):  # session, user, clusters with their states
        alice.get("/api/v1/fleet/")
    with django_assert_num_queries(4):
        alice.get("/api/v1/clusters/")
    with django_assert_num_queries(3):
        alice.get("/api/v1/clusters/cluster-1/")
