"""Pages on a real web process with a real Valkey."""

import asyncio

import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.models import Session
from websockets.exceptions import InvalidStatus

from clusters.access.models import Grant, User
from clusters.access.tokens import make_token, revoke_token
from clusters.models import Cluster, ClusterState
from clusters.wakeups import ACCESS_CHANNEL
from metrics.live import frames
from metrics.live.codes import NOT_FOUND, NOT_UNDERSTOOD, SIGNED_OUT, TOO_MANY
from metrics.live.hub import now_ms
from tests.builders import a_cluster, a_team, a_user, an_admin, granted
from tests.metrics.live.builders import a_frame
from tests.metrics.live.pages import a_page, cookie_of
from tests.metrics.live.valkey import Valkey

a_cluster_soon = sync_to_async(a_cluster)
an_admin_soon = sync_to_async(an_admin)


async def tell(valkey: Valkey, frame: frames.Frame) -> None:
    """Publish one frame as a worker does."""
    await asyncio.to_thread(valkey.publish, frames.CHANNEL, frames.encode_frames([frame]))


async def test_a_fleet_page_gets_the_picture_and_then_what_changed(port: int, valkey: Valkey) -> None:
    cluster = await a_cluster_soon("prod-eu")
    cookie = await cookie_of(await an_admin_soon())
    async with a_page(port, "/ws/fleet/", cookie) as page:
        picture = await page.next()
        await tell(valkey, a_frame(cluster, 2, health="critical"))
        frame = await page.next()

    assert picture["type"] == "picture"
    assert picture["names"] == {str(cluster.uuid): {"slug": "prod-eu", "name": "prod-eu", "labels": {}}}
    assert [card["id"] for card in picture["clusters"]] == [str(cluster.uuid)]
    assert picture["fleet"]["clusters"]["healthy"] == 1
    assert frame["clusters"][0]["health"] == "critical"
    assert frame["fleet"]["clusters"]["critical"] == 1


async def test_a_cluster_page_gets_a_thousand_frames_in_order(port: int, valkey: Valkey) -> None:
    cluster = await a_cluster_soon("prod-eu")
    cookie = await cookie_of(await an_admin_soon())
    made = [frames.encode_frames([a_frame(cluster, number)]) for number in range(2, 1_002)]

    def publish_all() -> None:
        for payload in made:
            valkey.publish(frames.CHANNEL, payload)

    async with a_page(port, "/ws/clusters/prod-eu/", cookie) as page:
        picture = await page.next()
        publishing = asyncio.create_task(asyncio.to_thread(publish_all))
        places = [(await page.next())["place"] for _ in range(1_000)]
        await publishing

    assert picture["place"] == "1.1"
    assert places == [f"1.{number}" for number in range(2, 1_002)]


async def test_everybody_sees_only_what_their_team_may_see(port: int, valkey: Valkey) -> None:
    ours, theirs = await a_cluster_soon("ours"), await a_cluster_soon("theirs")
    alice, bob, charlie = [await sync_to_async(a_user)(name) for name in ("alice", "bob", "charlie")]
    await sync_to_async(lambda: granted(a_team(alice), ours))()
    await sync_to_async(lambda: granted(a_team(bob), theirs))()
    seen = {}
    for user in (alice, bob, charlie):
        async with a_page(port, "/ws/fleet/", await cookie_of(user)) as page:
            picture = await page.next()
            await tell(valkey, a_frame(ours, 2 + user.pk))
            await tell(valkey, a_frame(theirs, 2 + user.pk))
            told = set()
            if user != charlie:
                frame = await page.next()
                told = {card["id"] for card in frame["clusters"]}
            seen[user.username] = ({card["id"] for card in picture["clusters"]}, told)
            assert picture["fleet"]["clusters"]["total"] == len(picture["clusters"])
            with pytest.raises(TimeoutError):
                await page.next(seconds=0.3)

    assert seen["alice"] == ({str(ours.uuid)}, {str(ours.uuid)})
    assert seen["bob"] == ({str(theirs.uuid)}, {str(theirs.uuid)})
    assert seen["charlie"] == (set(), set())


async def test_a_stranger_to_a_cluster_is_told_it_does_not_exist(port: int) -> None:
    await a_cluster_soon("prod-eu")
    cookie = await cookie_of(await sync_to_async(a_user)())
    async with a_page(port, "/ws/clusters/prod-eu/", cookie) as page:
        hidden = await page.close_code()
    async with a_page(port, "/ws/clusters/no-such/", cookie) as page:
        missing = await page.close_code()

    assert hidden == missing == NOT_FOUND


