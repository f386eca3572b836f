"""Whatever is lost between worker and page is found again: races held open, gaps, the journal."""

import asyncio
import threading
from collections.abc import Callable
from functools import partialmethod
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from clusters.access.models import Grant
from clusters.models import Cluster, ClusterState
from metrics.live import frames, hub, line
from metrics.live.codes import NOT_FOUND
from metrics.live.rows import CardReader
from tests.builders import a_cluster, a_team, a_user, an_admin, granted
from tests.metrics.journal.builders import gone, seen
from tests.metrics.live.builders import a_frame
from tests.metrics.live.pages import a_page, cookie_of
from tests.metrics.live.valkey import Valkey
from tests.metrics.rows import write_entry


class Held:
    """A function that does its work, then waits with the answer until it is let go."""

    def __init__(self, function: Callable[..., Any], *, calls_before: int = 0) -> None:
        self._function = function
        self._calls_before = calls_before
        self.has_read = threading.Event()
        self.may_answer = threading.Event()

    def __call__(self, *args: Any) -> Any:
        answer = self._function(*args)
        if self._calls_before:
            self._calls_before -= 1
            return answer
        self.has_read.set()
        assert self.may_answer.wait(10)
        return answer


async def tell(valkey: Valkey, frame: frames.Frame) -> int:
    """Publish one frame as a worker does; how many listened."""
    return await asyncio.to_thread(valkey.publish, frames.CHANNEL, frames.encode_frames([frame]))


