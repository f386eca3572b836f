"""The mirror of a real cluster is the cluster, through churn and through faults of every kind."""

import asyncio
import random

import msgspec
import pytest

from clusters.kinds import all_kinds
from clusters.mirror.line import LIVE, UNREACHABLE
from clusters.mirror.mirror import Mirror
from clusters.mirror.reading import Pace
from clusters.state.resource import Resource
from tests.real.churn import Churn
from tests.real.reading import Watched, a_reader, now_ms, reader_manifest, watching
from tests.real.rig.cluster import Cluster
from tests.real.rig.reader import Reader, create_reader

CHURN_SECONDS = 60.0
# What the acts of churn are to the API server: it must have said yes to each at least once.
ASKED = {
    ("patch", "deployments"),
    ("patch", "deployments/scale"),
    ("create", "pods/eviction"),
    ("delete", "pods"),
    ("patch", "nodes"),
    ("create", "namespaces"),
    ("delete", "namespaces"),
    ("create", "jobs"),
    ("delete", "jobs"),
    ("create", "cronjobs"),
    ("patch", "cronjobs"),
}
# The watches outlive the test, so that only a review can tell; and no review, but watches of 5 s.
REVIEWED = Pace(probe_seconds=1.0, review_seconds=3.0)
UNREVIEWED = Pace(probe_seconds=600.0, watch_seconds=(5, 5))


async def test_the_mirror_is_what_kubectl_gets_after_churn(breakable_cluster: Cluster) -> None:
    reader = a_reader(breakable_cluster)
    churn = Churn(breakable_cluster, seed=random.SystemRandom().randrange(10_000))
    mark = breakable_cluster.audit_size_bytes()
    async with watching(breakable_cluster, token=reader.token) as watched:
        await watched.until_live(seconds=30)
        await asyncio.to_thread(churn.run, seconds=CHURN_SECONDS, acts_a_second=4)

        assert not await watched.differences(), f"churn seed {churn.seed}"
        _assert_totals_are_those_of_a_fresh_count(watched)
        _assert_changes_add_up(watched)

    _assert_all_of_churn_has_happened(churn, watched, mark=mark)
    breakable_cluster.kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=60s")
    breakable_cluster.check()
    asked = breakable_cluster.rules_used(user=reader.user, from_byte=mark)
    assert not [each for each in asked if each.is_refused]
    assert {(each.verb, each.resource) for each in asked} >= {
        (verb, kind.plural) for verb in ("list", "watch") for kind in all_kinds()
    }


async def test_a_frozen_server_is_said_within_30_s_and_live_again_soon(breakable_cluster: Cluster) -> None:
    reader = a_reader(breakable_cluster)
    async with watching(breakable_cluster, token=reader.token) as watched:
        await watched.until_live(seconds=30)

        breakable_cluster.freeze()
        await watched.until(lambda: watched.line.state == UNREACHABLE, seconds=30)
        assert watched.line.reason == "timeout"
        assert watched.line.since_ms is not None
        assert watched.line.next_try_at_ms is not None
        assert len(watched.mirror), "the last picture is kept"

        breakable_cluster.thaw()
        await asyncio.to_thread(breakable_cluster.start_api_server)  # It answers again.
        next_try_seconds = (watched.line.next_try_at_ms - now_ms()) / 1000
        assert next_try_seconds <= 60
        await watched.until_all_is_live(seconds=max(15.0, next_try_seconds + 5.0))
        assert not await watched.differences()