async def test_nobody_is_told_to_sign_in(port: int) -> None:
    async with a_page(port, "/ws/fleet/") as page:
        assert await page.close_code() == SIGNED_OUT


async def test_taking_away_access_closes_the_socket_within_two_seconds(port: int, valkey: Valkey) -> None:
    cluster, user = await a_cluster_soon("prod-eu"), await sync_to_async(a_user)()
    grant = await sync_to_async(lambda: granted(a_team(user), cluster))()
    async with a_page(port, "/ws/clusters/prod-eu/", await cookie_of(user)) as page:
        await page.next()
        await sync_to_async(Grant.delete)(grant)

        assert await page.close_code(seconds=2) == NOT_FOUND


async def test_taking_away_access_is_noticed_without_redis_too(port: int, valkey: Valkey) -> None:
    cluster, user = await a_cluster_soon("prod-eu"), await sync_to_async(a_user)()
    grant = await sync_to_async(lambda: granted(a_team(user), cluster))()
    async with a_page(port, "/ws/clusters/prod-eu/", await cookie_of(user)) as page:
        await page.next()
        valkey.kill()
        await sync_to_async(Grant.delete)(grant)

        assert await page.close_code(seconds=2) == NOT_FOUND


async def test_a_fleet_page_loses_a_cluster_it_may_no_longer_see(port: int, valkey: Valkey) -> None:
    kept, lost = await a_cluster_soon("kept"), await a_cluster_soon("lost")
    user = await sync_to_async(a_user)()
    grants = await sync_to_async(lambda: [granted(a_team(user), kept), granted(a_team(user), lost)])()
    async with a_page(port, "/ws/fleet/", await cookie_of(user)) as page:
        before = await page.next()
        await sync_to_async(Grant.delete)(grants[1])
        after = await page.until(lambda message: message["type"] == "picture", seconds=2)

    assert set(before["names"]) == {str(kept.uuid), str(lost.uuid)}
    assert set(after["names"]) == {str(kept.uuid)}
    assert after["fleet"]["clusters"]["total"] == 1


async def test_the_twenty_first_socket_of_a_user_is_refused(port: int) -> None:
    cookie = await cookie_of(await an_admin_soon())
    open_pages = [a_page(port, "/ws/fleet/", cookie) for _ in range(21)]
    pages = [await page.__aenter__() for page in open_pages]
    try:
        for page in pages[:20]:
            assert (await page.next())["type"] == "picture"

        assert await pages[20].close_code() == TOO_MANY
    finally:
        for page in open_pages:
            await page.__aexit__(None, None, None)


@pytest.mark.parametrize("said", ["{}", "hello", '{"type":"since"}', '{"type":"shout"}', "[" * 2_000])
async def test_a_message_that_is_none_of_ours_ends_the_socket(port: int, said: str) -> None:
    await a_cluster_soon("prod-eu")
    cookie = await cookie_of(await an_admin_soon())
    async with a_page(port, "/ws/clusters/prod-eu/", cookie) as page:
        await page.next()
        await page.socket.send(said)

        assert await page.close_code() == NOT_UNDERSTOOD


async def test_a_flood_of_messages_ends_the_socket(port: int) -> None:
    await a_cluster_soon("prod-eu")
    cookie = await cookie_of(await an_admin_soon())
    async with a_page(port, "/ws/clusters/prod-eu/", cookie) as page:
        await page.next()
        for _ in range(100):
            await page.socket.send('{"type":"since","place":"1.1"}')

        assert await page.close_code() == TOO_MANY


async def test_rows_heal_what_redis_lost(port: int, valkey: Valkey) -> None:
    cluster = await a_cluster_soon("prod-eu")
    cookie = await cookie_of(await an_admin_soon())
    async with a_page(port, "/ws/fleet/", cookie) as page:
        await page.next()
        valkey.kill()
        await sync_to_async(_move)(cluster, 9, "critical")
        healed = await page.until(lambda message: bool(message["clusters"]), seconds=5)

    assert healed["clusters"][0]["health"] == "critical"
    assert healed["clusters"][0]["place"] == "1.9"


async def test_frames_flow_again_when_redis_is_back(port: int, valkey: Valkey) -> None:
    cluster = await a_cluster_soon("prod-eu")
    cookie = await cookie_of(await an_admin_soon())
    async with a_page(port, "/ws/clusters/prod-eu/", cookie) as page:
        await page.next()
        valkey.kill()
        await sync_to_async(_move)(cluster, 5, "degraded")
        healed = await page.until(lambda message: message["place"] == "1.5", seconds=5)
        valkey.start()
        while not await asyncio.to_thread(valkey.publish, "topmast:frames", b"probe"):
            await asyncio.sleep(0.05)
        await tell(valkey, a_frame(cluster, 6))
        frame = await page.until(lambda message: message["type"] == "frame", seconds=5)

    assert healed["type"] == "picture", "the journal holds nothing of it, so the page reads anew"
    assert frame["place"] == "1.6"


