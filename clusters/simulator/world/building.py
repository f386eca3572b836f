"""Makes a world out of a scenario's description: everything has run for a while when it begins."""

import random
from typing import Any

from clusters.simulator.store import encode
from clusters.simulator.world import machines, rolling, scheduled
from clusters.simulator.world.living import World
from clusters.simulator.world.naming import suffix, uid
from clusters.simulator.world.pods import pod_body
from clusters.simulator.world.rendering import namespace_body, node_body
from clusters.simulator.world.things import Container, CronJob, Node, Pod, PodSet, Workload
from clusters.simulator.world.workloads import cron_job_body, replica_set_body, workload_body

DAY_MS = 86_400_000
SYSTEM_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
UNITS_MIB = {"Mi": 1, "Gi": 1024}

Described = dict[str, Any]


def build(world: World, scenario: Described, *, kube_system_uid: str) -> None:
    """Fill a new world with what a scenario says exists."""
    world.on_ready = lambda workload: rolling.go_on_rolling(world, workload)
    world.on_finished = lambda cron, job: scheduled.close_run(world, cron, job)
    nodes = [node for pool in scenario["nodes"] for node in _pool(world, pool, scenario)]
    world.nodes = {node.name: node for node in nodes}
    workloads = scenario.get("workloads", [])
    names = dict.fromkeys((*SYSTEM_NAMESPACES, *(one["namespace"] for one in workloads)))
    oldest_ms = world.now_ms - 400 * DAY_MS
    stored = []
    for name in names:
        identity = kube_system_uid if name == "kube-system" else uid(world.chance)
        stored.append(encode("Namespace", namespace_body(name, identity, oldest_ms)))
    world.store.fill("Namespace", stored)
    for described in workloads:
        _workload(world, described)
    _fill(world)
    for node in nodes:
        world.timeline.after(world.chance.uniform(5, 300), lambda node=node: machines.beat(world, node))  # type: ignore[misc]


def mebibytes(text: str) -> int:
    """A size such as 512Mi or 1.5Gi in MiB."""
    return int(float(text[:-2]) * UNITS_MIB[text[-2:]])


def millicores(text: str) -> int:
    """A share of processors such as 250m or 2 in thousandths of a core."""
    return int(text[:-1]) if text.endswith("m") else int(float(text) * 1000)


def _pool(world: World, pool: Described, scenario: Described) -> list[Node]:
    zones = pool.get("zones") or scenario.get("zones") or ["zone-a"]
    nodes = []
    for index in range(pool["count"]):
        name = pool["name"].format(index=index + 1, letters=suffix(world.chance))
        created_ms = world.now_ms - int(world.chance.uniform(2, 40) * DAY_MS)
        nodes.append(
            Node(
                name=name,
                uid=uid(world.chance),
                created_ms=created_ms,
                cpu_milli=millicores(str(pool["cpu"])),
                memory_mib=mebibytes(pool["memory"]),
                pods_limit=pool.get("pods", 110),
                instance_type=pool.get("type", "m6i.2xlarge"),
                pool=pool.get("pool", "general"),
                zone=zones[index % len(zones)],
                is_control_plane=pool.get("control_plane", False),
                is_cordoned=index < pool.get("cordoned", 0),
                changed_ms=created_ms,
                heartbeat_ms=world.now_ms - world.chance.randrange(1000, 290_000),
                address=f"10.0.{index // 200 + 8}.{index % 200 + 10}",
                version=scenario["version"],
            )
        )
    return nodes


def _workload(world: World, described: Described) -> None:
    kind = described.get("kind", "Deployment")
    if kind == "CronJob":
        _cron_job(world, described)
        return
    workload = _values(world, described, kind)
    if kind == "Job":
        workload.created_ms = workload.started_ms = world.now_ms - world.chance.randrange(60_000, 600_000)
    if kind == "DaemonSet":
        workload.replicas = len([node for node in world.nodes.values() if _takes(node, workload)])
    pod_set = world.add_workload(workload, behaviour=described.get("behaviour", "well"))
    pod_set.revision = described.get("revision", world.chance.randrange(1, 40))
    pod_set.created_ms = max(workload.created_ms, world.now_ms - int(world.chance.uniform(0.1, 9) * DAY_MS))
    workload.updated_ms = pod_set.created_ms
    if kind == "DaemonSet":
        for node in world.nodes.values():
            if _takes(node, workload):
                _running_pod(world, pod_set, f"{workload.name}-{suffix(world.chance)}", node)
        return
    for index in range(workload.replicas):
        ending = str(index) if kind == "StatefulSet" else suffix(world.chance)
        _running_pod(world, pod_set, f"{pod_set.name}-{ending}", None)


