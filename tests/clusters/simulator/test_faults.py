"""Each fault does on the wire what its name says, to the requests it names, and ends when it is told to."""

import gzip
import http.client
import json
import socket
import ssl
import time
import zlib
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from clusters.simulator.disturbing import _DISTURBANCES
from clusters.simulator.faults import ANSWER_FAULTS, PORT_FAULTS, WATCH_FAULTS
from tests.simulated import SimulatedCluster, simulated

PODS = "/api/v1/pods"


@pytest.fixture(scope="module")
def running() -> Iterator[Any]:
    with simulated("tiny", frozen=0, bookmark_seconds=0.3) as cluster:
        yield cluster


@pytest.fixture
def cluster(running: SimulatedCluster) -> Iterator[SimulatedCluster]:
    """A cluster without faults, which the next test gets without faults again."""
    yield running
    running.control.clear()


def since(cluster: SimulatedCluster) -> str:
    listed = cluster.get(f"{PODS}?limit=1").json()
    return f"{PODS}?watch=1&resourceVersion={listed['metadata']['resourceVersion']}&timeoutSeconds=1"


def raw_watch(cluster: SimulatedCluster, target: str, seconds: float) -> bytes:
    """What comes through a watch within so many seconds, as it came."""
    connection = cluster.connect(timeout=seconds)
    received = b""
    try:
        connection.request("GET", target, headers={"Authorization": f"Bearer {cluster.token}"})
        answer = connection.getresponse()
        while piece := answer.read1(65_536):
            received += piece
            if len(received) > 5_000_000:
                break
    except (TimeoutError, http.client.IncompleteRead):
        pass
    finally:
        connection.close()
    return received


def test_every_known_fault_is_tested_here() -> None:
    source = Path(__file__).read_text()

    untested = {name for name in PORT_FAULTS | ANSWER_FAULTS | WATCH_FAULTS if f'"{name}"' not in source}
    assert untested == set()
    assert set(_DISTURBANCES) == WATCH_FAULTS


# The port


def test_refuse_closes_the_port_and_resets_what_was_open() -> None:
    # Without TLS: Python's TLS reads a reset as an end.
    with simulated("tiny", frozen=0, plain=True) as cluster:
        connection = cluster.connect()
        connection.request("GET", since(cluster), headers={"Authorization": f"Bearer {cluster.token}"})
        answer = connection.getresponse()
        cluster.control.fault("refuse")
        with pytest.raises(ConnectionResetError):
            answer.read()
        connection.close()
        with pytest.raises(ConnectionRefusedError):
            cluster.get(PODS)

        cluster.control.clear()

        assert cluster.get(PODS).status == 200


def test_accept_silent_takes_connections_and_says_nothing(cluster: SimulatedCluster) -> None:
    cluster.control.fault("accept_silent")

    with socket.create_connection(("127.0.0.1", urlsplit(cluster.address).port or 0), timeout=0.5) as opened:
        opened.sendall(b"\x16\x03\x01")
        with pytest.raises(TimeoutError):
            opened.recv(1)
    cluster.control.clear()

    assert cluster.get(PODS).status == 200


def test_freeze_holds_everything_back_until_it_thaws(cluster: SimulatedCluster) -> None:
    target = since(cluster).replace("timeoutSeconds=1", "timeoutSeconds=20")
    with cluster.watch(target, timeout=15) as events:
        cluster.control.fault("freeze")
        cluster.control.step("remove_pods", namespace="shop", name="api")
        with pytest.raises(TimeoutError):
            cluster.get("/version", timeout=0.5)
        cluster.control.clear()

        assert next(events)["type"] == "DELETED"


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("expired", "certificate has expired"),
        ("not_yet_valid", "certificate is not yet valid"),
        ("self_signed", "unable to get local issuer certificate|self-signed"),
        ("wrong_name", "IP address mismatch"),
    ],
)
def test_certificate_shows_another_one(cluster: SimulatedCluster, how: str, says: str) -> None:
    cluster.control.fault("certificate", how=how)

    with pytest.raises(ssl.SSLCertVerificationError, match=says):
        cluster.get("/version")
    cluster.control.clear()

    assert cluster.get("/version").status == 200


