"""What happens to nodes: they beat, are lost with their pods, come back, are cordoned, run out of memory."""

from clusters.simulator.store import encode
from clusters.simulator.world.living import World
from clusters.simulator.world.records import Subject
from clusters.simulator.world.rendering import node_body
from clusters.simulator.world.things import Node, Pod

HEARTBEAT_SECONDS = 300.0


def publish_node(world: World, node: Node) -> None:
    """Write a node as it is now."""
    world.store.put("Node", encode("Node", node_body(node)))


def beat(world: World, node: Node) -> None:
    """A node's status as the kubelet writes it every five minutes."""
    if not node.is_lost:
        node.heartbeat_ms = world.now_ms
        publish_node(world, node)
    world.timeline.after(HEARTBEAT_SECONDS, lambda: beat(world, node))


def lose_node(world: World, node: Node) -> None:
    """A node's kubelet stops talking; its pods are not ready, and are evicted later."""
    if node.is_lost:
        return
    node.is_lost = True
    node.changed_ms = world.now_ms
    publish_node(world, node)
    subject = Subject("Node", "", node.name, node.uid)
    world.records.tell(
        subject, "NodeNotReady", f"Node {node.name} status is now: NodeNotReady",
        component="node-controller",
    )  # fmt: skip
    for pod in pods_on(world, node):
        pod.ready_since_ms = world.now_ms
        world.publish_pod(pod)
        world.records.tell(
            world.subject(pod), "NodeNotReady", "Node is not ready",
            component="node-controller", is_warning=True,
        )  # fmt: skip
    world.settle_all({id(pod.set.workload): pod.set.workload for pod in pods_on(world, node)})
    world.timeline.after(world.evict_after_seconds, lambda: _evict(world, node))


def recover_node(world: World, node: Node) -> None:
    """A lost node is back."""
    if not node.is_lost:
        return
    node.is_lost = False
    node.changed_ms = node.heartbeat_ms = world.now_ms
    publish_node(world, node)
    subject = Subject("Node", "", node.name, node.uid)
    message = f"Node {node.name} status is now: NodeReady"
    world.records.tell(subject, "NodeReady", message, component="kubelet")
    for pod in pods_on(world, node):
        pod.ready_since_ms = world.now_ms
        if pod.deleted_ms:
            world.remove_pod(pod)
        else:
            world.publish_pod(pod)
    world.settle_all({id(pod.set.workload): pod.set.workload for pod in pods_on(world, node)})


def cordon(world: World, node: Node) -> None:
    """A node takes no new pods."""
    node.is_cordoned = True
    publish_node(world, node)


def press_memory(world: World, node: Node) -> None:
    """A node reports too little memory."""
    node.has_memory_pressure = True
    node.changed_ms = node.heartbeat_ms = world.now_ms
    publish_node(world, node)


def pods_on(world: World, node: Node) -> list[Pod]:
    """The pods of one node."""
    return [pod for pod in world.pods.values() if pod.node is node]


def _evict(world: World, node: Node) -> None:
    if not node.is_lost:
        return
    for pod in pods_on(world, node):
        if pod.set.workload.kind == "DaemonSet" or pod.deleted_ms or pod.is_over:
            continue
        message = f"Marking for deletion Pod {pod.key}"
        world.records.tell(
            world.subject(pod), "TaintManagerEviction", message, component="taint-eviction-controller"
        )
        pod.deleted_ms = world.now_ms
        world.publish_pod(pod)
        if pod.set.workload.kind != "StatefulSet":
            world.want(pod.set)