async def test_what_changed_while_the_server_was_away_is_there_when_it_is_back(
    breakable_cluster: Cluster,
) -> None:
    cluster = breakable_cluster
    reader = a_reader(cluster)
    async with watching(cluster, token=reader.token) as watched:
        await watched.until_live(seconds=30)

        await asyncio.to_thread(cluster.stop_api_server)
        await watched.until(
            lambda: (watched.line.state, watched.line.reason) == (UNREACHABLE, "refused"), seconds=30
        )
        await asyncio.to_thread(cluster.start_api_server)
        await asyncio.to_thread(cluster.kubectl, "scale", "-n", "shop", "deployment/web-0", "--replicas=5")

        await watched.until_all_is_live(seconds=60)
        assert not await watched.differences()
        _assert_totals_are_those_of_a_fresh_count(watched)
        _assert_changes_add_up(watched)


async def test_a_cluster_put_back_to_an_older_state_is_read_anew(breakable_cluster: Cluster) -> None:
    cluster = breakable_cluster
    reader = a_reader(cluster)
    await asyncio.to_thread(cluster.save_etcd, "before")
    async with watching(cluster, token=reader.token) as watched:
        await watched.until_live(seconds=30)
        name = f"forgotten-{random.SystemRandom().randrange(10_000)}"
        await asyncio.to_thread(cluster.kubectl, "create", "namespace", name)
        await asyncio.to_thread(cluster.kubectl, "create", "deployment", name, "-n", name, "--image=x")
        await watched.until(lambda: _names(watched, "Namespace") >= {name}, seconds=20)

        await asyncio.to_thread(cluster.restore_etcd, "before")

        await watched.until(lambda: name not in _names(watched, "Namespace"), seconds=65)
        await watched.until_all_is_live(seconds=30)
        assert not await watched.differences()
        _assert_totals_are_those_of_a_fresh_count(watched)
        _assert_changes_add_up(watched)


async def test_a_right_that_was_never_given_refuses_one_kind_until_it_is(breakable_cluster: Cluster) -> None:
    reader = _reader_of_all_but_pods(breakable_cluster)
    async with watching(breakable_cluster, token=reader.token) as watched:
        await watched.until(lambda: _pods_are(watched, "refused"), seconds=30)
        await watched.until_live(seconds=30)
        assert watched.mirror.kinds["Pod"].reason == "forbidden_403"
        assert watched.mirror.summary().cpu.requested_cores is None, "unknown is not zero"

        await asyncio.to_thread(a_reader, breakable_cluster)

        await watched.until(lambda: _pods_are(watched, "live"), seconds=45)
        assert watched.mirror.summary().cpu.requested_cores
        assert not await watched.differences()


async def test_a_right_taken_away_is_noticed_by_the_next_review(breakable_cluster: Cluster) -> None:
    reader = a_reader(breakable_cluster)
    mark = breakable_cluster.audit_size_bytes()
    async with watching(breakable_cluster, token=reader.token, pace=REVIEWED) as watched:
        await watched.until(lambda: _has_asked_for_a_review(breakable_cluster, reader, mark), seconds=20)

        await _assert_pods_can_be_taken_away_and_given_back(watched)


async def test_without_a_review_it_is_noticed_when_the_watch_is_opened_anew(
    breakable_cluster: Cluster,
) -> None:
    reader = a_reader(breakable_cluster)
    mark = breakable_cluster.audit_size_bytes()
    async with watching(breakable_cluster, token=reader.token, pace=UNREVIEWED) as watched:
        await _assert_pods_can_be_taken_away_and_given_back(watched)
    assert not _has_asked_for_a_review(breakable_cluster, reader, mark)


async def _assert_pods_can_be_taken_away_and_given_back(watched: Watched) -> None:
    cluster = watched.cluster
    await watched.until_all_is_live(seconds=30)
    await asyncio.to_thread(_reader_of_all_but_pods, cluster)
    await watched.until(lambda: _pods_are(watched, "refused"), seconds=20)
    assert {name for name, kind in watched.mirror.kinds.items() if kind.state != "live"} == {"Pod"}
    assert (watched.line.state, watched.mirror.kinds["Pod"].reason) == (LIVE, "forbidden_403")
    kept = dict(watched.mirror.objects("Pod"))
    await asyncio.to_thread(cluster.kubectl, "delete", "pod", "-n", "data", "-l", "app=store")
    assert kept and watched.mirror.objects("Pod") == kept, "the last picture is kept"

    await asyncio.to_thread(a_reader, cluster)

    await watched.until_all_is_live(seconds=45)
    assert not await watched.differences()
    _assert_totals_are_those_of_a_fresh_count(watched)
    _assert_changes_add_up(watched)