def test_a_certificate_that_expires_soon_is_still_good(cluster: SimulatedCluster) -> None:
    cluster.control.fault("certificate", how="expires_soon")

    assert cluster.get("/version").status == 200


# Answers


@pytest.mark.parametrize("code", [404, 500, 502, 503, 504])
def test_status_answers_with_that_status(cluster: SimulatedCluster, code: int) -> None:
    cluster.control.fault("status", code=code)

    answer = cluster.get(PODS)

    assert (answer.status, answer.json()["kind"], answer.json()["code"]) == (code, "Status", code)


@pytest.mark.parametrize("retry_after", ["1", None, "86400", "Wed, 21 Oct 2099 07:28:00 GMT", "soon"])
def test_throttle_says_when_to_come_back(cluster: SimulatedCluster, retry_after: str | None) -> None:
    cluster.control.fault("throttle", retry_after=retry_after)

    answer = cluster.get(PODS)

    assert (answer.status, answer.json()["reason"]) == (429, "TooManyRequests")
    assert answer.headers.get("Retry-After") == retry_after


def test_unauthorized_and_forbidden_read_as_real_ones(cluster: SimulatedCluster) -> None:
    cluster.control.fault("forbidden", resource="jobs")
    refused = cluster.get("/apis/batch/v1/jobs")
    cluster.control.fault("unauthorized")

    assert (refused.status, refused.json()["details"]) == (403, {"group": "batch", "kind": "jobs"})
    assert cluster.get("/api/v1/nodes").json()["reason"] == "Unauthorized"


def test_a_fault_of_one_resource_leaves_the_others_alone(cluster: SimulatedCluster) -> None:
    cluster.control.fault("status", code=503, group="metrics.k8s.io")

    assert cluster.get("/apis/metrics.k8s.io/v1beta1/nodes").status == 503
    assert cluster.get("/api/v1/nodes").status == 200


def test_a_fault_can_be_of_a_path_and_of_a_verb(cluster: SimulatedCluster) -> None:
    cluster.control.fault("status", path="^/version$")
    cluster.control.fault("status", code=500, verb="list", resource="pods")

    assert cluster.get("/version").status == 503
    assert cluster.get(PODS).status == 500
    with cluster.watch(since_nodes(cluster)) as events:
        assert list(events) == []


def since_nodes(cluster: SimulatedCluster) -> str:
    listed = cluster.get("/api/v1/nodes").json()
    return f"/api/v1/nodes?watch=1&resourceVersion={listed['metadata']['resourceVersion']}&timeoutSeconds=1"


def test_a_fault_with_times_ends_by_itself(cluster: SimulatedCluster) -> None:
    cluster.control.fault("status", code=500, times=2)

    assert [cluster.get(PODS).status for _ in range(3)] == [500, 500, 200]


def test_gone_can_hit_the_second_page_only(cluster: SimulatedCluster) -> None:
    first = cluster.get(f"{PODS}?limit=5").json()["metadata"]["continue"]
    cluster.control.fault("gone", verb="page")

    assert cluster.get(f"{PODS}?limit=5").status == 200
    assert cluster.get(f"{PODS}?limit=5&continue={first}").json()["code"] == 410


def test_html_redirect_and_other_json_are_no_kubernetes(cluster: SimulatedCluster) -> None:
    cluster.control.fault("html", path="^/version")
    cluster.control.fault("redirect", resource="pods")
    cluster.control.fault("other_json", resource="nodes")

    page, moved = cluster.get("/version"), cluster.get(PODS)
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"<html>" in page.body
    assert (moved.status, moved.headers["Location"]) == (302, "https://login.example/sign-in")
    assert "kind" not in cluster.get("/api/v1/nodes").json()


