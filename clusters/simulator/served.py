"""The resource types the simulator serves: where they live and what they are called."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ResourceType:
    """One served collection, such as `pods` of the core group."""

    group: str
    version: str
    plural: str
    kind: str
    is_namespaced: bool = True
    short_names: tuple[str, ...] = ()
    stored_as: str = ""
    verbs: tuple[str, ...] = ("get", "list", "watch")

    @property
    def api_version(self) -> str:
        """`v1` or `apps/v1`, as objects carry it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def full_name(self) -> str:
        """`pods` or `deployments.apps`, as error messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def storage(self) -> str:
        """The name of the collection it is kept in: both kinds of events share one."""
        return self.stored_as or self.kind


NODES = ResourceType("", "v1", "nodes", "Node", is_namespaced=False, short_names=("no",))
NAMESPACES = ResourceType("", "v1", "namespaces", "Namespace", is_namespaced=False, short_names=("ns",))
PODS = ResourceType("", "v1", "pods", "Pod", short_names=("po",))
EVENTS = ResourceType("", "v1", "events", "Event", short_names=("ev",))
DEPLOYMENTS = ResourceType("apps", "v1", "deployments", "Deployment", short_names=("deploy",))
REPLICASETS = ResourceType("apps", "v1", "replicasets", "ReplicaSet", short_names=("rs",))
STATEFULSETS = ResourceType("apps", "v1", "statefulsets", "StatefulSet", short_names=("sts",))
DAEMONSETS = ResourceType("apps", "v1", "daemonsets", "DaemonSet", short_names=("ds",))
JOBS = ResourceType("batch", "v1", "jobs", "Job")
CRONJOBS = ResourceType("batch", "v1", "cronjobs", "CronJob", short_names=("cj",))
NEW_EVENTS = ResourceType("events.k8s.io", "v1", "events", "Event", short_names=("ev",), stored_as="Event")
NODE_USAGE = ResourceType(
    "metrics.k8s.io", "v1beta1", "nodes", "NodeMetrics", is_namespaced=False, verbs=("get", "list")
)
POD_USAGE = ResourceType("metrics.k8s.io", "v1beta1", "pods", "PodMetrics", verbs=("get", "list"))

STORED = (
    NODES, NAMESPACES, PODS, EVENTS, DEPLOYMENTS, REPLICASETS, STATEFULSETS, DAEMONSETS, JOBS, CRONJOBS,
)  # fmt: skip
SERVED = (*STORED, NEW_EVENTS, NODE_USAGE, POD_USAGE)
BY_KIND = {served.kind: served for served in STORED}
BY_PATH = {(served.group, served.version, served.plural): served for served in SERVED}
