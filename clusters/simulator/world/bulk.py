"""A world for measuring: many pods made from templates, and single changes on demand.

Nothing happens here by itself. A change is one pod restarting its container (`restarts`), becoming ready
or not (`ready`), or only carrying another annotation (`touch`); each carries the moment it was sent.
"""

import random
from dataclasses import dataclass
from functools import lru_cache

from clusters.simulator.store import Event, Store, Stored, encode
from clusters.simulator.templates import Template, template, text_slot, value_slot
from clusters.simulator.world.naming import suffix, template_hash, uid
from clusters.simulator.world.pods import pod_body
from clusters.simulator.world.rendering import namespace_body, node_body, stamp
from clusters.simulator.world.things import Container, Node, Pod, PodSet, Workload
from clusters.simulator.world.timeline import Timeline
from clusters.simulator.world.workloads import replica_set_body, workload_body

SENT_AT = "simulator.example/sent-at-ms"
CHANGES = ("restarts", "ready", "touch")
DAY_MS = 86_400_000
AGE_MS = 30 * DAY_MS
SYSTEM_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


@dataclass(frozen=True)
class Size:
    """How much there is in one cluster."""

    pods: int = 2000
    nodes: int = 40
    workloads: int = 100
    namespaces: int = 12
    env: int = 19


@dataclass(frozen=True)
class _Family:
    """The templates of one Deployment, shared by all clusters."""

    namespace: str
    name: str
    hash: str
    pods: int
    pod: Template
    pod_set: Template
    deployment: Template


@dataclass
class _BulkPod:
    family: int
    key: str
    node: int
    restarts: int = 0
    is_ready: bool = True


