"""A whole portal over two real clusters: rows, REST and replay are what kubectl gets, whatever is killed."""

import base64
import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from websockets.exceptions import WebSocketException

from clusters.kinds import all_kinds, decode_record
from clusters.kinds.kind import Kind
from clusters.state.resource import Resource, turned
from tests.real.churn import Churn
from tests.real.portal import CHILDREN, Portal
from tests.real.reading import bare, now_ms, read
from tests.real.rig.cluster import Cluster
from tests.real.rig.processes import ProgramFailed, wait_until

CHURN_SECONDS = 120.0
RECOVERY_SECONDS = 20.0

# Prints every row of a cluster, and what the journal replays to now, as {source: {kind/uid: record}}.
KEPT = """
import base64, json, time
from clusters.kinds import encode_record
from clusters.models import Cluster, Resource
from metrics.journal.reading import state_at
cluster = Cluster.objects.get(slug={slug!r})
packed = lambda record: base64.b64encode(bytes(record)).decode()
mine = Resource.objects.filter(cluster=cluster)
rows = {{f"{{row.kind}}/{{row.uid}}": packed(row.record) for row in mine}}
past = state_at(cluster.pk, int(time.time() * 1000)).resources
replayed = {{"/".join(key): packed(encode_record(each)) for key, each in past.items()}}
print(json.dumps({{"rows": rows, "replayed": replayed}}))
"""


@pytest.fixture(scope="module")
def portal(
    cluster: Cluster, second_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Portal]:
    """A portal that watches both clusters."""
    portal = Portal(tmp_path_factory.mktemp("portal"))
    try:
        portal.start()
        for each in (cluster, second_cluster):
            portal.manage("import_kubeconfig", str(each.admin_kubeconfig), "--all")
        wait_for(
            lambda: all(is_live(portal, each) for each in (cluster, second_cluster)),
            seconds=60,
        )
        yield portal
    finally:
        portal.stop()


def test_after_churn_rest_rows_and_replay_are_what_kubectl_gets(
    portal: Portal, breakable_cluster: Cluster
) -> None:
    churn = Churn(breakable_cluster, seed=random.SystemRandom().randrange(10_000))
    began = datetime.now(UTC)
    churn.run(seconds=CHURN_SECONDS, acts_a_second=4)

    assert not churn.never_done(), f"churn seed {churn.seed}"
    assert jobs_of_cron_jobs(breakable_cluster, since=began), "a CronJob has run"
    assert_all_is_what_kubectl_gets(portal, breakable_cluster, churn)


@pytest.mark.parametrize("child", CHILDREN)
def test_all_is_right_again_within_20_s_of_a_kill(
    child: str, portal: Portal, breakable_cluster: Cluster
) -> None:
    with churning(breakable_cluster, seconds=8) as churn:
        wait_for(lambda: churn.done.total() > 2, seconds=20)
        before = portal.pids(child)

        portal.kill(child)
        killed_at = time.monotonic()
        name = f"after-{child}-{churn.seed}"
        breakable_cluster.kubectl("create", "namespace", name)
        wait_for(
            lambda: is_right_again(portal, breakable_cluster, child, before=before, namespace=name),
            seconds=RECOVERY_SECONDS - (time.monotonic() - killed_at),
        )
        took_seconds = time.monotonic() - killed_at
        assert took_seconds <= RECOVERY_SECONDS, f"{took_seconds:.1f} s"
    assert_all_is_what_kubectl_gets(portal, breakable_cluster, churn)


def test_a_stopped_server_shows_as_unreachable_and_comes_back(
    portal: Portal, breakable_cluster: Cluster
) -> None:
    breakable_cluster.stop_api_server()
    slug = breakable_cluster.name

    def is_refused() -> bool:
        connection = portal.cluster(slug)["connection"]
        return (connection["state"], connection["reason"]) == ("unreachable", "refused")

    wait_for(is_refused, seconds=30)
    shown = portal.cluster(slug)
    fleet = portal.get("/api/v1/fleet/").json()
    assert shown["health"] == "no_data"
    assert shown["connection"]["next_try_at"], "says when it tries again"
    assert (fleet["clusters"]["total"], fleet["clusters"]["current"]) == (2, 1)

    breakable_cluster.start_api_server()

    wait_for(lambda: is_live(portal, breakable_cluster), seconds=60)


@contextmanager
def churning(cluster: Cluster, *, seconds: float) -> Iterator[Churn]:
    """Churn beside the block, which ends when the churn does."""
    churn = Churn(cluster, seed=random.SystemRandom().randrange(10_000))
    thread = threading.Thread(target=churn.run, kwargs={"seconds": seconds, "acts_a_second": 3})
    thread.start()
    try:
        yield churn
    finally:
        thread.join()