def _takes(node: Node, workload: Workload) -> bool:
    return not workload.pool or node.pool == workload.pool


def _values(world: World, described: Described, kind: str) -> Workload:
    main = Container(
        described["name"],
        described["image"],
        millicores(str(described.get("cpu", "100m"))),
        mebibytes(described.get("memory", "128Mi")),
        mebibytes(described["limit"]) if "limit" in described else 0,
        tuple((str(name), str(value)) for name, value in described.get("env", {}).items()),
    )
    containers = [main]
    if described.get("sidecar"):
        containers.append(Container("proxy", described["sidecar"], 10, 32))
    return Workload(
        kind=kind,
        namespace=described["namespace"],
        name=described["name"],
        uid=uid(world.chance),
        created_ms=world.now_ms - int(world.chance.uniform(10, 300) * DAY_MS),
        replicas=described.get("replicas", 1),
        containers=containers,
        cpu_use=described.get("cpu_use", 0.8),
        memory_use=described.get("memory_use", 0.82),
        pool=described.get("pool", ""),
        lives_seconds=described.get("takes_seconds", 30),
    )


def _running_pod(world: World, pod_set: PodSet, name: str, node: Node | None) -> None:
    chance = world.chance
    created_ms = pod_set.created_ms + chance.randrange(0, max(world.now_ms - pod_set.created_ms, 1))
    pod = Pod(
        name=name, uid=uid(chance), set=pod_set, created_ms=created_ms,
        phase=chance.random() * 6.28, volume=suffix(chance),
    )  # fmt: skip
    pod_set.pods.append(pod)
    world.pods[pod.key] = pod
    place = node or world.place_for(pod)
    if place is None:
        pod.unschedulable = (
            f"0/{len(world.nodes)} nodes are available: {len(world.nodes)} Insufficient memory."
        )
        return
    world.bind(pod, place)
    pod.state, pod.ready = "running", True
    pod.started_ms = pod.since_ms = created_ms + 2_000
    pod.ready_since_ms = created_ms + 6_000
    if chance.random() < 0.03:
        _restarted_once(world, pod, chance)


def _restarted_once(world: World, pod: Pod, chance: random.Random) -> None:
    # Long ago: a story that begins calmly has no fresh trouble.
    span_ms = world.now_ms - pod.started_ms - 2 * DAY_MS
    if span_ms <= 0:
        return
    pod.last_started_ms = pod.started_ms
    pod.last_finished_ms = pod.started_ms + chance.randrange(0, span_ms)
    pod.since_ms = pod.last_finished_ms + 1_000
    pod.ready_since_ms = pod.since_ms + 4_000
    pod.restarts, pod.last_reason, pod.last_exit_code = 1, "Error", 1


def _cron_job(world: World, described: Described) -> None:
    template = _values(world, described, "Job")
    behaviour = described.get("behaviour", "well")
    template.sets.append(PodSet(template, "", "", 1, 0, template.containers, 1, behaviour))
    every_seconds = float(described.get("every_seconds", 300))
    cron = CronJob(
        namespace=template.namespace,
        name=template.name,
        uid=uid(world.chance),
        created_ms=template.created_ms,
        schedule=described.get("schedule", "*/5 * * * *"),
        every_seconds=every_seconds,
        template=template,
        last_schedule_ms=world.now_ms - int(world.chance.uniform(0, every_seconds) * 1000),
    )
    cron.last_success_ms = cron.last_schedule_ms + 20_000
    world.crons[cron.namespace, cron.name] = cron
    first = cron.last_schedule_ms + int(every_seconds * 1000)
    world.timeline.at(first, lambda: scheduled.run_cron(world, cron))


def _fill(world: World) -> None:
    """Write everything at once: nobody watches yet."""
    store = world.store
    store.fill("Node", [encode("Node", node_body(node)) for node in world.nodes.values()])
    store.fill("Pod", [encode("Pod", pod_body(pod)) for pod in world.pods.values()])
    for kind in ("Deployment", "StatefulSet", "DaemonSet", "Job"):
        some = [one for one in world.workloads.values() if one.kind == kind]
        store.fill(kind, [encode(kind, workload_body(one, world.now_ms)) for one in some])
    sets = [one for each in world.workloads.values() if each.kind == "Deployment" for one in each.sets]
    store.fill("ReplicaSet", [encode("ReplicaSet", replica_set_body(one)) for one in sets])
    store.fill("CronJob", [encode("CronJob", cron_job_body(cron)) for cron in world.crons.values()])
    waiting = [pod for pod in world.pods.values() if pod.node is None]
    for pod in waiting:
        world.timeline.after(world.chance.uniform(1, 30), lambda pod=pod: world.schedule(pod))  # type: ignore[misc]
