"""The totals of one cluster: what a card, the cluster page, REST and the fleet's sums are made of."""

import msgspec

from clusters.state.resource import HEALTHS


class HealthCounts(msgspec.Struct):
    """How many of something are in each health; they always sum to the total."""

    critical: int = 0
    degraded: int = 0
    no_data: int = 0
    pending: int = 0
    silenced: int = 0
    healthy: int = 0

    @property
    def total(self) -> int:
        """How many there are in all."""
        return self.critical + self.degraded + self.no_data + self.pending + self.silenced + self.healthy

    def add(self, health: str, count: int = 1) -> None:
        """Count `count` more (or, negative, fewer) of one health."""
        setattr(self, health, getattr(self, health) + count)

    def include(self, other: "HealthCounts") -> None:
        """Add another count to this one."""
        for health in HEALTHS:
            self.add(health, getattr(other, health))


class Cpu(msgspec.Struct):
    """CPU in cores; None is unknown."""

    used_cores: float | None = None
    requested_cores: float | None = None
    allocatable_cores: float | None = None


class Memory(msgspec.Struct):
    """Memory in bytes; None is unknown."""

    used_bytes: int | None = None
    requested_bytes: int | None = None
    allocatable_bytes: int | None = None


class Cause(msgspec.Struct, frozen=True):
    """One thing that is wrong, however many objects it shows in: one row of the attention list.

    `kind`, `namespace` and `name` are those of what to look at (a node, a workload, or a lone pod);
    `reason` is a code; `count` objects of `counted_kind` are counted under it, each once.
    """

    health: str
    reason: str
    kind: str
    namespace: str
    name: str
    counted_kind: str
    count: int
    since_ms: int | None
    message: str = ""
    """What the cluster itself says of it, clipped."""


class KindState(msgspec.Struct, frozen=True):
    """How reading one kind goes; `reason` from the fixed list.

    `state`: syncing (its first list is on its way), unread (that list failed and is tried again), live,
    stale (it was live; what is known is its last picture) or refused (we may not read it).
    """

    state: str
    reason: str = ""
    since_ms: int | None = None
    skipped: int = 0
    """Objects of this kind that could not be understood and are left out."""
    skipped_key: str = ""
    """One of them, as namespace/name."""


class Summary(msgspec.Struct):
    """The totals of one cluster at one place of its journal."""

    version: str | None = None
    """The API server's version, such as v1.36.3."""
    nodes: HealthCounts = msgspec.field(default_factory=HealthCounts)
    nodes_ready: int = 0
    nodes_cordoned: int = 0
    pods: HealthCounts = msgspec.field(default_factory=HealthCounts)
    workloads: HealthCounts = msgspec.field(default_factory=HealthCounts)
    """Deployments, StatefulSets, DaemonSets, Jobs without an owner, CronJobs."""
    by_kind: dict[str, HealthCounts] = msgspec.field(default_factory=dict)
    cpu: Cpu = msgspec.field(default_factory=Cpu)
    memory: Memory = msgspec.field(default_factory=Memory)
    usage_state: KindState | None = None
    """How reading metrics.k8s.io goes; None before the first try."""
    usage_at_ms: int | None = None
    causes: list[Cause] = msgspec.field(default_factory=list)
    """Worst first, at most CAUSES_SHOWN of them."""
    causes_total: int = 0
    kinds: dict[str, KindState] = msgspec.field(default_factory=dict)
    node_strip: str = ""
    """A letter a node, in order of name: c, d, n, p, s, h (the first letter of its health)."""
    clock_skew_seconds: float | None = None


CAUSES_SHOWN = 20

SUMMARY_FORMAT = b"\x01"


def encode_summary(summary: Summary) -> bytes:
    """A summary as its row stores it: the format number, then JSON."""
    return SUMMARY_FORMAT + msgspec.json.encode(summary)


def decode_summary(stored: bytes | memoryview) -> Summary | None:
    """A stored summary; None where none was stored yet.

    Raises ValueError where it was stored by a newer release.
    """
    stored = bytes(stored)
    if not stored:
        return None
    if stored[:1] != SUMMARY_FORMAT:
        raise ValueError(
            f"A summary of format {stored[:1].hex()} was stored by a newer release than this one."
        )
    return _DECODER.decode(memoryview(stored)[1:])


_DECODER = msgspec.json.Decoder(Summary)
