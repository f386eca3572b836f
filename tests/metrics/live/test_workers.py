"""Open pages are told when the last worker is gone, and when one is back."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.db import connection

from clusters.state.picture import iso
from tests.builders import a_cluster, a_worker, an_admin
from tests.metrics.live.pages import Page, a_page, cookie_of

PATHS = ("/ws/fleet/", "/ws/clusters/prod-eu/")
a_worker_soon = sync_to_async(a_worker)


@pytest_asyncio.fixture(params=PATHS)
async def page(port: int, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    """An open page of either socket; no worker has started yet."""
    await sync_to_async(a_cluster)("prod-eu")
    async with a_page(port, request.param, await cookie_of(await sync_to_async(an_admin)())) as page:
        yield page


async def test_the_first_picture_is_followed_by_whether_anything_is_read(page: Page) -> None:
    async with asyncio.timeout(1):
        first, second = [json.loads(await page.socket.recv()) for _ in range(2)]

    assert first["type"] == "picture"
    assert (second["type"], second["reading"], second["worker_seen_at"]) == ("heartbeat", False, None)


async def test_a_page_is_told_when_the_last_worker_is_gone_and_when_one_is_back(page: Page) -> None:
    await a_worker_soon()
    await page.beat(reading=True)
    seen_at_ms = await a_worker_soon(seconds_ago=31)
    gone = await page.beat(reading=False)
    back_at_ms = await a_worker_soon()
    back = await page.beat(reading=True)

    assert gone["worker_seen_at"] == iso(seen_at_ms)
    assert back["worker_seen_at"] == iso(back_at_ms)


async def test_a_page_is_told_also_while_the_database_is_silent(page: Page) -> None:
    """Nobody writes that a worker died: the clock alone tells."""
    await a_worker_soon(seconds_ago=27)
    await page.beat(reading=True)
    await sync_to_async(_rename)("metrics_processseen", "away")
    try:
        await page.beat(reading=False, seconds=8)
    finally:
        await sync_to_async(_rename)("away", "metrics_processseen")


def _rename(table: str, name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO {name}")
