"""B2a and B2b: a fleet that nobody has read yet, until it is on a page and until it is on disk."""

import asyncio
import time

import msgspec

from bench.figures import Figure
from bench.sockets import open_page
from bench.stage import Stage

PAGE_LIMIT_SECONDS = 300
STORED_LIMIT_SECONDS = 900
NEARLY_ALL = 0.99
"""Names are made by chance, and now and then two pods of a fleet get the same one."""


class _Connection(msgspec.Struct):
    state: str


class _Pods(msgspec.Struct):
    total: int | None


class _Card(msgspec.Struct):
    id: str
    connection: _Connection
    pods: _Pods


class _Message(msgspec.Struct):
    clusters: list[_Card] = []


class WholePicture:
    """Waits until a fleet page has shown every cluster live and with all its pods."""

    def __init__(self, *, clusters: int, pods: int) -> None:
        self.is_there = asyncio.Event()
        self.at_ms = 0.0
        self._clusters = clusters
        self._pods = pods
        self._whole: set[str] = set()

    def take(self, at_ms: float, text: bytes) -> None:
        """One message of the fleet's socket."""
        for card in msgspec.json.decode(text, type=_Message).clusters:
            if card.connection.state == "live" and (card.pods.total or 0) >= self._pods * NEARLY_ALL:
                self._whole.add(card.id)
        if len(self._whole) >= self._clusters and not self.is_there.is_set():
            self.at_ms = at_ms
            self.is_there.set()


async def measure(stage: Stage) -> None:
    """Register all clusters at once, a fleet page open, and a sign-in every second until all is stored."""
    options, portal = stage.options, stage.portal
    picture = WholePicture(clusters=options.clusters, pods=options.pods)
    page = await open_page(portal.port, "/ws/fleet/", portal.admin_token, picture.take)
    began, stage.uuids = await asyncio.to_thread(portal.register, stage.clusters)
    sign_ins = asyncio.create_task(_sign_in_until_cancelled(stage))
    async with asyncio.timeout(PAGE_LIMIT_SECONDS):
        await picture.is_there.wait()
    first_picture_seconds = picture.at_ms / 1000 - began
    print(f"The whole picture is on a page after {first_picture_seconds:.1f} s")
    stored_seconds = await _until_stored(stage, began)
    sign_ins.cancel()
    slowest_ms = max((await asyncio.gather(sign_ins))[0])
    page.transport.close()
    print(f"It is stored after {stored_seconds:.1f} s; worker and others so far: {portal.costs()}")
    stage.figures += _figures(stage, first_picture_seconds, stored_seconds, slowest_ms)


def _figures(
    stage: Stage, first_picture_seconds: float, stored_seconds: float, slowest_ms: float
) -> list[Figure]:
    size = f"{stage.options.clusters} × {stage.options.pods:,} pods"
    kubectl = stage.kubectl.wall_seconds * stage.options.clusters if stage.kubectl else None
    times = first_picture_seconds / stage.bare_seconds
    return [
        Figure(
            id="B2a", name=f"{size} from nothing to a page ({first_picture_seconds:.1f} s) ÷ bare read",
            value=times, unit="×", goal=8, ratio=times,
            yardstick="bare paged read of the same bytes, s", yardstick_value=stage.bare_seconds,
        ),
        Figure(
            id="B2b", name=f"{size}: rows and keyframes stored", value=stored_seconds, unit="s", goal=60,
            yardstick="kubectl get pods -A, one cluster, times all", yardstick_value=kubectl,
        ),
        Figure(
            id="B2b", name="slowest sign-in meanwhile", value=slowest_ms, unit="ms", goal=500,
            yardstick="sign-in at the empty portal", yardstick_value=stage.empty_sign_in_ms,
        ),
    ]  # fmt: skip


async def _until_stored(stage: Stage, began: float) -> float:
    async with asyncio.timeout(STORED_LIMIT_SECONDS):
        while await asyncio.to_thread(stage.portal.keyframes) < stage.options.clusters:
            await asyncio.sleep(0.2)
    return time.time() - began


async def _sign_in_until_cancelled(stage: Stage) -> list[float]:
    taken_ms: list[float] = []
    try:
        while True:
            taken_ms.append(await asyncio.to_thread(stage.portal.sign_in_ms))
            await asyncio.sleep(1)
    except asyncio.CancelledError:
        return taken_ms
