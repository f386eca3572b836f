"""One cluster being read, against a simulated API server with everything going wrong."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from clusters.mirror.mirror import Mirror
from clusters.mirror.reading import Pace
from clusters.mirror.rights import REVIEW
from tests.clusters.mirror.readings import observed
from tests.simulated import SimulatedCluster, simulated


@pytest.fixture(scope="module")
def shared() -> Iterator[SimulatedCluster]:
    with simulated("tiny", frozen=30, bookmark_seconds=1) as cluster:
        yield cluster


@pytest.fixture
def cluster(shared: SimulatedCluster) -> Iterator[SimulatedCluster]:
    shared.control.clear()
    yield shared
    shared.control.clear()


def a_change(cluster: SimulatedCluster, namespace: str = "shop") -> None:
    """Something that every watch of pods must notice."""
    cluster.control.step("crash_loop", namespace=namespace, name="web")


async def test_the_first_lists_make_the_mirror_true(cluster: SimulatedCluster) -> None:
    async with observed(cluster) as seen:
        await seen.until_live(seconds=5)

        assert await seen.until_true_to(seconds=2) < 2
        assert seen.reading.mirror.version == "v1.36.3"
        assert len(seen.changes) == len(seen.reading.mirror)


async def test_what_changes_arrives_without_a_new_list(cluster: SimulatedCluster) -> None:
    async with observed(cluster) as seen:
        await seen.until_live(seconds=5)
        asked = seen.reading.connection.requests_sent
        a_change(cluster)
        cluster.control.step("scale", namespace="shop", name="api", replicas=5)

        await seen.until_true_to(seconds=3)

        assert seen.reading.connection.requests_sent == asked


async def test_a_mirror_that_is_restored_goes_on_from_its_versions(cluster: SimulatedCluster) -> None:
    async with observed(cluster) as first:
        await first.until_live(seconds=5)
        await first.until_true_to(seconds=3)
    a_change(cluster)
    mirror = Mirror()
    mirror.restore(first.reading.mirror.everything())

    async with observed(cluster, versions=first.reading.versions(), mirror=mirror) as second:
        await second.until_live(seconds=5)
        await second.until_true_to(seconds=3)

        lists = second.reading.connection.requests_sent - len(second.reading.followers)
        assert lists <= 2, "a probe, and a look at how new the server is, but no list"


async def test_versions_that_the_server_no_longer_keeps_are_listed_anew(cluster: SimulatedCluster) -> None:
    async with observed(cluster) as seen:
        await seen.until_live(seconds=5)
        a_change(cluster)
        cluster.control.step("expire_history")
        cluster.control.fault("watch_gone", times=1, resource="pods")
        for follower in seen.reading.followers:
            follower.close()

        await seen.until_true_to(seconds=10)
        await seen.until_live(seconds=10)


async def test_a_cluster_put_back_in_time_is_read_anew(cluster: SimulatedCluster) -> None:
    with simulated("tiny", frozen=30, bookmark_seconds=1) as lonely:
        async with observed(lonely) as seen:
            await seen.until_live(seconds=5)
            await seen.until_true_to(seconds=3)
            lonely.control.fault("refuse")
            await seen.until(lambda: seen.reading.line.state == "unreachable", seconds=10, what="unreachable")
            lonely.control.step("restore")
            lonely.control.clear()

            await seen.until_live(seconds=30)
            await seen.until_true_to(seconds=10)


async def test_a_right_taken_away_is_said_and_the_rest_stays_live(cluster: SimulatedCluster) -> None:
    cluster.control.fault("forbidden", resource="jobs")
    async with observed(cluster) as seen:
        await seen.until_live(seconds=5)

        state = seen.reading.mirror.kinds["Job"]
        assert (state.state, state.reason) == ("refused", "forbidden_403")
        assert seen.reading.mirror.kinds["Pod"].state == "live"


async def test_a_right_taken_away_is_said_while_its_watch_is_open(cluster: SimulatedCluster) -> None:
    quick = Pace(probe_seconds=0.3, deadline_seconds=2.0, review_seconds=0.5)
    async with observed(cluster, pace=quick) as seen:
        await seen.until_live(seconds=5)
        kinds = seen.reading.mirror.kinds
        pods = len(seen.reading.mirror.objects("Pod"))
        asked = seen.reading.connection.requests_sent
        await seen.until(
            lambda: seen.reading.connection.requests_sent >= asked + 2, seconds=5, what="reviewed"
        )

        cluster.control.step("revoke", group="", resource="pods")
        try:
            await seen.until(lambda: kinds["Pod"].state == "refused", seconds=5, what="refused")
            assert {name for name, kind in kinds.items() if kind.state == "refused"} == {"Pod"}
            assert kinds["Pod"].reason == "forbidden_403"
            assert len(seen.reading.mirror.objects("Pod")) == pods, "the last picture is kept"
            assert seen.reading.line.state == "live"
        finally:
            cluster.control.step("grant", group="", resource="pods")
        a_change(cluster)

        await seen.until(lambda: kinds["Pod"].state == "live", seconds=20, what="live")
        await seen.until_true_to(seconds=5)


@pytest.mark.parametrize(
    "fault",
    [
        {"name": "forbidden", "path": REVIEW},
        {"name": "status", "code": 404, "path": REVIEW},
        {"name": "status", "code": 500, "path": REVIEW},
        {"name": "other_json", "path": REVIEW},
        {"name": "gzip_bomb", "path": REVIEW},
    ],
    ids=lambda fault: f"{fault['name']}-{fault.get('code', '')}",
)
async def test_a_server_without_a_review_of_rights_is_read_all_the_same(
    cluster: SimulatedCluster, fault: dict[str, Any]
) -> None:
    cluster.control.fault(**fault)
    quick = Pace(probe_seconds=0.2, deadline_seconds=2.0, review_seconds=0.0)
    async with observed(cluster, pace=quick) as seen:
        await seen.until_live(seconds=5)
        asked = seen.reading.connection.requests_sent

        await seen.until(
            lambda: seen.reading.connection.requests_sent >= asked + 10, seconds=10, what="probed"
        )

        assert seen.reading.line.state == "live"
        assert {kind.state for kind in seen.reading.mirror.kinds.values()} == {"live"}
        assert seen.reading.connection.requests_sent - asked < 14, "probes alone"


async def test_one_bad_object_costs_itself_and_is_named(cluster: SimulatedCluster) -> None:
    cluster.control.fault("bad_object", resource="pods", verb="list", times=1)
    async with observed(cluster) as seen:
        await seen.until_live(seconds=5)

        state = seen.reading.mirror.kinds["Pod"]
        assert state.skipped == 1
        assert state.skipped_key


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"name": "refuse"}, {"refused"}),
        ({"name": "accept_silent"}, {"timeout", "protocol"}),
        ({"name": "freeze"}, {"timeout"}),
        ({"name": "status", "code": 503}, {"server_5xx"}),
        ({"name": "unauthorized"}, {"auth_401"}),
        ({"name": "throttle"}, {"throttled_429"}),
        ({"name": "html"}, {"not_kubernetes"}),
        ({"name": "redirect"}, {"not_kubernetes"}),
        ({"name": "other_json"}, {"not_kubernetes"}),
        ({"name": "truncated"}, {"protocol", "not_kubernetes"}),
        ({"name": "many_headers"}, {"protocol"}),
        ({"name": "drip_headers"}, {"timeout"}),
        ({"name": "reset"}, {"protocol"}),
    ],
    ids=lambda value: value["name"] if isinstance(value, dict) else "",
)
async def test_a_cluster_that_cannot_be_read_says_so_and_comes_back(
    cluster: SimulatedCluster, fault: dict[str, Any], reason: set[str]
) -> None:
    async with observed(cluster) as seen:
        await seen.until_live(seconds=5)
        cluster.control.fault(**fault)
        asked = time.monotonic()

        await seen.until(lambda: seen.reading.line.state == "unreachable", seconds=30, what="unreachable")
        line = seen.reading.line
        assert line.reason in reason
        assert line.next_try_at_ms is not None and line.since_ms is not None
        assert len(seen.reading.mirror) > 0, "the last picture is kept"

        cluster.control.clear()
        a_change(cluster)
        wait_seconds = max(0.0, (line.next_try_at_ms - time.time() * 1000) / 1000)
        await seen.until_live(seconds=wait_seconds + 15)
        await seen.until_true_to(seconds=15)
        assert time.monotonic() - asked < 75


async def test_a_frozen_api_server_is_told_from_a_quiet_one_within_half_a_minute(
    cluster: SimulatedCluster,
) -> None:
    async with observed(cluster, pace=Pace()) as seen:
        await seen.until_live(seconds=5)
        cluster.control.fault("freeze")

        await seen.until(lambda: seen.reading.line.state == "unreachable", seconds=30, what="unreachable")

        assert seen.reading.line.reason == "timeout"
        cluster.control.clear()
        await seen.until_live(seconds=15)


async def test_a_cluster_that_tells_something_all_the_time_is_asked_all_the_same(
    cluster: SimulatedCluster,
) -> None:
    async with observed(cluster, pace=Pace(probe_seconds=1.0, deadline_seconds=2.0)) as seen:
        await seen.until_live(seconds=5)
        asked, began = seen.reading.connection.requests_sent, time.monotonic()
        while time.monotonic() - began < 6:
            a_change(cluster)
            await asyncio.sleep(0.2)

        assert 4 <= seen.reading.connection.requests_sent - asked <= 8, "once a second"
        cluster.control.fault("status", code=401, path="/version")
        while time.monotonic() - began < 12 and seen.reading.line.state == "live":
            a_change(cluster)
            await asyncio.sleep(0.2)
        assert seen.reading.line.reason == "auth_401"


@pytest.mark.parametrize(
    "fault",
    [
        "watch_garbage", "watch_blank_lines", "watch_half_event", "watch_closed", "watch_flood",
        "watch_unknown_type", "watch_wrong_kind", "watch_twice", "watch_backwards", "watch_unknown_deleted",
        "watch_gone", "watch_no_bookmarks", "watch_bookmarks_only",
    ],
)  # fmt: skip
async def test_whatever_a_watch_says_the_mirror_is_true_in_the_end(
    cluster: SimulatedCluster, fault: str
) -> None:
    async with observed(cluster) as seen:
        await seen.until_live(seconds=5)
        cluster.control.fault(fault, resource="pods")
        for follower in seen.reading.followers:
            follower.close()
        await asyncio.sleep(2)
        sent = seen.reading.connection.requests_sent
        a_change(cluster)
        await asyncio.sleep(2)
        assert seen.reading.connection.requests_sent - sent < 15, "no storm of requests"

        cluster.control.clear()
        for follower in seen.reading.followers:
            follower.end_if_silent(time.monotonic() + 100)  # As if the silence had lasted.
        await seen.until_true_to(seconds=20)
        await seen.until_live(seconds=20)


@pytest.mark.parametrize(
    "fault", ["gzip_bomb", "deep", "not_a_number", "duplicate_keys", "byte_order_mark", "gone"]
)
async def test_a_list_that_lies_is_tried_again_until_it_is_true(
    cluster: SimulatedCluster, fault: str
) -> None:
    cluster.control.fault(fault, resource="pods", verb="list")
    async with observed(cluster) as seen:
        await seen.until(
            lambda: seen.reading.mirror.kinds["Node"].state == "live", seconds=10, what="the other kinds live"
        )
        await asyncio.sleep(1)
        cluster.control.clear()

        await seen.until_live(seconds=20)
        await seen.until_true_to(seconds=5)


async def test_an_object_that_was_left_out_is_read_when_it_is_whole_again(cluster: SimulatedCluster) -> None:
    cluster.control.fault("bad_utf8", resource="pods", verb="list")
    async with observed(cluster) as seen:
        await seen.until_live(seconds=5)
        assert seen.reading.mirror.kinds["Pod"].skipped == 1
        cluster.control.clear()
        watches = len(seen.reading.followers)
        await seen.until(
            lambda: cluster.control.connections()[cluster.name]["watches"] >= watches,
            seconds=10,
            what="watched",
        )
        for follower in seen.reading.followers:
            follower.close()  # As when a watch has lasted its minutes.

        await seen.until_true_to(seconds=15)
        assert seen.reading.mirror.kinds["Pod"].skipped == 0


async def test_a_line_without_end_is_cut_off(cluster: SimulatedCluster) -> None:
    async with observed(cluster) as seen:
        await seen.until_live(seconds=5)
        cluster.control.fault("watch_endless_line", resource="pods", times=1)
        for follower in seen.reading.followers:
            follower.close()

        await asyncio.sleep(3)
        cluster.control.clear()
        a_change(cluster)
        await seen.until_true_to(seconds=20)


async def test_a_sick_cluster_delays_no_other() -> None:
    """Two processes: a simulator that plays a flood has no time for its other clusters."""
    with (
        simulated("tiny", frozen=30, bookmark_seconds=1) as sick,
        simulated("tiny", frozen=30, bookmark_seconds=1) as well,
    ):
        async with observed(sick) as ill, observed(well) as fit:
            await ill.until_live(seconds=5)
            await fit.until_live(seconds=5)
            for fault in ("watch_flood", "drip_body", "gzip_bomb", "accept_silent"):
                sick.control.fault(fault)
                for follower in ill.reading.followers:
                    follower.close()
                a_deletion(well)
                took = await fit.until_true_to(seconds=3)
                assert took < 1.5, f"delayed by {took:.1f} s under {fault}"
                sick.control.clear()


def a_deletion(cluster: SimulatedCluster) -> None:
    pod = next(one for one in cluster.control.objects("Pod"))
    metadata = pod["metadata"]
    cluster.control.delete("Pod", metadata["namespace"], metadata["name"])


async def test_a_kind_whose_first_list_fails_does_not_keep_the_cluster_from_being_live(
    cluster: SimulatedCluster,
) -> None:
    cluster.control.fault("status", code=503, resource="jobs", verb="list")
    async with observed(cluster) as seen:
        await seen.until_live(seconds=5)
        assert seen.reading.mirror.kinds["Job"].state == "unread"
        cluster.control.clear()

        await seen.until_true_to(seconds=10)
        assert seen.reading.mirror.kinds["Job"].state == "live"
