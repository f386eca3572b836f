"""What a plot's steps can do to a world. A step is data: `{after: 30, do: lose_nodes, count: 2}`."""

from collections.abc import Callable
from typing import Any

from clusters.simulator.world import machines, rolling
from clusters.simulator.world.living import World
from clusters.simulator.world.things import Node, Pod, Workload
from clusters.simulator.world.workloads import standing

Step = dict[str, Any]


class BadStep(ValueError):
    """A step that cannot be played. Says what is wrong with it."""


def play(world: World, step: Step) -> None:
    """Play one step now."""
    verb = step.get("do", "")
    action = ACTIONS.get(verb)
    if action is None:
        raise BadStep(f"no step is called {verb!r}; known are: {', '.join(sorted(ACTIONS))}")
    try:
        action(world, step)
    except KeyError as missing:
        raise BadStep(
            f"the step {verb!r} needs {missing.args[0]!r}, or names something that is not there"
        ) from missing


def churn(world: World, every_seconds: float) -> None:
    """Gentle life: now and then a pod of some Deployment is replaced."""

    def replace_one() -> None:
        world.timeline.after(every_seconds * world.chance.uniform(0.5, 1.5), replace_one)
        pods = [
            pod
            for pod in world.pods.values()
            if pod.set.workload.kind == "Deployment" and pod.ready and pod.set.behaviour == "well"
        ]
        if pods:
            world.delete_pod(world.chance.choice(pods))

    world.timeline.after(every_seconds * world.chance.random(), replace_one)


def _workload(world: World, step: Step) -> Workload:
    return world.workloads[step.get("kind", "Deployment"), step["namespace"], step["name"]]


def _nodes(world: World, step: Step) -> list[Node]:
    if "node" in step:
        return [world.nodes[step["node"]]]
    fitting = [
        node
        for node in world.nodes.values()
        if not node.is_control_plane
        and step.get("zone") in (None, node.zone)
        and step.get("pool") in (None, node.pool)
    ]
    return fitting[: step.get("count", 1)]


def _pods(world: World, step: Step) -> list[Pod]:
    if "pod" in step:
        return [world.pods[f"{step['namespace']}/{step['pod']}"]]
    pods = [pod for one in _workload(world, step).sets for pod in standing(one.pods)]
    return pods[: step.get("count", 1)]


def _lose_nodes(world: World, step: Step) -> None:
    world.evict_after_seconds = float(step.get("evict_after_seconds", world.evict_after_seconds))
    for node in _nodes(world, step):
        machines.lose_node(world, node)


def _recover_nodes(world: World, step: Step) -> None:
    lost = [node for node in world.nodes.values() if node.is_lost]
    for node in [world.nodes[step["node"]]] if "node" in step else lost:
        machines.recover_node(world, node)


def _cordon(world: World, step: Step) -> None:
    for node in _nodes(world, step):
        machines.cordon(world, node)


def _press_memory(world: World, step: Step) -> None:
    for node in _nodes(world, step):
        machines.press_memory(world, node)


def _crash_loop(world: World, step: Step) -> None:
    rolling.misbehave(world, _workload(world, step), step.get("behaviour", "crash"))


def _heal(world: World, step: Step) -> None:
    rolling.misbehave(world, _workload(world, step), "well")


def _roll_out(world: World, step: Step) -> None:
    rolling.roll_out(world, _workload(world, step), step["image"], step.get("behaviour", "well"))


def _scale(world: World, step: Step) -> None:
    workload = _workload(world, step)
    rolling.scale(world, workload, int(step.get("replicas", workload.replicas + int(step.get("by", 0)))))


def _delete_pods(world: World, step: Step) -> None:
    for pod in _pods(world, step):
        world.delete_pod(pod)


def _remove_pods(world: World, step: Step) -> None:
    for pod in _pods(world, step):
        world.remove_pod(pod)


def _restart_pods(world: World, step: Step) -> None:
    for pod in _pods(world, step):
        world.crash(pod)


def _delete_workload(world: World, step: Step) -> None:
    world.remove_workload(_workload(world, step))


def _fill_memory(world: World, step: Step) -> None:
    some = [
        one
        for one in world.workloads.values()
        if step.get("namespace") in (None, one.namespace) and step.get("name") in (None, one.name)
    ]
    for workload in some:
        workload.memory_growth_per_hour = float(step.get("per_hour", 0.5))
        workload.growth_from_ms = world.now_ms


def _again(world: World, step: Step) -> None:
    """Play the steps inside every so many seconds, so often."""
    times = int(step.get("times", 1_000_000))

    def once(left: int) -> None:
        for inner in step["steps"]:
            play(world, inner)
        if left > 1:
            world.timeline.after(float(step["every_seconds"]), lambda: once(left - 1))

    once(times)


ACTIONS: dict[str, Callable[[World, Step], None]] = {
    "lose_nodes": _lose_nodes,
    "recover_nodes": _recover_nodes,
    "cordon": _cordon,
    "press_memory": _press_memory,
    "crash_loop": _crash_loop,
    "heal": _heal,
    "roll_out": _roll_out,
    "scale": _scale,
    "delete_pods": _delete_pods,
    "remove_pods": _remove_pods,
    "restart_pods": _restart_pods,
    "delete_workload": _delete_workload,
    "fill_memory": _fill_memory,
    "again": _again,
}