def test_broken_bodies_are_broken_as_they_say(cluster: SimulatedCluster) -> None:
    def body(name: str, **settings: Any) -> bytes:
        cluster.control.clear()
        cluster.control.fault(name, **settings)
        return cluster.get(PODS).body

    cluster.control.fault("truncated", at_bytes=1000)
    cut = cluster.get(PODS).body
    assert len(cut) == 1000
    assert b"\xff\xfe" in body("bad_utf8")
    assert body("not_a_number").startswith(b'{"load":NaN,')
    assert body("byte_order_mark").startswith(b"\xef\xbb\xbf{")
    assert body("duplicate_keys").count(b'"kind":"PodList"') == body("duplicate_keys").count(b"SecretList")
    assert body("deep", depth=50_000).count(b'{"a":') == 50_000


@pytest.mark.parametrize(
    "how",
    ["null_metadata", "null", "text", "wrong_types", "bad_time", "huge_annotation", "markup_name"],
)
def test_bad_object_spoils_one_and_leaves_the_others(cluster: SimulatedCluster, how: str) -> None:
    good = cluster.get(PODS).json()["items"]
    cluster.control.fault("bad_object", how=how, index=2)

    spoilt = cluster.get(PODS).json()["items"]

    assert len(spoilt) == len(good)
    assert [index for index, one in enumerate(spoilt) if one != good[index]] == [2]


def test_gzip_bomb_is_small_on_the_wire_and_huge_unpacked(cluster: SimulatedCluster) -> None:
    cluster.control.fault("gzip_bomb", bytes=64 << 20)

    answer = cluster.get(PODS)

    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.body) < 200_000
    unpacked = zlib.decompressobj(31)
    total = len(unpacked.decompress(answer.body, 65 << 20))
    assert total > 64 << 20


def test_many_headers_are_many(cluster: SimulatedCluster) -> None:
    cluster.control.fault("many_headers", count=300)

    with pytest.raises(http.client.HTTPException, match="more than 100 headers"):
        cluster.get(PODS)


def test_drips_come_one_byte_at_a_time(cluster: SimulatedCluster) -> None:
    cluster.control.fault("drip_headers", path="^/version", pause_seconds=0.05)
    cluster.control.fault("drip_body", resource="nodes", pause_seconds=0.05)

    assert pieces(cluster, "/version", 8) == list(b"HTTP/1.1".decode())
    head, *rest = pieces(cluster, "/api/v1/nodes", 5)
    assert head.endswith("\r\n\r\n")
    assert rest == ["{", '"', "k", "i"]


def pieces(cluster: SimulatedCluster, target: str, count: int) -> list[str]:
    """The first pieces of an answer as they arrive."""
    connection = cluster.connect()
    connection.request("GET", target, headers={"Authorization": f"Bearer {cluster.token}"})
    try:
        return [connection.sock.recv(65_536).decode() for _ in range(count)]
    finally:
        connection.close()


def test_reset_cuts_after_so_many_bytes() -> None:
    with simulated("tiny", frozen=0, plain=True) as cluster:
        cluster.control.fault("reset", after_bytes=1500)
        connection = cluster.connect()
        connection.request("GET", PODS, headers={"Authorization": f"Bearer {cluster.token}"})
        received = b""
        with pytest.raises(ConnectionResetError):
            while piece := connection.sock.recv(65_536):
                received += piece
        connection.close()

    assert len(received) == 1500


def test_reset_over_tls_ends_without_the_goodbye_of_tls(cluster: SimulatedCluster) -> None:
    cluster.control.fault("reset", after_bytes=1500)

    with pytest.raises(http.client.IncompleteRead):
        cluster.get(PODS)


def test_no_answer_never_comes_and_delay_comes_late(cluster: SimulatedCluster) -> None:
    cluster.control.fault("no_answer", path="^/version")
    cluster.control.fault("delay", seconds=0.5, resource="nodes")

    with pytest.raises(TimeoutError):
        cluster.get("/version", timeout=0.4)
    began = time.monotonic()
    assert cluster.get("/api/v1/nodes").status == 200
    assert time.monotonic() - began >= 0.5