class BulkWorld:
    """One cluster of a measured fleet."""

    def __init__(self, store: Store, timeline: Timeline, seed: str, size: Size) -> None:
        self.store = store
        self.timeline = timeline
        self.chance = random.Random(seed)
        self.size = size
        self._families = families(size, timeline.now_ms // DAY_MS * DAY_MS)
        self._pods: list[_BulkPod] = []
        self._nodes: list[Node] = []

    def build(self, *, kube_system_uid: str, version: str, zones: list[str]) -> None:
        """Fill the store."""
        self._build_nodes(version, zones)
        names = dict.fromkeys((*SYSTEM_NAMESPACES, *(family.namespace for family in self._families)))
        old_ms = self.timeline.now_ms - AGE_MS
        identities = {name: uid(self.chance) for name in names} | {"kube-system": kube_system_uid}
        spaces = [encode("Namespace", namespace_body(name, identities[name], old_ms)) for name in names]
        self.store.fill("Namespace", spaces)
        pods: list[Stored] = []
        pod_sets: list[Stored] = []
        deployments: list[Stored] = []
        for number, family in enumerate(self._families):
            own = {"owner": uid(self.chance).encode(), "set": uid(self.chance).encode()}
            deployments.append(family.deployment.fill(f"{family.namespace}/{family.name}", own, 0))
            pod_sets.append(family.pod_set.fill(f"{family.namespace}/{family.name}-{family.hash}", own, 0))
            pods += [self._pod(number, family, own["set"]) for _ in range(family.pods)]
        self.store.fill("Pod", pods)
        self.store.fill("ReplicaSet", pod_sets)
        self.store.fill("Deployment", deployments)

    def _build_nodes(self, version: str, zones: list[str]) -> None:
        now_ms = self.timeline.now_ms
        for index in range(self.size.nodes):
            node = Node(
                name=f"node-{index:03}",
                uid=uid(self.chance),
                created_ms=now_ms - AGE_MS,
                cpu_milli=32_000,
                memory_mib=131_072,
                pods_limit=250,
                instance_type="m6i.8xlarge",
                zone=zones[index % len(zones)],
                heartbeat_ms=now_ms,
                address=f"10.0.8.{index + 10}",
                version=version,
            )
            self._nodes.append(node)
        self.store.fill("Node", [encode("Node", node_body(node)) for node in self._nodes])
        self._node_names = [node.name.encode() for node in self._nodes]
        self._node_addresses = [node.address.encode() for node in self._nodes]

    def _pod(self, number: int, family: _Family, set_uid: bytes) -> Stored:
        name = f"{family.name}-{family.hash}-{suffix(self.chance)}"
        index = len(self._pods)
        node = index % len(self._nodes)
        key = f"{family.namespace}/{name}"
        self._pods.append(_BulkPod(number, key, node))
        values = {
            "name": name.encode(),
            "uid": uid(self.chance).encode(),
            "set": set_uid,
            "node": self._node_names[node],
            "host": self._node_addresses[node],
            "address": b"10.42.%d.%d" % (index // 250, index % 250),
            **_condition(restarts=0, is_ready=True, finished=b"", sent=b""),
        }
        return family.pod.fill(key, values, 0)

    def change_one(self, how: str, sent_at_ms: float) -> Event:
        """Change one pod, picked by chance, and say when that was."""
        pod = self._pods[self.chance.randrange(len(self._pods))]
        if how == "restarts":
            pod.restarts += 1
        elif how == "ready":
            pod.is_ready = not pod.is_ready
        present = self.store.get("Pod", pod.key)
        assert present is not None
        values = _condition(
            restarts=pod.restarts,
            is_ready=pod.is_ready,
            finished=stamp(int(sent_at_ms)).encode(),
            sent=b"%.3f" % sent_at_ms,
        )
        return self.store.put("Pod", self._families[pod.family].pod.refill(present, values))

    # usage

    def node_usage(self) -> dict[str, bytes]:
        """Encoded NodeMetrics by node name."""
        at_ms = self.timeline.now_ms // 15_000 * 15_000
        moment = stamp(at_ms).encode()
        readings = {}
        for index, node in enumerate(self._nodes):
            wave = _wave(index, at_ms)
            name = node.name.encode()
            values = (
                name,
                name,
                moment,
                moment,
                12_000_000_000 + wave * 9_000_000,
                60_000_000 + wave * 9_000,
            )
            readings[node.name] = _NODE_USAGE % values
        return readings

    def pod_usage(self) -> dict[str, bytes]:
        """Encoded PodMetrics by namespace/name. Made anew each time: keeping them costs 126 MB a fleet."""
        at_ms = self.timeline.now_ms // 15_000 * 15_000
        moment = stamp(at_ms).encode()
        readings = {}
        for index, pod in enumerate(self._pods):
            namespace, _, name = pod.key.partition("/")
            wave = _wave(index, at_ms)
            values = (name.encode(), namespace.encode(), moment, moment, 80_000_000 + wave * 150_000)
            readings[pod.key] = _POD_USAGE % (*values, 180_000 + wave * 300)
        return readings


_NODE_USAGE = (
    b'{"metadata":{"name":"%b","labels":{"kubernetes.io/hostname":"%b"},"creationTimestamp":"%b"},'
    b'"timestamp":"%b","window":"15.073s","usage":{"cpu":"%dn","memory":"%dKi"}}'
)
_POD_USAGE = (
    b'{"metadata":{"name":"%b","namespace":"%b","creationTimestamp":"%b"},"timestamp":"%b",'
    b'"window":"15.1s","containers":[{"name":"app","usage":{"cpu":"%dn","memory":"%dKi"}}]}'
)
_WAVES = [random.Random(number).randrange(1000) for number in range(1024)]


def _wave(index: int, at_ms: int) -> int:
    """A number from 0 to 999 that moves from reading to reading."""
    return _WAVES[(index * 7 + at_ms // 15_000 * 13) & 1023]


def _condition(*, restarts: int, is_ready: bool, finished: bytes, sent: bytes) -> dict[str, bytes]:
    last = b"{}"
    if restarts:
        last = b'{"terminated":{"exitCode":1,"reason":"Error","startedAt":"%b","finishedAt":"%b"}}'
        last %= (finished, finished)
    return {
        "restarts": b"%d" % restarts,
        "ready": b"true" if is_ready else b"false",
        "ready_text": b"True" if is_ready else b"False",
        "last_state": last,
        "sent": sent,
    }


@lru_cache(maxsize=4)
def families(size: Size, now_ms: int) -> tuple[_Family, ...]:
    """The templates of all Deployments, once for all clusters of the process."""
    chance = random.Random("families")
    each, more = divmod(size.pods, size.workloads)
    return tuple(
        _family(index, each + (index < more), size, now_ms, chance) for index in range(size.workloads)
    )


def _family(index: int, pods: int, size: Size, now_ms: int, chance: random.Random) -> _Family:
    env = tuple((f"SETTING_{number:02}", f"value-{number}-" + "x" * 60) for number in range(size.env))
    container = Container("app", f"registry.example/service-{index:03}:1.0", 100, 256, 512, env)
    workload = Workload(
        kind="Deployment", namespace=f"team-{index % size.namespaces:02}", name=f"service-{index:03}",
        uid=text_slot("owner"), created_ms=now_ms - AGE_MS, replicas=pods, containers=[container],
    )  # fmt: skip
    pod_set = PodSet(
        workload=workload, hash=template_hash(chance), uid=text_slot("set"), revision=1,
        created_ms=now_ms - AGE_MS, containers=[container], wanted=pods,
    )  # fmt: skip
    workload.sets.append(pod_set)
    node = Node(text_slot("node"), "", 0, 1, 1, address=text_slot("host"))
    for _ in range(pods):
        pod_set.pods.append(
            Pod(
                name=text_slot("name"),
                uid=text_slot("uid"),
                set=pod_set,
                created_ms=now_ms - AGE_MS // 2,
                node=node,
                state="running",
                ready=True,
                started_ms=now_ms - AGE_MS // 2,
                since_ms=now_ms - AGE_MS // 2,
                address=text_slot("address"),
                volume="token",
            )
        )
    return _Family(
        namespace=workload.namespace,
        name=workload.name,
        hash=pod_set.hash,
        pods=pods,
        pod=_pod_template(pod_set.pods[0]),
        pod_set=template("ReplicaSet", replica_set_body(pod_set)),
        deployment=template("Deployment", workload_body(workload, now_ms)),
    )


def _pod_template(pod: Pod) -> Template:
    body = pod_body(pod)
    body["metadata"]["annotations"] = {SENT_AT: text_slot("sent")}
    for condition in body["status"]["conditions"]:
        if condition["type"] in ("Ready", "ContainersReady"):
            condition["status"] = text_slot("ready_text")
    container = body["status"]["containerStatuses"][0]
    container |= {"ready": value_slot("ready"), "restartCount": value_slot("restarts")}
    container["lastState"] = value_slot("last_state")
    return template("Pod", body)
