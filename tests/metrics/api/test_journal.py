"""The journal over REST: what followed a place, or that this is not known."""

import pytest

from clusters.mirror.changes import Change
from clusters.models import ClusterState
from clusters.state.picture import ClusterValues
from metrics.journal.changes import encode_changes
from metrics.journal.keys import encode_keys
from metrics.journal.states import encode_state
from metrics.models import JournalEntry
from tests.builders import a_cluster, an_admin, an_object

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(client):
    """The client of an administrator."""
    client.force_login(an_admin("alice"))
    return client


def written(cluster, number: int, *changes: Change, fence: int = 7) -> None:
    """One entry of the journal, and the state that follows it."""
    values = ClusterValues(uuid=str(cluster.uuid), fence=fence, number=number)
    JournalEntry.objects.create(
        cluster=cluster, history=1, fence=fence, first_number=number, last_number=number,
        first_at_ms=number * 1000, last_at_ms=number * 1000, state=encode_state(values),
        keys=encode_keys(changes), changes=encode_changes(changes),
    )  # fmt: skip
    ClusterState.objects.filter(cluster=cluster).update(fence=fence, number=number)


def a_change(name: str = "web") -> Change:
    pod = an_object("Pod", name, restarts=3)
    return Change("Pod", pod.uid, pod)


def test_what_followed_a_place_is_told_in_order_page_by_page(alice) -> None:
    one = a_cluster("one")
    for number in range(1, 6):
        written(one, number, a_change(f"web-{number}"))
    written(one, 6, Change("Pod", "uid-gone", None))

    seen, address = [], "/api/v1/clusters/one/journal/?since=7.2&page_size=2"
    while address:
        answer = alice.get(address).json()
        seen += answer["results"]
        address = answer["next"]

    assert [entry["place"] for entry in seen] == ["7.3", "7.4", "7.5", "7.6"]
    assert seen[0]["at"] == "1970-01-01T00:00:03Z"
    assert seen[0]["changes"][0]["resource"]["name"] == "web-3"
    assert seen[0]["changes"][0]["resource"]["restarts"] == 3
    assert seen[-1]["changes"] == [{"op": "gone", "kind": "Pod", "uid": "uid-gone"}]
    assert answer["place"] == "7.6"


def test_the_count_is_that_of_the_numbers_that_followed(alice) -> None:
    one = a_cluster("one")
    for number in range(1, 6):
        written(one, number, a_change())

    answer = alice.get("/api/v1/clusters/one/journal/?since=7.2&page_size=1").json()

    assert answer["count"] == 3


def test_nothing_followed_the_place_of_now(alice) -> None:
    written(a_cluster("one"), 5, a_change())

    answer = alice.get("/api/v1/clusters/one/journal/?since=7.5").json()

    assert (answer["count"], answer["results"], answer["next"], answer["place"]) == (0, [], None, "7.5")


@pytest.mark.parametrize("since", ["6.9", "7.1", "8.1", "7.99", "999999999999999999.1"])
def test_a_gap_another_fence_or_the_future_is_gone(alice, since) -> None:
    one = a_cluster("one")
    written(one, 3, a_change())
    written(one, 4, a_change())

    answer = alice.get(f"/api/v1/clusters/one/journal/?since={since}")

    assert (answer.status_code, answer.json()["code"]) == (410, "gap")


@pytest.mark.parametrize(
    "query",
    [
        *("", "since=", "since=7", "since=-1.2", "since=7.x", "since=٣.٣"),
        *("since=1.1&x=2", "since=" + "9" * 19 + ".1", "since=7.1&page_size=0"),
    ],
)
def test_a_place_that_is_none_is_refused(alice, query) -> None:
    a_cluster("one")

    assert alice.get(f"/api/v1/clusters/one/journal/?{query}").status_code == 400