async def test_what_changes_while_the_rows_are_read_is_not_lost(
    port: int, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = await sync_to_async(a_cluster)("prod-eu")
    cookie = await cookie_of(await sync_to_async(an_admin)())
    held = Held(CardReader.read)
    monkeypatch.setattr(CardReader, "read", partialmethod(held))
    async with a_page(port, "/ws/clusters/prod-eu/", cookie) as page:
        assert await asyncio.to_thread(held.has_read.wait, 5)
        listeners = await tell(valkey, a_frame(cluster, 2))
        held.may_answer.set()
        got = await page.until(lambda message: message["place"] == "1.2", seconds=3)

    assert listeners == 1, "the hub listens before it reads"
    assert got["cluster"]["place"] == "1.2"


async def test_access_that_is_taken_away_while_it_is_read_is_not_given(
    port: int, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster, user = await sync_to_async(a_cluster)("prod-eu"), await sync_to_async(a_user)()
    grant = await sync_to_async(lambda: granted(a_team(user), cluster))()
    cookie = await cookie_of(user)
    held = Held(line.read_sight, calls_before=1)
    monkeypatch.setattr(line, "read_sight", held)
    async with a_page(port, "/ws/clusters/prod-eu/", cookie) as page:
        assert await asyncio.to_thread(held.has_read.wait, 5)
        await asyncio.to_thread(_in_own_thread, lambda: Grant.objects.filter(pk=grant.pk).first().delete())
        held.may_answer.set()

        assert await page.close_code(seconds=2) == NOT_FOUND


async def test_what_a_page_missed_comes_from_the_journal_and_then_from_the_frames(
    port: int, valkey: Valkey
) -> None:
    cluster = await sync_to_async(a_cluster)("prod-eu", state={"number": 7})
    await sync_to_async(_write_steps)(cluster)
    cookie = await cookie_of(await sync_to_async(an_admin)())
    async with a_page(port, "/ws/clusters/prod-eu/", cookie) as page:
        picture = await page.next()
        await tell(valkey, a_frame(cluster, 8))
        await page.next()
        await page.socket.send('{"type":"since","place":"1.4"}')
        missed, tail = await page.next(), await page.next()
        await page.socket.send('{"type":"since","place":"1.1"}')
        unknown = await page.next()

    assert picture["place"] == "1.7"
    assert (missed["type"], missed["since"], missed["place"]) == ("changes", "1.4", "1.7")
    told = [change.get("uid") or change["resource"]["uid"] for change in missed["changes"]]
    assert told == ["b", "a", "c"]
    assert [change["op"] for change in missed["changes"]] == ["set", "gone", "set"]
    assert (tail["type"], tail["place"]) == ("frame", "1.8")
    assert unknown["type"] == "picture", "the journal begins later: a gap"


async def test_a_frame_that_redis_lost_comes_from_the_journal_with_the_rows(
    port: int, valkey: Valkey
) -> None:
    cluster = await sync_to_async(a_cluster)("prod-eu", state={"number": 4})
    cookie = await cookie_of(await sync_to_async(an_admin)())
    async with a_page(port, "/ws/clusters/prod-eu/", cookie) as page:
        await page.next()
        await sync_to_async(_write_steps)(cluster)
        await sync_to_async(ClusterState.objects.filter(cluster=cluster).update)(number=7)
        await asyncio.to_thread(valkey.publish, "topmast:clusters", '{"cluster":null}')
        healed = await page.next(seconds=3)

    assert (healed["type"], healed["since"], healed["place"]) == ("changes", "1.4", "1.7")


async def test_rows_are_read_again_though_redis_seems_well(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "HEAL_SECONDS", (0.2, 0.3))
    monkeypatch.setattr(hub, "POLL_SECONDS", 0.2)
    cluster = await sync_to_async(a_cluster)("prod-eu")
    cookie = await cookie_of(await sync_to_async(an_admin)())
    async with a_page(port, "/ws/fleet/", cookie) as page:
        await page.next()
        await sync_to_async(ClusterState.objects.filter(cluster=cluster).update)(number=9, health="critical")
        healed = await page.next(seconds=3)

    assert healed["fleet"]["clusters"]["critical"] == 1


async def test_a_pause_shows_though_it_has_no_number(port: int, valkey: Valkey) -> None:
    cluster = await sync_to_async(a_cluster)("prod-eu")
    cookie = await cookie_of(await sync_to_async(an_admin)())
    async with (
        a_page(port, "/ws/clusters/prod-eu/", cookie) as page,
        a_page(port, "/ws/fleet/", cookie) as fleet,
    ):
        await page.next()
        await fleet.next()
        await sync_to_async(ClusterState.objects.filter(cluster=cluster).update)(
            health="silenced", connection="paused"
        )
        await asyncio.to_thread(valkey.publish, "topmast:clusters", f'{{"cluster":"{cluster.uuid}"}}')
        touched, card = await page.next(seconds=3), await fleet.next(seconds=3)

    assert (touched["type"], touched["place"], touched["changes"]) == ("frame", "1.1", [])
    assert touched["cluster"]["connection"]["state"] == "paused"
    assert card["fleet"]["clusters"]["silenced"] == 1


async def test_a_new_name_reaches_open_pages(port: int, valkey: Valkey) -> None:
    cluster = await sync_to_async(a_cluster)("prod-eu")
    cookie = await cookie_of(await sync_to_async(an_admin)())
    async with a_page(port, "/ws/clusters/prod-eu/", cookie) as page:
        await page.next()
        await sync_to_async(_rename)(cluster, "prod-west")
        renamed = await page.until(lambda message: message["type"] == "picture", seconds=3)

    assert renamed["name"] == {"slug": "prod-west", "name": "prod-west", "labels": {}}


async def test_a_removed_cluster_closes_its_pages(port: int, valkey: Valkey) -> None:
    cluster = await sync_to_async(a_cluster)("prod-eu")
    cookie = await cookie_of(await sync_to_async(an_admin)())
    async with a_page(port, "/ws/clusters/prod-eu/", cookie) as page:
        await page.next()
        await sync_to_async(cluster.delete)()

        assert await page.close_code(seconds=3) == NOT_FOUND


@pytest.mark.parametrize("channel", [frames.CHANNEL, "topmast:access", "topmast:clusters"])
async def test_what_is_none_of_ours_on_redis_disturbs_nobody(port: int, valkey: Valkey, channel: str) -> None:
    cluster = await sync_to_async(a_cluster)("prod-eu")
    cookie = await cookie_of(await sync_to_async(an_admin)())
    async with a_page(port, "/ws/clusters/prod-eu/", cookie) as page:
        await page.next()
        for payload in (b"", b"\xff\xfe", b"[]", b'{"users":[[]]}', b'{"users":"x"}', b"7"):
            await asyncio.to_thread(valkey.publish, channel, payload)
        await tell(valkey, a_frame(cluster, 2))

        assert (await page.until(lambda message: message["place"] == "1.2"))["type"] == "frame"


def _write_steps(cluster: Cluster) -> None:
    write_entry(cluster, 5, 5_000, [seen("b")])
    write_entry(cluster, 6, 6_000, [gone("a"), seen("c")], last=7)


def _rename(cluster: Cluster, name: str) -> None:
    cluster.slug = cluster.name = name
    cluster.save()


def _in_own_thread(work: Callable[[], object]) -> None:
    """Database work while the thread that all sockets share is held; its connection is closed after it."""
    from django.db import connection

    try:
        work()
    finally:
        connection.close()
