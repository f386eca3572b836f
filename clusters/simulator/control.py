"""The control port: a local, plain HTTP door by which tests and plots make things happen.

`GET /clusters`; `POST /faults {cluster, fault, …}`, `GET /faults`, `DELETE /faults[?cluster=&number=]`;
`POST /steps {cluster, do, …}` (or `{cluster, object: {…}}`, `{cluster, delete: {kind, namespace, name}}`,
`{cluster, advance_seconds: N}`); `GET /objects?cluster=&kind=`; `GET /connections`.
For measuring: `POST /pace {events_per_second, change}`, `POST /changes {cluster, count}`, and
`GET /sent?after=N`.
A request without `cluster` means the only one, or all.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import msgspec

from clusters.simulator.cluster import Cluster
from clusters.simulator.faults import NoFault
from clusters.simulator.listener import Listener
from clusters.simulator.served import BY_KIND
from clusters.simulator.simulation import Simulation
from clusters.simulator.store import encode, object_key
from clusters.simulator.wire import Answer, AnyAnswer, HttpConnection, Request
from clusters.simulator.world.bulk import CHANGES
from clusters.simulator.world.naming import uid
from clusters.simulator.world.plot import BadStep
from clusters.simulator.world.rendering import stamp

Body = dict[str, Any]


class BadOrder(ValueError):
    """An order that cannot be followed. Says why."""


class Control:
    """Answers on the control port."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self.listener = Listener(self._answer, None)

    async def _answer(self, request: Request, connection: HttpConnection) -> AnyAnswer:
        routes: dict[tuple[str, str], Callable[[Request], Awaitable[Any]]] = {
            ("GET", "/clusters"): self._describe,
            ("GET", "/faults"): self._list_faults,
            ("POST", "/faults"): self._add_fault,
            ("DELETE", "/faults"): self._clear_faults,
            ("POST", "/steps"): self._play,
            ("GET", "/objects"): self._objects,
            ("GET", "/connections"): self._connections,
            ("GET", "/sent"): self._sent,
            ("POST", "/pace"): self._set_pace,
            ("POST", "/changes"): self._change,
        }
        route = routes.get((request.method, request.path))
        if route is None:
            return _json({"error": f"there is no {request.method} {request.path} here"}, status=404)
        try:
            return _json(await route(request))
        except (BadOrder, BadStep, NoFault, msgspec.DecodeError, KeyError, TypeError) as problem:
            return _json({"error": f"{type(problem).__name__}: {problem}"}, status=400)

    def _clusters(self, name: str | None) -> list[Cluster]:
        clusters = self._simulation.clusters
        if name is None:
            return list(clusters.values())
        if name not in clusters:
            raise BadOrder(f"no cluster is called {name!r}; there are: {', '.join(clusters)}")
        return [clusters[name]]

    async def _describe(self, request: Request) -> Any:
        return {"clusters": [asdict(one) for one in self._simulation.describe()]}

    async def _list_faults(self, request: Request) -> Any:
        return {
            name: [asdict(one) for one in each.faults] for name, each in self._simulation.clusters.items()
        }

    async def _add_fault(self, request: Request) -> Any:
        order = _order(request)
        numbers = {}
        for cluster in self._clusters(order.get("cluster")):
            numbers[cluster.name] = (await cluster.add_fault(order)).number
        return {"numbers": numbers}

    async def _clear_faults(self, request: Request) -> Any:
        number = request.query.get("number")
        for cluster in self._clusters(request.query.get("cluster")):
            await cluster.clear_faults(int(number) if number else None)
        return {}

    async def _play(self, request: Request) -> Any:
        order = _order(request)
        revisions = {}
        for cluster in self._clusters(order.get("cluster")):
            _follow(cluster, order)
            # A fault among the steps is applied by a task of its own.
            await asyncio.sleep(0)
            revisions[cluster.name] = cluster.store.revision
        return {"revisions": revisions}

    async def _objects(self, request: Request) -> Any:
        (cluster,) = self._clusters(request.query.get("cluster") or None)
        storage = BY_KIND[request.query["kind"]].storage
        return {"items": [msgspec.Raw(one.body()) for one in cluster.store.listed(storage)]}

    async def _connections(self, request: Request) -> Any:
        return {
            name: {"open": len(each.listener.connections), "watches": _watches(each)}
            for name, each in self._simulation.clusters.items()
        }

    async def _sent(self, request: Request) -> Any:
        after = int(request.query.get("after", 0))
        pacer = self._simulation.pacer
        return {"count": pacer.count, "sent": [asdict(one) for one in pacer.sent if one.number > after]}

    async def _set_pace(self, request: Request) -> Any:
        order = _order(request)
        pacer = self._simulation.pacer
        pacer.per_second = float(order.get("events_per_second", pacer.per_second))
        how = str(order.get("change", pacer.how))
        if how not in CHANGES:
            raise BadOrder(f"{how!r} is no change; they are: {', '.join(CHANGES)}")
        pacer.how = how
        return {"events_per_second": pacer.per_second, "change": pacer.how}

    async def _change(self, request: Request) -> Any:
        """Change so many pods of one cluster at once."""
        order = _order(request)
        (cluster,) = self._clusters(order.get("cluster"))
        pacer = self._simulation.pacer
        return {"sent": [asdict(pacer.send_one(cluster)) for _ in range(int(order.get("count", 1)))]}


def _watches(cluster: Cluster) -> int:
    return sum(connection.stream is not None for connection in cluster.listener.connections)


def _follow(cluster: Cluster, order: Body) -> None:
    if "advance_seconds" in order:
        cluster.advance(cluster.timeline.now_ms + int(float(order["advance_seconds"]) * 1000))
    elif "object" in order:
        _put(cluster, order["object"])
    elif "delete" in order:
        gone = order["delete"]
        if cluster.store.delete(gone["kind"], object_key(gone)) is None:
            raise BadOrder(f"there is no {gone['kind']} {object_key(gone)}")
    else:
        cluster.play(order)


def _put(cluster: Cluster, body: Body) -> None:
    """Create or replace an object as it is given; identity and creation are kept or made up."""
    kind = body.pop("kind", "")
    body.pop("apiVersion", None)
    if kind not in BY_KIND:
        raise BadOrder(f"{kind!r} is no kind that is served; they are: {', '.join(BY_KIND)}")
    metadata = body["metadata"]
    present = cluster.store.get(kind, object_key(metadata))
    kept: Body = msgspec.json.decode(present.body())["metadata"] if present else {}
    metadata.setdefault("uid", kept.get("uid") or uid(cluster.world.chance))
    metadata.setdefault("creationTimestamp", kept.get("creationTimestamp") or stamp(cluster.timeline.now_ms))
    cluster.store.put(kind, encode(kind, body))


def _order(request: Request) -> Body:
    body = msgspec.json.decode(request.body or b"{}")
    if not isinstance(body, dict):
        raise BadOrder("an order is a JSON object")
    return body


def _json(body: Any, *, status: int = 200) -> Answer:
    return Answer(status=status, parts=(msgspec.json.encode(body),))