async def test_a_token_that_is_no_longer_good_is_said_as_such(breakable_cluster: Cluster) -> None:
    async with watching(breakable_cluster, token="no-such-token") as watched:
        await watched.until(lambda: watched.line.reason == "auth_401", seconds=15)
        assert watched.line.state != LIVE


@pytest.fixture(autouse=True)
def _the_second_cluster_answers(breakable_cluster: Cluster) -> None:
    breakable_cluster.check()


def _reader_of_all_but_pods(cluster: Cluster) -> Reader:
    """The same account, with one right less."""
    some = [kind for kind in all_kinds() if kind.name != "Pod"]
    return create_reader(cluster, reader_manifest(some))


def _has_asked_for_a_review(cluster: Cluster, reader: Reader, mark: int) -> bool:
    asked = cluster.rules_used(user=reader.user, from_byte=mark)
    return any(each.resource == "selfsubjectrulesreviews" and each.code == 201 for each in asked)


def _pods_are(watched: Watched, state: str) -> bool:
    return watched.mirror.kinds["Pod"].state == state


def _assert_all_of_churn_has_happened(churn: Churn, watched: Watched, *, mark: int) -> None:
    """The server has said yes to each act, and what follows from them has been seen to follow."""
    assert not churn.never_done(), f"seed {churn.seed}"
    asked = churn.cluster.rules_used(user="admin", from_byte=mark)
    done = {(each.verb, each.resource) for each in asked if each.code < 300}
    # Objects made by `kubectl apply --server-side` arrive as patches of what is not there yet.
    done |= {("create", each.resource) for each in asked if each.verb == "patch" and each.code == 201}
    assert done >= ASKED, f"seed {churn.seed}"
    gone = {change.kind for change in watched.changes if change.resource is None}
    assert gone >= {"Pod", "ReplicaSet", "Deployment", "StatefulSet", "Namespace", "Job"}, "deleted"
    nodes = {each.resource.reason for each in watched.changes if each.resource and each.kind == "Node"}
    assert len(nodes) > 1, "a node was lost"


def _names(watched: Watched, kind: str) -> set[str]:
    return {resource.name for resource in watched.mirror.objects(kind).values()}


def _assert_totals_are_those_of_a_fresh_count(watched: Watched) -> None:
    fresh = Mirror()
    fresh.restore(watched.mirror.everything())
    ours, theirs = watched.mirror.summary(), fresh.summary()
    assert (ours.nodes, ours.pods, ours.workloads) == (theirs.nodes, theirs.pods, theirs.workloads)
    assert ours.by_kind == theirs.by_kind
    assert (ours.nodes_ready, ours.node_strip) == (theirs.nodes_ready, theirs.node_strip)
    fresh.kinds = watched.mirror.kinds
    assert ours.cpu.requested_cores == pytest.approx(fresh.summary().cpu.requested_cores)
    assert ours.memory.requested_bytes == fresh.summary().memory.requested_bytes


def _assert_changes_add_up(watched: Watched) -> None:
    held = {(each.kind, each.uid): each for each in watched.mirror.everything()}
    replayed = watched.replayed()
    assert replayed.keys() == held.keys()
    # A new resourceVersion alone is no change, so the last change may carry an older one.
    versionless = {key: _without_version(each) for key, each in replayed.items()}
    assert versionless == {key: _without_version(each) for key, each in held.items()}


def _without_version(resource: Resource) -> Resource:
    return msgspec.structs.replace(resource, version="")
