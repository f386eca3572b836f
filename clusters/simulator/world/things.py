"""The things of a simulated cluster as plain values. How they look on the wire is in `rendering`."""

from dataclasses import dataclass, field


@dataclass
class Node:
    """A machine."""

    name: str
    uid: str
    created_ms: int
    cpu_milli: int
    memory_mib: int
    pods_limit: int = 110
    instance_type: str = "m6i.2xlarge"
    pool: str = "general"
    zone: str = "zone-a"
    is_control_plane: bool = False
    is_lost: bool = False
    is_cordoned: bool = False
    has_memory_pressure: bool = False
    changed_ms: int = 0
    heartbeat_ms: int = 0
    address: str = ""
    version: str = "v1.34.1"
    taken_cpu_milli: int = 0
    taken_memory_mib: int = 0
    taken_pods: int = 0


@dataclass
class Container:
    """One container of a pod template."""

    name: str
    image: str
    cpu_milli: int = 0
    memory_mib: int = 0
    memory_limit_mib: int = 0
    env: tuple[tuple[str, str], ...] = ()


@dataclass
class Workload:
    """A Deployment, StatefulSet, DaemonSet or Job: something that wants pods."""

    kind: str
    namespace: str
    name: str
    uid: str
    created_ms: int
    replicas: int
    containers: list[Container]
    cpu_use: float = 0.5
    memory_use: float = 0.6
    memory_growth_per_hour: float = 0.0
    growth_from_ms: int = 0
    generation: int = 1
    updated_ms: int = 0
    """When the newest revision was made: what the progress deadline counts from."""
    sets: list["PodSet"] = field(default_factory=list)
    schedule: str = ""
    pool: str = ""
    is_stalled: bool = False
    lives_seconds: float = 0
    owner: "CronJob | None" = None
    finished_ms: int = 0
    started_ms: int = 0
    failed: int = 0


@dataclass
class CronJob:
    """Something that makes Jobs."""

    namespace: str
    name: str
    uid: str
    created_ms: int
    schedule: str
    every_seconds: float
    template: Workload
    last_schedule_ms: int = 0
    last_success_ms: int = 0
    active: list[Workload] = field(default_factory=list)
    done: list[Workload] = field(default_factory=list)
    is_suspended: bool = False


@dataclass
class PodSet:
    """One revision of a workload with its pods: a ReplicaSet, or a controller revision."""

    workload: Workload
    hash: str
    uid: str
    revision: int
    created_ms: int
    containers: list[Container]
    wanted: int
    behaviour: str = "well"
    pods: list["Pod"] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The ReplicaSet's name, or what its pods' names begin with."""
        if self.workload.kind == "Deployment":
            return f"{self.workload.name}-{self.hash}"
        return self.workload.name


@dataclass
class Pod:
    """One pod. `state` is what its main container does."""

    name: str
    uid: str
    set: PodSet
    created_ms: int
    node: Node | None = None
    state: str = "unscheduled"
    started_ms: int = 0
    since_ms: int = 0
    ready: bool = False
    ready_since_ms: int = 0
    restarts: int = 0
    last_reason: str = ""
    last_exit_code: int = 0
    last_finished_ms: int = 0
    last_started_ms: int = 0
    deleted_ms: int = 0
    address: str = ""
    phase: float = 0.0
    volume: str = ""
    unschedulable: str = ""

    @property
    def key(self) -> str:
        """Its key in the store."""
        return f"{self.set.workload.namespace}/{self.name}"

    @property
    def is_over(self) -> bool:
        """Whether it has ended for good."""
        return self.state in ("succeeded", "failed")