async def test_a_lost_frame_is_healed_by_the_next(port: int, valkey: Valkey) -> None:
    cluster = await a_cluster_soon("prod-eu")
    cookie = await cookie_of(await an_admin_soon())
    async with a_page(port, "/ws/clusters/prod-eu/", cookie) as page:
        await page.next()
        await tell(valkey, a_frame(cluster, 2))
        assert (await page.next())["place"] == "1.2"
        await tell(valkey, a_frame(cluster, 4))
        healed = await page.next()

    assert (healed["type"], healed["place"]) == ("picture", "1.4")


async def test_a_page_that_asks_gets_what_followed_a_place(port: int, valkey: Valkey) -> None:
    cluster = await a_cluster_soon("prod-eu")
    cookie = await cookie_of(await an_admin_soon())
    async with a_page(port, "/ws/clusters/prod-eu/", cookie) as page:
        await page.next()
        for number in (2, 3, 4):
            await tell(valkey, a_frame(cluster, number))
            await page.next()
        await page.socket.send('{"type":"since","place":"1.2"}')
        again = [await page.next(), await page.next()]
        await page.socket.send('{"type":"since","place":"1.4"}')
        nothing = await page.next()

    assert [message["place"] for message in again] == ["1.3", "1.4"]
    assert (nothing["type"], nothing["since"], nothing["changes"]) == ("changes", "1.4", [])


async def test_another_fence_is_a_new_picture(port: int, valkey: Valkey) -> None:
    cluster = await a_cluster_soon("prod-eu")
    cookie = await cookie_of(await an_admin_soon())
    async with a_page(port, "/ws/clusters/prod-eu/", cookie) as page:
        await page.next()
        await tell(valkey, a_frame(cluster, 1, fence=2))
        taken_over = await page.next()
        await tell(valkey, a_frame(cluster, 2, fence=1))
        with pytest.raises(TimeoutError):
            await page.next(seconds=0.3)

    assert (taken_over["type"], taken_over["place"]) == ("picture", "2.1")


async def test_a_quiet_line_gives_a_sign_of_life(port: int) -> None:
    cluster = await a_cluster_soon("prod-eu")
    cookie = await cookie_of(await an_admin_soon())
    async with a_page(port, "/ws/clusters/prod-eu/", cookie) as page:
        await page.next()
        async with asyncio.timeout(3):
            beat = await page.socket.recv()

    assert '"type":"heartbeat"' in str(beat)
    assert '"place":"1.1"' in str(beat)
    assert cluster.slug == "prod-eu"


def _move(cluster: Cluster, number: int, health: str) -> None:
    ClusterState.objects.filter(cluster=cluster).update(number=number, health=health)


async def test_a_page_of_another_site_is_refused_before_it_is_accepted(port: int) -> None:
    cookie = await cookie_of(await an_admin_soon())
    with pytest.raises(InvalidStatus) as refused:
        async with a_page(port, "/ws/fleet/", cookie, origin="https://elsewhere.example"):
            pass

    assert refused.value.response.status_code == 403


async def test_a_program_with_a_token_gets_the_fleet_until_the_token_is_revoked(port: int) -> None:
    await a_cluster_soon("prod-eu")
    user = await an_admin_soon()
    text = await sync_to_async(_a_token)(user)
    async with a_page(port, "/ws/fleet/", origin=None, headers={"Authorization": f"Bearer {text}"}) as page:
        assert (await page.next())["type"] == "picture"
        await sync_to_async(_revoke_all)(user)

        assert await page.close_code(seconds=2) == SIGNED_OUT


async def test_signing_out_ends_the_socket_at_the_next_check(port: int, valkey: Valkey) -> None:
    user = await an_admin_soon()
    cookie = await cookie_of(user)
    async with a_page(port, "/ws/fleet/", cookie) as page:
        await page.next()
        await sync_to_async(_end_session)(cookie)
        await asyncio.to_thread(valkey.publish, ACCESS_CHANNEL, f'{{"users":[{user.pk}]}}')

        assert await page.close_code(seconds=2) == SIGNED_OUT


def _a_token(user: User) -> str:
    return make_token(user, name="program", scopes=("read",), days=1, now_ms=now_ms())


def _revoke_all(user: User) -> None:
    for token in user.api_tokens.all():
        revoke_token(token, now_ms())


def _end_session(cookie: str) -> None:
    Session.objects.filter(session_key=cookie.partition("=")[2]).delete()