def test_clock_skew_moves_the_date(cluster: SimulatedCluster) -> None:
    cluster.control.fault("clock_skew", seconds=-3600)

    date = parsedate_to_datetime(cluster.get(PODS).headers["Date"])

    assert 3590 < time.time() - date.timestamp() < 3610


def test_close_idle_closes_behind_a_whole_answer(cluster: SimulatedCluster) -> None:
    cluster.control.fault("close_idle")
    connection = cluster.connect()
    connection.request("GET", PODS, headers={"Authorization": f"Bearer {cluster.token}"})

    answer = connection.getresponse()
    whole = json.loads(answer.read())

    assert len(whole["items"]) > 5
    assert not answer.will_close
    assert connection.sock.recv(1) == b""
    connection.close()


# Watches


def test_what_is_no_event_comes_before_honest_ones(cluster: SimulatedCluster) -> None:
    def lines(name: str) -> list[bytes]:
        cluster.control.clear()
        cluster.control.fault(name)
        return raw_watch(cluster, since(cluster), 3).splitlines()

    cluster.control.fault("watch_garbage")
    garbage = raw_watch(cluster, since(cluster), 3).splitlines()
    assert garbage[0].startswith(b"\x00\xff")
    assert garbage[-1] == b"null"
    assert lines("watch_blank_lines")[:2] == [b"", b""]
    assert json.loads(lines("watch_unknown_type")[0])["type"] == "RENAMED"
    assert json.loads(lines("watch_wrong_kind")[0])["object"]["kind"] == "Secret"
    assert json.loads(lines("watch_unknown_deleted")[0])["type"] == "DELETED"
    twice = lines("watch_twice")
    assert twice[:3] == twice[3:6]
    versions = [json.loads(one)["object"]["metadata"]["resourceVersion"] for one in lines("watch_backwards")]
    assert len(versions) == 5
    assert versions == sorted(versions, key=int, reverse=True)


def test_silent_sends_neither_events_nor_bookmarks(cluster: SimulatedCluster) -> None:
    cluster.control.fault("watch_silent")
    target = since(cluster)
    cluster.control.step("restart_pods", namespace="payments", name="db", kind="StatefulSet")

    assert raw_watch(cluster, f"{target}&allowWatchBookmarks=true", 3) == b""


def test_no_bookmarks_sends_events_only_and_bookmarks_only_the_other_half(cluster: SimulatedCluster) -> None:
    target = f"{since(cluster)}&allowWatchBookmarks=true"
    name = cluster.control.objects("Pod")[0]["metadata"]
    changed = next(one for one in cluster.control.objects("Pod") if one["metadata"] == name)
    cluster.control.put({"kind": "Pod", **changed})

    def types(fault: str) -> set[str]:
        cluster.control.clear()
        cluster.control.fault(fault)
        return {json.loads(line)["type"] for line in raw_watch(cluster, target, 3).splitlines()}

    assert types("watch_no_bookmarks") == {"MODIFIED"}
    assert types("watch_bookmarks_only") == {"BOOKMARK"}


def test_half_event_ends_in_the_middle_and_closed_at_once(cluster: SimulatedCluster) -> None:
    target = since(cluster)
    cluster.control.fault("watch_half_event")
    half = raw_watch(cluster, target, 3)
    cluster.control.clear()
    cluster.control.fault("watch_closed")

    began = time.monotonic()
    assert raw_watch(cluster, target, 3) == b""
    assert time.monotonic() - began < 0.9
    assert half.startswith(b'{"type":"MODIFIED"')
    assert b"\n" not in half


def test_watch_gone_is_an_error_event(cluster: SimulatedCluster) -> None:
    cluster.control.fault("watch_gone")

    (only,) = raw_watch(cluster, since(cluster), 3).splitlines()

    assert json.loads(only)["object"]["code"] == 410


