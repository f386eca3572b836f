"""B4: from the moment a watch event was sent to the frame at a page, for one page and for a hundred."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import msgspec
import redis.asyncio

from bench import bare
from bench.delays import Change, Places, Told, changes_of, delays_of, told_by
from bench.figures import Figure
from bench.portals import MeasuredPortal
from bench.quantiles import percentile
from bench.sockets import PageSocket, open_page
from bench.stage import Stage
from metrics.live.frames import CHANNEL, decode_frames

FLEET_PAGES, CLUSTER_PAGES = 90, 10
BUSY_PAUSE_SECONDS = 0.05
"""The busy cluster changes twenty times a second, beside its share of the fleet's changes."""
WATCHED = 10
TAIL_SECONDS = 2.0
LONGEST_SECONDS = 20.0


@dataclass
class Page:
    """What one page was told, kept as it came: looking into it would delay the next."""

    name: str
    messages: list[tuple[float, bytes]] = field(default_factory=list)

    def told(self) -> list[Told]:
        """Which places it learnt of, and when."""
        return [told for at_ms, text in self.messages for told in told_by(at_ms, text)]


@dataclass(frozen=True)
class Heard:
    """Everything that was told while changes went out."""

    pages: list[Page]
    frames: list[bytes]
    bare_ms: list[float]
    from_ms: float
    to_ms: float


async def measure(stage: Stage) -> None:
    """One fleet page; then 90 of the fleet with 20 different visibilities, and 10 of one busy cluster."""
    await asyncio.to_thread(stage.fleet.control.pace, stage.options.events_per_second)
    one = await _listen(stage, [("/ws/fleet/", stage.portal.admin_token)])
    many = await _listen(stage, _hundred(stage))
    await asyncio.to_thread(stage.fleet.control.pace, 0)
    sent = await asyncio.to_thread(stage.fleet.control.sent)
    for name, heard, goal in (("1 page", one, 20), ("100 pages", many, 50)):
        stage.figures.append(_figure(name, goal, heard, changes_of(sent, stage.uuids)))


@contextlib.asynccontextmanager
async def an_idle_page(portal: MeasuredPortal) -> AsyncIterator[None]:
    """A fleet page that is open while something else is measured."""
    page = await open_page(portal.port, "/ws/fleet/", portal.admin_token, lambda at_ms, text: None)
    try:
        yield
    finally:
        page.transport.close()


def _hundred(stage: Stage) -> list[tuple[str, str]]:
    viewers = stage.portal.viewer_tokens
    fleet = [("/ws/fleet/", viewers[number % len(viewers)]) for number in range(FLEET_PAGES)]
    return fleet + [(f"/ws/clusters/{_busy(stage)}/", stage.portal.admin_token)] * CLUSTER_PAGES


def _busy(stage: Stage) -> str:
    return stage.clusters[0].name


async def _listen(stage: Stage, places: Sequence[tuple[str, str]]) -> Heard:
    pages, sockets = await _open(stage.portal, places)
    seconds = min(LONGEST_SECONDS, stage.options.seconds)
    async with _published(stage.portal) as frames:
        await asyncio.sleep(TAIL_SECONDS)  # First pictures are not what is measured.
        from_ms = time.time_ns() / 1e6
        busy = asyncio.create_task(_keep_busy(stage, seconds)) if len(places) > 1 else None
        bare_ms = await bare.watch_delays(stage.clusters[1 : WATCHED + 1], seconds)
        to_ms = time.time_ns() / 1e6
        if busy is not None:
            await busy
        await asyncio.sleep(TAIL_SECONDS)
    for socket in sockets:
        assert not socket.code, f"a page was closed with {socket.code}"
        socket.transport.close()
    return Heard(pages, frames, bare_ms, from_ms, to_ms)


async def _open(
    portal: MeasuredPortal, places: Sequence[tuple[str, str]]
) -> tuple[list[Page], list[PageSocket]]:
    pages, sockets = [], []
    kept: dict[bytes, bytes] = {}
    for path, token in places:
        page = Page(path)

        def note(at_ms: float, text: bytes, page: Page = page) -> None:
            page.messages.append((at_ms, kept.setdefault(text, text)))

        sockets.append(await open_page(portal.port, path, token, note))
        pages.append(page)
    return pages, sockets


@contextlib.asynccontextmanager
async def _published(portal: MeasuredPortal) -> AsyncIterator[list[bytes]]:
    """The frames that the worker publishes from now on."""
    client = redis.asyncio.Redis(unix_socket_path=str(portal.redis_socket), socket_timeout=None, protocol=2)
    subscription = client.pubsub(ignore_subscribe_messages=True)
    await subscription.subscribe(CHANNEL)
    frames: list[bytes] = []

    is_over = asyncio.Event()

    async def take() -> None:
        while not is_over.is_set():
            message = await subscription.get_message(timeout=0.2)
            if message is not None:
                frames.append(message["data"])

    taking = asyncio.create_task(take())
    try:
        yield frames
    finally:
        is_over.set()
        await taking
        await subscription.aclose()
        await client.aclose()


async def _keep_busy(stage: Stage, seconds: float) -> None:
    control = stage.clusters[0].control
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        await asyncio.to_thread(control.change)
        await asyncio.sleep(BUSY_PAUSE_SECONDS)


def _figure(name: str, goal: float, heard: Heard, sent: list[Change]) -> Figure:
    places = _places_of(heard.frames)
    changes = [one for one in sent if heard.from_ms <= one.sent_at_ms < heard.to_ms]
    fleet_ms, fleet_missing = _delays(heard, "/ws/fleet/", changes, places)
    cluster_ms, cluster_missing = _delays(heard, "/ws/clusters/", changes, places)
    missing = fleet_missing + cluster_missing
    _say(f"{name}, fleet", fleet_ms)
    _say(f"{name}, busy cluster", cluster_ms)
    print(f"{name}: {len(changes)} changes, {missing} of them never told")
    return Figure(
        id="B4", name=f"watch event sent → frame at a page, p99, {name}", unit="ms", goal=goal,
        value=None if missing else percentile(fleet_ms + cluster_ms, 99),
        yardstick="the same events at a bare watch, p99", yardstick_value=percentile(heard.bare_ms, 99),
    )  # fmt: skip


def _delays(heard: Heard, path: str, changes: list[Change], places: Places) -> tuple[list[float], int]:
    found = [delays_of(page.told(), changes, places) for page in heard.pages if page.name.startswith(path)]
    return [delay for delays, _ in found for delay in delays], sum(missing for _, missing in found)


def _places_of(frames: list[bytes]) -> Places:
    """Where each change was published."""
    places = Places()
    for frame in (one for payload in frames for one in decode_frames(payload) if one.is_step):
        places.publish(frame.uuid, frame.number, msgspec.json.decode(frame.changes) or [])
    return places


def _say(what: str, delays: list[float]) -> None:
    if delays:
        said = ", ".join(f"p{percent} {percentile(delays, percent):.1f}" for percent in (50, 90, 99, 100))
        print(f"{what}: {said} ms of {len(delays)} frames")
