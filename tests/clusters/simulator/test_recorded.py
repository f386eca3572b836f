"""The simulator answers as a real API server did: fields, errors, headers, paging, framing."""

import gzip
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from clusters.simulator.listing import Place, after, place_of
from tests.simulated import Answer, SimulatedCluster, simulated

RECORDED = Path(__file__).parents[2] / "data" / "apiserver"
KINDS = {
    "nodes": "/api/v1/nodes",
    "namespaces": "/api/v1/namespaces",
    "pods": "/api/v1/pods",
    "events": "/api/v1/events",
    "deployments": "/apis/apps/v1/deployments",
    "replicasets": "/apis/apps/v1/replicasets",
    "statefulsets": "/apis/apps/v1/statefulsets",
    "daemonsets": "/apis/apps/v1/daemonsets",
    "jobs": "/apis/batch/v1/jobs",
    "cronjobs": "/apis/batch/v1/cronjobs",
    "nodemetrics": "/apis/metrics.k8s.io/v1beta1/nodes",
    "podmetrics": "/apis/metrics.k8s.io/v1beta1/pods",
}
# What the recorded cluster's pretend kubelet and its manifests gave their objects, and real ones do not.
ONLY_THERE = re.compile(r"kwok|\.annotations|\.labels|\.managedFields\[\]\.fieldsV1|^status\.phase$")
READER = "system:serviceaccount:monitoring:reader"
DELIVERY_HEADERS = {"content-length", "transfer-encoding", "date", "content-encoding", "vary", "etag"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A frozen cluster ten minutes into its life, so that it has one of everything."""
    with simulated("calm", frozen=700, bookmark_seconds=0.4) as running:
        running.control.step("revoke", group="batch", resource="jobs")
        running.control.step("revoke", group="apps", resource="deployments", verbs=["watch"])
        yield running


def recorded(name: str) -> Any:
    """A recorded answer."""
    return json.loads(gzip.decompress((RECORDED / f"{name}.json.gz").read_bytes()))


def recorded_lines(name: str) -> list[bytes]:
    """The lines of a recorded watch."""
    return gzip.decompress((RECORDED / f"{name}.jsonl.gz").read_bytes()).splitlines(keepends=True)


@cache
def index() -> dict[str, dict[str, Any]]:
    """How each file was asked for, by its name."""
    return {one["file"].partition(".")[0]: one for one in json.loads((RECORDED / "index.json").read_text())}


def paths(value: Any, place: str = "") -> dict[str, set[str]]:
    """Every path in an object with the JSON types found there."""
    found: dict[str, set[str]] = {place: {type(value).__name__}} if place else {}
    inner = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        inner = (("[]", one) for one in value)
    for key, one in inner:
        under = f"{place}[]" if key == "[]" else f"{place}.{key}".lstrip(".")
        for path, types in paths(one, under).items():
            found.setdefault(path, set()).update(types)
    return found


def merged(objects: list[Any]) -> dict[str, set[str]]:
    """The paths of all of them together."""
    everything: dict[str, set[str]] = {}
    for one in objects:
        for path, types in paths(one).items():
            everything.setdefault(path, set()).update(types)
    return everything


def everywhere(objects: list[Any]) -> set[str]:
    """The paths that each of them has."""
    return set.intersection(*(set(paths(one)) for one in objects))


def listed(cluster: SimulatedCluster, kind: str) -> dict[str, Any]:
    answer = cluster.get(KINDS[kind], token=cluster.admin_token)
    assert answer.status == 200
    body: dict[str, Any] = answer.json()
    return body


def replayed(cluster: SimulatedCluster, name: str) -> Answer:
    """The recorded request, asked of the simulator as the same kind of account."""
    asked = index()[name]
    token = {"admin": cluster.admin_token, "reader": cluster.token, "nobody": None}[asked["as"]]
    headers = {"Accept": asked["accept"]}
    body = asked.get("body")
    return cluster.request(asked["method"], asked["path"], token=token, headers=headers, body=body)


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_is_wrapped_as_it_was_there(cluster: SimulatedCluster, kind: str) -> None:
    here, there = listed(cluster, kind), recorded(f"list-{kind}")

    assert list(here) == list(there)
    assert (here["kind"], here["apiVersion"]) == (there["kind"], there["apiVersion"])
    assert set(here["metadata"]) == set(there["metadata"]) - {"continue", "remainingItemCount"}


@pytest.mark.parametrize("kind", KINDS)
def test_what_every_object_had_there_every_object_has_here(cluster: SimulatedCluster, kind: str) -> None:
    here = everywhere(listed(cluster, kind)["items"])
    there = {path for path in everywhere(recorded(f"list-{kind}")["items"]) if not ONLY_THERE.search(path)}

    # With one or few recorded objects, what they share is not what all objects share.
    few = {
        "statefulsets": re.compile(r"initContainers|limits|readyReplicas|availableReplicas"),
        "daemonsets": re.compile(r"numberUnavailable"),
        "cronjobs": re.compile(r"lastSuccessfulTime"),
        "deployments": re.compile(r"unavailableReplicas|\.env|limits"),
        "replicasets": re.compile(r"\.env|limits"),
        "pods": re.compile(r"tolerationSeconds"),
    }.get(kind)
    assert {path for path in there - here if not (few and few.search(path))} == set()


@pytest.mark.parametrize("kind", KINDS)
def test_fields_have_the_types_they_had_there(cluster: SimulatedCluster, kind: str) -> None:
    here, there = merged(listed(cluster, kind)["items"]), merged(recorded(f"list-{kind}")["items"])

    shared = {path for path in here.keys() & there.keys() if not ONLY_THERE.search(path)}
    assert len(shared) > 5
    different = {path: (here[path], there[path]) for path in shared if not here[path] & there[path]}
    assert different == {}


@pytest.mark.parametrize(
    "name",
    [
        "error-400", "error-401", "error-403-jobs", "error-403-secrets", "error-403-watch-deployments",
        "error-404", "error-410-continue", "error-504-future-version",
    ],
)  # fmt: skip
def test_an_error_reads_as_it_read_there(cluster: SimulatedCluster, name: str) -> None:
    if name == "error-504-future-version":
        index()[name]["path"] = index()[name]["path"].replace("99999999", "99999999999")
    answer = replayed(cluster, name)

    there = gzip.decompress((RECORDED / f"{name}.json.gz").read_bytes())
    assert answer.status == index()[name]["status"]
    assert normalised(answer.body) == normalised(there)


@pytest.mark.parametrize(
    "name",
    [
        "version", "readyz", "error-400", "error-401", "error-403-jobs", "error-404", "list-pods",
        "error-504-future-version", "whoami-reader", "rules-reader", "list-nodemetrics", "discovery",
    ],
)  # fmt: skip
def test_an_answer_has_the_headers_it_had_there(cluster: SimulatedCluster, name: str) -> None:
    here = {key.lower(): value for key, value in replayed(cluster, name).headers.items()}
    there = {key.lower(): value for key, value in index()[name]["headers"].items()}

    assert here.keys() - DELIVERY_HEADERS == there.keys() - DELIVERY_HEADERS
    assert here["content-type"] == there["content-type"]
    assert here.get("retry-after") == there.get("retry-after")
    assert ("content-length" in here) == ("content-length" in there) or name == "discovery"


def normalised(body: bytes) -> str:
    """A body without what differs from cluster to cluster: who asks, and versions."""
    text = body.decode().replace("system:serviceaccount:topmast:topmast-reader", READER)
    return re.sub(r"\b\d{5,}\b", "N", text)


def test_a_continue_token_is_made_as_there() -> None:
    there = recorded("list-pods")["metadata"]["continue"]

    place = place_of(there)

    assert place == Place(30954, "/batch/svc-0138-5c7bc6fb48-kjbtg\0")
    assert after(30954, "batch/svc-0138-5c7bc6fb48-kjbtg").token() == there


def test_a_first_page_is_marked_as_there(cluster: SimulatedCluster) -> None:
    here = cluster.get("/api/v1/pods?limit=50").json()["metadata"]
    second = cluster.get(f"/api/v1/pods?limit=50&continue={here['continue']}").json()["metadata"]
    there, second_there = recorded("list-pods")["metadata"], recorded("list-pods-page2")["metadata"]

    assert (list(here), list(second)) == (list(there), list(second_there))
    assert here["remainingItemCount"] - second["remainingItemCount"] == 50
    assert there["remainingItemCount"] - second_there["remainingItemCount"] == 250


def test_watch_lines_are_framed_as_there(cluster: SimulatedCluster) -> None:
    since = cluster.get("/api/v1/pods?limit=1").json()["metadata"]["resourceVersion"]
    cluster.control.step("remove_pods", namespace="storefront", name="web", count=2)
    target = f"/api/v1/pods?watch=1&resourceVersion={since}&timeoutSeconds=1&allowWatchBookmarks=true"

    here = raw_lines(cluster, target)

    there = recorded_lines("watch-pods")
    bookmark = next(line for line in there if b'"BOOKMARK"' in line)
    assert normalised(here[-1]) == normalised(bookmark)
    assert all(line.endswith(b"}\n") for line in here)
    event = json.loads(next(line for line in there if b'"DELETED"' in line))
    gone = json.loads(here[0])
    assert (list(gone), gone["type"]) == (list(event), "DELETED")
    assert list(gone["object"]) == list(event["object"])


def test_a_streaming_list_ends_with_the_bookmark_it_ended_with_there(cluster: SimulatedCluster) -> None:
    path = index()["watch-list-namespaces"]["path"].replace("timeoutSeconds=3", "timeoutSeconds=1")

    here = [line for line in raw_lines(cluster, path) if b"initial-events-end" in line]

    there = [line for line in recorded_lines("watch-list-namespaces") if b"initial-events-end" in line]
    assert [normalised(line) for line in here] == [normalised(line) for line in there]


def test_an_expired_watch_says_what_it_said_there(cluster: SimulatedCluster) -> None:
    (here,) = raw_lines(cluster, index()["watch-410"]["path"])

    (there,) = recorded_lines("watch-410")
    assert normalised(here) == re.sub(r"1 \(\d+\)", "1 (N)", there.decode())


def raw_lines(cluster: SimulatedCluster, target: str) -> list[bytes]:
    """The lines of a watch as they came, to its end."""
    return cluster.get(target).body.splitlines(keepends=True)


def test_discovery_describes_kinds_as_there(cluster: SimulatedCluster) -> None:
    here, there = replayed(cluster, "discovery").json(), recorded("discovery")

    served = {resource_key(*one): one[2] for one in described(here)}
    real = {resource_key(*one): one[2] for one in described(there)}
    assert served.keys() <= real.keys()
    assert len(served) >= 10
    for key, one in served.items():
        assert one["responseKind"] == real[key]["responseKind"]
        assert one["scope"] == real[key]["scope"]
        assert set(one["verbs"]) <= set(real[key]["verbs"])
        assert one.get("shortNames") == real[key].get("shortNames")


def described(body: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for group in body["items"]:
        for version in group["versions"]:
            for one in version["resources"]:
                yield group["metadata"]["name"], version["version"], one


def resource_key(group: str, version: str, one: dict[str, Any]) -> tuple[str, str, str]:
    return group, version, one["resource"]


@pytest.mark.parametrize(
    "name",
    ["access-reader-list-deployments", "access-reader-watch-deployments", "whoami-reader", "rules-reader"],
)
def test_reviews_have_the_form_they_had_there(cluster: SimulatedCluster, name: str) -> None:
    answer = replayed(cluster, name)
    here, there = answer.json(), recorded(name)

    assert answer.status == 201
    assert list(here) == [key for key in there if key in here]
    assert (here["kind"], here["apiVersion"]) == (there["kind"], there["apiVersion"])
    if name.startswith("access"):
        assert here["spec"] == there["spec"]
        assert here["status"]["allowed"] == there["status"]["allowed"]
        assert list(here["status"]) == list(there["status"])
    elif name.startswith("rules"):
        assert merged(here["status"]["resourceRules"]) == merged(there["status"]["resourceRules"])
        assert here["status"]["incomplete"] == there["status"]["incomplete"]
    else:
        user, real = here["status"]["userInfo"], there["status"]["userInfo"]
        assert user.keys() == real.keys() - {"extra"}


def test_version_and_readiness_have_the_form_they_had_there(cluster: SimulatedCluster) -> None:
    here, there = replayed(cluster, "version"), recorded("version")
    lines = replayed(cluster, "readyz").body.decode().splitlines()
    real = gzip.decompress((RECORDED / "readyz.txt.gz").read_bytes()).decode().splitlines()

    assert list(here.json()) == list(there)
    assert here.body.startswith(b'{\n  "major": "1",\n')
    assert set(lines) <= set(real)
    assert lines[-1] == real[-1]
