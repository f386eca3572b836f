"""What rules ask of a cluster as a whole: its line, its capacity, its versions, our own credential. Pure."""

import re
from collections import Counter

from msgspec import Struct

from clusters.kinds.node import Node
from clusters.mirror.line import Line
from clusters.mirror.mirror import Mirror
from clusters.state.resource import Resource

CONTROL_PLANE = frozenset({"control-plane", "master"})
HIGHLY_AVAILABLE = 3
"""With so many nodes of the control plane, a cluster is meant to outlive the loss of one."""

OF_THE_CONNECTION = frozenset({"line_state", "line_reason", "line_message", "credential_expires_ms"})
"""What is known of a cluster even while it cannot be read."""
NEVER_UNKNOWN = frozenset({"credential_expires_ms"})
"""Where this is None, it is known that there is none: a credential that does not expire."""

_MINOR = re.compile(r"v?(\d+\.\d+)")


class Whole(Struct, frozen=True, kw_only=True):
    """One cluster at one moment; None is unknown."""

    line_state: str
    line_reason: str = ""
    line_message: str = ""
    nodes: int | None = None
    control_plane_nodes: int | None = None
    cpu_requested_cores: float | None = None
    cpu_safe_cores: float | None = None
    """What may be requested: what is left when the largest node dies, and all there is where one or two
    nodes of the control plane say that the cluster is not meant to outlive that."""
    memory_requested_bytes: float | None = None
    memory_safe_bytes: float | None = None
    minor_versions: int | None = None
    """How many there are, of the API server and of the kubelets."""
    versions: str = ""
    usage_state: str | None = None
    usage_reason: str = ""
    credential_expires_ms: int | None = None


class Capacity:
    """What all nodes of a cluster offer, kept up to date node by node."""

    def __init__(self) -> None:
        self._offers: dict[str, tuple[float | None, int | None]] = {}
        self._control_plane: set[str] = set()
        self._minors: Counter[str] = Counter()
        self._safe: tuple[float | None, float | None] | None = None

    def replace(self, old: Resource | None, new: Resource | None) -> None:
        """Take in one node that has changed, come or gone."""
        for node, sign in ((old, -1), (new, 1)):
            if isinstance(node, Node):
                self._count(node, sign)
        self._safe = None

    def safe(self) -> tuple[float | None, float | None]:
        """How much CPU (cores) and memory (bytes) may be requested; None where a node does not tell."""
        if self._safe is None:
            self._safe = (
                self._left([cpu for cpu, _ in self._offers.values()]),
                self._left([memory for _, memory in self._offers.values()]),
            )
        return self._safe

    def minors(self, api_server: str | None) -> list[str]:
        """The minor versions there are, in order."""
        found = {minor for minor, count in self._minors.items() if count > 0}
        found |= {minor_of(api_server)} if api_server else set()
        return sorted(found - {""}, key=lambda minor: [int(part) for part in minor.split(".")])

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return len(self._offers)

    @property
    def control_plane_nodes(self) -> int:
        """How many of them run the control plane; none of a managed cluster."""
        return len(self._control_plane)

    def _count(self, node: Node, sign: int) -> None:
        self._minors[minor_of(node.kubelet_version)] += sign
        if sign < 0:
            self._offers.pop(node.uid, None)
            self._control_plane.discard(node.uid)
            return
        self._offers[node.uid] = node.cpu_cores, node.memory_bytes
        if not CONTROL_PLANE.isdisjoint(node.roles.split(",")):
            self._control_plane.add(node.uid)

    def _left(self, offers: list[float | None] | list[int | None]) -> float | None:
        known = [offer for offer in offers if offer is not None]
        if not known or len(known) < len(offers):
            return None
        survives_none = 0 < self.control_plane_nodes < HIGHLY_AVAILABLE
        return sum(known) if survives_none else sum(known) - max(known)


def minor_of(version: str) -> str:
    """The minor version.

    >>> minor_of("v1.36.3-eks-1234"), minor_of("nonsense")
    ('1.36', '')
    """
    found = _MINOR.match(version)
    return found[1] if found else ""


def whole(line: Line, mirror: Mirror, capacity: Capacity, *, credential_expires_at_ms: int | None) -> Whole:
    """The cluster as a whole now."""
    cpu, memory = capacity.safe()
    minors = capacity.minors(mirror.version)
    requested = mirror.totals.requested
    return Whole(
        line_state=line.state,
        line_reason=line.reason,
        line_message=line.message,
        nodes=capacity.nodes,
        control_plane_nodes=capacity.control_plane_nodes,
        cpu_requested_cores=requested.milli / 1000,
        cpu_safe_cores=cpu,
        memory_requested_bytes=requested.bytes,
        memory_safe_bytes=memory,
        minor_versions=len(minors),
        versions=", ".join(minors),
        usage_state=mirror.usage_state.state if mirror.usage_state else None,
        usage_reason=mirror.usage_state.reason if mirror.usage_state else "",
        credential_expires_ms=credential_expires_at_ms,
    )