def test_endless_line_has_no_end_and_flood_is_a_flood(cluster: SimulatedCluster) -> None:
    target = since(cluster).replace("timeoutSeconds=1", "timeoutSeconds=20")
    cluster.control.fault("watch_endless_line", bytes=50 << 20)
    endless = raw_watch(cluster, target, 5)
    cluster.control.clear()
    cluster.control.fault("watch_flood", per_second=5000)
    flood = raw_watch(cluster, target, 3)

    assert len(endless) > 5_000_000
    assert b"\n" not in endless
    assert flood.count(b"\n") > 500
    assert {json.loads(line)["type"] for line in flood.splitlines()[:50]} == {"MODIFIED"}


def test_a_fault_that_is_not_known_is_refused_with_those_that_are(cluster: SimulatedCluster) -> None:
    with pytest.raises(ValueError, match=r"no fault is called 'meteor'.*refuse"):
        cluster.control.fault("meteor")


# Steps on the cluster itself


def test_rotating_the_token_rejects_the_old_one_and_takes_the_new() -> None:
    with simulated("tiny", frozen=0) as cluster:
        cluster.control.step("rotate_token", token="a-new-token")

        assert cluster.get(PODS).status == 401
        assert cluster.get(PODS, token="a-new-token").status == 200


def test_a_right_is_taken_and_given_back(cluster: SimulatedCluster) -> None:
    cluster.control.step("revoke", group="apps", resource="deployments", verbs=["watch"])
    target = "/apis/apps/v1/deployments"

    assert cluster.get(target).status == 200
    assert cluster.get(f"{target}?watch=1").status == 403
    cluster.control.step("grant", group="apps", resource="deployments", verbs=["watch"])
    assert cluster.get(f"{target}?watch=1&timeoutSeconds=1").status == 200


def test_a_restore_goes_back_in_versions_and_has_other_objects() -> None:
    with simulated("tiny", frozen=0) as cluster:
        before = cluster.get(PODS).json()
        home = cluster.get("/api/v1/namespaces/kube-system").json()["metadata"]["uid"]
        cluster.control.step("restore", back_by=50_000)
        after = cluster.get(PODS).json()

        assert int(after["metadata"]["resourceVersion"]) < int(before["metadata"]["resourceVersion"])
        uids = [{pod["metadata"]["uid"] for pod in one["items"]} for one in (before, after)]
        assert uids[0].isdisjoint(uids[1])
        assert cluster.get("/api/v1/namespaces/kube-system").json()["metadata"]["uid"] == home


def test_a_second_start_on_the_same_folder_is_the_same_cluster_at_the_same_place(tmp_path: Any) -> None:
    with simulated("tiny", frozen=0, state_folder=tmp_path) as first:
        place = (first.address, first.token, first.ca_pem)
        home = first.get("/api/v1/namespaces/kube-system").json()["metadata"]["uid"]
        version = int(first.get(PODS).json()["metadata"]["resourceVersion"])
    with simulated("tiny", frozen=0, state_folder=tmp_path) as second:
        assert (second.address, second.token, second.ca_pem) == place
        assert second.get("/api/v1/namespaces/kube-system").json()["metadata"]["uid"] == home
        assert int(second.get(PODS).json()["metadata"]["resourceVersion"]) > version


def test_who_may_what() -> None:
    with simulated("tiny", frozen=0) as cluster:
        assert cluster.get(PODS, token=None).status == 401
        assert cluster.get(PODS, token="wrong").status == 401
        assert cluster.get("/version", token=None).status == 200
        assert cluster.get("/api", token=None).status == 401
        assert cluster.get(PODS, with_certificate=True).status == 200
        assert cluster.request("DELETE", f"{PODS}/x").status == 403
        assert cluster.request("POST", PODS, token=cluster.admin_token, body={}).status == 405
        as_text = {"Content-Type": "text/plain"}
        review = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
        assert cluster.request("POST", review, body={}, headers=as_text).status == 415
        assert cluster.request("POST", review, body=[]).status == 400


def test_gzip_is_only_sent_to_who_takes_it(cluster: SimulatedCluster) -> None:
    cluster.control.fault("bad_object", how="huge_annotation")
    headers = {"Accept-Encoding": "gzip"}

    plain, squeezed = cluster.get(PODS), cluster.get(PODS, headers=headers)

    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(squeezed.body) == plain.body
