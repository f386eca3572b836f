"""One cluster read by the portal's own reader, beside what kubectl says of the same moment."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

import msgspec

from clusters.connection.settings import ConnectionSettings
from clusters.kinds import all_kinds
from clusters.kinds.kind import Kind
from clusters.mirror.changes import Change
from clusters.mirror.line import LIVE, Line
from clusters.mirror.mirror import Mirror
from clusters.mirror.reading import ClusterReading, Pace
from clusters.state.resource import Resource
from tests.real.rig.cluster import Cluster
from tests.real.rig.reader import Reader, create_reader

LOOPBACK = (ip_network("127.0.0.0/8"),)
ACCOUNT = "topmast-test-reader"
USUAL = Pace()


def now_ms() -> int:
    """UTC milliseconds of this machine, which is the clusters' clock too."""
    return time.time_ns() // 1_000_000


def reader_manifest(kinds: Iterable[Kind], *, verbs: tuple[str, ...] = ("list", "watch")) -> str:
    """An account with its token that may read just these kinds."""
    rules = [{"apiGroups": [kind.group], "resources": [kind.plural], "verbs": list(verbs)} for kind in kinds]
    account = {"name": ACCOUNT, "namespace": "default"}
    return "\n---\n".join(
        json.dumps(document)
        for document in (
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account},
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "type": "kubernetes.io/service-account-token",
                "metadata": account | {"annotations": {"kubernetes.io/service-account.name": ACCOUNT}},
            },
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRole",
                "metadata": {"name": ACCOUNT},
                "rules": rules,
            },
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {"name": ACCOUNT},
                "roleRef": {
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "ClusterRole",
                    "name": ACCOUNT,
                },
                "subjects": [{"kind": "ServiceAccount", **account}],
            },
        )
    )


def a_reader(cluster: Cluster) -> Reader:
    """The account that may read every kind of ours."""
    return create_reader(cluster, reader_manifest(all_kinds()))


def settings_for(cluster: Cluster, *, token: str) -> ConnectionSettings:
    """How that account reaches its cluster."""
    return ConnectionSettings(
        server=cluster.server,
        ca_pem=cluster.authority.read_text(),
        token=token,
        allowed_ranges=LOOPBACK,
    )


class Watched:
    """A reading under way, and the changes it has told so far."""

    def __init__(self, cluster: Cluster, *, token: str, pace: Pace) -> None:
        self.cluster = cluster
        self.mirror = Mirror()
        self.line = Line()
        self.changes: list[Change] = []
        self.reading = ClusterReading(
            settings_for(cluster, token=token),
            kinds=all_kinds(),
            mirror=self.mirror,
            line=self.line,
            versions={},
            list_slots=asyncio.Semaphore(4),
            on_change=self.changes.append,
            on_news=lambda: None,
            now_ms=now_ms,
            pace=pace,
        )

    async def until(self, claim: Callable[[], bool], *, seconds: float) -> float:
        """Wait for a claim; the seconds it took. Fails when it takes longer."""
        began = time.monotonic()
        while not claim():
            waited = time.monotonic() - began
            assert waited < seconds, f"not after {waited:.0f} s: {self.line} {self.mirror.kinds}"
            self.reading.turn(now_ms())
            await asyncio.sleep(0.1)
        return time.monotonic() - began

    async def until_live(self, *, seconds: float) -> float:
        """Wait until everything is read and the line is live."""
        return await self.until(lambda: self.reading.is_whole and self.line.state == LIVE, seconds=seconds)

    async def until_all_is_live(self, *, seconds: float) -> float:
        """Wait until no kind is refused or stale either, as some are while an API server starts."""
        kinds = self.mirror.kinds
        return await self.until(
            lambda: self.line.state == LIVE and all(kind.state == "live" for kind in kinds.values()),
            seconds=seconds,
        )

    async def differences(self) -> dict[str, Any]:
        """Where the mirror is not what kubectl gets, with the cluster standing still. Empty: nowhere."""
        differences: dict[str, Any] = {}
        with self.cluster.standing_still():
            for attempt in range(20):
                # The last events are on their way, and what was accepted is still being written.
                await asyncio.sleep(0.5)
                self.reading.turn(now_ms())
                differences = await self._compare()
                if not differences and attempt:
                    break
        return differences

    async def _compare(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for kind in all_kinds():
            resource = f"{kind.plural}.{kind.version}.{kind.group}" if kind.group else kind.plural
            items = await asyncio.to_thread(self.cluster.items, resource)
            theirs = {item["metadata"]["uid"]: bare(read(kind, item)) for item in items}
            ours = {uid: bare(each) for uid, each in self.mirror.objects(kind.name).items()}
            for uid in theirs.keys() | ours.keys():
                if theirs.get(uid) != ours.get(uid):
                    found[f"{kind.name} {uid}"] = {"kubectl": theirs.get(uid), "mirror": ours.get(uid)}
        return found

    def replayed(self) -> dict[tuple[str, str], Resource]:
        """What the changes told so far add up to."""
        held: dict[tuple[str, str], Resource] = {}
        for change in self.changes:
            if change.resource is None:
                held.pop((change.kind, change.uid))
            else:
                held[change.kind, change.uid] = change.resource
        return held


def read(kind: Kind, item: dict[str, Any]) -> Resource:
    """An object of kubectl's as the portal reads it now."""
    return kind.read(msgspec.json.decode(json.dumps(item), type=kind.api_object), now_ms())


def bare(resource: Resource) -> Resource:
    """Without what only the one who watched can know: since when. And what is still to come with time."""
    return msgspec.structs.replace(resource, since_ms=None, turns=())


@asynccontextmanager
async def watching(cluster: Cluster, *, token: str, pace: Pace = USUAL) -> AsyncIterator[Watched]:
    """Read a cluster for as long as the block lasts."""
    watched = Watched(cluster, token=token, pace=pace)
    task = asyncio.create_task(watched.reading.run())
    try:
        yield watched
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
