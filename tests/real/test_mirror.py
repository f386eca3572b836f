"""The mirror of a real cluster is the cluster, through churn and through faults of every kind."""

import asyncio
import random

import msgspec
import pytest

from clusters.kinds import all_kinds
from clusters.mirror.line import LIVE, UNREACHABLE
from clusters.mirror.mirror import Mirror
from clusters.state.resource import Resource
from tests.real.churn import Churn
from tests.real.reading import Watched, a_reader, now_ms, reader_manifest, watching
from tests.real.rig.cluster import Cluster
from tests.real.rig.reader import create_reader

CHURN_SECONDS = 25.0


async def test_the_mirror_is_what_kubectl_gets_after_churn(breakable_cluster: Cluster) -> None:
    reader = a_reader(breakable_cluster)
    churn = Churn(breakable_cluster, seed=random.SystemRandom().randrange(10_000))
    mark = breakable_cluster.audit_size_bytes()
    async with watching(breakable_cluster, token=reader.token) as watched:
        await watched.until_live(seconds=15)
        await asyncio.to_thread(churn.run, seconds=CHURN_SECONDS, acts_a_second=4)

        assert not await watched.differences(), f"churn seed {churn.seed}"
        _assert_totals_are_those_of_a_fresh_count(watched)
        _assert_changes_add_up(watched)

    asked = breakable_cluster.rules_used(user=reader.user, from_byte=mark)
    assert not [each for each in asked if each.is_refused]
    assert {(each.verb, each.resource) for each in asked} >= {
        (verb, kind.plural) for verb in ("list", "watch") for kind in all_kinds()
    }


async def test_a_frozen_server_is_said_within_30_s_and_live_again_soon(breakable_cluster: Cluster) -> None:
    reader = a_reader(breakable_cluster)
    async with watching(breakable_cluster, token=reader.token) as watched:
        await watched.until_live(seconds=15)

        breakable_cluster.freeze()
        await watched.until(lambda: watched.line.state == UNREACHABLE, seconds=30)
        assert watched.line.reason == "timeout"
        assert watched.line.since_ms is not None
        assert watched.line.next_try_at_ms is not None
        assert len(watched.mirror), "the last picture is kept"

        breakable_cluster.thaw()
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
        await watched.until_live(seconds=15)

        await asyncio.to_thread(cluster.stop_api_server)
        await watched.until(lambda: watched.line.state == UNREACHABLE, seconds=30)
        assert watched.line.reason == "refused"
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
        await watched.until(lambda: _names(watched, "Namespace") >= {name}, seconds=10)

        await asyncio.to_thread(cluster.restore_etcd, "before")

        await watched.until(lambda: name not in _names(watched, "Namespace"), seconds=65)
        await watched.until_all_is_live(seconds=30)
        assert not await watched.differences()
        _assert_totals_are_those_of_a_fresh_count(watched)
        _assert_changes_add_up(watched)


async def test_a_right_taken_away_refuses_one_kind_and_given_back_it_is_live(
    breakable_cluster: Cluster,
) -> None:
    some = [kind for kind in all_kinds() if kind.name != "Pod"]
    reader = create_reader(breakable_cluster, reader_manifest(some))
    async with watching(breakable_cluster, token=reader.token) as watched:
        await watched.until(lambda: watched.mirror.kinds["Pod"].state == "refused", seconds=15)
        await watched.until_live(seconds=15)
        assert watched.mirror.kinds["Pod"].reason == "forbidden_403"
        assert watched.mirror.summary().cpu.requested_cores is None, "unknown is not zero"

        await asyncio.to_thread(a_reader, breakable_cluster)

        await watched.until(lambda: watched.mirror.kinds["Pod"].state == "live", seconds=45)
        assert watched.mirror.summary().cpu.requested_cores
        assert not await watched.differences()


async def test_a_token_that_is_no_longer_good_is_said_as_such(breakable_cluster: Cluster) -> None:
    async with watching(breakable_cluster, token="no-such-token") as watched:
        await watched.until(lambda: watched.line.reason == "auth_401", seconds=15)
        assert watched.line.state != LIVE


@pytest.fixture(autouse=True)
def _the_second_cluster_answers(breakable_cluster: Cluster) -> None:
    breakable_cluster.check()


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
