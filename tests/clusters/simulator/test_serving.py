"""A simulated cluster lists, pages, watches and says bookmarks over HTTPS, as Kubernetes defines them."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulated import SimulatedCluster, simulated, simulator

__all__ = ["simulator"]


@pytest.fixture
def own() -> Iterator[Any]:
    """A frozen cluster that a test may do to what it likes."""
    with simulated("tiny", frozen=0, bookmark_seconds=0.3) as cluster:
        yield cluster


def revision_of(cluster: SimulatedCluster, target: str = "/api/v1/pods") -> str:
    return str(cluster.get(target).json()["metadata"]["resourceVersion"])


def test_pages_hold_each_object_once_and_count_what_is_left(simulator: SimulatedCluster) -> None:
    whole = simulator.get("/api/v1/pods").json()["items"]
    pages, token = [], ""
    while True:
        page = simulator.get(f"/api/v1/pods?limit=5&continue={token}").json()
        pages.append(page)
        token = page["metadata"].get("continue", "")
        if not token:
            break

    assert [pod for page in pages for pod in page["items"]] == whole
    assert [len(page["items"]) for page in pages] == [5, 5, 3]
    assert [page["metadata"].get("remainingItemCount") for page in pages] == [8, 3, None]


def test_the_second_page_shows_the_moment_of_the_first(own: SimulatedCluster) -> None:
    before = own.get("/api/v1/pods").json()
    first = own.get("/api/v1/pods?limit=5").json()
    gone = before["items"][7]["metadata"]
    own.control.delete("Pod", gone["namespace"], gone["name"])

    rest = own.get(f"/api/v1/pods?continue={first['metadata']['continue']}").json()

    assert first["items"] + rest["items"] == before["items"]
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_a_continue_token_expires_with_the_history_and_a_fresh_one_goes_on(own: SimulatedCluster) -> None:
    first = own.get("/api/v1/pods?limit=5").json()
    own.control.step("remove_pods", namespace="shop", name="web")
    own.control.step("expire_history")

    refused = own.get(f"/api/v1/pods?continue={first['metadata']['continue']}")
    fresh = refused.json()["metadata"]["continue"]

    assert (refused.status, refused.json()["reason"]) == (410, "Expired")
    assert own.get(f"/api/v1/pods?continue={fresh}").status == 200


def test_a_limit_is_not_looked_at_for_version_0(simulator: SimulatedCluster) -> None:
    listed = simulator.get("/api/v1/pods?limit=2&resourceVersion=0").json()

    assert len(listed["items"]) == 13
    assert "continue" not in listed["metadata"]


def test_a_list_of_a_future_version_is_a_504(simulator: SimulatedCluster) -> None:
    target = "/api/v1/pods?limit=1&resourceVersion=9999999999999&resourceVersionMatch=NotOlderThan"

    answer = simulator.get(target)

    assert answer.status == 504
    assert answer.headers["Retry-After"] == "1"
    assert answer.json()["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


def test_list_and_watch_make_the_list_afterwards(own: SimulatedCluster) -> None:
    before = own.get("/api/v1/pods").json()
    picture = {pod["metadata"]["uid"]: pod for pod in before["items"]}
    own.control.step("roll_out", namespace="shop", name="web", image="registry.example/web:2.0")
    own.control.step("delete_pods", kind="StatefulSet", namespace="payments", name="db", count=2)
    own.control.step("crash_loop", namespace="shop", name="api")
    own.control.advance(120)
    after = own.get("/api/v1/pods").json()

    target = f"/api/v1/pods?watch=1&resourceVersion={before['metadata']['resourceVersion']}&timeoutSeconds=1"
    with own.watch(target) as events:
        for event in events:
            body = event["object"]
            assert (body.pop("kind"), body.pop("apiVersion")) == ("Pod", "v1")
            if event["type"] == "DELETED":
                del picture[body["metadata"]["uid"]]
            else:
                assert (event["type"] == "ADDED") == (body["metadata"]["uid"] not in picture)
                picture[body["metadata"]["uid"]] = body

    assert picture == {pod["metadata"]["uid"]: pod for pod in after["items"]}
    assert picture != {pod["metadata"]["uid"]: pod for pod in before["items"]}


def test_versions_only_rise_within_a_watch(own: SimulatedCluster) -> None:
    since = revision_of(own)
    own.control.step("roll_out", namespace="shop", name="web", image="registry.example/web:2.0")
    own.control.advance(60)

    with own.watch(f"/api/v1/pods?watch=1&resourceVersion={since}&timeoutSeconds=1") as events:
        versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]

    assert len(versions) > 10
    assert versions == sorted(set(versions))


def test_bookmarks_come_in_a_quiet_watch_that_asked_for_them(own: SimulatedCluster) -> None:
    since = revision_of(own)
    target = f"/api/v1/pods?watch=1&resourceVersion={since}&timeoutSeconds=1"

    with own.watch(f"{target}&allowWatchBookmarks=true") as events:
        asked = list(events)
    with own.watch(target) as events:
        unasked = list(events)

    assert {event["type"] for event in asked} == {"BOOKMARK"}
    assert asked[-1]["object"]["metadata"] == {"resourceVersion": since}
    assert unasked == []


def test_a_watch_from_a_forgotten_version_is_a_200_with_one_410_event(own: SimulatedCluster) -> None:
    since = revision_of(own)
    own.control.step("remove_pods", namespace="shop", name="web")
    own.control.step("expire_history")

    with own.watch(f"/api/v1/pods?watch=1&resourceVersion={since}&timeoutSeconds=5") as events:
        (only,) = list(events)

    assert only["type"] == "ERROR"
    assert (only["object"]["code"], only["object"]["reason"]) == (410, "Expired")


def test_a_streaming_list_ends_with_a_marked_bookmark(simulator: SimulatedCluster) -> None:
    target = "/api/v1/namespaces?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"

    with simulator.watch(f"{target}&allowWatchBookmarks=true&timeoutSeconds=1") as events:
        first = list(itertools.takewhile(lambda event: event["type"] == "ADDED", events))

    listed = simulator.get("/api/v1/namespaces").json()["items"]
    assert [event["object"]["metadata"]["name"] for event in first] == [
        one["metadata"]["name"] for one in listed
    ]


def test_an_object_that_leaves_a_selector_is_told_as_deleted(own: SimulatedCluster) -> None:
    pod = next(one for one in own.control.objects("Pod") if one["metadata"]["namespace"] == "shop")
    app = pod["metadata"]["labels"]["app"]
    since = revision_of(own)
    pod["metadata"]["labels"]["app"] = "somebody-else"
    own.control.put({"kind": "Pod", **pod})

    target = f"/api/v1/pods?watch=1&resourceVersion={since}&timeoutSeconds=1&labelSelector=app"
    with own.watch(f"{target}%3D{app}") as events:
        left = [event["type"] for event in events]
    with own.watch(f"{target}+in+(somebody-else)") as events:
        came = [event["type"] for event in events]

    assert (left, came) == (["DELETED"], ["ADDED"])


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("fieldSelector=metadata.namespace%3Dshop", 6),
        ("fieldSelector=spec.nodeName%3Dnode-1,status.phase!%3DPending", None),
        ("labelSelector=app%3Ddb", 3),
        ("labelSelector=app+in+(db,web)", 7),
        ("labelSelector=app+notin+(db,web)", 6),
        ("labelSelector=!pod-template-hash", 7),
        ("labelSelector=job-name", 1),
    ],
)
def test_selectors_pick_what_they_say(simulator: SimulatedCluster, query: str, count: int | None) -> None:
    found = simulator.get(f"/api/v1/pods?{query}").json()["items"]

    if count is None:
        assert found
        assert {pod["spec"]["nodeName"] for pod in found} == {"node-1"}
    else:
        assert len(found) == count


def test_one_object_and_one_namespace_have_paths_of_their_own(simulator: SimulatedCluster) -> None:
    pods = simulator.get("/api/v1/namespaces/shop/pods").json()["items"]
    name = pods[0]["metadata"]["name"]

    one = simulator.get(f"/api/v1/namespaces/shop/pods/{name}").json()

    assert {pod["metadata"]["namespace"] for pod in pods} == {"shop"}
    assert (one["kind"], one["metadata"]) == ("Pod", pods[0]["metadata"])


def test_a_big_answer_is_compressed_when_that_is_asked_for() -> None:
    with simulated("calm", frozen=0) as cluster:
        connection = cluster.connect()
        headers = {"Authorization": f"Bearer {cluster.token}", "Accept-Encoding": "gzip"}
        connection.request("GET", "/api/v1/pods", headers=headers)
        answer = connection.getresponse()
        squeezed = answer.read()
        connection.close()
        import gzip

        assert answer.getheader("Content-Encoding") == "gzip"
        assert len(json.loads(gzip.decompress(squeezed))["items"]) > 100


def test_under_a_name_of_its_own_it_says_so_and_shows_it_in_its_certificate() -> None:
    with simulated("tiny", frozen=0, host="localhost") as cluster:
        assert cluster.address.startswith("https://localhost:")
        assert cluster.get("/version").json()["major"] == "1"