def is_right_again(portal: Portal, cluster: Cluster, child: str, *, before: set[int], namespace: str) -> bool:
    """Whether another process does the child's work: REST and an open page tell what is new."""
    return (
        bool(portal.pids(child) - before)
        and portal.get("/readyz").status == 200
        and namespace in names(portal, cluster, "Namespace")
        and is_live(portal, cluster)
        and is_told_live(portal, cluster, namespace=namespace)
    )


def assert_all_is_what_kubectl_gets(portal: Portal, cluster: Cluster, churn: Churn) -> None:
    """With the cluster standing still, REST, rows and replay come to be what kubectl gets."""
    shown: dict[str, tuple[str, ...]] = {}
    theirs: dict[str, Resource] = {}
    with cluster.standing_still():
        for _ in range(10):
            # The last events are on their way, and what was accepted is still being written.
            time.sleep(1)
            theirs, shown = what_kubectl_gets(cluster), what_rest_shows(portal, cluster)
            if shown == {key: told(each) for key, each in theirs.items()}:
                break
        kept = what_is_kept(portal, cluster)

    seed = f"churn seed {churn.seed}"
    assert shown == {key: told(each) for key, each in theirs.items()}, seed
    # A new resourceVersion by itself is no change, so what is kept may carry an older one.
    assert kept["rows"] == {key: _without_version(each) for key, each in theirs.items()}, seed
    assert kept["replayed"] == kept["rows"], seed


def jobs_of_cron_jobs(cluster: Cluster, *, since: datetime) -> list[str]:
    """The names of the Jobs that CronJobs have made since a moment."""
    return [
        item["metadata"]["name"]
        for item in cluster.items("jobs")
        if any(owner["kind"] == "CronJob" for owner in item["metadata"].get("ownerReferences", []))
        and datetime.fromisoformat(item["metadata"]["creationTimestamp"]) >= since
    ]


def is_told_live(portal: Portal, cluster: Cluster, *, namespace: str) -> bool:
    """Whether a page that is opened now is told of a change that is made then."""
    with portal.socket(f"/ws/clusters/{cluster.name}/") as socket:
        socket.recv(timeout=3)
        name = f"told-{time.monotonic_ns()}"
        cluster.kubectl("create", "deployment", name, "-n", namespace, "--image=x", "--replicas=0")
        ends_at = time.monotonic() + 3
        while (left := ends_at - time.monotonic()) > 0:
            if name in str(socket.recv(timeout=left)):
                return True
    return False


def what_kubectl_gets(cluster: Cluster) -> dict[str, Resource]:
    """Every object of every kind as read from `kubectl get -o json` now."""
    return {
        f"{kind.name}/{item['metadata']['uid']}": bare(read(kind, item))
        for kind in all_kinds()
        for item in cluster.items(_argument(kind))
    }


def what_rest_shows(portal: Portal, cluster: Cluster) -> dict[str, tuple[str, ...]]:
    """The same objects as REST tells them."""
    return {
        f"{kind.name}/{each['uid']}": (each["namespace"], each["name"], each["health"], each["reason"])
        for kind in all_kinds()
        for each in portal.resources(cluster.name, kind=kind.name)
    }


def what_is_kept(portal: Portal, cluster: Cluster) -> dict[str, dict[str, Resource]]:
    """The same objects as rows and journal keep them."""
    kept: dict[str, dict[str, Any]] = json.loads(
        portal.manage("shell", "--verbosity=0", "-c", KEPT.format(slug=cluster.name))
    )
    return {
        source: {
            key: _without_version(
                bare(turned(decode_record(key.split("/")[0], base64.b64decode(blob)), now_ms()))
            )
            for key, blob in records.items()
        }
        for source, records in kept.items()
    }


def told(resource: Resource) -> tuple[str, ...]:
    """What REST tells of a resource whatever its kind."""
    return (resource.namespace, resource.name, resource.health, resource.reason)


def names(portal: Portal, cluster: Cluster, kind: str) -> set[str]:
    """The names of all objects of a kind, by REST."""
    return {each["name"] for each in portal.resources(cluster.name, kind=kind)}


def is_live(portal: Portal, cluster: Cluster) -> bool:
    """Whether the portal says that it reads the cluster now."""
    return bool(portal.cluster(cluster.name)["connection"]["state"] == "live")


def wait_for(claim: Callable[[], bool], *, seconds: float) -> None:
    """Fail unless the claim comes true in time; while the portal does not answer it is not."""

    def holds() -> bool:
        try:
            return claim()
        except (OSError, http.client.HTTPException, WebSocketException, ValueError, KeyError, ProgramFailed):
            return False

    assert wait_until(holds, seconds=seconds, look_again_seconds=0.3), f"not within {seconds:.0f} s"


def _without_version(resource: Resource) -> Resource:
    return msgspec.structs.replace(resource, version="")


def _argument(kind: Kind) -> str:
    return f"{kind.plural}.{kind.version}.{kind.group}" if kind.group else kind.plural
